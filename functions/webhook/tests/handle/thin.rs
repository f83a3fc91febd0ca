//! Sources that are read: a webhook only says that there is something to read.

use bytes::Bytes;
use domain::SourceName;
use http::Request;
use ports::{Queue as _, QueueName};
use records::{ReadRequest, SourceReads};
use serde_json::json;

use crate::support::{KEY, NEWER, World, signature};

const READ: &str = "http: { definition: sources/hr.yaml }";

fn world(preset: &str) -> World {
    World::new(&format!("webhook: {{ secret: k, preset: {preset} }}, {READ}"))
}

#[tokio::test]
async fn a_burst_asks_for_one_read_and_stores_nothing() {
    let world = world("personio");
    for _ in 0..3 {
        assert_eq!(world.post(("authorization", KEY), r#"{"payload":{"id":"1"}}"#).await, 202);
    }
    let asked = world.store.receive(QueueName::SourceReads, 10, std::time::Duration::from_secs(60)).await.unwrap();
    assert_eq!(asked.len(), 1);
    let request = ReadRequest::decode(&asked[0].body).unwrap();
    assert_eq!((request.source.as_str(), request.everything), ("hr", false));
    let source = SourceName::parse("hr").unwrap();
    assert!(SourceReads::new(world.store.clone()).wanted(&source).await.unwrap().is_some());
    assert_eq!(world.waiting(QueueName::PersonEvents).await, 0);
    assert!(world.snapshot("1").await.is_none());
}

#[tokio::test]
async fn a_body_must_be_one_and_a_wrong_token_asks_for_nothing() {
    let world = world("factorial");
    let post = async |key: &str, body: &str| world.post(("x-factorial-wh-challenge", key), body).await;
    assert_eq!(post("not-the-key", "{}").await, 401);
    for body in ["", "x", "7", "\"x\"", "null"] {
        assert_eq!(post(KEY, body).await, 400, "{body}");
    }
    assert_eq!(world.waiting(QueueName::SourceReads).await, 0);
    assert_eq!(post(KEY, "[]").await, 202);
    assert_eq!(world.waiting(QueueName::SourceReads).await, 1);
}

#[tokio::test]
async fn a_key_that_was_added_a_moment_ago_is_found() {
    let world = world("personio");
    for (key, status) in [(NEWER, 202), (KEY, 202), ("not-the-key", 401)] {
        assert_eq!(world.post(("authorization", key), "{}").await, status, "{key}");
    }
}

#[tokio::test]
async fn graph_is_greeted_and_then_tells_what_changed() {
    let world = world("graph");
    let greeting = Request::post("/webhook/hr?validationToken=Validation%3A+a%20b").body(Bytes::new()).unwrap();
    let answer = world.send(greeting).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "Validation: a b"));
    assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
    assert_eq!(world.waiting(QueueName::SourceReads).await, 0);
    let good = json!({ "clientState": KEY, "changeType": "updated" });
    let bad = json!({ "clientState": "another-client-state" });
    let post = async |value| world.post(("x", "y"), &json!({ "value": value }).to_string()).await;
    assert_eq!(post(json!([good, bad])).await, 401);
    assert_eq!(post(json!([])).await, 401);
    assert_eq!(world.waiting(QueueName::SourceReads).await, 0);
    assert_eq!(post(json!([good, good])).await, 202);
    assert_eq!(world.waiting(QueueName::SourceReads).await, 1);
}

#[tokio::test]
async fn first_calls_are_answered_and_ask_for_nothing() {
    for (preset, body) in [
        ("exact-online", ""),
        ("hibob", "Ping test"),
        ("hibob", r#"{"text":"Ping test"}"#),
        ("gusto", r#"{"verification_token":"t"}"#),
    ] {
        let world = world(preset);
        let request = Request::post("/webhook/hr").body(Bytes::from_static(body.as_bytes())).unwrap();
        assert_eq!(world.send(request).await.status.as_u16(), 200, "{preset} {body}");
        assert_eq!(world.waiting(QueueName::SourceReads).await, 0);
        let get = Request::get("/webhook/hr").body(Bytes::from_static(body.as_bytes())).unwrap();
        assert_eq!(world.send(get).await.status.as_u16(), 405);
    }
}

#[tokio::test]
async fn a_form_is_taken_where_the_scheme_says_so() {
    let world =
        World::new(&format!("webhook: {{ secret: k, scheme: {{ token: {{ body: token }}, content: form }} }}, {READ}"));
    let send = async |content: &str, body: String| {
        let request = Request::post("/webhook/hr").header("content-type", content).body(Bytes::from(body)).unwrap();
        world.send(request).await.status.as_u16()
    };
    let form = "application/x-www-form-urlencoded";
    assert_eq!(send(form, format!("a=1&token={KEY}")).await, 202);
    assert_eq!(send(form, "a=1&token=not-the-key".to_owned()).await, 401);
    assert_eq!(send(form, "a=1".to_owned()).await, 401);
    assert_eq!(send("application/json", format!("{{\"token\":\"{KEY}\"}}")).await, 415);
}

#[tokio::test]
async fn the_address_with_its_query_may_be_signed() {
    let scheme = "{ hmac: { header: S, algorithm: sha256, encoding: hex, signed: '{url}{body}' } }";
    let url = "https://hooks.example.com/webhook/hr";
    let world = World::new(&format!("webhook: {{ secret: k, url: '{url}', scheme: {scheme} }}, {READ}"));
    let send = async |path: &str| {
        let request = Request::post(path).header("content-type", "application/json");
        let request = request.header("s", signature(&format!("{url}?a=%20b{{}}")));
        world.send(request.body(Bytes::from_static(b"{}")).unwrap()).await.status.as_u16()
    };
    assert_eq!(send("/webhook/hr?a=%20b").await, 202);
    assert_eq!(send("/webhook/hr?a=+b").await, 401);
    assert_eq!(send("/webhook/hr").await, 401);
}
