use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::testing::{Client, catalog, client, records};

fn entitlement(text: &str) -> Entitlement {
    text.parse().unwrap()
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
        ("publicGroup:All_Staff", "00G000000000001"),
    ] {
        let id = SalesforceId::parse(id).unwrap();
        assert_eq!(read.id(&entitlement(name)).unwrap(), &id, "{name}");
        assert_eq!(read.entitlement(&id), Some(&entitlement(name)));
    }
    assert_eq!(read.licence(&EntitlementName::parse("Standard User").unwrap()), Some("Salesforce"));
    assert_eq!(read.entitlements().count(), 5);
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
        if asked.soql().unwrap().contains("FROM UserRole") && switch.load(Ordering::SeqCst) {
            return records(&[json!({"Id": "00E000000000002", "DeveloperName": "New"})]);
        }
        catalog(asked).unwrap()
    });
    let new = entitlement("role:New");
    let queries = || client.org.count(|asked| asked.soql().is_some());
    for _ in 0..3 {
        assert!(client.salesforce.catalog_with([&new]).await.unwrap().id(&new).is_err());
    }
    assert_eq!(queries(), 4);
    grown.store(true, Ordering::SeqCst);
    client.clock.advance(Duration::from_secs(301));
    assert!(client.salesforce.catalog().await.unwrap().id(&new).is_err(), "nobody asked for it");
    assert!(client.salesforce.catalog_with([&new]).await.unwrap().id(&new).is_ok());
    assert_eq!(queries(), 8);
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
