//! Groups by SCIM.

use salesforce_simulator::{DuplicateMember, Object};
use serde_json::{Value as Json, json};

use crate::client::{Answer, Client, encode};

const BAKKER: &str = "p.bakker@sample.example";
const VISSER: &str = "k.visser@sample.example";

fn patch(client: &mut Client, op: &str, usernames: &[&str]) -> Answer {
    let members: Vec<Json> = usernames.iter().map(|name| json!({ "value": client.id(Object::User, name) })).collect();
    send(client, json!({ "op": op, "path": "members", "value": { "members": members } }))
}

fn send(client: &mut Client, operation: Json) -> Answer {
    let group = client.id(Object::Group, "Sales_NL");
    let mut body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"] });
    body["Operations"] = Json::from(vec![operation]);
    client.scim("PATCH", &format!("/Groups/{group}"), body)
}

#[test]
fn members_come_and_go_in_the_documented_form() {
    let mut client = Client::sample();
    let added = patch(&mut client, "add", &[BAKKER, VISSER]);
    assert_eq!(added.status, 200);
    assert_eq!(added.body["displayName"], "Sales NL");
    assert_eq!(added.body["type"], "Regular");
    assert_eq!(added.body["members"][0]["type"], "User");
    assert_eq!(client.org.members("Sales_NL").len(), 2);
    let removed = patch(&mut client, "remove", &[BAKKER]);
    assert_eq!(removed.body["members"].as_array().unwrap().len(), 1);
    let emptied = patch(&mut client, "remove", &[VISSER]);
    assert_eq!(emptied.body["members"], json!([]));
}

#[test]
fn replace_only_deletes_unless_switched() {
    let mut client = Client::sample();
    patch(&mut client, "add", &[BAKKER]);
    patch(&mut client, "replace", &[VISSER]);
    assert!(client.org.members("Sales_NL").is_empty());
    client.org.behaviours_mut().replace_members_only_deletes = false;
    patch(&mut client, "replace", &[VISSER]);
    assert!(client.org.members("Sales_NL").contains(VISSER));
}

#[test]
fn a_member_twice_is_a_switch_and_undoes_the_call() {
    let mut client = Client::sample();
    patch(&mut client, "add", &[BAKKER]);
    assert_eq!(patch(&mut client, "add", &[VISSER, BAKKER]).status, 409);
    assert_eq!(client.org.members("Sales_NL").len(), 1);
    client.org.behaviours_mut().duplicate_group_member = DuplicateMember::SameId;
    assert_eq!(patch(&mut client, "add", &[VISSER, BAKKER]).status, 200);
    assert_eq!(client.org.members("Sales_NL").len(), 2);
}

#[test]
fn path_and_wrapped_value_are_both_needed() {
    let mut client = Client::sample();
    let user = json!([{ "value": client.id(Object::User, BAKKER) }]);
    let refused = send(&mut client, json!({ "op": "add", "value": { "members": user } }));
    assert_eq!((refused.status, refused.detail()), (400, "MISING PATH"));
    assert_eq!(send(&mut client, json!({ "op": "add", "path": "members", "value": user })).status, 500);
    assert!(client.org.members("Sales_NL").is_empty());
}

#[test]
fn groups_are_listed_by_name_and_kind() {
    let mut client = Client::sample();
    let filter = encode("displayName eq \"Support Queue\" and type eq \"Queue\"");
    let found = client.scim("GET", &format!("/Groups?filter={filter}"), Json::Null);
    assert_eq!(found.body["totalResults"], 1);
    let id = found.body["Resources"][0]["id"].as_str().unwrap();
    assert_eq!(id, client.id(Object::Group, "Support_Queue"));
    assert_eq!(client.scim("GET", &format!("/Groups/{id}"), Json::Null).body["type"], "Queue");
    assert_eq!(client.scim("GET", "/Groups/00G000000000000AAA", Json::Null).status, 404);
}
