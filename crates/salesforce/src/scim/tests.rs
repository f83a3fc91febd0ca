use std::collections::BTreeMap;

use domain::{SalesforceId, SalesforceUserId, UserField, UserLink};
use serde_json::json;

use super::*;
use crate::catalog::Catalog;
use crate::testing::{answer, catalog, client, text};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn id(text: &str) -> SalesforceId {
    SalesforceId::parse(text).unwrap()
}

fn fields() -> BTreeMap<UserField, String> {
    UserField::ALL.iter().map(|field| (*field, format!("<{}>", field.api_name()))).collect()
}

async fn sample_catalog() -> std::sync::Arc<Catalog> {
    client(|asked| catalog(asked).unwrap()).salesforce.catalog().await.unwrap()
}

#[test]
fn a_create_has_the_documented_form() {
    let entitlements = [id("00e000000000001"), id("0PS000000000001")];
    let body = create(&fields(), false, Some("urn:salesforce:schemas:extension:1.0"), &entitlements);
    assert_eq!(
        body,
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE, "urn:salesforce:schemas:extension:1.0"],
            "userName": "<Username>",
            "externalId": "<FederationIdentifier>",
            "name": {"givenName": "<FirstName>", "familyName": "<LastName>"},
            "nickName": "<CommunityNickname>",
            "emails": [{"type": "work", "primary": true, "value": "<Email>"}],
            "phoneNumbers": [{"type": "work", "value": "<Phone>"}],
            "title": "<Title>",
            "preferredLanguage": "<LanguageLocaleKey>",
            "locale": "<LocaleSidKey>",
            "timezone": "<TimeZoneSidKey>",
            "emailEncodingKey": "<EmailEncodingKey>",
            "active": false,
            "entitlements": [{"value": "00e000000000001AAA"}, {"value": "0PS000000000001GAA"}],
            ENTERPRISE: {"employeeNumber": "<EmployeeNumber>", "department": "<Department>", "division": "<Division>"},
            "urn:salesforce:schemas:extension:1.0": {"alias": "<Alias>"},
        })
    );
    let little = BTreeMap::from([(UserField::MobilePhone, "1".to_owned()), (UserField::Alias, "a".to_owned())]);
    assert_eq!(
        create(&little, true, None, &entitlements[..1]),
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "phoneNumbers": [{"type": "mobile", "value": "1"}],
            "active": true,
            "entitlements": [{"value": "00e000000000001AAA"}],
        })
    );
}

#[test]
fn a_patch_has_no_path_a_lower_case_op_and_an_object_as_value() {
    let patch = Patch {
        fields: BTreeMap::from([(UserField::LastName, "L".to_owned()), (UserField::Department, "D".to_owned())]),
        active: Some(true),
        links: BTreeMap::from([
            (UserLink::Manager, SalesforceUserId::parse("005000000000001").unwrap()),
            (UserLink::DelegatedApprover, SalesforceUserId::parse("005000000000002").unwrap()),
        ]),
        permission_sets: vec![id("0PS000000000001")],
    };
    assert_eq!(
        patch.body(None),
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [
                {"op": "replace", "value": {
                    "name": {"familyName": "L"},
                    "active": true,
                    ENTERPRISE: {
                        "department": "D",
                        "manager": {"value": "005000000000001AAA"},
                        "delegatedApprover": {"delegatedApproverId": "005000000000002AAA"},
                    },
                }},
                {"op": "add", "value": {"entitlements": [{"value": "0PS000000000001GAA"}]}},
            ],
        })
    );
    let only = Patch { active: Some(false), ..Patch::default() };
    assert_eq!(only.body(None)["Operations"], json!([{"op": "replace", "value": {"active": false}}]));
}

#[tokio::test]
async fn a_user_is_read_whatever_its_form() {
    let catalog = sample_catalog().await;
    let shown = user(
        &json!({
            "schemas": "[\"urn:ietf:params:scim:schemas:core:2.0:User\"]",
            "id": "005000000000001",
            "userName": "a@example.com",
            "name": {"familyName": "L", "givenName": "", "formatted": null},
            "active": "true",
            "emails": [{"type": "home", "value": "no@example.com"}, {"type": "work", "primary": "true", "value": "a@example.com"}],
            "phoneNumbers": [{"type": "Mobile", "value": "6"}, {"type": "fax", "value": "7"}],
            "entitlements": [
                {"value": "00e000000000001", "display": "renamed", "type": "Profile", "primary": true},
                {"value": "0PS000000000001GAA", "type": "Permission Set", "primary": "false"},
                {"value": "0PS000000000099GAA"}, {"value": 5}, {"display": "x"},
            ],
            "roles": [{"value": "00E000000000001EAA"}],
            "urn:scim:schemas:extension:enterprise:1.0": {"department": "D", "manager": {"value": null}},
            "urn:salesforce:schemas:extension:external:1.0": {"accountId": "x"},
            "urn:salesforce:schemas:extension:2.0": {"alias": "al"},
        }),
        &catalog,
        false,
    )
    .unwrap();
    assert_eq!(shown.id.as_str(), "005000000000001AAA");
    assert!(shown.active);
    let expected = [
        (UserField::Username, "a@example.com"),
        (UserField::Email, "a@example.com"),
        (UserField::LastName, "L"),
        (UserField::MobilePhone, "6"),
        (UserField::Department, "D"),
        (UserField::Alias, "al"),
    ];
    assert_eq!(shown.fields, expected.map(|(field, value)| (field, value.to_owned())).into());
    assert_eq!(shown.profile.as_ref().unwrap().as_str(), "Standard User");
    assert_eq!(shown.role.as_ref().unwrap().as_str(), "CEO");
    assert_eq!(shown.assignments.len(), 1);
    assert!(shown.has(&"permissionSet:Reports".parse().unwrap()));
    // Little is as good as nothing, but an id is needed.
    assert!(user(&json!({"id": "005000000000001AAA"}), &catalog, true).unwrap().active);
    for none in [json!({}), json!([]), json!(null), json!({"id": "00e000000000001"}), json!({"id": 5})] {
        assert_eq!(user(&none, &catalog, true), None);
    }
}

#[tokio::test]
async fn the_alias_goes_where_the_org_s_schema_list_says() {
    let v1 = "urn:salesforce:schemas:extension:1.0";
    let v2 = "urn:salesforce:schemas:extension:2.0";
    let cases = [
        (answer(200, &json!({"Resources": [{"id": "x"}, {"id": v1}]})), Some(v1)),
        (answer(200, &json!([{"id": v2}])), Some(v2)),
        (answer(200, &json!({"Resources": [{"id": "urn:salesforce:schemas:extension:00D000000000001EAA"}]})), None),
        (answer(200, &json!({})), None),
        (answer(404, &json!({"detail": "No such resource", "status": 404})), None),
    ];
    for (schemas, expected) in cases {
        let body = schemas.as_ref().unwrap().body().clone();
        let status = schemas.unwrap().status().as_u16();
        let client = client(move |_| text(status, std::str::from_utf8(&body).unwrap()));
        for _ in 0..3 {
            assert_eq!(client.salesforce.alias_extension().await, expected);
        }
        assert_eq!(client.org.count(|asked| asked.path.ends_with("/Schemas")), 1, "asked once");
    }
    let down = client(|_| text(503, "<html>"));
    assert_eq!(down.salesforce.alias_extension().await, None);
    let asked = down.org.asked().len();
    assert_eq!(down.salesforce.alias_extension().await, None);
    assert!(down.org.asked().len() > asked, "an outage is no answer");
}
