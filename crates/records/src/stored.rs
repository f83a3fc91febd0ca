//! Between items and typed values: decoding, encoding, and a write that finds out what happened when its answer was
//! lost.

use ports::{Condition, IndexKey, Item, Key, Store, StoreError, Write};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A value and the version of the item that it came from; 0 when there is no item yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored<T> {
    /// The value.
    pub value: T,
    /// The item's version.
    pub version: u64,
    /// Where the index lists the item.
    pub index: Option<IndexKey>,
}

impl<T: DeserializeOwned> Stored<T> {
    /// Decodes an item.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], with the key and the serde message's place, without content.
    pub fn decode(item: Item) -> Result<Self, StoreError> {
        let Item { key, version, body, index, .. } = item;
        match serde_json::from_value(Value::Object(body)) {
            Ok(value) => Ok(Self { value, version, index }),
            Err(error) => Err(StoreError::Damaged {
                reason: format!(
                    "item {} of table {} can't be read: {:?}",
                    key.sort,
                    key.table.as_str(),
                    error.classify()
                ),
            }),
        }
    }

    /// Decodes an item that may be absent.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_optional(item: Option<Item>) -> Result<Option<Self>, StoreError> {
        item.map(Self::decode).transpose()
    }
}

/// The condition under which an item read in that version may be written.
pub fn unchanged_since(version: u64) -> Condition {
    if version == 0 { Condition::Absent } else { Condition::Version(version) }
}

/// A write of a typed value.
///
/// # Errors
/// [`StoreError::Refused`] when the value is no JSON object.
pub fn put(key: Key, version: u64, value: &impl Serialize, index: Option<IndexKey>) -> Result<Write, StoreError> {
    Ok(Write::Put { key, when: unchanged_since(version), body: encode(value)?, index, expires: None })
}

/// The value as an item's body.
///
/// # Errors
/// [`StoreError::Refused`] when the value is no JSON object.
pub fn encode(value: &impl Serialize) -> Result<Map<String, Value>, StoreError> {
    match serde_json::to_value(value) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(_) | Err(_) => Err(StoreError::Refused { reason: "the value is not an object".to_owned() }),
    }
}

/// Writes, and after a lost answer reads whether it happened: the first put of the transaction tells for all.
///
/// # Errors
/// As [`Store::write`]; `Unclear` only when the reading fails as well.
pub async fn write_settled(store: &dyn Store, writes: &[Write]) -> Result<(), StoreError> {
    let result = store.write(writes).await;
    let Err(StoreError::Unclear { .. }) = result else { return result };
    let Some(Write::Put { key, when, body, .. }) = writes.iter().find(|write| matches!(write, Write::Put { .. }))
    else {
        return result;
    };
    let written = match when {
        Condition::Absent => 1,
        Condition::Version(version) => version + 1,
    };
    let now = store.get(std::slice::from_ref(key)).await?.pop().flatten();
    match now {
        Some(item) if item.version == written && same_content(&item.body, body) => Ok(()),
        Some(item) if item.version >= written => Err(StoreError::Conflict { write: 0 }),
        _ => Err(StoreError::Busy { reason: "the write was lost before it took effect".to_owned() }),
    }
}

/// Writes a value whatever was there before.
///
/// # Errors
/// [`StoreError`]; `Busy` when many write it at once.
pub(crate) async fn overwrite(store: &dyn Store, key: Key, value: &impl Serialize) -> Result<(), StoreError> {
    for _ in 0..5 {
        let version = store.get(std::slice::from_ref(&key)).await?.pop().flatten().map_or(0, |item| item.version);
        match write_settled(store, &[put(key.clone(), version, value, None)?]).await {
            Err(StoreError::Conflict { .. }) => {}
            result => return result,
        }
    }
    Err(StoreError::Busy { reason: format!("{} is written by many at once", key.partition) })
}

/// Storage may give a whole float back as an integer, so numbers are compared by value.
fn same_content(a: &Map<String, Value>, b: &Map<String, Value>) -> bool {
    fn same(a: &Value, b: &Value) -> bool {
        match (a, b) {
            (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
            (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
            (Value::Object(a), Value::Object(b)) => same_content(a, b),
            (a, b) => a == b,
        }
    }
    a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
}
