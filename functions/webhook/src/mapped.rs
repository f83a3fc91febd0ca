//! A body in the source's own form becomes snapshots by a definition, the same that describes an export. Pure, and all or
//! nothing, as for canonical events. What the definition leaves out (`where`) is not taken, and nobody is removed by it.

use std::io::Cursor;

use domain::{Person, RecordError, Snapshot, SnapshotContent, SourceRole};
use jiff::Timestamp;
use policy::DefinitionFile;
use serde_json::Value;
use sources::{Completeness, Definition, FileRead, Format, Input, Problem};

use crate::events::{BodyError, MAX_DATA_BYTES, MAX_EVENTS, Origin, TOLERANCE, all_of, below, no_nul, same_record};

/// Reads a definition for bodies: one of an export in JSON.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn definition(file: &DefinitionFile) -> Result<Definition, Vec<Problem>> {
    let definition = Definition::parse(&file.path, &file.text)?;
    match &definition.input {
        Input::File { format: Format::Json { .. }, .. } => Ok(definition),
        _ => {
            let reason = "a webhook's bodies are described by `file: { format: json }`".to_owned();
            Err(vec![Problem { file: file.path.clone(), line: 1, column: 1, reason }])
        }
    }
}

/// The snapshots of a body, as they were at `observed_at`. Where the definition says that a list is, one object counts as
/// a list of one.
///
/// # Errors
/// [`BodyError`]; then nothing of the body may be taken.
pub(crate) fn snapshots(
    body: Value,
    definition: &Definition,
    origin: &Origin<'_>,
    observed_at: Timestamp,
    now: Timestamp,
) -> Result<Vec<Snapshot>, BodyError> {
    if observed_at.duration_since(now) > TOLERANCE {
        return Err(RecordError::new(".", "its time is more than 5 minutes ahead").into());
    }
    let unreadable = |reason: String| BodyError::from(RecordError::new(".", reason));
    let path: &[String] = match &definition.input {
        Input::File { format: Format::Json { rows }, .. } => rows,
        _ => return Err(unreadable("the definition describes no JSON".to_owned())),
    };
    let list = path.join(".");
    let body = serde_json::to_vec(&as_rows(body, path)).map_err(|error| BodyError::NotJson(error.to_string()))?;
    let mut rows = FileRead::open(definition, Cursor::new(body)).map_err(|error| unreadable(error.to_string()))?;
    let most = u64::try_from(MAX_EVENTS).unwrap_or(u64::MAX);
    if rows.rows() > most {
        return Err(unreadable(format!("a body holds {MAX_EVENTS} records at most, not {}", rows.rows())));
    }
    let snapshots = all_of(rows.by_ref().map(|outcome| match outcome {
        Ok(person) => {
            let place = format!("{list}[id {}]", person.id);
            snapshot(person, origin, observed_at).map_err(|error| below(&place, error))
        }
        Err(refused) => Err(below(&format!("{list}[{}]", refused.row.saturating_sub(1)), refused.error)),
    }))?;
    match rows.completeness() {
        Completeness::Complete => Ok(snapshots),
        Completeness::Incomplete(error) => Err(unreadable(error.to_string())),
    }
}

/// The document with a list where the definition wants one.
fn as_rows(mut document: Value, path: &[String]) -> Value {
    let place = path.iter().try_fold(&mut document, |value, name| value.get_mut(name));
    if let Some(single) = place.filter(|value| value.is_object()) {
        *single = Value::Array(vec![single.take()]);
    }
    document
}

fn snapshot(person: Person, origin: &Origin<'_>, observed_at: Timestamp) -> Result<Snapshot, RecordError> {
    let id = person.id.clone();
    let content = match origin.role {
        SourceRole::Authoritative => SnapshotContent::Person(Box::new(person)),
        SourceRole::Dependent => {
            let account = person.accounts.get(origin.source).cloned();
            let place = || format!("accounts.{}", origin.source);
            let account = account.ok_or_else(|| RecordError::new(place(), "the record gives no such account"))?;
            no_nul(&account)?;
            SnapshotContent::Account(account)
        }
    };
    // A stored item takes 400 kB, and what is accepted must fit.
    if serde_json::to_string(&content).map_or(usize::MAX, |text| text.len()) > MAX_DATA_BYTES {
        return Err(RecordError::new(".", format!("it has more than {MAX_DATA_BYTES} bytes")));
    }
    Ok(Snapshot {
        source: origin.source.clone(),
        record: same_record(&id)?,
        person: id,
        observed_at,
        event: origin.event.map(str::to_owned),
        content,
    })
}

#[cfg(test)]
mod tests;
