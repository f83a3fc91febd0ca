//! PATCH of users by SCIM.

use salesforce_simulator::{AddAssigned, MailReason, Object, ReplaceEntitlements};
use serde_json::{Value as Json, json};

use crate::client::{Answer, Client};

const BAKKER: &str = "p.bakker@sample.example";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn patch(client: &mut Client, operations: Json) -> Answer {
    let id = client.id(Object::User, BAKKER);
    let mut body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"] });
    body["Operations"] = operations;
    client.scim("PATCH", &format!("/Users/{id}"), body)
}

fn replace(client: &mut Client, value: Json) -> Answer {
    let mut operation = json!({ "op": "replace" });
    operation["value"] = value;
    patch(client, Json::from(vec![operation]))
}

fn entitlements(client: &Client, sets: &[&str], profile: Option<&str>) -> Json {
    let sets = sets.iter().map(|set| client.id(Object::PermissionSet, set));
    let profile = profile.map(|profile| client.id(Object::Profile, profile));
    let list: Vec<Json> = sets.chain(profile).map(|id| json!({ "value": id })).collect();
    json!({ "entitlements": list })
}

fn sets(client: &Client) -> Vec<String> {
    client.org.user(BAKKER).unwrap().permission_sets.into_iter().collect()
}

#[test]
fn the_documented_form_answers_the_whole_user() {
    let mut client = Client::sample();
    let answer =
        replace(&mut client, json!({ "nickName": "user2", "active": false, (ENTERPRISE): { "department": "HR" } }));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["nickName"], "user2");
    assert_eq!(answer.body["active"], false);
    let user = client.org.user(BAKKER).unwrap();
    assert_eq!((user.active, user.text("Department")), (false, "HR"));
    assert_eq!(replace(&mut client, json!({ "active": true })).body["active"], true);
}

#[test]
fn other_forms_are_malformed_and_change_nothing() {
    let mut client = Client::sample();
    for operation in [
        json!({ "op": "replace", "value": [{ "nickName": "user2" }] }),
        json!({ "op": "replace", "path": "nickName", "value": "user2" }),
        json!({ "op": "replace" }),
        json!({ "op": "replace", "value": { "active": "false" } }),
    ] {
        let answer = patch(&mut client, json!([{ "op": "replace", "value": { "title": "Lead" } }, operation]));
        assert_eq!(answer.status, 500);
        assert_eq!(answer.body["errorCode"], "UNKNOWN_EXCEPTION");
        assert!(answer.body["message"].as_str().unwrap().starts_with("Processing/execution error"));
    }
    client.org.behaviours_mut().malformed_patch_status = 400;
    assert_eq!(patch(&mut client, json!([{ "op": "add", "value": [] }])).status, 400);
    assert!(client.org.journal().is_empty());
}

#[test]
fn a_path_is_ignored_when_the_value_is_an_object() {
    let mut client = Client::sample();
    let answer = patch(&mut client, json!([{ "op": "replace", "path": "title", "value": { "nickName": "user2" } }]));
    assert_eq!((answer.status, &answer.body["nickName"]), (200, &json!("user2")));
}

#[test]
fn the_case_of_op_is_a_switch() {
    let mut client = Client::sample();
    let operation = json!([{ "op": "Replace", "value": { "title": "Lead" } }]);
    let refused = patch(&mut client, operation.clone());
    assert_eq!((refused.status, refused.detail()), (400, "INPROPER Operation: Replace"));
    client.org.behaviours_mut().patch_op_case_sensitive = false;
    assert_eq!(patch(&mut client, operation).body["title"], "Lead");
}

#[test]
fn the_schema_must_be_named() {
    let mut client = Client::sample();
    let id = client.id(Object::User, BAKKER);
    let answer = client.scim("PATCH", &format!("/Users/{id}"), json!({ "Operations": [] }));
    assert_eq!((answer.status, answer.detail()), (400, "Improper Schema."));
}

#[test]
fn removal_goes_by_bare_names() {
    let mut client = Client::sample();
    client.org.admin().set_role(BAKKER, Some("IT")).unwrap();
    client.org.admin().assign(BAKKER, Object::Group, "All_Staff").unwrap();
    let remove = |client: &mut Client, path: &str| patch(client, json!([{ "op": "remove", "path": path }]));
    for path in ["roles", "groups", "department", "title", "givenName"] {
        assert_eq!(remove(&mut client, path).status, 200, "{path}");
    }
    let user = client.org.user(BAKKER).unwrap();
    assert_eq!((&user.role, user.text("Department"), user.text("Name")), (&None, "", "Bakker"));
    assert!(user.groups.is_empty());
    for (path, text) in [
        ("entitlements", "INVALID: Cannot remove all entitlements. Use replace"),
        ("alias", "FIELD CANNOT BE NULL: alias"),
        ("emails", "FIELD CANNOT BE NULL: emails"),
        ("shoeSize", "UNSUPPORTED_FIELD: shoeSize"),
        ("emails[type eq \"work\"]", "UNSUPPORTED_FIELD: emails[type eq \"work\"]"),
        ("", "MISING PATH"),
    ] {
        let refused = remove(&mut client, path);
        assert_eq!((refused.status, refused.detail()), (400, text));
    }
    assert_eq!(remove(&mut client, "active").body["active"], false);
}

#[test]
fn values_are_refused_with_the_patch_texts() {
    let mut client = Client::sample();
    for (value, text) in [
        (
            json!({ "emails": [{ "value": "a@b.example" }, { "value": "c@d.example" }] }),
            "INVALID: User can only have one email",
        ),
        (json!({ "addresses": [{}, {}] }), "INVALID: User can only have one address"),
        (json!({ "name": { "middleName": "x" } }), "UNSUPPORTED_FIELD: name.middleName"),
        (json!({ (ENTERPRISE): { "costCenter": "1" } }), "UNSUPPORTED_FIELD: costCenter"),
        (json!({ "roles": [] }), "INVALID:user_must_have_only_one_role;"),
        (json!({ "userName": null }), "FIELD CANNOT BE NULL: userName"),
    ] {
        let refused = replace(&mut client, value);
        assert_eq!((refused.status, refused.detail()), (400, text));
    }
    let taken = replace(&mut client, json!({ "userName": "k.visser@sample.example" }));
    assert_eq!(taken.status, 409);
    assert!(taken.detail().starts_with("Update failed. First exception on row 0 with id 005"), "{}", taken.detail());
}

#[test]
fn adding_permission_sets() {
    let mut client = Client::sample();
    let value = entitlements(&client, &["Mobile_User", "Contract_Viewer"], None);
    let add = |client: &mut Client, value: &Json| patch(client, json!([{ "op": "add", "value": value }]));
    assert_eq!(add(&mut client, &value).status, 200);
    assert_eq!(sets(&client), ["Contract_Viewer", "Mobile_User"]);
    let again = entitlements(&client, &["Report_Builder", "Mobile_User"], None);
    let refused = add(&mut client, &again);
    assert_eq!(refused.status, 409);
    assert!(refused.detail().contains("Duplicate PermissionSetAssignment"));
    assert_eq!(sets(&client), ["Contract_Viewer", "Mobile_User"]);
    client.org.behaviours_mut().add_assigned_entitlement = AddAssigned::NoOp;
    assert_eq!(add(&mut client, &again).status, 200);
    assert_eq!(sets(&client).len(), 3);
    let profile = entitlements(&client, &[], Some("Sales User"));
    assert!(add(&mut client, &profile).detail().starts_with("INVALID: cannot have multiple profiles: 00e"));
    let group = client.id(Object::PermissionSetGroup, "Sales_Bundle");
    let refused = add(&mut client, &json!({ "entitlements": [{ "value": group }] }));
    assert_eq!((refused.status, refused.detail()), (400, format!("INVALID entitlement id: {group}").as_str()));
}

#[test]
fn replacing_entitlements_deletes_the_other_permission_sets_and_groups() {
    let mut client = Client::sample();
    for set in ["Mobile_User", "Contract_Viewer"] {
        client.org.admin().assign(BAKKER, Object::PermissionSet, set).unwrap();
    }
    client.org.admin().assign(BAKKER, Object::PermissionSetGroup, "Sales_Bundle").unwrap();
    // A profile alone leaves them.
    let value = entitlements(&client, &[], Some("Sales User"));
    assert_eq!(replace(&mut client, value).status, 200);
    let user = client.org.user(BAKKER).unwrap();
    assert_eq!(
        (user.profile.as_str(), user.permission_sets.len(), user.permission_set_groups.len()),
        ("Sales User", 2, 1)
    );
    // One permission set in the list deletes all others, those of groups too.
    let value = entitlements(&client, &["Report_Builder"], None);
    assert_eq!(replace(&mut client, value).status, 200);
    let user = client.org.user(BAKKER).unwrap();
    assert_eq!(user.profile, "Sales User");
    assert_eq!(sets(&client), ["Report_Builder"]);
    assert!(user.permission_set_groups.is_empty());
    // The row of the profile's own set is not touched.
    let own = "SELECT COUNT() FROM PermissionSetAssignment WHERE PermissionSet.IsOwnedByProfile = true AND Assignee.Username = 'p.bakker@sample.example'";
    assert_eq!(client.soql(own).body["totalSize"], 1);
    client.org.behaviours_mut().replace_entitlements = ReplaceEntitlements::WholeList;
    let value = entitlements(&client, &[], Some("Sales User"));
    replace(&mut client, value);
    assert!(sets(&client).is_empty());
}

#[test]
fn a_password_is_a_reset_and_the_version_misses_assignments() {
    let mut client = Client::sample();
    let before = replace(&mut client, json!({ "title": "Lead" })).body["meta"]["version"].clone();
    client.org.advance(jiff::SignedDuration::from_mins(1));
    let value = entitlements(&client, &["Mobile_User"], None);
    let after = patch(&mut client, json!([{ "op": "add", "value": value }]));
    assert_eq!(after.body["meta"]["version"], before);
    assert_ne!(replace(&mut client, json!({ "title": "Head" })).body["meta"]["version"], before);
    replace(&mut client, json!({ "password": "Secret-123" }));
    assert_eq!(client.org.mails().last().unwrap().reason, MailReason::PasswordReset);
}
