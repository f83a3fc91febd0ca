//! Rules of the User record, by REST.

use salesforce_simulator::{INTEGRATION_USERNAME, Object, Org, Value};
use serde_json::{Value as Json, json};

use crate::client::{Answer, Client, start, with};

fn create(client: &mut Client, changes: Json) -> Answer {
    let body = with(client.rest_user("eva@example.com"), changes);
    client.rest("POST", "/sobjects/User", body)
}

#[test]
fn each_bad_field_has_its_code() {
    let mut client = Client::sample();
    let wrong_profile = client.id(Object::UserRole, "CEO");
    for (changes, code, field) in [
        (json!({ "LastName": null }), "REQUIRED_FIELD_MISSING", "LastName"),
        (json!({ "ProfileId": "" }), "REQUIRED_FIELD_MISSING", "ProfileId"),
        (json!({ "Alias": "ninechars" }), "STRING_TOO_LONG", "Alias"),
        (json!({ "CommunityNickname": "n".repeat(41) }), "STRING_TOO_LONG", "CommunityNickname"),
        (json!({ "Department": "d".repeat(81) }), "STRING_TOO_LONG", "Department"),
        (json!({ "Email": "not-an-email" }), "INVALID_EMAIL_ADDRESS", "Email"),
        (json!({ "Username": "eva" }), "INVALID_EMAIL_ADDRESS", "Username"),
        (json!({ "Username": "éva@example.com" }), "INVALID_EMAIL_ADDRESS", "Username"),
        (json!({ "TimeZoneSidKey": "Mars/Olympus" }), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "TimeZoneSidKey"),
        (json!({ "LocaleSidKey": "nl" }), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "LocaleSidKey"),
        (json!({ "LanguageLocaleKey": "nl" }), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "LanguageLocaleKey"),
        (json!({ "EmailEncodingKey": "utf8" }), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "EmailEncodingKey"),
        (json!({ "ProfileId": "00e000000000001AAA" }), "INVALID_CROSS_REFERENCE_KEY", "ProfileId"),
        (json!({ "ProfileId": wrong_profile }), "FIELD_INTEGRITY_EXCEPTION", "ProfileId"),
        (json!({ "ManagerId": "abc123" }), "MALFORMED_ID", "ManagerId"),
        (json!({ "IsActive": "yes" }), "JSON_PARSER_ERROR", "IsActive"),
        (json!({ "Name": "Eva" }), "INVALID_FIELD_FOR_INSERT_UPDATE", "Name"),
    ] {
        let answer = create(&mut client, changes.clone());
        assert_eq!((answer.status, answer.code()), (400, code), "{changes}: {:?}", answer.body);
        assert_eq!(answer.body[0]["fields"], json!([field]), "{changes}");
    }
    let unknown = create(&mut client, json!({ "Shoe": 1 }));
    assert_eq!(unknown.code(), "INVALID_FIELD");
    assert_eq!(unknown.body[0]["message"], "No such column 'Shoe' on sobject of type User");
    assert!(client.org.journal().is_empty());
    assert!(client.org.user("eva@example.com").is_none());
}

#[test]
fn usernames_are_unique_here_and_elsewhere() {
    let mut client = Client::sample();
    client.org.admin().add_foreign_username("Taken@Elsewhere.example");
    for username in ["P.BAKKER@sample.example", "taken@elsewhere.example"] {
        let answer = create(&mut client, json!({ "Username": username }));
        assert_eq!(answer.code(), "DUPLICATE_USERNAME");
        assert!(answer.body[0]["message"].as_str().unwrap().starts_with("Duplicate Username.<br>"));
    }
    let id = client.made("eva@example.com");
    let path = format!("/sobjects/User/{id}");
    assert_eq!(client.rest("PATCH", &path, json!({ "Username": "EVA@example.com" })).status, 204);
    assert_eq!(
        client.rest("PATCH", &path, json!({ "Username": "k.visser@sample.example" })).code(),
        "DUPLICATE_USERNAME"
    );
}

#[test]
fn nicknames_and_federation_identifiers_are_unique() {
    let mut client = Client::sample();
    client.org.admin().set("p.bakker@sample.example", "CommunityNickname", "petra").unwrap();
    client.org.admin().set("p.bakker@sample.example", "FederationIdentifier", "F-1").unwrap();
    assert_eq!(create(&mut client, json!({ "CommunityNickname": "Petra" })).code(), "DUPLICATE_COMM_NICKNAME");
    let bakker = client.id(Object::User, "p.bakker@sample.example");
    let double = create(&mut client, json!({ "FederationIdentifier": "F-1" }));
    assert_eq!(double.code(), "DUPLICATE_VALUE");
    assert!(double.body[0]["message"].as_str().unwrap().contains(&bakker));
    // Its case counts.
    assert_eq!(create(&mut client, json!({ "FederationIdentifier": "f-1" })).status, 201);
}

#[test]
fn seats_are_taken_by_active_users_frozen_or_not() {
    let org = Org::sample_builder(start()).licence("Salesforce", 7).build().unwrap();
    let mut client = Client::of(org);
    assert_eq!(client.org.seats("Salesforce"), Some((5, 7)));
    let first = client.made("one@example.com");
    client.made("two@example.com");
    let full = create(&mut client, json!({}));
    assert_eq!(full.code(), "LICENSE_LIMIT_EXCEEDED");
    assert_eq!(full.body[0]["message"], "License Limit Exceeded - Salesforce");
    client.org.admin().set_frozen("one@example.com", true).unwrap();
    assert_eq!(create(&mut client, json!({})).code(), "LICENSE_LIMIT_EXCEEDED");
    assert_eq!(create(&mut client, json!({ "IsActive": false })).status, 201);
    let path = format!("/sobjects/User/{first}");
    assert_eq!(client.rest("PATCH", &path, json!({ "IsActive": false })).status, 204);
    assert_eq!(client.org.seats("Salesforce"), Some((6, 7)));
    client.org.admin().activate("eva@example.com").unwrap();
    assert_eq!(client.rest("PATCH", &path, json!({ "IsActive": true })).code(), "LICENSE_LIMIT_EXCEEDED");
    // An inactive user may change; an over-allocated org gains nothing by one leaver.
    client.org.admin().set_seats("Salesforce", 3).unwrap();
    client.org.admin().deactivate("two@example.com").unwrap();
    assert_eq!(client.org.seats("Salesforce"), Some((6, 3)));
    assert_eq!(client.rest("PATCH", &path, json!({ "Title": "Away" })).status, 204);
    assert_eq!(client.rest("PATCH", &path, json!({ "IsActive": true })).code(), "LICENSE_LIMIT_EXCEEDED");
}

#[test]
fn a_seat_follows_the_profile() {
    let mut client = Client::sample();
    let id = client.made("eva@example.com");
    let platform = client.id(Object::Profile, "Standard Platform User");
    let path = format!("/sobjects/User/{id}");
    assert_eq!(client.rest("PATCH", &path, json!({ "ProfileId": platform })).status, 204);
    assert_eq!(client.org.seats("Salesforce Platform"), Some((1, 50)));
    assert_eq!(client.org.seats("Salesforce"), Some((5, 100)));
    client.org.behaviours_mut().profile_may_change_licence = false;
    let standard = client.id(Object::Profile, "Standard User");
    assert_eq!(client.rest("PATCH", &path, json!({ "ProfileId": standard })).code(), "FIELD_INTEGRITY_EXCEPTION");
}

#[test]
fn some_users_cannot_be_deactivated() {
    let mut client = Client::sample();
    let reason = "You cannot deactivate the Default Workflow User";
    client.org.admin().block_deactivation("p.bakker@sample.example", reason).unwrap();
    let path = format!("/sobjects/User/{}", client.id(Object::User, "p.bakker@sample.example"));
    let refused = client.rest("PATCH", &path, json!({ "IsActive": false }));
    assert_eq!((refused.status, refused.code()), (400, "FIELD_INTEGRITY_EXCEPTION"));
    assert_eq!(refused.body[0]["message"], reason);
    client.org.behaviours_mut().deactivation_blocker_code = "UNKNOWN_EXCEPTION";
    let refused = client.rest("PATCH", &path, json!({ "IsActive": false }));
    assert_eq!((refused.status, refused.code()), (500, "UNKNOWN_EXCEPTION"));
    client.org.admin().unblock_deactivation("p.bakker@sample.example").unwrap();
    assert_eq!(client.rest("PATCH", &path, json!({ "IsActive": false })).status, 204);

    let admin = client.id(Object::User, "administrator@sample.example");
    let last = client.rest("PATCH", &format!("/sobjects/User/{admin}"), json!({ "IsActive": false }));
    assert_eq!(last.code(), "CANNOT_DISABLE_LAST_ADMIN");
}

#[test]
fn freezing_goes_by_user_login() {
    let mut client = Client::sample();
    let user = client.id(Object::User, "p.bakker@sample.example");
    let login = client.rows(&format!("SELECT Id, IsFrozen FROM UserLogin WHERE UserId = '{user}'"));
    assert_eq!(login[0]["IsFrozen"], false);
    let path = format!("/sobjects/UserLogin/{}", login[0]["Id"].as_str().unwrap());
    assert_eq!(client.rest("PATCH", &path, json!({ "IsFrozen": true })).status, 204);
    assert!(client.org.user("p.bakker@sample.example").unwrap().frozen);
    assert_eq!(client.rest("DELETE", &path, Json::Null).status, 405);
    assert_eq!(client.rest("POST", "/sobjects/UserLogin", json!({ "UserId": user })).status, 405);

    let own = client.id(Object::User, INTEGRATION_USERNAME);
    let login = client.rows(&format!("SELECT Id FROM UserLogin WHERE UserId = '{own}'"));
    let path = format!("/sobjects/UserLogin/{}", login[0]["Id"].as_str().unwrap());
    assert_eq!(client.rest("PATCH", &path, json!({ "IsFrozen": true })).code(), "CANNOT_FREEZE_SELF");
}

#[test]
fn stamps_and_journal_follow_a_change() {
    let mut client = Client::sample();
    let id = client.made("eva@example.com");
    client.org.advance(jiff::SignedDuration::from_mins(5));
    client.rest("PATCH", &format!("/sobjects/User/{id}"), json!({ "Title": "Lead", "LastName": "Jansen" }));
    let row = &client
        .rows("SELECT CreatedDate, LastModifiedDate, SystemModstamp, LastModifiedById FROM User WHERE Title = 'Lead'")
        [0];
    assert_eq!(row["CreatedDate"], "2026-03-02T08:00:00.000+0000");
    assert_eq!(row["LastModifiedDate"], "2026-03-02T08:05:00.000+0000");
    assert_eq!(row["SystemModstamp"], row["LastModifiedDate"]);
    assert_eq!(row["LastModifiedById"], Json::from(client.id(Object::User, INTEGRATION_USERNAME)));
    let entry = client.org.journal().last().unwrap();
    assert_eq!(entry.sequence, 2);
    assert_eq!(entry.object, "User");
    assert_eq!(entry.fields.len(), 1);
    assert_eq!(entry.fields["Title"].after, Value::from("Lead"));
}

#[test]
fn a_user_without_manage_users_changes_nobody() {
    let mut client = Client::sample();
    let profile = "Provisioning Integration";
    for permission in ["PermissionsManageUsers", "PermissionsManageInternalUsers"] {
        client.org.admin().set_permission(Object::Profile, profile, permission, false).unwrap();
    }
    let refused = create(&mut client, json!({}));
    assert_eq!((refused.status, refused.code()), (403, "INSUFFICIENT_ACCESS_OR_READONLY"));
    client.org.admin().set_permission(Object::Profile, profile, "PermissionsApiEnabled", false).unwrap();
    assert_eq!(client.rest("GET", "/limits", Json::Null).code(), "API_DISABLED_FOR_ORG");
}

#[test]
fn is_active_without_a_value_is_a_switch() {
    let mut client = Client::sample();
    client.made("one@example.com");
    client.org.behaviours_mut().rest_create_is_active = false;
    client.made("two@example.com");
    assert!(client.org.user("one@example.com").unwrap().active);
    assert!(!client.org.user("two@example.com").unwrap().active);
}

#[test]
fn a_nickname_is_made_when_none_is_given() {
    let mut client = Client::sample();
    client.made("one@example.com");
    client.made("two@example.com");
    let nicknames: Vec<String> = ["one@example.com", "two@example.com"]
        .map(|username| client.org.user(username).unwrap().text("CommunityNickname").to_owned())
        .to_vec();
    assert!(nicknames.iter().all(|name| name.starts_with("User") && name.len() > 20), "{nicknames:?}");
    assert_ne!(nicknames[0], nicknames[1]);
}
