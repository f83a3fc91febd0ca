//! Users by SCIM: creating, reading, listing, replacing and deleting.

use salesforce_simulator::{ExtensionUrn, GroupsInPost, MailReason, Object, ScimDmlErrors};
use serde_json::{Value as Json, json};

use crate::client::{Client, with};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const EXTENSION_1: &str = "urn:salesforce:schemas:extension:1.0";
const EXTENSION_2: &str = "urn:salesforce:schemas:extension:2.0";

fn create(client: &mut Client, changes: Json) -> crate::client::Answer {
    let body = with(client.scim_user("eva@example.com"), changes);
    client.scim("POST", "/Users", body)
}

#[test]
fn create_answers_the_whole_user_with_the_defaults() {
    let mut client = Client::sample();
    let body = client.scim_user("Eva.Jansen@Example.com");
    let answer = client.scim("POST", "/Users", body);
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    let user = &answer.body;
    assert_eq!(user["userName"], "eva.jansen@example.com");
    assert_eq!(user["nickName"], "Eva.Jansen@Example.com");
    assert_eq!(user["displayName"], "Eva Jansen");
    assert_eq!(user["timezone"], "America/Los_Angeles");
    assert_eq!(user["locale"], "en_US");
    assert_eq!(user["active"], true);
    assert_eq!(user["entitlements"][0]["type"], "Profile");
    assert_eq!(user["entitlements"][0]["primary"], true);
    assert!(user.get("groups").is_none());
    assert!(user.get("roles").is_none());
    assert_eq!(user[EXTENSION_1]["alias"].as_str().unwrap().len(), 8);
    assert_eq!(user["meta"]["created"], "2026-03-02T08:00:00Z");
    assert_eq!(user["meta"]["version"].as_str().unwrap().len(), 40);
    let stored = client.org.user("eva.jansen@example.com").unwrap();
    assert_eq!(stored.profile, "Standard User");
    assert_eq!(client.org.mails().len(), 1);
    assert_eq!(client.org.mails()[0].reason, MailReason::Welcome);
    assert_eq!(client.org.calls()["scim POST Users"], 1);
}

#[test]
fn a_long_username_makes_too_long_a_nickname() {
    let mut client = Client::sample();
    let username = format!("{}@example.com", "e".repeat(40));
    let answer = create(&mut client, json!({ "userName": username }));
    assert_eq!(answer.status, 409);
    assert!(answer.detail().contains("STRING_TOO_LONG, CommunityNickname"), "{}", answer.detail());
    assert_eq!(create(&mut client, json!({ "userName": username, "nickName": "eva" })).status, 201);
}

#[test]
fn all_attributes_arrive() {
    let mut client = Client::sample();
    client.org.admin().add_custom_user_field("Badge__c", 10, false);
    let custom = format!("urn:salesforce:schemas:extension:{}", client.org.id());
    let manager = client.id(Object::User, "p.bakker@sample.example");
    let role = client.id(Object::UserRole, "SalesNL");
    let answer = create(
        &mut client,
        json!({
            "externalId": "F-7", "nickName": "eva", "title": "Lead", "preferredLanguage": "nl_NL", "locale": "nl_NL",
            "timezone": "Europe/Amsterdam", "emailEncodingKey": "ISO-8859-1", "active": false,
            "addresses": [{ "streetAddress": "Dam 1", "locality": "Amsterdam", "postalCode": "1012", "country": "NL" }],
            "phoneNumbers": [{ "type": "mobile", "value": "+31 6 00000000" }],
            "roles": [{ "value": role }],
            (ENTERPRISE): { "employeeNumber": "100", "department": "Sales", "division": "NL", "manager": { "value": manager } },
            (EXTENSION_2): { "alias": "evaj" },
            (custom.as_str()): { "Badge__c": "B1" },
        }),
    );
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    let user = client.org.user("eva@example.com").unwrap();
    for (field, value) in [
        ("FederationIdentifier", "F-7"),
        ("CommunityNickname", "eva"),
        ("Title", "Lead"),
        ("LanguageLocaleKey", "nl_NL"),
        ("EmailEncodingKey", "ISO-8859-1"),
        ("Street", "Dam 1"),
        ("MobilePhone", "+31 6 00000000"),
        ("EmployeeNumber", "100"),
        ("Alias", "evaj"),
        ("Badge__c", "B1"),
    ] {
        assert_eq!(user.text(field), value, "{field}");
    }
    assert!(!user.active);
    assert_eq!(user.role.as_deref(), Some("SalesNL"));
    assert_eq!(user.manager.as_deref(), Some("p.bakker@sample.example"));
    assert!(client.org.mails().is_empty());
    assert_eq!(answer.body[custom.as_str()]["Badge__c"], "B1");
    assert_eq!(answer.body["phoneNumbers"], json!([{ "type": "mobile", "value": "+31 6 00000000" }]));
}

#[test]
fn problems_are_collected_into_one_409_of_the_odd_form() {
    let mut client = Client::sample();
    let answer = create(
        &mut client,
        json!({ "id": "x", "emails": [], "entitlements": [], "name": { "middleName": "x" }, (ENTERPRISE): { "costCenter": "1" } }),
    );
    assert_eq!(answer.status, 409);
    assert_eq!(answer.body["schemas"], "[\"urn:ietf:params:scim:api:messages:2.0:Error\"]");
    assert_eq!(answer.body["status"], 409);
    assert!(answer.body.get("scimType").is_none());
    for text in [
        "INVALID:id_attribute_is_readonly;",
        "REQUIRED_FIELD_MISSING:name.familyName;",
        "REQUIRED_FIELD_MISSING:email;",
        "UNSUPPORTED_FIELD:name.middleName;",
        "UNSUPPORTED_FIELD:costCenter;",
        "REQUIRED_FIELD_MISSING:user_must_have_one_entitlement_which_must_be_a_profileid;",
    ] {
        assert_eq!(answer.detail().matches(text).count(), 1, "{text} in {}", answer.detail());
    }
    assert!(client.org.journal().is_empty());
}

#[test]
fn one_of_each_only() {
    let mut client = Client::sample();
    let two = |value: &str| json!([{ "value": value }, { "value": value }]);
    let profile = client.id(Object::Profile, "Standard User");
    for (changes, text) in [
        (json!({ "emails": two("a@example.com") }), "INVALID:only_a_single_email_is_allowed;"),
        (json!({ "phoneNumbers": two("1") }), "INVALID:only_a_single_phone_is_allowed"),
        (json!({ "addresses": [{}, {}] }), "INVALID:only_a_single_address_is_allowed;"),
        (json!({ "roles": two("00E") }), "INVALID:user_must_have_only_one_role;"),
        (json!({ "entitlements": two(&profile) }), "user_must_have_one_entitlement_which_must_be_a_profileid;"),
    ] {
        let answer = create(&mut client, changes);
        assert_eq!(answer.status, 409);
        assert!(answer.detail().contains(text), "{}", answer.detail());
    }
}

#[test]
fn a_failed_write_tells_the_exceptions_text_or_the_rest_form() {
    let mut client = Client::sample();
    let taken = json!({ "userName": "p.bakker@sample.example" });
    let answer = create(&mut client, taken.clone());
    assert_eq!(answer.status, 409);
    let start = "Insert failed. First exception on row 0; first error: DUPLICATE_USERNAME, Duplicate Username.<br>";
    assert!(answer.detail().starts_with(start), "{}", answer.detail());
    assert!(answer.detail().ends_with(": [Username]"));
    client.org.behaviours_mut().scim_dml_errors = ScimDmlErrors::Rest400;
    let answer = create(&mut client, taken);
    assert_eq!((answer.status, answer.code()), (400, "DUPLICATE_USERNAME"));
}

#[test]
fn permission_sets_come_with_the_user_or_nothing_does() {
    let mut client = Client::sample();
    let profile = client.id(Object::Profile, "Standard User");
    let entitlements = |ids: &[&str]| {
        Json::from(ids.iter().chain([&profile.as_str()]).map(|id| json!({ "value": id })).collect::<Vec<_>>())
    };
    let set = client.id(Object::PermissionSet, "Mobile_User");
    let platform = client.id(Object::PermissionSet, "Platform_Tools");
    let refused = create(&mut client, json!({ "entitlements": entitlements(&[&set, &platform]) }));
    assert_eq!(refused.status, 409);
    assert!(refused.detail().contains("Can't assign permission set"), "{}", refused.detail());
    assert!(client.org.user("eva@example.com").is_none());
    assert!(client.org.journal().is_empty() && client.org.mails().is_empty());
    // Permission set groups are not in SCIM: passed over in a POST.
    let bundle = client.id(Object::PermissionSetGroup, "Sales_Bundle");
    let made = create(&mut client, json!({ "entitlements": entitlements(&[&set, &bundle]) }));
    assert_eq!(made.status, 201);
    let user = client.org.user("eva@example.com").unwrap();
    assert_eq!(user.permission_sets.into_iter().collect::<Vec<_>>(), ["Mobile_User"]);
    assert!(user.permission_set_groups.is_empty());
    assert_eq!(made.body["entitlements"][1]["type"], "Permission Set");
}

#[test]
fn groups_and_roles_in_a_post_are_switches() {
    for (rule, with_sets, expected) in [
        (GroupsInPost::WithPermissionSets, false, false),
        (GroupsInPost::WithPermissionSets, true, true),
        (GroupsInPost::Always, false, true),
        (GroupsInPost::Never, true, false),
    ] {
        let mut client = Client::sample();
        client.org.behaviours_mut().groups_in_scim_post = rule;
        client.org.behaviours_mut().roles_in_scim_post = expected;
        let mut entitlements = vec![json!({ "value": client.id(Object::Profile, "Standard User") })];
        if with_sets {
            entitlements.push(json!({ "value": client.id(Object::PermissionSet, "Mobile_User") }));
        }
        let groups = json!([{ "value": client.id(Object::Group, "All_Staff") }]);
        let roles = json!([{ "value": client.id(Object::UserRole, "IT") }]);
        let made = create(&mut client, json!({ "entitlements": entitlements, "groups": groups, "roles": roles }));
        assert_eq!(made.status, 201);
        let user = client.org.user("eva@example.com").unwrap();
        assert_eq!(user.groups.contains("All_Staff"), expected, "{rule:?}");
        assert_eq!(user.role.is_some(), expected);
    }
}

#[test]
fn the_extension_has_one_of_two_names() {
    for (rule, sent, arrives, emitted) in [
        (ExtensionUrn::Mixed, EXTENSION_1, true, EXTENSION_1),
        (ExtensionUrn::Mixed, EXTENSION_2, true, EXTENSION_1),
        (ExtensionUrn::V1, EXTENSION_2, false, EXTENSION_1),
        (ExtensionUrn::V2, EXTENSION_2, true, EXTENSION_2),
        (ExtensionUrn::V2, EXTENSION_1, false, EXTENSION_2),
    ] {
        let mut client = Client::sample();
        client.org.behaviours_mut().extension = rule;
        let made = create(&mut client, json!({ (sent): { "alias": "evaj" } }));
        assert_eq!(made.body[emitted]["alias"] == "evaj", arrives, "{rule:?} {sent}");
        let schemas = client.scim("GET", "/Schemas", Json::Null).body.to_string();
        assert_eq!(schemas.contains(EXTENSION_2), rule != ExtensionUrn::V1);
    }
}

#[test]
fn other_switches_of_create() {
    let mut client = Client::sample();
    client.org.behaviours_mut().create_with_mail_answers_200 = true;
    assert_eq!(create(&mut client, json!({})).status, 200);
    assert_eq!(create(&mut client, json!({ "userName": "b@example.com", "password": "Secret-123" })).status, 201);
    client.org.behaviours_mut().create_with_mail_answers_200 = false;
    client.org.behaviours_mut().external_id_available = false;
    let refused = create(&mut client, json!({ "userName": "c@example.com", "externalId": "x" }));
    assert_eq!(refused.detail(), "INVALID:externalId_not_available_in_your_organization;");
    client.org.behaviours_mut().missing_encoding_breaks_create = true;
    assert_eq!(create(&mut client, json!({ "userName": "d@example.com" })).status, 409);
    let named = json!({ "userName": "d@example.com", "emailEncodingKey": "UTF-8", "preferredLanguage": "nl_NL" });
    assert_eq!(create(&mut client, named).status, 201);
}

#[test]
fn delete_deactivates_and_maybe_renames() {
    for renames in [false, true] {
        let mut client = Client::sample();
        client.org.behaviours_mut().delete_renames = renames;
        let id = client.id(Object::User, "p.bakker@sample.example");
        let path = format!("/Users/{id}");
        let gone = client.scim("DELETE", &path, Json::Null);
        assert_eq!((gone.status, gone.body), (204, Json::Null));
        assert_eq!(client.scim("DELETE", &path, Json::Null).status, 404);
        let user = client.org.users_with("EmployeeNumber", "900001").remove(0);
        assert!(!user.active);
        assert_eq!(user.username == "p.bakker@sample.example", !renames);
        assert_eq!(client.scim("GET", &path, Json::Null).body["active"], false);
    }
}

#[test]
fn put_empties_what_it_does_not_name() {
    let mut client = Client::sample();
    let id = client.id(Object::User, "p.bakker@sample.example");
    client.org.admin().assign("p.bakker@sample.example", Object::PermissionSet, "Mobile_User").unwrap();
    client.org.admin().assign("p.bakker@sample.example", Object::Group, "All_Staff").unwrap();
    let body = with(client.scim_user("p.bakker@sample.example"), json!({ "title": "Lead" }));
    let answer = client.scim("PUT", &format!("/Users/{id}"), body);
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let user = client.org.user("p.bakker@sample.example").unwrap();
    assert_eq!((user.text("Title"), user.text("Department"), user.text("LastName")), ("Lead", "", "Jansen"));
    assert!(user.permission_sets.is_empty() && user.active);
    assert!(user.groups.contains("All_Staff"));
    assert_eq!(client.scim("PUT", &format!("/Users/{id}"), json!({})).status, 409);
}
