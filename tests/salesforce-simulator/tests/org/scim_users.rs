//! Users by SCIM: creating, reading, listing, replacing and deleting.

use salesforce_simulator::{Behaviours, ExtensionUrn, GroupsInPost, MailReason, Object, ScimDmlErrors};
use serde_json::{Value as Json, json};

use crate::client::{Client, with};

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
    assert_eq!(user["urn:salesforce:schemas:extension:1.0"]["alias"].as_str().unwrap().len(), 8);
    let stored = client.org.user("eva.jansen@example.com").unwrap();
    assert_eq!(stored.profile, "Standard User");
    assert_eq!(client.org.mails().len(), 1);
    assert_eq!(client.org.mails()[0].reason, MailReason::Welcome);
    assert_eq!(client.org.calls()["scim POST Users"], 1);
}
