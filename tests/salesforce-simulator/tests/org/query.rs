//! `/query` over HTTP: pages, counts, limits of size.

use bytes::Bytes;
use http::Request;
use salesforce_simulator::{Org, OrgBuilder};
use serde_json::Value as Json;

use crate::client::{Client, encode, start};

fn crowd(people: usize) -> Client {
    let mut builder = Org::sample_builder(start()).licence("Salesforce", 10_000);
    for number in 0..people {
        builder = builder.user(&format!("person{number}@crowd.example"), "Standard User", &[("Title", "Crowd")]);
    }
    Client::of(builder.build().unwrap())
}

#[test]
fn a_long_result_comes_in_pages_of_2000() {
    let mut client = crowd(2_086);
    let first = client.soql("SELECT Id FROM User WHERE Title = 'Crowd'");
    assert_eq!(first.body["totalSize"], 2_086);
    assert_eq!(first.body["done"], false);
    assert_eq!(first.body["records"].as_array().unwrap().len(), 2_000);
    let next = first.body["nextRecordsUrl"].as_str().unwrap().to_owned();
    assert!(next.starts_with("/services/data/v66.0/query/0r8") && next.ends_with("-2000"), "{next}");
    let last = client.get(&next);
    assert_eq!(last.body["totalSize"], 2_086);
    assert_eq!(last.body["done"], true);
    assert_eq!(last.body["records"].as_array().unwrap().len(), 86);
    assert!(last.body.get("nextRecordsUrl").is_none());
    let mut ids: Vec<&str> = [&first, &last]
        .iter()
        .flat_map(|page| page.body["records"].as_array().unwrap())
        .map(|row| row["Id"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 2_086);
    assert_eq!((client.org.calls()["soql"], client.org.calls()["soql more"]), (1, 1));
}

#[test]
fn a_smaller_page_can_be_asked_for() {
    let mut client = crowd(250);
    client.log_in();
    let request = Request::get("/services/data/v66.0/query?q=SELECT+Id+FROM+User+WHERE+Title='Crowd'")
        .header("authorization", format!("Bearer {}", token(&mut client)))
        .header("sforce-query-options", "batchSize=200")
        .body(Bytes::new())
        .unwrap();
    let answer = crate::client::read(client.org.handle(&request));
    assert_eq!(answer.body["records"].as_array().unwrap().len(), 200);
    assert_eq!(answer.body["done"], false);
}

fn token(client: &mut Client) -> String {
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        salesforce_simulator::CLIENT_ID,
        salesforce_simulator::CLIENT_SECRET
    );
    client.token(&form).body["access_token"].as_str().unwrap().to_owned()
}

#[test]
fn count_has_no_records() {
    let mut client = Client::sample();
    let answer = client.soql("SELECT COUNT() FROM UserRole");
    assert_eq!(answer.body["totalSize"], 8);
    assert_eq!(answer.body["records"], Json::from(Vec::<Json>::new()));
}

#[test]
fn the_platforms_own_users_stand_among_the_others() {
    let mut client = Client::of(
        OrgBuilder::new(start())
            .managing_profile("Connector", "Salesforce")
            .user("connector@sample.example", "Connector", &[])
            .client(
                salesforce_simulator::CLIENT_ID,
                salesforce_simulator::CLIENT_SECRET,
                "",
                "connector@sample.example",
            )
            .build()
            .unwrap(),
    );
    let rows = client.rows("SELECT Id, Profile.Name, UserType FROM User");
    assert_eq!(rows.len(), 8);
    assert_eq!(rows.iter().filter(|row| row["Profile"].is_null()).count(), 3);
    assert_eq!(client.rows("SELECT Id FROM User WHERE UserType = 'Standard'").len(), 4);
}

#[test]
fn a_query_too_long_for_a_uri_is_refused() {
    let mut client = Client::sample();
    let long = |size: usize| format!("SELECT Id FROM User WHERE Title = '{}'", "x".repeat(size));
    assert_eq!(client.soql(&long(15_000)).status, 200);
    assert_eq!(client.soql(&long(16_200)).status, 431);
    assert_eq!(client.soql(&long(17_000)).status, 414);
}

#[test]
fn wrong_calls() {
    let mut client = Client::sample();
    let malformed = client.soql("SELECT Id FROM User WHERE");
    assert_eq!((malformed.status, malformed.code()), (400, "MALFORMED_QUERY"));
    assert_eq!(client.rest("GET", "/query", Json::Null).status, 400);
    assert_eq!(client.rest("POST", "/query", Json::Null).status, 405);
    let lost = client.rest("GET", "/query/0r8000000000000AAA-2000", Json::Null);
    assert_eq!((lost.status, lost.code()), (400, "INVALID_QUERY_LOCATOR"));
    assert_eq!(client.get("/services/data/v20.0/query").status, 410);
    assert_eq!(client.get("/services/data/v99.0/query").status, 404);
    let plus = client.get("/services/data/v60.0/query?q=SELECT+Id+FROM+UserRole");
    assert_eq!(plus.status, 200, "{}", encode(&plus.body.to_string()));
}
