//! A webhook's body of canonical events becomes snapshots. Pure, and all or nothing: one bad event refuses the whole
//! body, with every problem and its path, so that a sender never has to guess which part was taken.
//!
//! A body is one event or an array of 1 to 1,000 of them, each with `type`, `timestamp` (when it was so in the source;
//! the newest wins) and `data`. By the source's role, `data` of `person.upserted` is
//! - authoritative: the canonical person;
//! - dependent: `{"id": person's id, "record": id of the account there (optional), "account": {…}}`.
//!
//! `data` of `person.removed` is `{"id": …}`, for a dependent source with `record` where its upserts have one.

use std::fmt;

use domain::{Person, PersonId, RecordError, RecordId, Snapshot, SnapshotContent, SourceName, SourceRole};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The largest body, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;
/// The most events in one body.
pub const MAX_EVENTS: usize = 1000;
/// The deepest nesting of arrays and objects in a body.
pub const MAX_DEPTH: usize = 32;
/// The largest `data` of one event, in bytes of JSON: a stored item takes 400 kB, and what is accepted must fit.
pub const MAX_DATA_BYTES: usize = 256 * 1024;
/// The most problems told about one body.
pub const MAX_PROBLEMS: usize = 20;
/// How far an event's timestamp may be ahead of our clock.
pub const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// What is known of a body before it is read.
#[derive(Clone, Debug)]
pub struct Origin<'a> {
    /// The source that sent it.
    pub source: &'a SourceName,
    /// What that source may decide.
    pub role: SourceRole,
    /// The sender's id of the delivery, as `webhook-id`.
    pub event: Option<&'a str>,
}

/// Why a body is refused. The message is for the sender and may quote the body, so it must not be logged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// There is nothing in it.
    #[error("the body is empty")]
    Empty,
    /// It is larger than [`MAX_BYTES`].
    #[error("the body has {bytes} bytes; {MAX_BYTES} are the most")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// It is no JSON.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// It is nested deeper than [`MAX_DEPTH`].
    #[error("the body is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// It is JSON, but not events.
    #[error("{0}")]
    Invalid(Problems),
}

/// What is wrong in a body, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    /// The first [`MAX_PROBLEMS`], at most one for each event.
    pub told: Vec<RecordError>,
    /// How many more there are.
    pub more: usize,
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.told.iter().enumerate() {
            write!(f, "{}{problem}", if n == 0 { "" } else { "; " })?;
        }
        if self.more > 0 {
            write!(f, "; and {} more", self.more)?;
        }
        Ok(())
    }
}

impl From<RecordError> for BodyError {
    fn from(problem: RecordError) -> Self {
        Self::Invalid(Problems { told: vec![problem], more: 0 })
    }
}

/// Reads a body of canonical events.
///
/// # Errors
/// [`BodyError`]; then nothing of the body may be taken.
pub fn parse(body: &[u8], origin: &Origin<'_>, now: Timestamp) -> Result<Vec<Snapshot>, BodyError> {
    snapshots(&read(body)?, origin, now)
}

/// Reads a body as JSON, within the limits.
///
/// # Errors
/// [`BodyError`]
pub fn read(body: &[u8]) -> Result<Value, BodyError> {
    if body.len() > MAX_BYTES {
        return Err(BodyError::TooLarge { bytes: body.len() });
    }
    if body.trim_ascii().is_empty() {
        return Err(BodyError::Empty);
    }
    // serde_json itself stops at 127 levels, so measuring the value afterwards can't overflow the stack.
    let body: Value = serde_json::from_slice(body).map_err(|error| BodyError::NotJson(error.to_string()))?;
    if deeper_than(&body, MAX_DEPTH) { Err(BodyError::TooDeep) } else { Ok(body) }
}

/// The snapshots of canonical events.
///
/// # Errors
/// [`BodyError`]; then nothing of the body may be taken.
pub fn snapshots(body: &Value, origin: &Origin<'_>, now: Timestamp) -> Result<Vec<Snapshot>, BodyError> {
    each(body, |event| snapshot(event, origin, now))
}

/// One event, or a list of them.
pub(crate) fn each<T>(body: &Value, read: impl Fn(&Value) -> Result<T, RecordError>) -> Result<Vec<T>, BodyError> {
    let Value::Array(events) = body else { return Ok(vec![read(body)?]) };
    if events.is_empty() || events.len() > MAX_EVENTS {
        let reason = format!("an array holds 1 to {MAX_EVENTS} events, not {}", events.len());
        return Err(RecordError::new(".", reason).into());
    }
    let events = events.iter().enumerate();
    all_of(events.map(|(n, event)| read(event).map_err(|error| below(&format!("[{n}]"), error))))
}

/// All, or everything that is wrong.
pub(crate) fn all_of<T>(results: impl Iterator<Item = Result<T, RecordError>>) -> Result<Vec<T>, BodyError> {
    let mut all = Vec::new();
    let mut problems = Problems::default();
    for result in results {
        match result {
            Ok(one) => all.push(one),
            Err(_) if problems.told.len() == MAX_PROBLEMS => problems.more += 1,
            Err(error) => problems.told.push(error),
        }
    }
    if problems.told.is_empty() { Ok(all) } else { Err(BodyError::Invalid(problems)) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Event {
    #[serde(rename = "type")]
    pub(crate) kind: EventType,
    pub(crate) timestamp: Timestamp,
    pub(crate) data: Value,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum EventType {
    #[serde(rename = "person.upserted")]
    Upserted,
    #[serde(rename = "person.removed")]
    Removed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    id: PersonId,
    record: Option<RecordId>,
    account: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Gone {
    id: PersonId,
    record: Option<RecordId>,
}

impl Event {
    /// Reads an event, its data within the limits.
    pub(crate) fn read(event: &Value, now: Timestamp) -> Result<Self, RecordError> {
        let event: Self = domain::person::from_value(event)?;
        if event.timestamp.duration_since(now) > TOLERANCE {
            return Err(RecordError::new("timestamp", "it is more than 5 minutes ahead"));
        }
        if event.data.to_string().len() > MAX_DATA_BYTES {
            return Err(RecordError::new("data", format!("it has more than {MAX_DATA_BYTES} bytes")));
        }
        Ok(event)
    }
}

fn snapshot(event: &Value, origin: &Origin<'_>, now: Timestamp) -> Result<Snapshot, RecordError> {
    let Event { kind, timestamp, data } = Event::read(event, now)?;
    let (person, record, content) = content(kind, &data, origin.role).map_err(|error| below("data", error))?;
    Ok(Snapshot {
        source: origin.source.clone(),
        record,
        person,
        observed_at: timestamp,
        event: origin.event.map(str::to_owned),
        content,
    })
}

fn content(
    kind: EventType,
    data: &Value,
    role: SourceRole,
) -> Result<(PersonId, RecordId, SnapshotContent), RecordError> {
    match (kind, role) {
        (EventType::Upserted, SourceRole::Authoritative) => {
            let person = Person::from_json(data)?;
            Ok((person.id.clone(), same_record(&person.id)?, SnapshotContent::Person(Box::new(person))))
        }
        (EventType::Upserted, SourceRole::Dependent) => {
            let Account { id, record, account } = domain::person::from_value(data)?;
            no_nul(&account)?;
            let record = record.map_or_else(|| same_record(&id), Ok)?;
            Ok((id, record, SnapshotContent::Account(account)))
        }
        (EventType::Removed, role) => {
            let Gone { id, record } = domain::person::from_value(data)?;
            if role == SourceRole::Authoritative && record.is_some() {
                return Err(RecordError::new("record", "only a dependent source has it"));
            }
            let record = record.map_or_else(|| same_record(&id), Ok)?;
            Ok((id, record, SnapshotContent::Removed))
        }
    }
}

pub(crate) fn same_record(person: &PersonId) -> Result<RecordId, RecordError> {
    RecordId::parse(person.as_str()).map_err(|error| RecordError::new("id", error.to_string()))
}

pub(crate) fn no_nul(account: &Map<String, Value>) -> Result<(), RecordError> {
    fn holds_nul(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains('\0'),
            Value::Array(items) => items.iter().any(holds_nul),
            Value::Object(fields) => fields.iter().any(|(name, field)| name.contains('\0') || holds_nul(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
    match account.iter().find(|(name, value)| name.contains('\0') || holds_nul(value)) {
        Some((name, _)) => {
            Err(RecordError::new(format!("account.{}", name.replace('\0', "?")), "it holds a NUL character"))
        }
        None => Ok(()),
    }
}

fn deeper_than(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(|item| deeper_than(item, levels - 1)),
        Value::Object(fields) => levels == 0 || fields.values().any(|field| deeper_than(field, levels - 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// The problem, seen from further outside.
pub(crate) fn below(place: &str, error: RecordError) -> RecordError {
    let path = match error.path.as_str() {
        "." => place.to_owned(),
        path if path.starts_with('[') => format!("{place}{path}"),
        path => format!("{place}.{path}"),
    };
    RecordError::new(path, error.reason)
}

#[cfg(test)]
mod tests;
