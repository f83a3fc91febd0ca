//! Sources whose bodies are data.

use ports::QueueName;
use serde_json::json;

use crate::support::{KEY, NOW, World, signature};

const MAPPED: &str = "definition: sources/hr.yaml";

fn person(id: &str, name: &str) -> serde_json::Value {
    json!({ "id": id, "name": name, "start": "2026-01-01" })
}

async fn name_of(world: &World, id: &str) -> String {
    let content = serde_json::to_value(world.snapshot(id).await.unwrap().content).unwrap();
    content["person"]["name"]["familyName"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_body_becomes_persons_at_its_own_time() {
    let world = World::new(&format!("webhook: {{ secret: k, preset: deel, {MAPPED} }}"));
    let body =
        json!({ "timestamp": "2026-02-28T18:42:00.000Z", "people": [person("1", "A"), person("2", "B")] }).to_string();
    let signed = signature(&format!("POST{body}"));
    assert_eq!(world.post(("x-deel-signature", &signed), &body).await, 202);
    assert_eq!(world.waiting(QueueName::PersonEvents).await, 2);
    let snapshot = world.snapshot("2").await.unwrap();
    assert_eq!(snapshot.observed_at, "2026-02-28T18:42:00Z".parse().unwrap());
    let other = body.replace("\"B\"", "\"C\"");
    assert_eq!(world.post(("x-deel-signature", &signed), &other).await, 401);
    let timeless = json!({ "people": [] }).to_string();
    assert_eq!(world.post(("x-deel-signature", &signature(&format!("POST{timeless}"))), &timeless).await, 400);
}

#[tokio::test]
async fn one_bad_record_refuses_the_body() {
    let world = World::new(&format!("webhook: {{ secret: k, preset: factorial, {MAPPED} }}"));
    let body = json!({ "people": [person("1", "A"), { "id": "2" }] }).to_string();
    assert_eq!(world.post(("x-factorial-wh-challenge", KEY), &body).await, 400);
    assert_eq!(world.waiting(QueueName::PersonEvents).await, 0);
    assert!(world.snapshot("1").await.is_none());
    // What was refused is not remembered: it may be sent again, when the definition is right.
    assert_eq!(world.post(("x-factorial-wh-challenge", KEY), &body).await, 400);
}

#[tokio::test]
async fn a_body_that_comes_again_changes_nothing() {
    let world = World::new(&format!("webhook: {{ secret: k, preset: merge, {MAPPED} }}"));
    let send = async |name: &str| {
        let body = json!({ "people": person("1", name) }).to_string();
        let signed = base64(&signature(&body));
        world.post(("x-merge-webhook-signature", &signed), &body).await
    };
    assert_eq!(send("Old").await, 202);
    assert_eq!(world.snapshot("1").await.unwrap().observed_at, NOW.parse().unwrap());
    world.at("2026-03-01T13:00:00Z");
    assert_eq!(send("New").await, 202);
    assert_eq!(name_of(&world, "1").await, "New");
    let woken = world.waiting(QueueName::PersonEvents).await;
    // Somebody sends again what was said before.
    world.at("2026-03-01T14:00:00Z");
    assert_eq!(send("Old").await, 202);
    assert_eq!(name_of(&world, "1").await, "New");
    assert_eq!(world.waiting(QueueName::PersonEvents).await, woken);
}

#[tokio::test]
async fn an_id_that_is_signed_tells_a_repetition_and_another_does_not() {
    for (id, repeated) in [("{ body: id }", true), ("{ header: x-id }", false)] {
        let scheme =
            format!("{{ hmac: {{ header: S, algorithm: sha256, encoding: hex, signed: '{{body}}' }}, id: {id} }}");
        let world = World::new(&format!("webhook: {{ secret: k, scheme: {scheme}, {MAPPED} }}"));
        let send = async |name: &str| {
            let body = json!({ "id": "e-1", "people": person("1", name) }).to_string();
            let request =
                http::Request::post("/webhook/hr").header("content-type", "application/json").header("x-id", "e-1");
            let request = request.header("s", signature(&body)).body(body.into()).unwrap();
            world.send(request).await.status.as_u16()
        };
        assert_eq!(send("A").await, 202);
        assert_eq!(world.snapshot("1").await.unwrap().event.as_deref(), Some("e-1"));
        world.at("2026-03-01T12:00:01Z");
        assert_eq!(send("B").await, 202);
        assert_eq!(name_of(&world, "1").await, if repeated { "A" } else { "B" }, "{id}");
    }
}

#[tokio::test]
async fn canonical_events_may_come_by_a_scheme_of_ones_own() {
    let scheme = "{ token: { header: Authorization, prefix: 'Bearer ' } }";
    let world = World::new(&format!("webhook: {{ secret: k, scheme: {scheme} }}"));
    let body = json!({ "type": "person.upserted", "timestamp": NOW, "data": {
        "id": "100023", "name": { "givenName": "Jan", "familyName": "Vries" } } });
    let bearer = format!("Bearer {KEY}");
    assert_eq!(world.post(("authorization", &bearer), &body.to_string()).await, 202);
    assert_eq!(name_of(&world, "100023").await, "Vries");
    assert_eq!(world.post(("authorization", KEY), &body.to_string()).await, 401);
    assert_eq!(world.post(("authorization", &bearer), "{}").await, 400);
}

fn base64(hexadecimal: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE.encode(hex::decode(hexadecimal).unwrap())
}
