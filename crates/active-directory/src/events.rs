//! Changes as the events that the connector's webhook takes: for an agent beside the directory that pushes what it reads
//! where nothing outside may connect to a domain controller.

use domain::{PersonId, SourceRole};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::definition::{Definition, Mapped, Mapping};
use crate::guid::Guid;
use crate::read::Change;

/// What becomes of a change.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The body of an event, to be sent.
    Send(Value),
    /// Nothing: `where` leaves the record out, or it was never known.
    Nothing,
    /// The record names no person, so it can't be sent to anybody.
    Unjoined(Guid),
    /// The record can't be used.
    Refused(Guid, domain::RecordError),
}

/// The event of a change that was read at a moment. `known` tells whose a record was: a deleted object does not.
pub fn event(
    definition: &Definition,
    change: &Change,
    at: Timestamp,
    known: impl Fn(&Guid) -> Option<PersonId>,
) -> Event {
    match change {
        Change::Gone { key, .. } => match known(key) {
            Some(person) => Event::Send(removed(definition, *key, &person, at)),
            None => Event::Nothing,
        },
        Change::Present(record) => match definition.map(record) {
            None => Event::Nothing,
            Some(Err(error)) => Event::Refused(record.key, error),
            Some(Ok(Mapped::Person(person))) => match serde_json::to_value(&person) {
                Ok(person) => Event::Send(json!({ "type": "person.upserted", "timestamp": at, "data": person })),
                Err(error) => Event::Refused(record.key, domain::RecordError::new(".", error.to_string())),
            },
            Some(Ok(Mapped::Account { person: None, .. })) => Event::Unjoined(record.key),
            Some(Ok(Mapped::Account { record, person: Some(person), account, .. })) => Event::Send(json!({
                "type": "person.upserted",
                "timestamp": at,
                "data": { "id": person, "record": record, "account": account },
            })),
        },
    }
}

/// An authoritative source has no record beside the person.
fn removed(definition: &Definition, key: Guid, person: &PersonId, at: Timestamp) -> Value {
    let data = match role(definition) {
        SourceRole::Authoritative => json!({ "id": person }),
        SourceRole::Dependent => json!({ "id": person, "record": key }),
    };
    json!({ "type": "person.removed", "timestamp": at, "data": data })
}

fn role(definition: &Definition) -> SourceRole {
    match definition.mapping {
        Mapping::Account => SourceRole::Dependent,
        Mapping::Person(_) => SourceRole::Authoritative,
    }
}

#[cfg(test)]
mod tests;
