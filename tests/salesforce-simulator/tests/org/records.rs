//! Single records by REST: the forms of the answers, external ids, assignments, describe, limits.

use salesforce_simulator::{AdminError, LimitHeader, Object, Org};
use serde_json::{Value as Json, json};

use crate::client::{Client, start};

#[test]
fn create_read_update_as_recorded() {
    let mut client = Client::sample();
    let body = client.rest_user("eva@example.com");
    let made = client.rest("POST", "/sobjects/User", body);
    assert_eq!(made.status, 201);
    let id = made.body["id"].as_str().unwrap().to_owned();
    assert_eq!(made.body, json!({ "id": id, "success": true, "errors": [] }));
    let path = format!("/sobjects/User/{id}");
    assert_eq!(made.headers["location"], format!("/services/data/v66.0{path}"));
    assert!(made.headers.contains_key("sforce-limit-info"));
    let read = client.rest("GET", &path, Json::Null);
    assert_eq!(read.body["attributes"]["url"], format!("/services/data/v66.0{path}"));
    assert_eq!(read.body["Name"], "Jansen");
    assert_eq!(read.body["Title"], Json::Null);
    let some = client.rest("GET", &format!("{path}?fields=Id,username"), Json::Null);
    assert_eq!(some.body.as_object().unwrap().len(), 3);
    let changed = client.rest("PATCH", &path, json!({ "Title": "Lead" }));
    assert_eq!((changed.status, &changed.body), (204, &Json::Null));
    assert!(!changed.headers.contains_key("sforce-limit-info"));
    // Short ids name the same record.
    assert_eq!(client.rest("GET", &format!("/sobjects/user/{}", &id[..15]), Json::Null).body["Title"], "Lead");
}

#[test]
fn users_are_not_deleted() {
    let mut client = Client::sample();
    let id = client.made("eva@example.com");
    let refused = client.rest("DELETE", &format!("/sobjects/User/{id}"), Json::Null);
    assert_eq!((refused.status, refused.code()), (405, "METHOD_NOT_ALLOWED"));
    assert_eq!(refused.body[0]["message"], "HTTP Method 'DELETE' not allowed. Allowed are HEAD,GET,PATCH");
}

#[test]
fn what_is_not_there() {
    let mut client = Client::sample();
    assert_eq!(client.rest("GET", "/sobjects/Foo", Json::Null).code(), "NOT_FOUND");
    let missing = client.rest("GET", "/sobjects/User/005000000000000AAA", Json::Null);
    assert_eq!(missing.status, 404);
    assert_eq!(
        missing.body[0]["message"],
        "Provided external ID field does not exist or is not accessible: 005000000000000AAA"
    );
    assert_eq!(client.rest("PATCH", "/sobjects/User/nonsense", json!({})).status, 404);
}

#[test]
fn bodies_must_be_json() {
    let mut client = Client::sample();
    let answer = crate::client::read(client.raw("POST", "/services/data/v66.0/sobjects/User", "{".into()));
    assert_eq!((answer.status, answer.code()), (400, "JSON_PARSER_ERROR"));
}

#[test]
fn upsert_goes_by_external_id_fields_only() {
    let mut client = Client::sample();
    client.org.admin().add_custom_user_field("Person_Id__c", 20, true);
    let body = client.rest_user("eva@example.com");
    let made = client.rest("PATCH", "/sobjects/User/Person_Id__c/100023", body);
    assert_eq!((made.status, &made.body["created"]), (201, &Json::Bool(true)));
    let again = client.rest("PATCH", "/sobjects/User/Person_Id__c/100023", json!({ "Title": "Lead" }));
    assert_eq!((again.status, &again.body["created"]), (200, &Json::Bool(false)));
    assert_eq!(made.body["id"], again.body["id"]);
    assert_eq!(client.rest("GET", "/sobjects/User/Person_Id__c/100023", Json::Null).body["Title"], "Lead");
    let body = client.rest_user("other@example.com");
    let refused = client.rest("PATCH", "/sobjects/User/FederationIdentifier/x", body);
    assert_eq!((refused.status, refused.code()), (404, "NOT_FOUND"));
    assert_eq!(client.rest("PATCH", "/sobjects/User/Person_Id__c/7?updateOnly=true", json!({})).status, 404);
}

#[test]
fn assignments_are_made_once_and_deleted() {
    let mut client = Client::sample();
    let user = client.id(Object::User, "p.bakker@sample.example");
    let set = client.id(Object::PermissionSet, "Mobile_User");
    let body = json!({ "AssigneeId": user, "PermissionSetId": set });
    let made = client.rest("POST", "/sobjects/PermissionSetAssignment", body.clone());
    assert_eq!(made.status, 201);
    let twice = client.rest("POST", "/sobjects/PermissionSetAssignment", body);
    assert_eq!((twice.status, twice.code()), (400, "DUPLICATE_VALUE"));
    assert_eq!(twice.body[0]["message"], "Duplicate PermissionSetAssignment");
    let path = format!("/sobjects/PermissionSetAssignment/{}", made.body["id"].as_str().unwrap());
    let other = client.id(Object::PermissionSet, "Report_Builder");
    let refused = client.rest("PATCH", &path, json!({ "PermissionSetId": other }));
    assert_eq!(refused.code(), "INVALID_FIELD_FOR_INSERT_UPDATE");
    assert_eq!(client.rest("DELETE", &path, Json::Null).status, 204);
    let gone = client.rest("DELETE", &path, Json::Null);
    assert_eq!((gone.status, gone.code()), (404, "ENTITY_IS_DELETED"));
    let kinds: Vec<_> = client.org.journal().iter().map(|entry| (entry.object, entry.change)).collect();
    use salesforce_simulator::Change::{Created, Deleted};
    assert_eq!(kinds, [("PermissionSetAssignment", Created), ("PermissionSetAssignment", Deleted)]);
    assert_eq!(client.org.journal()[0].user.as_ref().unwrap().as_str(), user);
}

#[test]
fn a_profiles_own_permission_set_stands_among_the_assignments() {
    let mut client = Client::sample();
    let user = client.id(Object::User, "p.bakker@sample.example");
    let own = format!("SELECT Id, PermissionSet.ProfileId FROM PermissionSetAssignment WHERE AssigneeId = '{user}'");
    let rows = client.rows(&own);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["PermissionSet"]["ProfileId"], Json::from(client.id(Object::Profile, "Standard User")));
    let path = format!("/sobjects/PermissionSetAssignment/{}", rows[0]["Id"].as_str().unwrap());
    assert_eq!(client.rest("DELETE", &path, Json::Null).status, 403);
    client.org.admin().set_profile("p.bakker@sample.example", "Sales User").unwrap();
    let rows = client.rows(&own);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["PermissionSet"]["ProfileId"], Json::from(client.id(Object::Profile, "Sales User")));
}

#[test]
fn licences_bound_permission_sets() {
    let mut client = Client::sample();
    let user = client.id(Object::User, "p.bakker@sample.example");
    for set in ["Platform_Tools", "Sales_Console"] {
        let body = json!({ "AssigneeId": user, "PermissionSetId": client.id(Object::PermissionSet, set) });
        let refused = client.rest("POST", "/sobjects/PermissionSetAssignment", body);
        assert_eq!(refused.code(), "FIELD_INTEGRITY_EXCEPTION");
        let message = refused.body[0]["message"].as_str().unwrap();
        assert!(message.starts_with("Can't assign permission set"), "{message}");
    }
    let licence = client.id(Object::PermissionSetLicense, "SalesConsoleUser");
    let body = json!({ "AssigneeId": user, "PermissionSetLicenseId": licence });
    let given = client.rest("POST", "/sobjects/PermissionSetLicenseAssign", body.clone());
    assert_eq!(given.status, 201);
    assert_eq!(client.rest("POST", "/sobjects/PermissionSetLicenseAssign", body).code(), "DUPLICATE_VALUE");
    assert_eq!(client.org.seats("SalesConsoleUser"), Some((1, 10)));
    client.org.admin().assign("p.bakker@sample.example", Object::PermissionSet, "Sales_Console").unwrap();
    let path = format!("/sobjects/PermissionSetLicenseAssign/{}", given.body["id"].as_str().unwrap());
    assert_eq!(client.rest("DELETE", &path, Json::Null).code(), "FIELD_INTEGRITY_EXCEPTION");
    client.org.admin().unassign("p.bakker@sample.example", Object::PermissionSet, "Sales_Console").unwrap();
    assert_eq!(client.rest("DELETE", &path, Json::Null).status, 204);
    client.org.admin().set_seats("AnalyticsPlus", 0).unwrap();
    let refused = client.org.admin().assign("p.bakker@sample.example", Object::PermissionSetLicense, "AnalyticsPlus");
    assert!(matches!(refused, Err(AdminError::Refused(error)) if error.code == "LICENSE_LIMIT_EXCEEDED"));
}

#[test]
fn a_permission_set_group_brings_its_own_permission_set() {
    let mut client = Client::sample();
    let user = client.id(Object::User, "p.bakker@sample.example");
    let group = client.id(Object::PermissionSetGroup, "Sales_Bundle");
    let body = json!({ "AssigneeId": user, "PermissionSetGroupId": group });
    assert_eq!(client.rest("POST", "/sobjects/PermissionSetAssignment", body).status, 201);
    let query = "SELECT PermissionSet.Type, PermissionSetGroup.DeveloperName FROM PermissionSetAssignment WHERE \
                 PermissionSetGroupId != null";
    let row = &client.rows(query)[0];
    assert_eq!(row["PermissionSet"]["Type"], "Group");
    assert_eq!(row["PermissionSetGroup"]["DeveloperName"], "Sales_Bundle");
    let view = client.org.user("p.bakker@sample.example").unwrap();
    assert!(view.permission_sets.is_empty());
    assert!(view.permission_set_groups.contains("Sales_Bundle"));
}

#[test]
fn groups_and_queues_take_members_and_role_groups_do_not() {
    let mut client = Client::sample();
    let user = client.id(Object::User, "p.bakker@sample.example");
    for group in ["Sales_NL", "Support_Queue"] {
        let body = json!({ "GroupId": client.id(Object::Group, group), "UserOrGroupId": user });
        assert_eq!(client.rest("POST", "/sobjects/GroupMember", body.clone()).status, 201);
        assert_eq!(client.rest("POST", "/sobjects/GroupMember", body).code(), "DUPLICATE_VALUE");
    }
    let view = client.org.user("p.bakker@sample.example").unwrap();
    assert!(view.groups.contains("Sales_NL") && view.queues.contains("Support_Queue"));
    let role_group = client.rows("SELECT Id FROM Group WHERE Type = 'Role' LIMIT 1")[0]["Id"].clone();
    let refused = client.rest("POST", "/sobjects/GroupMember", json!({ "GroupId": role_group, "UserOrGroupId": user }));
    assert_eq!(refused.status, 403);
}

#[test]
fn describe_tells_lengths_picklists_and_rights() {
    let mut client = Client::sample();
    let body = client.rest("GET", "/sobjects/User/describe", Json::Null).body;
    let field = |name: &str| {
        body["fields"]
            .as_array()
            .unwrap()
            .iter()
            .find(|field| field["name"] == name)
            .unwrap_or_else(|| panic!("{name}"))
    };
    assert_eq!(field("Alias")["length"], 8);
    assert_eq!(field("Alias")["nillable"], false);
    assert_eq!(field("ProfileId")["referenceTo"], json!(["Profile"]));
    assert_eq!(field("Name")["updateable"], false);
    assert_eq!(field("FederationIdentifier")["caseSensitive"], true);
    assert!(
        field("TimeZoneSidKey")["picklistValues"].as_array().unwrap().iter().any(|v| v["value"] == "Europe/Amsterdam")
    );
    assert_eq!(body["deletable"], false);
}

#[test]
fn the_allowance_is_told_and_ends() {
    let mut org = Org::sample(start());
    org.set_daily_api_limit(10);
    let mut client = Client::of(org);
    client.org.set_api_usage(7);
    let limits = client.rest("GET", "/limits", Json::Null);
    assert_eq!(limits.body["DailyApiRequests"], json!({ "Max": 10, "Remaining": 2 }));
    assert_eq!(limits.headers["sforce-limit-info"], "api-usage=8/10");
    assert!(!client.get("/services/data").headers.contains_key("sforce-limit-info"));
    client.org.behaviours_mut().limit_header = LimitHeader::Never;
    assert!(!client.rest("GET", "/limits", Json::Null).headers.contains_key("sforce-limit-info"));
    client.scim("GET", "/Roles", Json::Null);
    let over = client.rest("GET", "/limits", Json::Null);
    assert_eq!((over.status, over.code()), (403, "REQUEST_LIMIT_EXCEEDED"));
    client.org.advance(jiff::SignedDuration::from_hours(25));
    client.log_in();
    assert_eq!(client.rest("GET", "/limits", Json::Null).status, 200);
}
