//! Snapshots: one source's newest record of one person, and which of two snapshots is the newer.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::digest::digest;
use crate::{Person, PersonId, RecordId, SourceName};

/// One source's record of one person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Where it comes from.
    pub source: SourceName,
    /// The record's id there.
    pub record: RecordId,
    /// The person that it belongs to.
    pub person: PersonId,
    /// When the source says that this was true; the newest wins.
    pub observed_at: Timestamp,
    /// The source's id of the event that brought it (`webhook-id`, or the id of a read).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// What it says.
    pub content: SnapshotContent,
}

/// What a snapshot says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SnapshotContent {
    /// The person, by an authoritative source.
    Person(Box<Person>),
    /// The person's account, by a source of dependent accounts.
    Account(Map<String, Value>),
    /// The source no longer has the record, and said so.
    Removed,
}

/// How a snapshot compares with the stored one of the same record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// It says something new.
    Changed,
    /// It says the same, at a later time.
    Confirmed,
    /// It is older than, or exactly, what is stored.
    Stale,
}

impl Snapshot {
    /// Compares with the stored snapshot. At the same instant the one that comes later is taken, for a source may make
    /// two changes in one tick of its clock.
    pub fn freshness(&self, stored: Option<&Self>) -> Freshness {
        let Some(stored) = stored else { return Freshness::Changed };
        if self.observed_at < stored.observed_at {
            Freshness::Stale
        } else if self.person != stored.person || self.digest() != stored.digest() {
            Freshness::Changed
        } else if self.observed_at > stored.observed_at {
            Freshness::Confirmed
        } else {
            Freshness::Stale
        }
    }

    /// Fingerprint of what it says, without when.
    pub fn digest(&self) -> String {
        digest(&self.content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(second: i64, mail: &str) -> Snapshot {
        Snapshot {
            source: SourceName::parse("entra").unwrap(),
            record: RecordId::parse("r1").unwrap(),
            person: PersonId::parse("p1").unwrap(),
            observed_at: Timestamp::from_second(second).unwrap(),
            event: None,
            content: SnapshotContent::Account(Map::from_iter([("mail".to_owned(), Value::from(mail))])),
        }
    }

    #[test]
    fn the_newest_wins_by_the_sources_time() {
        let stored = snapshot(10, "a@example.com");
        assert_eq!(stored.freshness(None), Freshness::Changed);
        assert_eq!(snapshot(9, "b@example.com").freshness(Some(&stored)), Freshness::Stale);
        assert_eq!(snapshot(10, "b@example.com").freshness(Some(&stored)), Freshness::Changed);
        assert_eq!(snapshot(10, "a@example.com").freshness(Some(&stored)), Freshness::Stale);
        assert_eq!(snapshot(11, "a@example.com").freshness(Some(&stored)), Freshness::Confirmed);
        assert_eq!(snapshot(11, "b@example.com").freshness(Some(&stored)), Freshness::Changed);
    }
}
