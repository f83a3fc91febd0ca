//! Events that were taken already, for schemes in which an old request can't be told by its time. In the Sync table, for
//! 30 days. An event is remembered after it is stored, never before: what was remembered and then not stored would be
//! lost.

use std::sync::Arc;

use domain::SourceName;
use jiff::{SignedDuration, Timestamp};
use ports::{Condition, Key, Store, StoreError, Table, Write};
use records::stored::{encode, write_settled};
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// How long an event is remembered.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Events that were taken.
#[derive(Clone)]
pub(crate) struct Replays(Arc<dyn Store>);

impl Replays {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    /// Whether the event was taken before.
    pub(crate) async fn taken(&self, source: &SourceName, event: &Fingerprint) -> Result<bool, StoreError> {
        Ok(self.0.get(&[key(source, event)]).await?.into_iter().any(|item| item.is_some()))
    }

    /// Remembers that the event was taken.
    pub(crate) async fn remember(
        &self,
        source: &SourceName,
        event: &Fingerprint,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let write = Write::Put {
            key: key(source, event),
            when: Condition::Absent,
            body: encode(&json!({ "at": now }))?,
            index: None,
            expires: now.checked_add(REMEMBERED).ok(),
        };
        match write_settled(&*self.0, &[write]).await {
            // Somebody took the same at the same moment.
            Err(StoreError::Conflict { .. }) => Ok(()),
            result => result,
        }
    }
}

/// What tells an event from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint(String);

impl Fingerprint {
    /// By the id that its sender gives it.
    pub(crate) fn of_id(id: &str) -> Self {
        Self(format!("id-{}", hex::encode(Sha256::digest(id))))
    }

    /// By all that it holds.
    pub(crate) fn of_body(body: &[u8]) -> Self {
        Self(format!("body-{}", hex::encode(Sha256::digest(body))))
    }
}

fn key(source: &SourceName, event: &Fingerprint) -> Key {
    Key::new(Table::Sync, format!("seen#{source}"), event.0.as_str())
}

#[cfg(test)]
mod tests {
    use ports::clock::ManualClock;
    use storage::Embedded;

    use super::*;

    #[tokio::test]
    async fn an_event_is_remembered_for_its_source_and_not_for_ever() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let clock = Arc::new(ManualClock::at(now));
        let replays = Replays::new(Arc::new(Embedded::in_memory(clock.clone()).unwrap()));
        let (hr, other) = (SourceName::parse("hr").unwrap(), SourceName::parse("other").unwrap());
        let event = Fingerprint::of_id("1");
        assert!(!replays.taken(&hr, &event).await.unwrap());
        replays.remember(&hr, &event, now).await.unwrap();
        replays.remember(&hr, &event, now).await.unwrap();
        assert!(replays.taken(&hr, &event).await.unwrap());
        assert!(!replays.taken(&other, &event).await.unwrap());
        assert!(!replays.taken(&hr, &Fingerprint::of_body(b"1")).await.unwrap());
        clock.set("2026-03-31T12:00:01Z".parse().unwrap());
        assert!(!replays.taken(&hr, &event).await.unwrap());
    }
}
