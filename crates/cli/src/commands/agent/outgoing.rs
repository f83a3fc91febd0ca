//! Events on their way to the webhook, and how many of them fit into one body. Pure.

use active_directory::Guid;
use domain::digest::digest;
use domain::{PersonId, RecordError, RecordId};
use serde_json::Value;
use webhook::events::MAX_DATA_BYTES;

/// The most events in a body; the receiver takes twice as many.
const MAX_EVENTS: usize = 500;
/// The most bytes in a body; the receiver takes twice as many.
const MAX_BYTES: usize = 512 * 1024;

/// An event on its way.
pub(super) struct Outgoing {
    pub(super) record: RecordId,
    pub(super) key: Guid,
    pub(super) person: PersonId,
    pub(super) what: What,
    /// The event as JSON.
    json: String,
}

/// What it tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// What the record holds, with its digest.
    Present(String),
    /// That it is gone.
    Gone,
}

impl Outgoing {
    /// The event of what a user is now.
    ///
    /// # Errors
    /// Why it can't be sent at all.
    pub(super) fn present(key: Guid, event: &Value) -> Result<Self, RecordError> {
        let data = &event["data"];
        let id = |name: &str| data.get(name).and_then(Value::as_str);
        let wrong = |error: domain::id::IdError| RecordError::new("id", error.to_string());
        let person = PersonId::parse(id("id").unwrap_or_default()).map_err(wrong)?;
        let record = RecordId::parse(id("record").unwrap_or(person.as_str())).map_err(wrong)?;
        if data.to_string().len() > MAX_DATA_BYTES {
            return Err(RecordError::new(".", format!("it has more than {MAX_DATA_BYTES} bytes")));
        }
        Ok(Self { record, key, person, what: What::Present(digest(data)), json: event.to_string() })
    }

    /// The event of a record that is gone.
    pub(super) fn gone(record: RecordId, key: Guid, person: PersonId, event: &Value) -> Self {
        Self { record, key, person, what: What::Gone, json: event.to_string() }
    }
}

/// How many of these, from the first on, go into one body; at least one where there is one.
pub(super) fn fitting(events: &[Outgoing]) -> usize {
    fit(events.iter().map(|event| event.json.len()))
}

/// Whether there is more than one body of them.
pub(super) fn is_full(events: &[Outgoing]) -> bool {
    events.len() >= MAX_EVENTS || fitting(events) < events.len()
}

fn fit(sizes: impl Iterator<Item = usize>) -> usize {
    let mut bytes = 1;
    let fits = sizes.take(MAX_EVENTS).take_while(|size| {
        // With the comma or bracket behind it.
        bytes += size + 1;
        bytes <= MAX_BYTES || bytes == size + 2
    });
    fits.count()
}

/// A body of these events.
pub(super) fn body<'e>(events: impl IntoIterator<Item = &'e Outgoing>) -> String {
    let events: Vec<&str> = events.into_iter().map(|event| event.json.as_str()).collect();
    format!("[{}]", events.join(","))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn key() -> Guid {
        "ce35e774-6bc0-4e57-ac5a-af1e01c6feb2".parse().unwrap()
    }

    #[test]
    fn the_digest_is_of_what_is_told_and_not_of_when() {
        let event = |at: &str, mail: &str| {
            let event = json!({ "type": "person.upserted", "timestamp": at,
                                "data": { "id": "7", "record": "r", "account": { "mail": mail } } });
            Outgoing::present(key(), &event).unwrap()
        };
        let first = event("2026-01-15T12:00:00Z", "a@x");
        assert_eq!((first.record.as_str(), first.person.as_str()), ("r", "7"));
        assert_eq!(first.what, event("2026-01-16T12:00:00Z", "a@x").what);
        assert_ne!(first.what, event("2026-01-15T12:00:00Z", "b@x").what);
    }

    #[test]
    fn a_person_is_its_own_record_and_what_is_too_large_stays_here() {
        let person = Outgoing::present(key(), &json!({ "data": { "id": "7" } })).unwrap();
        assert_eq!(person.record.as_str(), "7");
        let large = json!({ "data": { "id": "7", "account": { "x": "y".repeat(MAX_DATA_BYTES) } } });
        assert!(Outgoing::present(key(), &large).is_err());
        assert!(Outgoing::present(key(), &json!({ "data": {} })).is_err());
    }

    proptest! {
        #[test]
        fn a_body_is_as_full_as_it_may_be(sizes in proptest::collection::vec(1usize..400_000, 0..40)) {
            let count = fit(sizes.iter().copied());
            let bytes = |count: usize| 1 + sizes[..count].iter().map(|size| size + 1).sum::<usize>();
            prop_assert!(count >= sizes.len().min(1));
            prop_assert!(bytes(count) <= MAX_BYTES || count == 1);
            prop_assert!(count == sizes.len() || count == MAX_EVENTS || bytes(count + 1) > MAX_BYTES);
        }

        #[test]
        fn many_small_ones_are_divided_too(count in 0usize..2000) {
            prop_assert_eq!(fit(std::iter::repeat_n(2, count)), count.min(MAX_EVENTS));
        }
    }
}
