use serde_json::{Value, json};

use super::*;
use crate::testing::{Asked, answer, client, client_with, records, secret};

const ORG: &str = "00D000000000001EAA";
const OWN: &str = "005000000000001AAA";

fn identity() -> Option<Identity> {
    Identity::parse(ORG, OWN)
}

#[test]
fn the_identity_url_is_read_and_nonsense_is_not() {
    for url in [
        "https://login.salesforce.com/id/00D000000000001EAA/005000000000001AAA",
        "https://test.salesforce.com/id/00D000000000001/005000000000001",
        "https://org.my.salesforce.com/id/00D000000000001EAA/005000000000001AAA/",
    ] {
        assert_eq!(Identity::from_url(url), identity(), "{url}");
    }
    for url in [
        "",
        "https://login.salesforce.com",
        "https://login.salesforce.com/id/00D000000000001EAA",
        "https://login.salesforce.com/id/005000000000001AAA/00D000000000001EAA",
        "https://login.salesforce.com/user/00D000000000001EAA/005000000000001AAA",
        "https://login.salesforce.com/id/00D000000000001EAA/005000000000001AAB",
    ] {
        assert_eq!(Identity::from_url(url), None, "{url}");
    }
}

#[tokio::test]
async fn the_log_in_tells_who_it_is_and_no_call_is_made() {
    let client = client_with(vec![secret("s")], |_| {
        answer(
            200,
            &json!({"access_token": "t", "instance_url": "https://org.my.salesforce.com",
                "id": format!("https://login.salesforce.com/id/{ORG}/{OWN}")}),
        )
    });
    assert_eq!(client.salesforce.own_user().await.unwrap().as_str(), OWN);
    assert_eq!(client.salesforce.org_id().await.unwrap().as_str(), ORG);
    assert_eq!(client.org.asked().len(), 1);
}

#[tokio::test]
async fn else_it_is_asked_for_once_in_a_session() {
    let client = client(|asked| {
        assert_eq!(asked.path, "/services/oauth2/userinfo");
        answer(200, &json!({"user_id": OWN, "organization_id": ORG, "name": "hidden"}))
    });
    for _ in 0..3 {
        assert_eq!(client.salesforce.own_user().await.unwrap().as_str(), OWN);
    }
    assert_eq!(client.org.count(|asked| !asked.is_login()), 1);
}

#[tokio::test]
async fn an_identity_that_cannot_be_read_is_an_error_and_asked_for_again() {
    for body in [json!({}), json!({"user_id": "nobody", "organization_id": ORG}), json!([])] {
        let client = client(move |_| answer(200, &body));
        for _ in 0..2 {
            assert!(matches!(client.salesforce.own_user().await, Err(SalesforceError::Unclear { .. })));
        }
        assert_eq!(client.org.count(|asked| !asked.is_login()), 2);
    }
    let client = client(|_| answer(403, &json!([{"errorCode": "FORBIDDEN", "message": "no"}])));
    assert!(matches!(client.salesforce.own_user().await, Err(SalesforceError::Unusable(_))));
}

fn own_org(asked: &Asked, columns: &[&str], sets: &[Value]) -> crate::testing::Answer {
    if asked.path.ends_with("/userinfo") {
        return answer(200, &json!({"user_id": OWN, "organization_id": ORG}));
    }
    if asked.path.ends_with("/sobjects/PermissionSet/describe") {
        let fields: Vec<_> = columns.iter().map(|name| json!({"name": name, "type": "boolean"})).collect();
        return answer(200, &json!({"name": "PermissionSet", "fields": fields}));
    }
    let soql = asked.soql().unwrap();
    assert!(soql.ends_with(&format!("FROM PermissionSetAssignment WHERE AssigneeId = '{OWN}'")), "{soql}");
    assert!(!soql.contains("FreezeUsers"), "a column that the org lacks: {soql}");
    let rows: Vec<_> = sets.iter().map(|set| json!({ "PermissionSet": set })).collect();
    records(&rows)
}

#[tokio::test]
async fn permissions_are_the_sum_of_all_sets_and_a_column_that_the_org_lacks_breaks_nothing() {
    let columns = ["Id", "PermissionsApiEnabled", "PermissionsViewSetup", "PermissionsManageUsers"];
    let sets = [
        json!({"PermissionsApiEnabled": true, "PermissionsViewSetup": false, "PermissionsManageUsers": false}),
        json!({"PermissionsApiEnabled": false, "PermissionsViewSetup": true, "PermissionsManageUsers": false}),
        Value::Null,
    ];
    let client = client(move |asked| own_org(asked, &columns, &sets));
    let own = client.salesforce.own_permissions().await.unwrap();
    assert_eq!(own.given, ["ApiEnabled", "ViewSetup"].into());
    assert_eq!(own.missing, ["ManageUsers"].into());
    assert_eq!(own.unknown, ["AssignPermissionSets", "FreezeUsers", "ManageInternalUsers", "ManageRoles"].into());
}

#[tokio::test]
async fn an_org_that_knows_none_of_them_is_not_asked() {
    let client = client(|asked| own_org(asked, &["Id"], &[]));
    let own = client.salesforce.own_permissions().await.unwrap();
    assert_eq!((own.given.len(), own.missing.len(), own.unknown.len()), (0, 0, 7));
    assert_eq!(client.org.count(|asked| asked.soql().is_some()), 0);
}

#[tokio::test]
async fn administrators_are_those_left_when_the_frozen_and_the_ended_are_taken_away() {
    let user = |number: u32| SalesforceUserId::parse(format!("005{number:012}").as_str()).unwrap();
    let client = client(move |asked| {
        let soql = asked.soql().unwrap();
        let id = |number| user(number).to_string();
        if soql.contains("FROM UserLogin") {
            assert!(soql.contains("IsFrozen = true") && !soql.contains(&id(4)), "{soql}");
            return records(&[json!({"UserId": id(2)})]);
        }
        records(&[
            json!({"AssigneeId": id(1), "ExpirationDate": null}),
            json!({"AssigneeId": id(1), "ExpirationDate": null}),
            json!({"AssigneeId": id(2), "ExpirationDate": null}),
            json!({"AssigneeId": id(3), "ExpirationDate": "2026-06-01T08:00:01.000+0000"}),
            json!({"AssigneeId": id(4), "ExpirationDate": "2026-06-01T08:00:00.000+0000"}),
        ])
    });
    assert_eq!(client.salesforce.usable_administrators().await.unwrap(), [user(1), user(3)].into());
}
