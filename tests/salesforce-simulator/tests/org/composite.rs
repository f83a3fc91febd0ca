//! `/composite` and `/composite/batch`.

use salesforce_simulator::Object;
use serde_json::{Value as Json, json};

use crate::client::{Client, with};

fn path(rest: &str) -> String {
    format!("/services/data/v66.0{rest}")
}

fn composite(client: &mut Client, all_or_none: bool, parts: &[Json]) -> Vec<Json> {
    let answer = client.rest("POST", "/composite", json!({ "allOrNone": all_or_none, "compositeRequest": parts }));
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.body["compositeResponse"].as_array().unwrap().clone()
}

#[test]
fn later_requests_refer_to_earlier_answers() {
    let mut client = Client::sample();
    let set = client.id(Object::PermissionSet, "Mobile_User");
    let user = client.rest_user("eva@example.com");
    let parts = [
        json!({ "method": "POST", "url": path("/sobjects/User"), "referenceId": "user", "body": user }),
        json!({
            "method": "POST", "url": path("/sobjects/PermissionSetAssignment"), "referenceId": "set",
            "body": { "AssigneeId": "@{user.id}", "PermissionSetId": set },
        }),
        json!({
            "method": "GET", "referenceId": "login",
            "url": path("/query?q=SELECT Id FROM UserLogin WHERE UserId = '@{user.id}'"),
        }),
        json!({
            "method": "PATCH", "url": path("/sobjects/UserLogin/@{login.records[0].Id}"), "referenceId": "freeze",
            "body": { "IsFrozen": true },
        }),
    ];
    let results = composite(&mut client, false, &parts);
    let statuses: Vec<u64> = results.iter().map(|result| result["httpStatusCode"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 201, 200, 204]);
    let id = results[0]["body"]["id"].as_str().unwrap();
    assert_eq!(results[0]["httpHeaders"]["Location"], path(&format!("/sobjects/User/{id}")));
    assert_eq!((&results[3]["body"], &results[3]["referenceId"]), (&Json::Null, &json!("freeze")));
    let view = client.org.user("eva@example.com").unwrap();
    assert!(view.frozen && view.permission_sets.contains("Mobile_User"));
    assert_eq!(client.org.call_count(), 1);
    assert_eq!(client.org.api_usage(), 1);
}

#[test]
fn what_depends_on_a_failure_is_not_run() {
    let mut client = Client::sample();
    let bad = with(client.rest_user("eva@example.com"), json!({ "Alias": "much too long" }));
    let good = client.rest_user("two@example.com");
    let parts = [
        json!({ "method": "POST", "url": path("/sobjects/User"), "referenceId": "user", "body": bad }),
        json!({ "method": "PATCH", "url": path("/sobjects/User/@{user.id}"), "referenceId": "after", "body": {} }),
        json!({ "method": "POST", "url": path("/sobjects/User"), "referenceId": "other", "body": good }),
    ];
    let results = composite(&mut client, false, &parts);
    assert_eq!(results[0]["body"][0]["errorCode"], "STRING_TOO_LONG");
    assert_eq!(results[1]["httpStatusCode"], 400);
    assert_eq!(
        results[1]["body"],
        json!([{
            "errorCode": "PROCESSING_HALTED",
            "message": "Invalid reference specified. No value for user.id found in user",
        }])
    );
    assert_eq!(results[2]["httpStatusCode"], 201);
    client.org.admin().rename_user("two@example.com", "gone@example.com").unwrap();
    let entries = client.org.journal().len();
    let results = composite(&mut client, true, &parts);
    assert_eq!(results[0]["body"][0]["errorCode"], "STRING_TOO_LONG");
    assert_eq!(results[2]["body"][0]["errorCode"], "PROCESSING_HALTED");
    assert_eq!(client.org.journal().len(), entries);
}

#[test]
fn there_are_limits_to_a_composite_call() {
    let mut client = Client::sample();
    let part =
        |number: usize, url: &str| json!({ "method": "GET", "url": path(url), "referenceId": format!("r{number}") });
    let mut ask = |count: usize, url: &str| {
        let parts: Vec<Json> = (0..count).map(|number| part(number, url)).collect();
        client.rest("POST", "/composite", json!({ "compositeRequest": parts })).status
    };
    assert_eq!(ask(25, "/limits"), 200);
    assert_eq!(ask(26, "/limits"), 400);
    assert_eq!(ask(5, "/query?q=SELECT Id FROM Profile"), 200);
    assert_eq!(ask(6, "/query?q=SELECT Id FROM Profile"), 400);
    for part in [
        json!({ "method": "GET", "url": path("/limits") }),
        json!({ "method": "GET", "url": path("/limits"), "referenceId": "a-b" }),
        json!({ "url": path("/limits"), "referenceId": "a" }),
    ] {
        let refused = client.rest("POST", "/composite", json!({ "compositeRequest": [part] }));
        assert_eq!((refused.status, refused.code()), (400, "JSON_PARSER_ERROR"));
    }
    // No call holds itself, and none leads elsewhere.
    for url in ["/composite", "/composite/batch"] {
        let part =
            json!({ "method": "POST", "url": path(url), "referenceId": "a", "body": { "compositeRequest": [] } });
        assert_eq!(composite(&mut client, false, &[part])[0]["httpStatusCode"], 404);
    }
    let part = json!({ "method": "GET", "url": "/services/scim/v2/Users", "referenceId": "a" });
    assert_eq!(composite(&mut client, false, &[part])[0]["httpStatusCode"], 404);
}

#[test]
fn collections_can_be_parts() {
    let mut client = Client::sample();
    let user = with(client.rest_user("eva@example.com"), json!({ "attributes": { "type": "User" } }));
    let group = client.id(Object::Group, "All_Staff");
    let member =
        json!({ "attributes": { "type": "GroupMember" }, "GroupId": group, "UserOrGroupId": "@{users[0].id}" });
    let part = |reference: &str, record: Json| json!({ "method": "POST", "url": path("/composite/sobjects"), "referenceId": reference, "body": { "records": [record] } });
    let results = composite(&mut client, false, &[part("users", user), part("members", member)]);
    assert_eq!(results[1]["body"][0]["success"], true, "{results:?}");
    assert!(client.org.members("All_Staff").contains("eva@example.com"));
}

#[test]
fn a_batch_runs_its_requests_one_by_one() {
    let mut client = Client::sample();
    let id = client.id(Object::User, "p.bakker@sample.example");
    let requests = json!([
        { "method": "PATCH", "url": format!("v66.0/sobjects/User/{id}"), "richInput": { "IsActive": false } },
        { "method": "GET", "url": "v66.0/sobjects/Nothing" },
        { "method": "GET", "url": "v66.0/limits" },
    ]);
    let answer = client.rest("POST", "/composite/batch", json!({ "batchRequests": requests }));
    assert_eq!((answer.status, &answer.body["hasErrors"]), (200, &json!(true)));
    assert_eq!(answer.body["results"][0], json!({ "statusCode": 204, "result": null }));
    assert_eq!(answer.body["results"][1]["result"][0]["errorCode"], "NOT_FOUND");
    assert!(answer.body["results"][2]["result"]["DailyApiRequests"].is_object());
    assert!(!client.org.user("p.bakker@sample.example").unwrap().active);
    let answer = client.rest("POST", "/composite/batch", json!({ "haltOnError": true, "batchRequests": requests }));
    assert_eq!(answer.body["results"][2]["statusCode"], 412);
    assert_eq!(answer.body["results"][2]["result"][0]["errorCode"], "BATCH_PROCESSING_HALTED");
}
