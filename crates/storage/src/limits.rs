//! What the storage takes: DynamoDB's and SQS's limits, checked before anything is sent, so that the embedded side
//! refuses exactly what AWS would. Also brings numbers into the one form in which both sides give them back.
//!
//! Source: "Quotas in Amazon DynamoDB", "DynamoDB item sizes and formats" and "Amazon SQS message quotas" in the
//! AWS developer guides.

mod body;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use ports::store::MAX_WRITES;
use ports::{Condition, IndexKey, Key, StoreError, Write};
use serde_json::{Map, Value};

const MAX_PARTITION_BYTES: usize = 2048;
const MAX_SORT_BYTES: usize = 1024;
const MAX_ITEM_BYTES: usize = 400 * 1024;
const MAX_TRANSACTION_BYTES: usize = 4 * 1024 * 1024;
const MAX_MESSAGE_BYTES: usize = 1024 * 1024;
const MAX_VISIBILITY: Duration = Duration::from_secs(12 * 60 * 60);

/// A write that the storage takes.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) key: Key,
    pub(crate) when: Condition,
    pub(crate) action: Action,
}

/// What a checked write does.
#[derive(Debug)]
pub(crate) enum Action {
    Put { version: u64, body: Map<String, Value>, index: Option<IndexKey>, expires: Option<i64> },
    Delete,
    Check,
}

/// Checks a whole transaction. The reasons name positions, never content.
pub(crate) fn check_writes(writes: &[Write]) -> Result<Vec<Checked>, StoreError> {
    if writes.is_empty() || writes.len() > MAX_WRITES {
        return Err(refused(format!("a transaction has 1 to {MAX_WRITES} writes, this one {}", writes.len())));
    }
    let mut keys = HashSet::with_capacity(writes.len());
    let mut total = 0;
    let mut checked = Vec::with_capacity(writes.len());
    for (position, write) in writes.iter().enumerate() {
        let at = |reason: String| refused(format!("write {position}: {reason}"));
        if !keys.insert(write.key()) {
            return Err(at("another write has the same key".to_owned()));
        }
        let (one, size) = check_write(write).map_err(at)?;
        total += size;
        checked.push(one);
    }
    if total > MAX_TRANSACTION_BYTES {
        return Err(refused(format!("the transaction has {total} bytes, more than {MAX_TRANSACTION_BYTES}")));
    }
    Ok(checked)
}

/// Checks the keys of a read.
pub(crate) fn check_key(key: &Key) -> Result<(), StoreError> {
    check_pair("partition key", &key.partition, "sort key", &key.sort).map_err(refused)
}

/// Checks the partition of a query.
pub(crate) fn check_partition(partition: &str) -> Result<(), StoreError> {
    check_text("partition key", partition, MAX_PARTITION_BYTES).map_err(refused)
}

/// Checks a message; the reason never holds its content.
pub(crate) fn check_message(body: &str) -> Result<(), String> {
    if body.is_empty() {
        return Err("a message is empty".to_owned());
    }
    if body.len() > MAX_MESSAGE_BYTES {
        return Err(format!("a message has {} bytes, more than {MAX_MESSAGE_BYTES}", body.len()));
    }
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..);
    if !body.chars().all(allowed) {
        return Err("a message holds a character that SQS does not take".to_owned());
    }
    Ok(())
}

/// Checks a visibility timeout.
pub(crate) fn check_visibility(visibility: Duration) -> Result<(), String> {
    if visibility > MAX_VISIBILITY {
        return Err(format!("a visibility timeout of {} s is over 12 hours", visibility.as_secs()));
    }
    Ok(())
}

/// The first whole second at or after `time`: expiry is kept in whole seconds (DynamoDB: TTL attribute).
pub(crate) fn whole_seconds_up(time: Timestamp) -> i64 {
    let second = time.as_second();
    if time.subsec_nanosecond() > 0 { second + 1 } else { second }
}

fn check_write(write: &Write) -> Result<(Checked, usize), String> {
    let key = write.key();
    check_pair("partition key", &key.partition, "sort key", &key.sort)?;
    let key_bytes = key.partition.len() + key.sort.len() + "pksk".len();
    let (when, action, size) = match write {
        Write::Put { when, body, index, expires, .. } => {
            if let Some(index) = index {
                check_pair("index partition", &index.partition, "index sort key", &index.sort)?;
            }
            let version = match when {
                Condition::Absent => 1,
                Condition::Version(n) => n.checked_add(1).ok_or("the version can't grow")?,
            };
            let expires = expires.map(whole_seconds_up);
            let (body, body_bytes) = body::check(body)?;
            let index_bytes = index.as_ref().map_or(0, |i| i.partition.len() + i.sort.len() + "ipkisk".len());
            let expires_bytes = if expires.is_some() { "ttl".len() + 7 } else { 0 };
            let size = key_bytes + index_bytes + expires_bytes + body_bytes + "body".len() + "v".len() + 11;
            if size > MAX_ITEM_BYTES {
                return Err(format!("the item has {size} bytes, more than {MAX_ITEM_BYTES}"));
            }
            (*when, Action::Put { version, body, index: index.clone(), expires }, size)
        }
        Write::Delete { when, .. } => (*when, Action::Delete, key_bytes),
        Write::Check { when, .. } => (*when, Action::Check, key_bytes),
    };
    Ok((Checked { key: key.clone(), when, action }, size))
}

fn check_pair(partition_name: &str, partition: &str, sort_name: &str, sort: &str) -> Result<(), String> {
    check_text(partition_name, partition, MAX_PARTITION_BYTES)?;
    check_text(sort_name, sort, MAX_SORT_BYTES)
}

fn check_text(name: &str, text: &str, max: usize) -> Result<(), String> {
    match text.len() {
        0 => Err(format!("the {name} is empty")),
        n if n > max => Err(format!("the {name} has {n} bytes, more than {max}")),
        _ => Ok(()),
    }
}

fn refused(reason: String) -> StoreError {
    StoreError::Refused { reason }
}
