use serde_json::json;

use super::*;
use crate::testing::{answer, client};

async fn description() -> UserDescription {
    let client = client(|asked| {
        assert_eq!(asked.path, "/services/data/v66.0/sobjects/User/describe");
        answer(
            200,
            &json!({"name": "User", "fields": [
                {"name": "Id", "type": "id", "length": 18, "nillable": false, "defaultedOnCreate": true},
                {"name": "LastName", "type": "string", "length": 5, "nillable": false, "createable": true,
                    "updateable": true, "defaultedOnCreate": false},
                {"name": "CommunityNickname", "type": "string", "length": 40, "nillable": false, "createable": true,
                    "updateable": true, "defaultedOnCreate": true},
                {"name": "IsActive", "type": "boolean", "length": 0, "nillable": false, "createable": true,
                    "updateable": true, "defaultedOnCreate": false},
                {"name": "LocaleSidKey", "type": "picklist", "length": 40, "nillable": false, "createable": true,
                    "updateable": true, "restrictedPicklist": true, "picklistValues": [
                        {"active": true, "value": "nl_NL", "label": "Dutch"},
                        {"active": false, "value": "xx", "label": "gone"}]},
                {"name": "Level__c", "type": "picklist", "length": 255, "nillable": true, "createable": true,
                    "updateable": true, "restrictedPicklist": false, "picklistValues": [{"active": true, "value": "A"}]},
                {"name": "UserPermissionsSupportUser", "type": "boolean", "createable": true, "updateable": true},
                {"name": "UserPreferencesHideBizCard", "type": "boolean", "createable": true, "updateable": true},
                {"type": "string"}, null
            ]}),
        )
    });
    client.salesforce.user_description().await.unwrap()
}

#[tokio::test]
async fn what_is_demanded_is_read() {
    let description = description().await;
    assert_eq!(description.fields.len(), 8);
    let required: Vec<_> = description.required_on_create().collect();
    assert_eq!(required, ["LastName", "LocaleSidKey"], "not what Salesforce fills in, nor checkboxes");
    let features = description.feature_licences();
    assert_eq!(features.iter().map(EntitlementName::as_str).collect::<Vec<_>>(), ["UserPermissionsSupportUser"]);
    assert_eq!(description.fields["LastName"].max_length, Some(5));
    assert_eq!(description.fields["IsActive"].max_length, None);
}

#[tokio::test]
async fn values_are_checked() {
    let description = description().await;
    for (field, value, expected) in [
        ("LastName", "Übers", Ok(())),
        ("LastName", "Übersz", Err(FieldFault::TooLong(5))),
        ("Nothing__c", "x", Err(FieldFault::Unknown)),
        ("Id", "x", Err(FieldFault::ReadOnly)),
        ("LocaleSidKey", "nl_NL", Ok(())),
        ("LocaleSidKey", "nl_nl", Err(FieldFault::NotAmongValues)),
        ("LocaleSidKey", "xx", Err(FieldFault::NotAmongValues)),
        ("LocaleSidKey", "", Ok(())),
        ("Level__c", "of its own", Ok(())),
    ] {
        assert_eq!(description.check(field, value), expected, "{field} {value}");
    }
}

#[tokio::test]
async fn a_description_that_is_none_is_an_error() {
    let client = client(|_| answer(200, &json!({"name": "User"})));
    assert!(matches!(client.salesforce.user_description().await, Err(SalesforceError::Unclear { .. })));
}
