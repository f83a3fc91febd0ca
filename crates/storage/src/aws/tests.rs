//! Lost, refused, throttled and half answers, and what is made of them. What a real server does is in the port
//! contract suite.

use std::sync::Arc;
use std::time::Duration;

use ports::clock::ManualClock;
use ports::{Clock, Condition, Item, Key, Queue, QueueError, QueueName, SecretError, SecretName, Secrets};
use ports::{Store, StoreError, Table, Write};
use serde_json::{Map, Value, json};

use super::scripted::{Reply, Scripted, error, ok};
use super::{DynamoStore, SqsQueue};

const QUEUE: QueueName = QueueName::Changes;

fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::at("2026-03-01T08:00:00Z".parse().unwrap()))
}

fn store(replies: impl IntoIterator<Item = Reply>) -> (Arc<Scripted>, DynamoStore) {
    let (scripted, clients) = Scripted::clients(replies);
    (scripted, clients.store(clock()))
}

fn queue(replies: impl IntoIterator<Item = Reply>) -> (Arc<Scripted>, SqsQueue) {
    let url = ok(json!({"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/1/s-changes"}));
    let (scripted, clients) = Scripted::clients(std::iter::once(url).chain(replies));
    (scripted, clients.queue(clock()))
}

fn key(sort: &str) -> Key {
    Key::new(Table::People, "p", sort)
}

fn put(sort: &str) -> Write {
    let body = Map::from_iter([("secret".to_owned(), json!("hush"))]);
    Write::Put { key: key(sort), when: Condition::Absent, body, index: None, expires: None }
}

fn delete(sort: &str) -> Write {
    Write::Delete { key: key(sort), when: Condition::Version(3) }
}

fn stored(sort: &str) -> Value {
    json!({"pk": {"S": "p"}, "sk": {"S": sort}, "v": {"N": "3"}, "body": {"M": {"n": {"N": "1"}}}})
}

async fn get(replies: impl IntoIterator<Item = Reply>) -> Result<Option<Item>, StoreError> {
    store(replies).1.get(&[key("a")]).await.map(|mut items| items.remove(0))
}

#[tokio::test]
async fn a_single_write_that_may_have_been_done_is_not_repeated() {
    for reply in [Reply::Lost, Reply::Half, error(500, "InternalServerError"), error(503, "ServiceUnavailable")] {
        for write in [put("a"), delete("a")] {
            // The repetition would meet its own effect.
            let (scripted, store) = store([reply_again(&reply), error(400, "ConditionalCheckFailedException")]);
            let result = store.write(&[write]).await;
            assert!(matches!(result, Err(StoreError::Unclear { .. })), "{result:?}");
            assert_eq!(scripted.operations().len(), 1);
        }
    }
}

fn reply_again(reply: &Reply) -> Reply {
    match reply {
        Reply::Json(status, body) => Reply::Json(*status, body.clone()),
        Reply::Lost => Reply::Lost,
        Reply::Half => Reply::Half,
    }
}

#[tokio::test]
async fn a_throttled_write_is_repeated_and_then_busy() {
    let throttled = || error(400, "ThrottlingException");
    let (scripted, first) = store([throttled(), throttled(), ok(json!({}))]);
    assert_eq!(first.write(&[put("a")]).await, Ok(()));
    assert_eq!(scripted.operations(), ["PutItem"; 3]);
    let (scripted, second) = store(std::iter::repeat_with(throttled).take(9));
    assert!(matches!(second.write(&[delete("a")]).await, Err(StoreError::Busy { .. })));
    assert_eq!(scripted.operations(), ["DeleteItem"; 4]);
}

#[tokio::test]
async fn a_transaction_is_repeated_under_the_same_token() {
    let (scripted, store) = store([Reply::Lost, error(500, "InternalServerError"), ok(json!({}))]);
    assert_eq!(store.write(&[put("a"), delete("b")]).await, Ok(()));
    assert_eq!(scripted.operations(), ["TransactWriteItems"; 3]);
    let tokens: Vec<Value> = (0..3).map(|number| scripted.request(number)["ClientRequestToken"].clone()).collect();
    assert!(tokens[0].is_string() && tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
}

#[tokio::test]
async fn a_canceled_transaction_tells_why() {
    let canceled = async |codes: [&str; 2]| {
        let reasons: Vec<Value> = codes.iter().map(|code| json!({"Code": code, "Message": "hush"})).collect();
        let reply = json!({"__type": "com.amazonaws#TransactionCanceledException", "Message": "hush", "CancellationReasons": reasons});
        store([Reply::Json(400, reply)]).1.write(&[put("a"), delete("b")]).await.unwrap_err()
    };
    assert_eq!(canceled(["None", "ConditionalCheckFailed"]).await, StoreError::Conflict { write: 1 });
    assert_eq!(canceled(["TransactionConflict", "ConditionalCheckFailed"]).await, StoreError::Conflict { write: 1 });
    for passing in ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"] {
        let reason = format!("TransactWriteItems: write 1: {passing}");
        assert_eq!(canceled(["None", passing]).await, StoreError::Busy { reason });
    }
    let reason = "TransactWriteItems: write 0: ValidationError".to_owned();
    assert_eq!(canceled(["ValidationError", "TransactionConflict"]).await, StoreError::Refused { reason });
}

#[tokio::test]
async fn errors_are_told_apart_and_never_quote_an_item() {
    let write = async |reply| store([reply]).1.write(&[put("a")]).await.unwrap_err();
    assert_eq!(write(error(400, "ConditionalCheckFailedException")).await, StoreError::Conflict { write: 0 });
    let reason = "PutItem: ValidationException (request request-1)".to_owned();
    assert_eq!(write(error(400, "ValidationException")).await, StoreError::Refused { reason });
    for code in ["ResourceNotFoundException", "AccessDeniedException", "ExpiredTokenException"] {
        let reason = format!("PutItem: {code}: it says: hush (request request-1)");
        assert_eq!(write(error(400, code)).await, StoreError::Unavailable { reason });
    }
}

#[tokio::test]
async fn a_lost_read_is_repeated_and_then_busy() {
    let found = get([Reply::Lost, Reply::Lost, ok(json!({"Item": stored("a")}))]).await.unwrap().unwrap();
    assert_eq!((found.version, found.body["n"].as_u64()), (3, Some(1)));
    assert!(matches!(get([]).await, Err(StoreError::Busy { .. })));
    let half = get([Reply::Half, Reply::Half, Reply::Half, Reply::Half]).await;
    assert!(matches!(half, Err(StoreError::Busy { .. })), "{half:?}");
}

#[tokio::test]
async fn reads_by_key_are_consistent() {
    let (scripted, store) = store([ok(json!({})), ok(json!({})), ok(json!({"Items": []}))]);
    store.get(&[key("a")]).await.unwrap();
    store.get(&[key("a"), key("b")]).await.unwrap();
    store.query(Table::People, "p", "", None, 1).await.unwrap();
    assert_eq!(scripted.operations(), ["GetItem", "BatchGetItem", "Query"]);
    assert_eq!(scripted.request(0)["ConsistentRead"], true);
    assert_eq!(scripted.request(1)["RequestItems"]["s-people"]["ConsistentRead"], true);
    assert_eq!(scripted.request(2)["ConsistentRead"], true);
}

#[tokio::test]
async fn keys_left_unread_are_asked_again() {
    let unread = || json!({"s-people": {"Keys": [{"pk": {"S": "p"}, "sk": {"S": "b"}}], "ConsistentRead": true}});
    let first = json!({"Responses": {"s-people": [stored("a")]}, "UnprocessedKeys": unread()});
    let nothing = || ok(json!({"Responses": {}, "UnprocessedKeys": unread()}));
    let second = json!({"Responses": {"s-people": [stored("b")]}});
    let (scripted, patient) = store([ok(first), nothing(), ok(second)]);
    let items = patient.get(&[key("b"), key("c"), key("a")]).await.unwrap();
    let found: Vec<_> = items.iter().map(|item| item.as_ref().map(|item| item.key.sort.as_str())).collect();
    assert_eq!(found, [Some("b"), None, Some("a")]);
    assert_eq!(scripted.request(1)["RequestItems"], unread());
    let (_, endless) = store(std::iter::repeat_with(nothing).take(50));
    assert!(matches!(endless.get(&[key("a"), key("b")]).await, Err(StoreError::Busy { .. })));
}

#[tokio::test]
async fn a_damaged_item_is_named_but_not_quoted() {
    let whole = stored("a");
    let with = |name: &str, attribute: Value| {
        let mut item = whole.clone();
        item[name] = attribute;
        item
    };
    let cases = [
        (with("v", json!({"S": "hush"})), "people p/a: it has no version"),
        (with("v", json!({"N": "-1"})), "people p/a: it has no version"),
        (with("body", json!({"S": "hush"})), "people p/a: its content can't be read"),
        (with("ttl", json!({"S": "hush"})), "people p/a: ttl is no number"),
        (with("ttl", json!({"N": "9223372036854775807"})), "people p/a: ttl is no time"),
        (with("sk", json!({"N": "1"})), "an item of people has no key"),
        (json!({"pk": {"S": "p"}, "sk": {"S": "a"}, "v": {"N": "1"}}), "people p/a: it has no content"),
    ];
    for (item, reason) in cases {
        let result = get([ok(json!({ "Item": item }))]).await;
        assert_eq!(result, Err(StoreError::Damaged { reason: reason.to_owned() }));
    }
}

#[tokio::test]
async fn only_messages_that_were_not_taken_are_sent_again() {
    let bodies = ["zero", "one", "two"].map(str::to_owned);
    let taken = |ids: &[&str]| -> Vec<Value> {
        ids.iter().map(|id| json!({"Id": id, "MessageId": "m", "MD5OfMessageBody": "x"})).collect()
    };
    let failed = |id: &str, sender: bool| json!({"Id": id, "SenderFault": sender, "Code": "Oops", "Message": "hush"});
    let first = ok(json!({"Successful": taken(&["1"]), "Failed": [failed("0", false), failed("2", false)]}));
    let second = ok(json!({"Successful": taken(&["0", "2"]), "Failed": []}));
    let (scripted, queue_of_two) = queue([first, second]);
    assert_eq!(queue_of_two.send(QUEUE, &bodies).await, Ok(()));
    assert_eq!(scripted.operations(), ["GetQueueUrl", "SendMessageBatch", "SendMessageBatch"]);
    let again: Vec<Value> = scripted.request(2)["Entries"].as_array().unwrap().clone();
    let again: Vec<&str> = again.iter().map(|entry| entry["MessageBody"].as_str().unwrap()).collect();
    assert_eq!(again, ["zero", "two"]);

    let never = || ok(json!({"Successful": taken(&["0", "1"]), "Failed": [failed("2", false)]}));
    let reason = "SendMessageBatch: 1 of 3 messages were not taken".to_owned();
    let result = queue(std::iter::repeat_with(never).take(9)).1.send(QUEUE, &bodies).await;
    assert_eq!(result, Err(QueueError::Unavailable { queue: "changes", reason }));

    let fault = ok(json!({"Successful": taken(&["0", "1"]), "Failed": [failed("2", true)]}));
    let reason = "SendMessageBatch: Oops".to_owned();
    assert_eq!(queue([fault]).1.send(QUEUE, &bodies).await, Err(QueueError::Refused { queue: "changes", reason }));
}

#[tokio::test]
async fn messages_are_sent_in_tens_and_within_the_size() {
    let reply = |count: usize| {
        let taken: Vec<Value> =
            (0..count).map(|id| json!({"Id": id.to_string(), "MessageId": "m", "MD5OfMessageBody": "x"})).collect();
        ok(json!({"Successful": taken, "Failed": []}))
    };
    let (scripted, queue) = queue([10, 10, 10].map(reply));
    let mut bodies = vec!["x".to_owned(); 12];
    bodies.push("y".repeat(300_000));
    queue.send(QUEUE, &bodies).await.unwrap();
    let sizes = (1..4).map(|number| scripted.request(number)["Entries"].as_array().unwrap().len()).collect::<Vec<_>>();
    assert_eq!(sizes, [10, 2, 1]);
}

#[tokio::test]
async fn a_lost_send_is_unclear() {
    let result = queue([]).1.send(QUEUE, &["x".to_owned()]).await;
    assert!(matches!(result, Err(QueueError::Unclear { .. })), "{result:?}");
}

#[tokio::test]
async fn a_queue_address_is_asked_once_it_is_known() {
    let (scripted, clients) = Scripted::clients([
        error(400, "QueueDoesNotExist"),
        ok(json!({"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/1/s-changes"})),
        ok(json!({})),
        ok(json!({})),
    ]);
    let queue = clients.queue(clock());
    assert!(matches!(queue.connect(&[QUEUE]).await, Err(QueueError::Refused { .. })));
    queue.connect(&[QUEUE]).await.unwrap();
    queue.delete(QUEUE, "r").await.unwrap();
    queue.clone().delete(QUEUE, "r").await.unwrap();
    assert_eq!(scripted.operations(), ["GetQueueUrl", "GetQueueUrl", "DeleteMessage", "DeleteMessage"]);
    assert_eq!(scripted.request(0)["QueueName"], "s-changes");
}

#[tokio::test]
async fn visibility_is_rounded_up_to_a_second() {
    let (scripted, queue) = queue([ok(json!({})), ok(json!({})), ok(json!({}))]);
    queue.set_visibility(QUEUE, "r", Duration::ZERO).await.unwrap();
    queue.set_visibility(QUEUE, "r", Duration::from_millis(1)).await.unwrap();
    queue.receive(QUEUE, 1000, Duration::from_millis(1500)).await.unwrap();
    let timeouts: Vec<_> = (1..4).map(|number| scripted.request(number)["VisibilityTimeout"].clone()).collect();
    assert_eq!(timeouts, [0, 1, 2]);
    assert_eq!(scripted.request(3)["MaxNumberOfMessages"], 10);
}

#[tokio::test]
async fn secrets_tell_what_is_wrong_but_not_themselves() {
    let name = SecretName::parse("salesforce").unwrap();
    let read = async |reply: Reply| {
        let (scripted, clients) = Scripted::clients([reply]);
        let result = clients.secrets().read(&SecretName::parse("salesforce").unwrap()).await;
        assert_eq!(scripted.request(0)["SecretId"], "s/salesforce");
        result.map(drop).unwrap_err()
    };
    assert_eq!(read(error(400, "ResourceNotFoundException")).await, SecretError::Missing(name.clone()));
    let binary = read(ok(json!({"SecretBinary": "aHVzaA=="}))).await;
    assert_eq!(binary, SecretError::Malformed { name: name.clone(), reason: "it is binary, not text".to_owned() });
    for code in ["AccessDeniedException", "DecryptionFailure", "InvalidRequestException"] {
        assert!(matches!(read(error(400, code)).await, SecretError::Refused { .. }), "{code}");
    }
    assert!(matches!(read(Reply::Lost).await, SecretError::Unavailable { .. }));
    assert!(matches!(read(error(500, "InternalServiceError")).await, SecretError::Unavailable { .. }));
}
