//! sObject Collections: results in order, rows that fail alone, all or none, limits of size and type.

use salesforce_simulator::{Fault, FaultRule, Object, Times};
use serde_json::{Value as Json, json};

use crate::client::{Client, with};

fn user(client: &Client, username: &str, changes: Json) -> Json {
    with(with(client.rest_user(username), json!({ "attributes": { "type": "User" } })), changes)
}

fn post(client: &mut Client, all_or_none: bool, records: &[Json]) -> crate::client::Answer {
    client.rest("POST", "/composite/sobjects", json!({ "allOrNone": all_or_none, "records": records }))
}

#[test]
fn rows_fail_alone_and_in_order() {
    let mut client = Client::sample();
    let records = [
        user(&client, "one@example.com", json!({})),
        user(&client, "two@example.com", json!({ "Alias": "much too long" })),
        user(&client, "three@example.com", json!({})),
    ];
    let answer = post(&mut client, false, &records);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body[0]["success"], true);
    assert_eq!(answer.body[2]["errors"], json!([]));
    let failed = &answer.body[1];
    assert!(failed.get("id").is_none());
    assert_eq!(failed["errors"][0]["statusCode"], "STRING_TOO_LONG");
    assert_eq!(failed["errors"][0]["fields"], json!(["Alias"]));
    assert!(failed["errors"][0].get("errorCode").is_none());
    assert!(client.org.user("three@example.com").is_some());
    assert_eq!(client.org.journal().len(), 2);
    assert_eq!(client.org.calls()["collections POST"], 1);
}

#[test]
fn two_rows_with_one_username_give_one_user() {
    let mut client = Client::sample();
    let records = [user(&client, "one@example.com", json!({})), user(&client, "ONE@example.com", json!({}))];
    let answer = post(&mut client, false, &records);
    assert_eq!(answer.body[1]["errors"][0]["statusCode"], "DUPLICATE_USERNAME");
}

#[test]
fn all_or_none_undoes_all() {
    let mut client = Client::sample();
    let before = client.org.seats("Salesforce");
    let records = [user(&client, "one@example.com", json!({})), user(&client, "two", json!({}))];
    let answer = post(&mut client, true, &records);
    assert_eq!(answer.body[0]["errors"][0]["statusCode"], "ALL_OR_NONE_OPERATION_ROLLED_BACK");
    assert_eq!(answer.body[1]["errors"][0]["statusCode"], "INVALID_EMAIL_ADDRESS");
    assert!(client.org.user("one@example.com").is_none());
    assert!(client.org.journal().is_empty());
    assert_eq!(client.org.seats("Salesforce"), before);
    // The number of the next entry is not lost either.
    client.made("three@example.com");
    assert_eq!(client.org.journal()[0].sequence, 1);
}

#[test]
fn set_up_objects_do_not_mix() {
    let mut client = Client::sample();
    let bakker = client.id(Object::User, "p.bakker@sample.example");
    let group = client.id(Object::Group, "All_Staff");
    let member = json!({ "attributes": { "type": "GroupMember" }, "GroupId": group, "UserOrGroupId": bakker });
    let records = [user(&client, "one@example.com", json!({})), member];
    assert_eq!(post(&mut client, false, &records).status, 400);
    assert!(client.org.user("one@example.com").is_none());
}

#[test]
fn at_most_200_records() {
    let mut client = Client::sample();
    let records: Vec<Json> =
        (0..201).map(|n| user(&client, &format!("p{n}@example.com"), json!({ "IsActive": false }))).collect();
    let refused = post(&mut client, false, &records);
    assert_eq!((refused.status, refused.code()), (400, "EXCEEDED_ID_LIMIT"));
    let done = post(&mut client, false, &records[..200]);
    assert!(done.body.as_array().unwrap().iter().all(|row| row["success"] == true));
}

#[test]
fn update_and_delete() {
    let mut client = Client::sample();
    let id = client.made("one@example.com");
    let record = |id: &str| json!({ "attributes": { "type": "User" }, "id": id, "Title": "Lead" });
    let body = json!({ "records": [record(&id), record("005000000000000AAA"), record("abc"), { "attributes": { "type": "User" } }] });
    let answer = client.rest("PATCH", "/composite/sobjects", body);
    assert_eq!(answer.body[0], json!({ "id": id, "success": true, "errors": [] }));
    assert_eq!(answer.body[1]["errors"][0]["statusCode"], "INVALID_CROSS_REFERENCE_KEY");
    assert_eq!(answer.body[2]["errors"][0]["statusCode"], "MALFORMED_ID");
    assert_eq!(answer.body[3]["errors"][0]["statusCode"], "MISSING_ARGUMENT");

    let row = client.org.admin().assign("one@example.com", Object::Group, "All_Staff").unwrap();
    let path = format!("/composite/sobjects?ids={row},{id},{row}&allOrNone=false");
    let answer = client.rest("DELETE", &path, Json::Null);
    assert_eq!(answer.body[0]["success"], true);
    assert_eq!(answer.body[1]["success"], false);
    assert_eq!(answer.body[2]["errors"][0]["statusCode"], "ENTITY_IS_DELETED");
}

#[test]
fn upsert_tells_what_it_made() {
    let mut client = Client::sample();
    client.org.admin().add_custom_user_field("Person_Id__c", 20, true);
    let records = [user(&client, "one@example.com", json!({ "Person_Id__c": "1" }))];
    let path = "/composite/sobjects/User/Person_Id__c";
    let made = client.rest("PATCH", path, json!({ "records": records }));
    assert_eq!(made.body[0]["created"], true);
    let again = client.rest("PATCH", path, json!({ "records": records }));
    assert_eq!(again.body[0]["created"], false);
    assert_eq!(made.body[0]["id"], again.body[0]["id"]);
}

#[test]
fn the_membership_lock_hits_the_rows_that_need_it() {
    let mut client = Client::sample();
    client.org.faults_mut().add(FaultRule::next(Fault::MembershipLock).path("/composite/sobjects").times(Times::Once));
    let role = client.id(Object::UserRole, "SalesNL");
    let records =
        [user(&client, "one@example.com", json!({})), user(&client, "two@example.com", json!({ "UserRoleId": role }))];
    let answer = post(&mut client, false, &records);
    assert_eq!(answer.body[0]["success"], true);
    assert_eq!(answer.body[1]["errors"][0]["statusCode"], "UNKNOWN_EXCEPTION");
    assert_eq!(answer.body[1]["errors"][0]["message"], "group membership operation already in progress");
    assert_eq!(post(&mut client, false, &records[1..]).body[0]["success"], true);
}
