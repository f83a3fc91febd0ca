//! SCIM lists, filters, chosen attributes, and what the service says of itself.

use salesforce_simulator::{LimitHeader, Object, Org};
use serde_json::{Value as Json, json};

use crate::client::{Client, encode, start};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

#[test]
fn lists_page_by_the_services_rules() {
    let mut client = Client::sample();
    let first = client.scim("GET", "/Users", Json::Null);
    // The platform's automated users are not shown; its Standard and Chatter ones are.
    assert_eq!(first.body["totalResults"], 8);
    assert_eq!(first.body["itemsPerPage"], 8);
    let page = client.scim("GET", "/Users?startIndex=7&count=5", Json::Null);
    assert_eq!((page.body["startIndex"].as_u64(), page.body["itemsPerPage"].as_u64()), (Some(7), Some(2)));
    for (query, text) in [
        ("count=201", "Illegal count value : 201"),
        ("count=0", "Illegal count value : 0"),
        ("startIndex=0", "Illegal startIndex value : 0"),
        ("startIndex=2002", "Illegal startIndex value : 2002"),
        ("startIndex=x", "Illegal startIndex value : x"),
    ] {
        let refused = client.scim("GET", &format!("/Users?{query}"), Json::Null);
        assert_eq!((refused.status, refused.detail()), (400, text));
    }
    let beyond = client.scim("GET", "/Users?startIndex=2001", Json::Null);
    assert_eq!(beyond.status, 200);
    client.org.behaviours_mut().start_index_ceiling = None;
    assert_eq!(client.scim("GET", "/Users?startIndex=2002", Json::Null).status, 200);
}

#[test]
fn an_empty_result_has_no_resources() {
    let mut client = Client::sample();
    let empty =
        client.scim("GET", &format!("/Users?filter={}", encode("userName eq \"nobody@example.com\"")), Json::Null);
    assert_eq!(empty.body["totalResults"], 0);
    assert_eq!(empty.body["startIndex"], 0);
    assert!(empty.body.get("Resources").is_none());
}

#[test]
fn filters_find_users() {
    let mut client = Client::sample();
    client.org.admin().assign("k.visser@sample.example", Object::PermissionSet, "Mobile_User").unwrap();
    client.org.admin().assign("k.visser@sample.example", Object::Group, "All_Staff").unwrap();
    client.org.admin().set_role("k.visser@sample.example", Some("IT")).unwrap();
    let set = client.id(Object::PermissionSet, "Mobile_User");
    let group = client.id(Object::Group, "All_Staff");
    let role = client.id(Object::UserRole, "IT");
    let profile = client.id(Object::Profile, "Service User");
    for filter in [
        "userName eq \"K.Visser@sample.example\"".to_owned(),
        "userName sw \"k.\" and active eq \"true\"".to_owned(),
        "name.familyName ew \"SSER\"".to_owned(),
        format!("{ENTERPRISE}:employeeNumber eq \"900002\""),
        "(department eq \"Service\" or department eq \"None\") and meta.created le \"2026-03-02T08:00:00Z\"".to_owned(),
        format!("entitlements eq \"{set}\""),
        format!("entitlements eq \"{profile}\""),
        format!("groups eq \"{group}\""),
        format!("roles eq \"{role}\""),
        format!("id eq \"{}\"", client.id(Object::User, "k.visser@sample.example")),
    ] {
        let found = client.scim("GET", &format!("/Users?filter={}", encode(&filter)), Json::Null);
        assert_eq!(found.body["totalResults"], 1, "{filter}: {:?}", found.body);
        assert_eq!(found.body["Resources"][0]["userName"], "k.visser@sample.example", "{filter}");
    }
}

#[test]
fn an_apostrophe_breaks_a_filter() {
    let mut client = Client::sample();
    let path = format!("/Users?filter={}", encode("userName eq \"s.o'neill@sample.example\""));
    assert_eq!(client.scim("GET", &path, Json::Null).status, 400);
    client.org.behaviours_mut().filter_apostrophe_breaks = false;
    assert_eq!(client.scim("GET", &path, Json::Null).body["totalResults"], 1);
}

#[test]
fn attributes_can_be_chosen_one_way() {
    let mut client = Client::sample();
    let id = client.id(Object::User, "p.bakker@sample.example");
    let some = client.scim("GET", &format!("/Users/{id}?attributes=userName,name.familyName"), Json::Null);
    let keys: Vec<&str> = some.body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["id", "name", "schemas", "userName"]);
    let most = client.scim("GET", &format!("/Users/{id}?excludedAttributes=entitlements"), Json::Null);
    assert!(most.body.get("entitlements").is_none() && most.body.get("meta").is_some());
    let both = client.scim("GET", &format!("/Users/{id}?attributes=id&excludedAttributes=meta"), Json::Null);
    assert_eq!(both.status, 400);
}

#[test]
fn discovery_and_what_is_not_served() {
    let mut client = Client::sample();
    assert_eq!(client.scim("GET", "/ServiceProviderConfigs", Json::Null).body["bulk"]["supported"], false);
    assert_eq!(client.scim("GET", "/ServiceProviderConfig", Json::Null).status, 404);
    client.org.behaviours_mut().singular_service_provider_config = true;
    assert_eq!(client.scim("GET", "/ServiceProviderConfig", Json::Null).status, 200);
    assert_eq!(client.scim("GET", "/ResourceTypes", Json::Null).body["totalResults"], 4);
    let me = client.scim("GET", "/Me", Json::Null);
    assert_eq!(me.body["userName"], salesforce_simulator::INTEGRATION_USERNAME);
    assert!(!me.headers.contains_key("sforce-limit-info"));
    client.org.behaviours_mut().limit_header = LimitHeader::AlsoScim;
    assert!(client.scim("GET", "/Me", Json::Null).headers.contains_key("sforce-limit-info"));
    let refused = client.scim("POST", "/Groups", json!({}));
    assert_eq!((refused.status, refused.detail()), (501, "Method not supported"));
    assert_eq!(client.scim("POST", "/Bulk", json!({})).status, 404);
    let missing = client.scim("GET", "/Users/005000000000000AAA", Json::Null);
    assert_eq!(missing.status, 404);
    assert!(missing.detail().ends_with("/services/scim/v2/Users/005000000000000AAA not found"));
    let broken = crate::client::read(client.raw("POST", "/services/scim/v2/Users", "{".into()));
    assert_eq!((broken.status, broken.code()), (400, "JSON_PARSER_ERROR"));
}

#[test]
fn at_most_200_entitlements_are_listed() {
    let mut builder = Org::sample_builder(start());
    for number in 0..250 {
        builder = builder.permission_set(&format!("Set_{number}"), None);
    }
    let mut client = Client::of(builder.build().unwrap());
    let list = client.scim("GET", "/Entitlements?count=200", Json::Null);
    assert_eq!(list.body["totalResults"], 200);
    assert_eq!(list.body["Resources"][0]["type"], "Profile");
    let filter = encode("displayName eq \"Set_249\"");
    let found = client.scim("GET", &format!("/Entitlements?filter={filter}"), Json::Null);
    assert_eq!(found.body["totalResults"], 1);
    let roles = client.scim("GET", &format!("/Roles?filter={}", encode("displayName eq \"SalesNL\"")), Json::Null);
    assert_eq!(roles.body["Resources"][0]["id"], Json::from(client.id(Object::UserRole, "SalesNL")));
}
