//! What a read hands out: records in the form in which snapshots are stored, and at its end what it proves.

use std::collections::HashSet;

use domain::{PersonId, RecordId, Snapshot, SnapshotContent, SourceName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::Fault;
use super::path::fingerprint;
use super::state::State;
use crate::Refused;

/// One record of a source.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// It is there.
    Present {
        /// Its id in the source.
        record: RecordId,
        /// The person that it belongs to.
        person: PersonId,
        /// The person, or the person's account.
        content: Box<SnapshotContent>,
    },
    /// It is there: an account that names no person.
    Unowned {
        /// Its id in the source.
        record: RecordId,
        /// The account.
        account: Map<String, Value>,
    },
    /// The source said that it is gone.
    Removed(RecordId),
    /// It is there, but the definition leaves it out by `where`. Only told by a read of changes, where it may have been
    /// a record before; what it means is what absence means.
    LeftOut(RecordId),
    /// It can't be used; it is there all the same.
    Refused(Refused),
}

impl Record {
    /// The snapshot of a record that is there.
    pub fn snapshot(self, source: &SourceName, observed_at: Timestamp, event: Option<String>) -> Option<Snapshot> {
        let Self::Present { record, person, content } = self else { return None };
        Some(Snapshot { source: source.clone(), record, person, observed_at, event, content: *content })
    }
}

/// Whether everything is read or only what changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Everything.
    Full,
    /// What changed since the read before.
    Changes,
}

/// What a read met; for people and metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadReport {
    /// Rows of each stream.
    pub rows: Vec<(String, u64)>,
    /// Requests made, tries and token requests included.
    pub requests: u64,
    /// Records that are there.
    pub present: u64,
    /// Those of them that are accounts and name no person.
    #[serde(default)]
    pub unowned: u64,
    /// Records that were refused.
    pub refused: u64,
    /// Records that the definition leaves out.
    pub left_out: u64,
    /// Records that the source said are gone.
    pub removed: u64,
    /// Whether the source wanted everything to be read again, though changes were asked for.
    pub resynced: bool,
    /// Rows of a hierarchy that are their own ancestors.
    pub circles: u64,
}

/// The end of a read.
#[derive(Debug)]
pub struct Outcome {
    /// Whether everything was read or only what changed.
    pub mode: Mode,
    /// How it ended.
    pub end: End,
    /// For the next read: to be stored once all records are stored. After an incomplete read it asks for the same again.
    pub state: State,
    /// What was met.
    pub report: ReadReport,
}

/// How a read ended.
#[derive(Debug)]
pub enum End {
    /// It is proven complete.
    Complete {
        /// The records that are there; `None` when this read proves no absence: it read changes only, gave nothing, or
        /// met a row of which it is not known whose it is.
        present: Option<Present>,
    },
    /// It is not: no record was handed out, nothing may be taken as gone.
    Incomplete(Fault),
}

/// The records of a complete read.
#[derive(Clone, Default)]
pub struct Present(pub(crate) HashSet<u64>);

impl Present {
    /// Whether a record is there.
    pub fn contains(&self, record: &RecordId) -> bool {
        self.0.contains(&fingerprint(record.as_str()))
    }

    /// How many records are there.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none, which never happens: such a read proves nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Present {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Present").field("records", &self.0.len()).finish()
    }
}
