//! What an account can be given besides permission sets: groups of them, licences, feature licences, a manager; and freezing
//! by sObject Collections.

use salesforce_simulator::{AdminError, ExpiredAssignment, INTEGRATION_USERNAME, LicenceOfSet, Object, Org};
use serde_json::{Value as Json, json};

use crate::client::{Client, start, with};

const BAKKER: &str = "p.bakker@sample.example";
const VISSER: &str = "k.visser@sample.example";

fn refusal(result: Result<impl std::fmt::Debug, AdminError>) -> String {
    match result {
        Err(AdminError::Refused(error)) => error.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_group_assignment_is_one_row_and_gives_its_members_permissions() {
    let mut client = Client::sample();
    let mut admin = client.org.admin();
    admin.set_permission(Object::PermissionSet, "Report_Builder", "PermissionsManageUsers", true).unwrap();
    admin.assign(BAKKER, Object::PermissionSetGroup, "Sales_Bundle").unwrap();
    let user = client.id(Object::User, BAKKER);
    let query = format!(
        "SELECT PermissionSet.Name, PermissionSetGroup.DeveloperName FROM PermissionSetAssignment \
         WHERE AssigneeId = '{user}' AND PermissionSet.IsOwnedByProfile = false"
    );
    let rows = client.rows(&query);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["PermissionSetGroup"]["DeveloperName"], "Sales_Bundle");
    // A set of the group can be given by itself too.
    client.org.admin().assign(BAKKER, Object::PermissionSet, "Sales_Cloud_User").unwrap();
    assert_eq!(
        refusal(client.org.admin().assign(BAKKER, Object::PermissionSetGroup, "Sales_Bundle")),
        "DUPLICATE_VALUE"
    );
    assert_eq!(client.rows(&query).len(), 2);
    client.org.admin().remove(Object::PermissionSetGroup, "Sales_Bundle").unwrap();
    assert_eq!(client.rows(&query).len(), 1);
    assert!(client.rows("SELECT Id FROM PermissionSet WHERE Name = 'Sales_Bundle'").is_empty());
}

#[test]
fn a_group_needs_what_its_members_need() {
    let mut org = Org::sample(start());
    let assign = |org: &mut Org, object, name| org.admin().assign(BAKKER, object, name);
    assert_eq!(refusal(assign(&mut org, Object::PermissionSetGroup, "Analytics_Bundle")), "FIELD_INTEGRITY_EXCEPTION");
    assign(&mut org, Object::PermissionSetLicense, "AnalyticsPlus").unwrap();
    assign(&mut org, Object::PermissionSetGroup, "Analytics_Bundle").unwrap();
    let take = org.admin().unassign(BAKKER, Object::PermissionSetLicense, "AnalyticsPlus");
    assert_eq!(refusal(take), "FIELD_INTEGRITY_EXCEPTION");
    org.admin().unassign(BAKKER, Object::PermissionSetGroup, "Analytics_Bundle").unwrap();
    org.admin().unassign(BAKKER, Object::PermissionSetLicense, "AnalyticsPlus").unwrap();
}

#[test]
fn things_of_packages_are_named_with_their_namespace() {
    let mut client = Client::sample();
    client.org.admin().assign(BAKKER, Object::PermissionSetGroup, "quoting__Quote_Desk").unwrap();
    client.org.admin().assign(BAKKER, Object::PermissionSet, "quoting__Quote_Author").unwrap();
    let user = client.org.user(BAKKER).unwrap();
    assert!(user.permission_set_groups.contains("quoting__Quote_Desk"));
    assert!(user.permission_sets.contains("quoting__Quote_Author"));
    assert!(client.org.id_of(Object::PermissionSet, "Quote_Author").is_none());
    let row =
        &client.rows("SELECT DeveloperName, NamespacePrefix FROM PermissionSetGroup WHERE NamespacePrefix != null")[0];
    assert_eq!((&row["DeveloperName"], &row["NamespacePrefix"]), (&json!("Quote_Desk"), &json!("quoting")));
}

#[test]
fn an_assignment_can_end() {
    for left in [ExpiredAssignment::Inactive, ExpiredAssignment::Deleted] {
        let mut client = Client::sample();
        client.org.behaviours_mut().expired_assignment = left;
        let user = client.id(Object::User, BAKKER);
        let set = client.id(Object::PermissionSet, "Mobile_User");
        let body = json!({
            "AssigneeId": user, "PermissionSetId": set, "ExpirationDate": "2026-03-02T10:00:00.000+0000",
        });
        let made = client.rest("POST", "/sobjects/PermissionSetAssignment", body);
        let path = format!("/sobjects/PermissionSetAssignment/{}", made.body["id"].as_str().unwrap());
        let later = json!({ "ExpirationDate": "2026-03-02T12:00:00.000+0000" });
        assert_eq!(client.rest("PATCH", &path, later).status, 204);
        client.org.advance(jiff::SignedDuration::from_hours(3));
        assert!(client.org.user(BAKKER).unwrap().permission_sets.contains("Mobile_User"));
        client.org.advance(jiff::SignedDuration::from_hours(1));
        assert!(client.org.user(BAKKER).unwrap().permission_sets.is_empty());
        client.log_in();
        let query = format!("SELECT IsActive FROM PermissionSetAssignment WHERE PermissionSetId = '{set}'");
        let rows = client.rows(&query);
        match left {
            ExpiredAssignment::Inactive => assert_eq!(rows[0]["IsActive"], false),
            ExpiredAssignment::Deleted => assert!(rows.is_empty()),
        }
    }
}

#[test]
fn the_keys_of_the_house_do_not_expire() {
    let mut org = Org::sample(start());
    org.admin().set_permission(Object::PermissionSet, "Mobile_User", "PermissionsManageUsers", true).unwrap();
    let end = start() + jiff::SignedDuration::from_hours(24);
    let refused = org.admin().assign_until(BAKKER, Object::PermissionSet, "Mobile_User", end);
    assert_eq!(refusal(refused), "FIELD_INTEGRITY_EXCEPTION");
}

#[test]
fn a_licence_may_come_and_go_with_its_permission_set() {
    let mut org = Org::sample(start());
    org.behaviours_mut().licence_of_set = LicenceOfSet::ComesAlong;
    org.admin().set_seats("AnalyticsPlus", 1).unwrap();
    org.admin().assign(BAKKER, Object::PermissionSet, "Analytics_Explorer").unwrap();
    org.admin().assign(BAKKER, Object::PermissionSetGroup, "Analytics_Bundle").unwrap();
    assert_eq!(org.seats("AnalyticsPlus"), Some((1, 1)));
    assert!(org.user(BAKKER).unwrap().permission_set_licences.contains("AnalyticsPlus"));
    let full = org.admin().assign(VISSER, Object::PermissionSet, "Analytics_Explorer");
    assert_eq!(refusal(full), "LICENSE_LIMIT_EXCEEDED");
    org.admin().unassign(BAKKER, Object::PermissionSet, "Analytics_Explorer").unwrap();
    assert_eq!(org.seats("AnalyticsPlus"), Some((1, 1)));
    org.admin().unassign(BAKKER, Object::PermissionSetGroup, "Analytics_Bundle").unwrap();
    assert_eq!(org.seats("AnalyticsPlus"), Some((0, 1)));
    // The platform did it, so the journal does not tell.
    assert!(org.journal().iter().all(|entry| entry.object != "PermissionSetLicenseAssign"));
}

#[test]
fn feature_licences_have_seats_of_their_own() {
    let mut client = Client::sample();
    client.org.admin().set_seats("UserPermissionsSFContentUser", 1).unwrap();
    let [bakker, visser] = [BAKKER, VISSER].map(|name| format!("/sobjects/User/{}", client.id(Object::User, name)));
    let on = json!({ "UserPermissionsSFContentUser": true });
    assert_eq!(client.rest("PATCH", &bakker, on.clone()).status, 204);
    let refused = client.rest("PATCH", &visser, on.clone());
    assert_eq!(refused.code(), "LICENSE_LIMIT_EXCEEDED");
    assert_eq!(refused.body[0]["message"], "content feature license limit exceeded");
    assert_eq!(client.org.seats("UserPermissionsSFContentUser"), Some((1, 1)));
    let rows = client.rows("SELECT Username FROM User WHERE UserPermissionsSFContentUser = true");
    assert_eq!(rows.len(), 1);
    // One who is deactivated gives the seat back, and may not get it again.
    client.org.admin().deactivate(BAKKER).unwrap();
    assert_eq!(client.rest("PATCH", &visser, on).status, 204);
    assert_eq!(refusal(client.org.admin().activate(BAKKER)), "LICENSE_LIMIT_EXCEEDED");
    assert_eq!(client.org.seats("UserPermissionsSFContentUser"), Some((1, 1)));
    // What is undone gives its seat back too.
    client.org.admin().set_feature(VISSER, "UserPermissionsSFContentUser", false).unwrap();
    let records: Vec<Json> = [("one@example.com", "one"), ("two", "two")]
        .map(|(username, alias)| {
            with(
                client.rest_user(username),
                json!({ "attributes": { "type": "User" }, "Alias": alias, "UserPermissionsSFContentUser": true }),
            )
        })
        .to_vec();
    client.rest("POST", "/composite/sobjects", json!({ "allOrNone": true, "records": records }));
    assert_eq!(client.org.seats("UserPermissionsSFContentUser"), Some((0, 1)));
}

#[test]
fn an_org_has_the_feature_licences_that_it_has() {
    let mut client = Client::sample();
    let names = |client: &mut Client| -> Vec<String> {
        let body = client.rest("GET", "/sobjects/User/describe", Json::Null).body;
        let fields = body["fields"].as_array().unwrap().iter();
        let names = fields.map(|field| field["name"].as_str().unwrap().to_owned());
        names.filter(|name| name.starts_with("UserPermissions")).collect()
    };
    assert_eq!(names(&mut client).len(), 6);
    let missing = client.soql("SELECT Id FROM User WHERE UserPermissionsWirelessUser = true");
    assert_eq!((missing.status, missing.code()), (400, "INVALID_FIELD"));
    client.org.admin().add_feature_licence("UserPermissionsWirelessUser", 1).unwrap();
    assert_eq!(client.soql("SELECT Id FROM User WHERE UserPermissionsWirelessUser = true").status, 200);
    client.org.admin().remove_feature_licence("UserPermissionsKnowledgeUser").unwrap();
    let path = format!("/sobjects/User/{}", client.id(Object::User, BAKKER));
    let refused = client.rest("PATCH", &path, json!({ "UserPermissionsKnowledgeUser": true }));
    assert_eq!(refused.code(), "INVALID_FIELD");
    assert!(!names(&mut client).contains(&"UserPermissionsKnowledgeUser".to_owned()));
    assert!(client.org.admin().add_feature_licence("UserPermissionsNoSuchUser", 1).is_err());
}

#[test]
fn nobody_reports_to_themselves() {
    let mut org = Org::sample(start());
    org.admin().set_manager(VISSER, Some(BAKKER)).unwrap();
    org.admin().set_manager("s.o'neill@sample.example", Some(VISSER)).unwrap();
    for manager in [BAKKER, VISSER, "s.o'neill@sample.example"] {
        assert_eq!(refusal(org.admin().set_manager(BAKKER, Some(manager))), "FIELD_INTEGRITY_EXCEPTION");
    }
    org.behaviours_mut().manager_loop_code = Some("CIRCULAR_DEPENDENCY");
    assert_eq!(refusal(org.admin().set_manager(BAKKER, Some(BAKKER))), "CIRCULAR_DEPENDENCY");
    org.behaviours_mut().manager_loop_code = None;
    org.admin().set_manager(BAKKER, Some(VISSER)).unwrap();
    // A loop that is there hinders nobody else.
    org.behaviours_mut().manager_loop_code = Some("FIELD_INTEGRITY_EXCEPTION");
    org.admin().set_manager(INTEGRATION_USERNAME, Some(VISSER)).unwrap();
    org.admin().set_manager(BAKKER, None).unwrap();
    assert_eq!(org.user(BAKKER).unwrap().manager, None);
}

#[test]
fn freezing_by_collections_is_a_switch() {
    let mut client = Client::sample();
    let logins: Vec<String> = [BAKKER, INTEGRATION_USERNAME]
        .map(|username| {
            let user = client.id(Object::User, username);
            let rows = client.rows(&format!("SELECT Id FROM UserLogin WHERE UserId = '{user}'"));
            rows[0]["Id"].as_str().unwrap().to_owned()
        })
        .to_vec();
    let record = |id: &String| json!({ "attributes": { "type": "UserLogin" }, "id": id, "IsFrozen": true });
    let body = json!({ "records": logins.iter().map(record).collect::<Vec<_>>() });
    client.org.behaviours_mut().user_login_in_collections = false;
    let refused = client.rest("PATCH", "/composite/sobjects", body.clone());
    assert!(refused.body.as_array().unwrap().iter().all(|row| row["success"] == false), "{:?}", refused.body);
    assert!(!client.org.user(BAKKER).unwrap().frozen);
    client.org.behaviours_mut().user_login_in_collections = true;
    let answer = client.rest("PATCH", "/composite/sobjects", body);
    assert_eq!(answer.body[0], json!({ "id": logins[0], "success": true, "errors": [] }));
    assert_eq!(answer.body[1]["errors"][0]["statusCode"], "CANNOT_FREEZE_SELF");
    assert!(client.org.user(BAKKER).unwrap().frozen);
}

#[test]
fn the_last_administrator_stays() {
    let mut org = Org::sample(start());
    let administrator = "administrator@sample.example";
    org.admin().add_user("second@sample.example", "System Administrator", &[]).unwrap();
    org.admin().deactivate(administrator).unwrap();
    let second = "second@sample.example";
    assert_eq!(refusal(org.admin().deactivate(second)), "CANNOT_DISABLE_LAST_ADMIN");
    assert_eq!(refusal(org.admin().set_profile(second, "Standard User")), "CANNOT_DISABLE_LAST_ADMIN");
    // Another profile with the same permissions is as good.
    for permission in ["PermissionsManageUsers", "PermissionsModifyAllData"] {
        org.admin().set_permission(Object::Profile, "Sales User", permission, true).unwrap();
    }
    org.admin().set_profile(BAKKER, "Sales User").unwrap();
    org.admin().deactivate(second).unwrap();
}

#[test]
fn a_user_who_cannot_be_deactivated_can_be_frozen() {
    let mut org = Org::sample(start());
    org.admin().block_deactivation(BAKKER, "You cannot disable the Web to Lead Default Creator").unwrap();
    assert_eq!(refusal(org.admin().deactivate(BAKKER)), "FIELD_INTEGRITY_EXCEPTION");
    org.admin().set_frozen(BAKKER, true).unwrap();
    let user = org.user(BAKKER).unwrap();
    assert!(user.active && user.frozen);
}
