//! Bad input, at the webhook and from the org. Each gets a clear answer that names the place, and changes nothing else:
//! a good person beside it is served all the same.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests, which fail by panicking")]

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode};
use integration_tests::world::{World, person, person_id};
use ports::{Queue as _, QueueName};
use salesforce_simulator::{Fault, FaultRule, Times};
use serde_json::{Value, json};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Sends a body as it is, signed, and answers status and error text.
async fn send(world: &mut World, source: &str, body: impl Into<Bytes>) -> (StatusCode, String) {
    let request = world.signed_bytes(source, body.into());
    answer(world, &request).await
}

async fn answer(world: &World, request: &Request<Bytes>) -> (StatusCode, String) {
    let response = world.post(request).await;
    let body: Value = serde_json::from_slice(response.body()).expect("every answer is JSON");
    (response.status(), body["error"].as_str().unwrap_or_default().to_owned())
}

/// Nothing is stored, queued or done.
async fn untouched(world: &World) {
    for queue in QueueName::ALL {
        assert_eq!(world.embedded.depth(queue).await.expect("readable").messages, 0);
    }
    assert_eq!(world.salesforce_calls(), 0);
    let stored = world.pipeline.writer.people.all(None).await.expect("readable").0;
    assert!(stored.is_empty(), "{stored:?}");
}

#[tokio::test]
async fn requests_that_are_not_hrs_are_refused() {
    let mut world = World::new();
    let event = world.upsert(&person("1", "Jan", "Vries", "SALES", None));
    let good = world.signed("hr", &event);

    let mut unsigned = good.clone();
    unsigned.headers_mut().remove("webhook-signature");
    assert_eq!(
        answer(&world, &unsigned).await,
        (StatusCode::UNAUTHORIZED, "header webhook-signature is missing".into())
    );

    let mut changed = good.clone();
    *changed.body_mut() = Bytes::from(good.body().iter().copied().chain(*b" ").collect::<Vec<_>>());
    assert_eq!(answer(&world, &changed).await, (StatusCode::UNAUTHORIZED, "no signature matches".into()));

    let mut other_id = good.clone();
    other_id.headers_mut().insert("webhook-id", HeaderValue::from_static("msg-other"));
    assert_eq!(answer(&world, &other_id).await.0, StatusCode::UNAUTHORIZED);

    let mut get = good.clone();
    *get.method_mut() = Method::GET;
    assert_eq!(answer(&world, &get).await.0, StatusCode::METHOD_NOT_ALLOWED);

    let mut form = good.clone();
    form.headers_mut().insert("content-type", HeaderValue::from_static("text/plain"));
    assert_eq!(answer(&world, &form).await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);

    for source in ["nobody", "", "hr/x", "HR", "..%2f"] {
        let elsewhere = world.signed(source, &event);
        assert_eq!(answer(&world, &elsewhere).await.0, StatusCode::NOT_FOUND, "{source}");
    }

    world.pass(Duration::from_secs(6 * 60));
    assert_eq!(
        answer(&world, &good).await,
        (StatusCode::UNAUTHORIZED, "header webhook-timestamp is more than 5 minutes old".into())
    );
    untouched(&world).await;
}

#[tokio::test]
async fn a_replayed_request_changes_nothing() {
    let mut world = World::new();
    let event = world.upsert(&person("1", "Jan", "Vries", "SALES", None));
    let joins = world.signed("hr", &event);
    assert_eq!(answer(&world, &joins).await.0, StatusCode::ACCEPTED);
    world.quiet().await;
    world.pass(Duration::from_secs(60));
    world.hr_says(&person("1", "Jan", "Vries", "SALES", Some("2026-02-28"))).await;
    world.salesforce_calls();
    // Somebody caught the first request and sends it again, while its signature is still fresh.
    assert_eq!(answer(&world, &joins).await.0, StatusCode::ACCEPTED);
    world.quiet().await;
    assert_eq!(world.salesforce_calls(), 0);
    assert!(!world.org.org().users_with("FederationIdentifier", "1")[0].active);
}

#[tokio::test]
async fn bodies_that_hold_no_events_are_refused_by_place() {
    let mut world = World::new();
    let refused = |text: &str| (StatusCode::BAD_REQUEST, text.to_owned());
    assert_eq!(send(&mut world, "hr", "").await, refused("the body is empty"));
    assert_eq!(send(&mut world, "hr", "{").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(send(&mut world, "hr", "7").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(send(&mut world, "hr", "[]").await.0, StatusCode::BAD_REQUEST);
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(send(&mut world, "hr", nested(33)).await, refused("the body is nested deeper than 32 levels"));
    assert_eq!(send(&mut world, "hr", nested(100_000)).await.0, StatusCode::BAD_REQUEST);
    let large = send(&mut world, "hr", vec![b' '; 1024 * 1024 + 1]).await;
    assert_eq!(large.0, StatusCode::PAYLOAD_TOO_LARGE);

    let now = world.upsert(&json!({}))["timestamp"].clone();
    let event = |data: Value| json!({ "type": "person.upserted", "timestamp": now, "data": data }).to_string();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut person = person("1", "Jan", "Vries", "SALES", None);
        change(&mut person);
        event(person)
    };
    let cases: Vec<(String, &str)> = vec![
        (with(&|p| p["name"] = json!({})), "data.name"),
        (with(&|p| drop(p.as_object_mut().map(|p| p.remove("name")))), "name"),
        (with(&|p| drop(p.as_object_mut().map(|p| p.remove("id")))), "id"),
        (with(&|p| p["id"] = json!("a\nb")), "data.id"),
        (with(&|p| p["id"] = json!("")), "data.id"),
        (with(&|p| p["contracts"][0]["startDate"] = json!("2026-02-30")), "data.contracts[0].startDate"),
        (with(&|p| p["contracts"][0]["endDate"] = json!("2025-01-01")), "data.contracts[0].endDate"),
        (with(&|p| p["contracts"][0]["endDat"] = json!("2026-12-31")), "data.contracts[0].endDat"),
        (with(&|p| p["contracts"] = json!("none")), "data.contracts"),
        (with(&|p| p["name"]["nickName"] = json!("a\u{0}b")), "data.name.nickName"),
        (event(json!({})).replace("person.upserted", "person.renamed"), "type"),
        (event(json!({})).replace("timestamp", "when"), "timestamp"),
    ];
    for (body, place) in cases {
        let (status, reason) = send(&mut world, "hr", body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{place}: {reason}");
        assert!(reason.contains(place), "{place} is not named: {reason}");
    }
    let lone_surrogate = with(&|p| p["name"]["nickName"] = json!("X")).replace("\"X\"", "\"\\ud800\"");
    assert_eq!(send(&mut world, "hr", lone_surrogate).await.0, StatusCode::BAD_REQUEST);

    // One bad event refuses its whole body, so that the sender never wonders which part was taken.
    let good =
        json!({ "type": "person.upserted", "timestamp": now, "data": person("2", "Piet", "Berg", "SALES", None) });
    let bad = json!({ "type": "person.upserted", "timestamp": now, "data": {} });
    let (status, reason) = send(&mut world, "hr", json!([good, bad]).to_string()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(reason.contains("[1]"), "{reason}");
    untouched(&world).await;
}

#[tokio::test]
async fn ids_and_names_of_every_kind_reach_salesforce_whole() {
    let mut world = World::new();
    let ids =
        ["o'brien", "say \"hi\"", "back\\slash", "100%", "*", "a%' OR Id != '", "名前", "x_y", "\\'", "a&b=c?d#e/f"];
    let names = ["O'Brien", "Łukasiewicz", "山田", "محمد", "Ørsted", "\"Q\"", "x\\y", "50%_*", "Ñandú", "A&B<C>"];
    for (number, (id, family)) in ids.iter().zip(names).enumerate() {
        let mut record = person(id, &format!("nick{number}"), family, "SALES", None);
        record["accounts"] = json!({ "entra": { "mail": format!("p{number}@example.com") } });
        world.hr_says(&record).await;
    }
    for (id, family) in ids.iter().zip(names) {
        let users: Vec<_> =
            world.org.org().users().into_iter().filter(|user| user.text("FederationIdentifier") == *id).collect();
        assert_eq!(users.len(), 1, "{id}");
        for user in users {
            assert_eq!(user.text("LastName"), family);
            assert!(user.active);
        }
    }
    // A leaver among them is found again by the same id, and nobody else is touched.
    let before = world.org.org().users().iter().filter(|user| user.active).count();
    world.pass(Duration::from_secs(60));
    world.hr_says(&person(ids[5], "nick5", names[5], "SALES", Some("2026-02-28"))).await;
    let after = world.org.org().users().iter().filter(|user| user.active).count();
    assert_eq!(before - after, 1);
}

#[tokio::test]
async fn a_name_of_120_characters_parks_its_person_and_nobody_else() {
    let mut world = World::new();
    world.hr_says(&person("1", "Jan", &"x".repeat(120), "SALES", None)).await;
    world.hr_says(&person("2", "Piet", "Berg", "SALES", None)).await;
    let problems = world.pipeline.writer.people.problems(None).await.expect("readable").0;
    let [(parked, problem)] = problems.as_slice() else { panic!("{problems:?}") };
    assert_eq!(*parked, person_id("1"));
    assert!(
        problem
            .problems
            .iter()
            .any(|p| p.code == "too-long" && p.message.contains("LastName") && p.message.contains("80")),
        "{problem:?}"
    );
    assert!(world.org.org().users_with("FederationIdentifier", "1").is_empty());
    assert!(world.org.org().users_with("FederationIdentifier", "2")[0].active);
    // Healed at the source, it goes on by itself.
    world.pass(Duration::from_secs(60));
    world.hr_says(&person("1", "Jan", "Vries", "SALES", None)).await;
    assert!(world.org.org().users_with("FederationIdentifier", "1")[0].active);
    assert!(world.pipeline.writer.people.problems(None).await.expect("readable").0.is_empty());
}

#[tokio::test]
async fn a_rule_that_names_what_the_org_lacks_parks_with_the_name() {
    let files = [
        ("connector.yaml", integration_tests::world::CONNECTOR),
        ("account.yaml", integration_tests::world::ACCOUNT),
        (
            "rules.yaml",
            "rules: [{ name: All, when: 'true', profile: Standard User, permissionSets: [Sales_Clod_User] }]",
        ),
    ];
    let org = salesforce_simulator::Org::sample(integration_tests::world::morning());
    let mut world = World::configured(org, &files);
    world.hr_says(&person("1", "Jan", "Vries", "SALES", None)).await;
    let parked = world.pipeline.writer.accounts.parked(None, None).await.expect("readable").0;
    let [(_, record)] = parked.as_slice() else { panic!("{parked:?}") };
    let reason = &record.parked.as_ref().expect("parked").reason;
    assert_eq!(reason.code, "unknown-entitlement");
    assert!(reason.message.contains("Sales_Clod_User") && reason.message.contains("Sales_Cloud_User"), "{reason:?}");
}

/// The org answers in a way that no client can work with, for as long as it likes; afterwards all is as it should be.
async fn survives(fault: Fault) {
    let mut world = World::new();
    world.org.org().faults_mut().add(FaultRule::next(fault).times(Times::Always));
    let event = world.upsert(&person("1", "Jan", "Vries", "SALES", None));
    let request = world.signed("hr", &event);
    assert_eq!(world.post(&request).await.status(), StatusCode::ACCEPTED);
    let calm = world.pipeline.run_until_quiet(Duration::from_secs(600), &|_| ()).await;
    assert!(world.org.org().users_with("FederationIdentifier", "1").len() <= 1);
    world.org.org().faults_mut().clear();
    if calm.is_ok() {
        // Given up by the queue: the sweep finds the person again.
        world.pass(DAY);
        world.pipeline.resume().await.expect("storage works");
    }
    world.quiet().await;
    let users = world.org.org().users_with("FederationIdentifier", "1");
    let [user] = users.as_slice() else { panic!("{} users after {calm:?}", users.len()) };
    assert!(user.active && user.permission_sets.contains("Sales_Cloud_User"), "{user:?}");
}

#[tokio::test]
async fn an_org_that_refuses_every_token_is_survived() {
    survives(Fault::SessionExpired).await;
}

#[tokio::test]
async fn an_org_that_answers_html_is_survived() {
    survives(Fault::HtmlOk).await;
}

#[tokio::test]
async fn an_org_that_answers_503_is_survived() {
    survives(Fault::UnavailableHtml).await;
}

#[tokio::test]
async fn an_org_that_answers_half_a_body_is_survived() {
    survives(Fault::HalfBody).await;
}

#[tokio::test]
async fn an_org_that_answers_nothing_is_survived() {
    survives(Fault::EmptyBody).await;
    survives(Fault::AnswerLost).await;
    survives(Fault::Refused).await;
}

#[tokio::test]
async fn an_org_whose_limit_is_reached_is_survived() {
    survives(Fault::LimitExceeded).await;
}
