//! Who changed what: the stamps of User for every way of writing, and the set-up audit trail.

use salesforce_simulator::{INTEGRATION_USERNAME, Object, Org, UserView};
use serde_json::{Value as Json, json};

use crate::accounts_service::newcomer;
use crate::client::{Client, start, with};

const BAKKER: &str = "p.bakker@sample.example";

fn minute(org: &mut Org) {
    org.advance(jiff::SignedDuration::from_mins(1));
}

#[test]
fn every_way_of_writing_stamps_the_user() {
    let mut client = Client::sample();
    let me = client.id(Object::User, INTEGRATION_USERNAME);
    let admin = client.id(Object::User, "administrator@sample.example");
    let id = client.id(Object::User, BAKKER);
    type Way<'a> = (&'a str, Box<dyn Fn(&mut Client)>);
    let scim = format!("/Users/{id}");
    let rest = format!("/sobjects/User/{id}");
    let record = json!({ "attributes": { "type": "User" }, "id": id, "Title": "By collections" });
    let person = json!({ "ref": "1", "userId": id, "fields": { "Title": "By Apex" } });
    let operation = json!({ "op": "replace", "value": { "title": "By SCIM" } });
    let patch = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation] });
    let ways: [Way<'_>; 5] = [
        (&me, Box::new(move |c| assert_eq!(c.scim("PATCH", &scim, patch.clone()).status, 200))),
        (&admin, Box::new(|c| c.org.admin().set(BAKKER, "Title", "By hand").unwrap())),
        (&me, Box::new(move |c| assert_eq!(c.rest("PATCH", &rest, json!({ "Title": "By REST" })).status, 204))),
        (
            &me,
            Box::new(move |c| {
                assert_eq!(
                    c.rest("PATCH", "/composite/sobjects", json!({ "records": [record] })).body[0]["success"],
                    true
                );
            }),
        ),
        (&me, Box::new(move |c| assert_eq!(c.account(person.clone()).status("field:Title"), "done"))),
    ];
    for (who, way) in ways {
        minute(&mut client.org);
        way(&mut client);
        let user = client.org.user(BAKKER).unwrap();
        assert_eq!(stamp(&user, "LastModifiedById"), who, "{}", user.text("Title"));
        assert_eq!(
            user.fields["LastModifiedDate"].to_json(),
            json!(client.org.now().strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string())
        );
        assert_eq!(stamp(&user, "CreatedById"), admin);
    }
    let made = client.account(newcomer("1", "eva@example.com")).user().to_owned();
    assert_eq!(stamp(&client.org.user("eva@example.com").unwrap(), "CreatedById"), me);
    let query = format!("SELECT CreatedBy.Username, LastModifiedBy.Name FROM User WHERE Id = '{made}'");
    let row = &client.rows(&query)[0];
    assert_eq!(row["CreatedBy"]["Username"], INTEGRATION_USERNAME);
    assert_eq!(row["LastModifiedBy"]["Name"], "Provisioning Connector");
}

fn stamp<'a>(user: &'a UserView, field: &str) -> &'a str {
    user.text(field)
}

#[test]
fn an_update_that_changes_nothing_may_stamp_or_not() {
    for stamps in [true, false] {
        let mut client = Client::sample();
        client.org.behaviours_mut().unchanged_update_stamps = stamps;
        let before = client.org.user(BAKKER).unwrap().fields["LastModifiedDate"].clone();
        minute(&mut client.org);
        let path = format!("/sobjects/User/{}", client.id(Object::User, BAKKER));
        assert_eq!(client.rest("PATCH", &path, json!({ "Department": "Sales" })).status, 204);
        let user = client.org.user(BAKKER).unwrap();
        assert_eq!(user.fields["LastModifiedDate"] != before, stamps);
        assert!(client.org.journal().is_empty());
    }
}

/// Every entry in order: action, section, text, and by whom.
fn trail(client: &mut Client) -> Vec<(String, String, String, String)> {
    let query = "SELECT Action, Section, Display, CreatedBy.Username FROM SetupAuditTrail ORDER BY CreatedDate, Id";
    client
        .rows(query)
        .iter()
        .map(|row| {
            let text = |json: &Json| json.as_str().unwrap_or("").to_owned();
            (text(&row["Action"]), text(&row["Section"]), text(&row["Display"]), text(&row["CreatedBy"]["Username"]))
        })
        .collect()
}

#[test]
fn the_trail_begins_empty_and_names_each_change() {
    let mut client = Client::sample();
    assert!(trail(&mut client).is_empty());
    let id = client.id(Object::User, BAKKER);
    let short = id[..15].to_owned();
    let mut admin = client.org.admin();
    admin.deactivate(BAKKER).unwrap();
    admin.activate(BAKKER).unwrap();
    admin.set_frozen(BAKKER, true).unwrap();
    admin.set_frozen(BAKKER, false).unwrap();
    admin.set_profile(BAKKER, "Sales User").unwrap();
    admin.set_role(BAKKER, Some("SalesNL")).unwrap();
    admin.set_role(BAKKER, None).unwrap();
    admin.set_manager(BAKKER, Some("k.visser@sample.example")).unwrap();
    admin.set(BAKKER, "FederationIdentifier", "F-1").unwrap();
    admin.set(BAKKER, "Title", "Lead").unwrap();
    admin.set_feature(BAKKER, "UserPermissionsMarketingUser", true).unwrap();
    admin.assign(BAKKER, Object::PermissionSet, "Mobile_User").unwrap();
    admin.unassign(BAKKER, Object::PermissionSet, "Mobile_User").unwrap();
    admin.assign_until(BAKKER, Object::PermissionSet, "Mobile_User", "2026-05-20T06:59:59Z".parse().unwrap()).unwrap();
    admin.assign(BAKKER, Object::PermissionSetGroup, "Sales_Bundle").unwrap();
    admin.unassign(BAKKER, Object::PermissionSetGroup, "Sales_Bundle").unwrap();
    admin.assign(BAKKER, Object::PermissionSetLicense, "SalesConsoleUser").unwrap();
    admin.unassign(BAKKER, Object::PermissionSetLicense, "SalesConsoleUser").unwrap();
    admin.assign(BAKKER, Object::Group, "Sales_NL").unwrap();
    admin.unassign(BAKKER, Object::Group, "Sales_NL").unwrap();
    admin.assign(BAKKER, Object::Group, "Support_Queue").unwrap();
    admin.rename_user(BAKKER, "petra@sample.example").unwrap();
    admin.add_user("new@sample.example", "Standard User", &[]).unwrap();
    let whom = format!("Petra Bakker (UserID: [{short}])");
    let expected = [
        ("deactivateduser", "Manage Users", format!("Deactivated user {whom}")),
        ("activateduser", "Manage Users", format!("Activated user {whom}")),
        ("frozeuser", "Manage Users", "Froze user account for Petra Bakker".to_owned()),
        ("unfrozeuser", "Manage Users", "Unfroze user account for Petra Bakker".to_owned()),
        (
            "changedprofileforuser",
            "Manage Users",
            "Changed profile for user Petra Bakker from Standard User to Sales User".to_owned(),
        ),
        (
            "changedroleforuserfromnone",
            "Manage Users",
            "Changed role for user Petra Bakker from <None Specified> to SalesNL".to_owned(),
        ),
        (
            "changedroleforusertonone",
            "Manage Users",
            "Changed role for user Petra Bakker from SalesNL to <None Specified>".to_owned(),
        ),
        ("changedManager", "Manage Users", format!("The manager for user {whom} changed from null to Koen Visser")),
        ("changedfederationid", "Manage Users", format!("Changed federation id for user {whom} from null to F-1")),
        (
            "changedmarketinguseroffon",
            "Manage Users",
            "For user Petra Bakker, changed marketing user from off to on".to_owned(),
        ),
        ("PermSetAssign", "Manage Users", format!("Permission set Mobile User: assigned to user {whom}")),
        ("PermSetUnassign", "Manage Users", format!("Permission set Mobile User: unassigned from user {whom}")),
        (
            "PermSetAssign_HasExpiration",
            "",
            format!(
                "Permission set Mobile User with expiration: assigned to user {whom}, expiring on Wed May 20 06:59:59 \
                 GMT 2026"
            ),
        ),
        ("PermSetGroupAssign", "Manage Users", format!("Permission set group Sales Bundle: assigned to user {whom}")),
        (
            "PermSetGroupUnassign",
            "Manage Users",
            format!("Permission set group Sales Bundle: unassigned from user {whom}"),
        ),
        (
            "PermSetLicenseAssign",
            "Manage Users",
            format!("Permission set license SalesConsoleUser: assigned to user {whom}"),
        ),
        (
            "PermSetLicenseUnassign",
            "Manage Users",
            format!("Permission set license SalesConsoleUser removed from user {whom}"),
        ),
        ("groupMembership", "Groups", "Changed membership of Group Sales NL".to_owned()),
        ("groupMembership", "Groups", "Changed membership of Group Sales NL".to_owned()),
        ("queueMembership", "Data Management", "Changed membership of Queue Support Queue".to_owned()),
        (
            "changedusername",
            "Manage Users",
            format!("Changed username for {short} from p.bakker@sample.example to petra@sample.example"),
        ),
        ("createduser", "Manage Users", "Created new user new".to_owned()),
    ];
    let found = trail(&mut client);
    let read: Vec<String> = client.org.audit_trail().into_iter().map(|entry| entry.display).collect();
    assert_eq!(read, found.iter().map(|entry| entry.2.clone()).collect::<Vec<_>>());
    for ((action, section, display), entry) in expected.iter().zip(&found) {
        assert_eq!((*action, *section, display), (entry.0.as_str(), entry.1.as_str(), &entry.2));
        assert_eq!(entry.3, "administrator@sample.example");
    }
    assert_eq!(found.len(), expected.len());
}

#[test]
fn the_connectors_own_changes_stand_there_too() {
    let mut client = Client::sample();
    let add = json!([{ "kind": "permissionSet", "name": "Mobile_User" }]);
    client.account(with(newcomer("1", "eva@example.com"), json!({ "add": add })));
    minute(&mut client.org);
    let mut colleague = client.org.admin_as("k.visser@sample.example").unwrap();
    colleague.unassign("eva@example.com", Object::PermissionSet, "Mobile_User").unwrap();
    let query = "SELECT Action, CreatedById, CreatedDate, DelegateUser FROM SetupAuditTrail ORDER BY CreatedDate DESC";
    let rows = client.rows(query);
    let actions: Vec<&str> = rows.iter().map(|row| row["Action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["PermSetUnassign", "createduser", "PermSetAssign"]);
    assert_eq!(rows[0]["CreatedById"], client.id(Object::User, "k.visser@sample.example"));
    assert_eq!(rows[1]["CreatedById"], client.id(Object::User, INTEGRATION_USERNAME));
    assert_eq!(rows[1]["DelegateUser"], Json::Null);
    let since =
        "SELECT COUNT() FROM SetupAuditTrail WHERE CreatedDate > 2026-03-02T08:00:00Z AND Action != 'createduser'";
    assert_eq!(client.soql(since).body["totalSize"], 1);
    let refused = client.soql("SELECT Id FROM SetupAuditTrail WHERE Section = 'Manage Users'");
    assert_eq!(refused.code(), "INVALID_FIELD");
    // What was undone leaves nothing.
    let before = client.soql("SELECT COUNT() FROM SetupAuditTrail").body["totalSize"].clone();
    let bad = json!({ "attributes": { "type": "User" } });
    let good = with(client.rest_user("two@example.com"), json!({ "attributes": { "type": "User" } }));
    client.rest("POST", "/composite/sobjects", json!({ "allOrNone": true, "records": [good, bad] }));
    assert_eq!(client.soql("SELECT COUNT() FROM SetupAuditTrail").body["totalSize"], before);
    let id = client.rows("SELECT Id FROM SetupAuditTrail LIMIT 1")[0]["Id"].as_str().unwrap().to_owned();
    assert_eq!(client.rest("GET", &format!("/sobjects/SetupAuditTrail/{id}"), Json::Null).status, 200);
    assert_eq!(client.rest("DELETE", &format!("/sobjects/SetupAuditTrail/{id}"), Json::Null).status, 405);
}

#[test]
fn a_long_trail_comes_in_pages() {
    let mut client = Client::of(Org::sample_builder(start()).licence("Salesforce", 3_000).build().unwrap());
    for number in 0..2_050 {
        client.org.admin().add_user(&format!("p{number}@crowd.example"), "Standard User", &[]).unwrap();
    }
    let first = client.soql("SELECT Id FROM SetupAuditTrail ORDER BY CreatedDate");
    assert_eq!((&first.body["totalSize"], &first.body["done"]), (&json!(2_050), &json!(false)));
    let next = first.body["nextRecordsUrl"].as_str().unwrap().to_owned();
    assert_eq!(client.get(&next).body["records"].as_array().unwrap().len(), 50);
}
