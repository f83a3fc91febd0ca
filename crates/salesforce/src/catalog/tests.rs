use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::testing::{Client, catalog, client, records};

fn entitlement(text: &str) -> Entitlement {
    text.parse().unwrap()
}

fn name(text: &str) -> EntitlementName {
    EntitlementName::parse(text).unwrap()
}

fn plain() -> Client {
    client(|asked| catalog(asked).unwrap())
}

#[tokio::test]
async fn names_and_ids_are_found_both_ways() {
    let read = plain().salesforce.catalog().await.unwrap();
    for (name, id) in [
        ("profile:Standard User", "00e000000000001"),
        ("role:CEO", "00E000000000001"),
        ("permissionSet:Reports", "0PS000000000001"),
        ("permissionSet:acme__Console", "0PS000000000002"),
        ("permissionSetGroup:Bundle", "0PG000000000001"),
        ("permissionSetGroup:acme__Bundle", "0PG000000000002"),
        ("permissionSetLicense:ConsoleUser", "0PL000000000001"),
        ("publicGroup:All_Staff", "00G000000000001"),
        ("queue:Orders", "00G000000000002"),
    ] {
        let id = SalesforceId::parse(id).unwrap();
        assert_eq!(read.id(&entitlement(name)).unwrap(), &id, "{name}");
        assert_eq!(read.check(&entitlement(name)), Ok(()), "{name}");
        assert_eq!(read.entitlement(&id), Some(&entitlement(name)));
    }
    assert_eq!(read.licence(&name("Standard User")), Some("Salesforce"));
    assert_eq!(read.entitlements().count(), 14);
}

#[tokio::test]
async fn seats_and_needs_are_told() {
    let read = plain().salesforce.catalog().await.unwrap();
    let seats = |text: &str| read.seats(&entitlement(text));
    assert_eq!(seats("profile:Standard User"), Some(Seats { total: 100, used: 40 }));
    assert_eq!(read.user_licence_seats("Salesforce").map(Seats::free), Some(60));
    assert_eq!(seats("permissionSetLicense:ConsoleUser"), Some(Seats { total: 3, used: 4 }));
    assert_eq!(seats("permissionSetLicense:ConsoleUser").map(Seats::free), Some(0), "over-allocated");
    assert_eq!(seats("permissionSetLicense:Unlimited"), None);
    assert_eq!(seats("role:CEO"), None);
    assert_eq!(read.need(&name("Reports")), None);
    assert_eq!(read.need(&name("acme__Console")), Some(&Need::PermissionSetLicense(name("ConsoleUser"))));
    assert_eq!(read.need(&name("Tools")), Some(&Need::UserLicense("Salesforce".to_owned())));
    assert!(read.makes_administrator(&name("Administrator")) && !read.makes_administrator(&name("Standard User")));
    assert!(read.is_outdated(&name("acme__Bundle")) && !read.is_outdated(&name("Bundle")));
}

#[tokio::test]
async fn feature_licences_are_the_checkboxes_that_the_org_s_users_have() {
    let read = plain().salesforce.catalog().await.unwrap();
    assert_eq!(read.features().len(), 2);
    assert_eq!(read.check(&entitlement("featureLicense:UserPermissionsMarketingUser")), Ok(()));
    let error = read.check(&entitlement("featureLicense:UserPermissionsMarketUser")).unwrap_err();
    assert!(error.reason().message.contains("UserPermissionsMarketingUser"), "{:?}", error.reason());
    assert!(read.check(&entitlement("featureLicense:UserPermissionsNote")).is_err());
}

#[tokio::test]
async fn an_edition_without_permission_set_groups_and_licences_has_the_rest() {
    let client = client(|asked| match asked.soql() {
        Some(soql) if soql.contains("FROM PermissionSetGroup") || soql.contains("FROM PermissionSetLicense") => {
            crate::testing::answer(
                400,
                &json!([{"errorCode": "INVALID_TYPE", "message": "sObject type is not supported"}]),
            )
        }
        _ => catalog(asked).unwrap(),
    });
    let read = client.salesforce.catalog().await.unwrap();
    assert!(read.id(&entitlement("permissionSet:Reports")).is_ok());
    assert!(read.id(&entitlement("permissionSetGroup:Bundle")).is_err());
}

#[tokio::test]
async fn an_unknown_name_is_told_with_its_kind_and_the_closest_names() {
    let read = plain().salesforce.catalog().await.unwrap();
    let error = read.id(&entitlement("permissionSet:report")).unwrap_err();
    assert_eq!(error.to_string(), "the org has no permissionSet report");
    assert_eq!(error.reason().message, "the org has no permissionSet report; it has Reports");
    let error = read.id(&entitlement("publicGroup:Reports")).unwrap_err();
    assert_eq!(error.reason().message, "the org has no publicGroup Reports", "kinds are not mixed");
}

#[tokio::test]
async fn it_is_read_again_for_an_unknown_name_but_not_all_the_time() {
    let grown = Arc::new(AtomicBool::new(false));
    let switch = grown.clone();
    let client = client(move |asked| {
        if asked.soql().is_some_and(|soql| soql.contains("FROM UserRole")) && switch.load(Ordering::SeqCst) {
            return records(&[json!({"Id": "00E000000000002", "DeveloperName": "New"})]);
        }
        catalog(asked).unwrap()
    });
    let new = entitlement("role:New");
    let queries = || client.org.count(|asked| asked.soql().is_some());
    for _ in 0..3 {
        assert!(client.salesforce.catalog_with([&new]).await.unwrap().id(&new).is_err());
    }
    assert_eq!(queries(), 6);
    grown.store(true, Ordering::SeqCst);
    client.clock.advance(Duration::from_secs(301));
    assert!(client.salesforce.catalog().await.unwrap().id(&new).is_err(), "nobody asked for it");
    assert!(client.salesforce.catalog_with([&new]).await.unwrap().id(&new).is_ok());
    assert_eq!(queries(), 12);
}

#[tokio::test]
async fn all_pages_are_read() {
    let client = client(|asked| {
        if asked.path.ends_with("/query/0r8xx-2000") {
            return records(&[json!({"Id": "00E000000000002", "DeveloperName": "Second"})]);
        }
        if asked.soql().is_some_and(|soql| soql.contains("FROM UserRole")) {
            return crate::testing::answer(
                200,
                &json!({"totalSize": 2, "done": false,
                "nextRecordsUrl": "/services/data/v66.0/query/0r8xx-2000",
                "records": [{"Id": "00E000000000001", "DeveloperName": "CEO"}]}),
            );
        }
        catalog(asked).unwrap()
    });
    let read = client.salesforce.catalog().await.unwrap();
    assert!(read.id(&entitlement("role:CEO")).is_ok() && read.id(&entitlement("role:Second")).is_ok());
}

#[tokio::test]
async fn a_next_page_elsewhere_is_not_followed() {
    let client = client(|_| {
        crate::testing::answer(200, &json!({"records": [], "nextRecordsUrl": "https://evil.example/services/data"}))
    });
    assert!(client.salesforce.catalog().await.is_err());
    assert!(client.org.asked().iter().all(|asked| asked.host == "org.my.salesforce.com"));
}
