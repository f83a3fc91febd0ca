//! An item as attributes, and back. Content goes through serde_dynamo.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use ports::{IndexKey, Item, Key, StoreError, Table};
use serde_dynamo::aws_sdk_dynamodb_1::{from_attribute_value, to_attribute_value};
use serde_json::{Map, Value};

use super::{number, string};

pub(super) type Attributes = HashMap<String, AttributeValue>;

/// The key alone.
pub(super) fn key(key: &Key) -> Attributes {
    Attributes::from([("pk".to_owned(), string(&key.partition)), ("sk".to_owned(), string(&key.sort))])
}

/// A whole item.
pub(super) fn attributes(
    at: &Key,
    version: u64,
    body: &Map<String, Value>,
    index: Option<&IndexKey>,
    expires: Option<i64>,
) -> Result<Attributes, StoreError> {
    let body = to_attribute_value(body)
        .map_err(|_| StoreError::Refused { reason: "the content can't be encoded".to_owned() })?;
    let mut attributes = key(at);
    attributes.insert("v".to_owned(), number(&version));
    attributes.insert("body".to_owned(), body);
    if let Some(index) = index {
        attributes.insert("ipk".to_owned(), string(&index.partition));
        attributes.insert("isk".to_owned(), string(&index.sort));
    }
    if let Some(expires) = expires {
        attributes.insert("ttl".to_owned(), number(&expires));
    }
    Ok(attributes)
}

/// The stored item; `None` when it has expired and DynamoDB has not deleted it yet.
pub(super) fn item(table: Table, mut attributes: Attributes, now: i64) -> Result<Option<Item>, StoreError> {
    let key = read_key(table, &attributes)?;
    let damaged = |what: &str| StoreError::Damaged {
        reason: format!("{} {}/{}: {what}", table.as_str(), key.partition, key.sort),
    };
    let expires = read_number::<i64>(&attributes, "ttl").map_err(|()| damaged("ttl is no number"))?;
    if expires.is_some_and(|expires| expires <= now) {
        return Ok(None);
    }
    let version = read_number(&attributes, "v").ok().flatten().ok_or_else(|| damaged("it has no version"))?;
    let body = attributes.remove("body").ok_or_else(|| damaged("it has no content"))?;
    let body = from_attribute_value(body).map_err(|_| damaged("its content can't be read"))?;
    let expires = expires.map(Timestamp::from_second).transpose().map_err(|_| damaged("ttl is no time"))?;
    let index = match (read_string(&attributes, "ipk"), read_string(&attributes, "isk")) {
        (Some(partition), Some(sort)) => Some(IndexKey { partition, sort }),
        _ => None,
    };
    Ok(Some(Item { key, version, body, index, expires }))
}

/// The key among attributes, be they an item or a place to go on.
pub(super) fn read_key(table: Table, attributes: &Attributes) -> Result<Key, StoreError> {
    match (read_string(attributes, "pk"), read_string(attributes, "sk")) {
        (Some(partition), Some(sort)) => Ok(Key { table, partition, sort }),
        _ => Err(StoreError::Damaged { reason: format!("an item of {} has no key", table.as_str()) }),
    }
}

pub(super) fn read_string(attributes: &Attributes, name: &str) -> Option<String> {
    attributes.get(name)?.as_s().ok().cloned()
}

fn read_number<N: std::str::FromStr>(attributes: &Attributes, name: &str) -> Result<Option<N>, ()> {
    let Some(attribute) = attributes.get(name) else { return Ok(None) };
    attribute.as_n().ok().and_then(|text| text.parse().ok()).map(Some).ok_or(())
}
