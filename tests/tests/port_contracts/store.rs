//! What holds for the store, be it a file or DynamoDB.

pub(crate) mod reads;
pub(crate) mod values;
pub(crate) mod writes;

use ports::{Condition, IndexKey, Item, Key, Store, StoreError, Table, Write};
use serde_json::{Map, Value, json};

pub(super) const TABLE: Table = Table::People;

pub(super) fn key(sort: impl Into<String>) -> Key {
    Key::new(TABLE, "p", sort)
}

pub(super) fn body(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

pub(super) fn put(key: Key, when: Condition, value: &Value) -> Write {
    Write::Put { key, when, body: body(value), index: None, expires: None }
}

pub(super) fn new(sort: impl Into<String>) -> Write {
    put(key(sort), Condition::Absent, &json!({}))
}

pub(super) fn indexed(key: Key, when: Condition, place: Option<(&str, &str)>) -> Write {
    let index = place.map(|(partition, sort)| IndexKey { partition: partition.to_owned(), sort: sort.to_owned() });
    Write::Put { key, when, body: body(&json!({"n": 1})), index, expires: None }
}

pub(super) async fn find(store: &dyn Store, key: &Key) -> Option<Item> {
    store.get(std::slice::from_ref(key)).await.unwrap().remove(0)
}

pub(super) fn conflict(write: usize) -> Result<(), StoreError> {
    Err(StoreError::Conflict { write })
}
