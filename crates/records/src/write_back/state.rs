//! What is remembered of one person in one system that is written back to.

use std::collections::BTreeMap;

use domain::Cause;
use domain::account::ParkedReason;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Values by field; `None` for an empty one.
pub type Fields = BTreeMap<String, Option<String>>;

/// Changes that are kept; older ones make room.
pub const MOST_KEPT: usize = 20;

/// What is remembered of one person in one system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WriteBack {
    /// Since when the person is to be looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<Timestamp>,
    /// What the connector holds of the person in the system, by the name of the system's record.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub held: BTreeMap<String, Held>,
    /// What may be under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// What is in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stuck: Option<Stuck>,
    /// Whose turn it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// The last changes, the newest last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<Delivered>,
}

/// What the connector holds in one record of the system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Which record.
    pub key: String,
    /// The fields under management and their values.
    pub fields: Fields,
}

/// A change of one record: before and after hold the same fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The name of the system's record.
    pub record: String,
    /// Which one.
    pub key: String,
    /// What the system showed.
    pub before: Fields,
    /// What it is to hold.
    pub after: Fields,
}

/// A change that was about to be written. Stored before the call, so that after a lost answer or a stop it is known what
/// the system may hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// What.
    pub delivery: Delivery,
    /// When.
    pub at: Timestamp,
    /// What led to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

/// A change that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// What.
    #[serde(flatten)]
    pub delivery: Delivery,
    /// When the result was known.
    pub at: Timestamp,
    /// What led to it; none where the person is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// Whether the answer was lost and the result was read from the system afterwards.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recovered: bool,
}

/// What is in the way, and when it is tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stuck {
    /// What it is.
    pub reason: ParkedReason,
    /// Since when.
    pub since: Timestamp,
    /// Tries that failed for this reason.
    pub attempts: u32,
    /// The next try.
    pub retry_at: Timestamp,
}

/// Takes turns on a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Known to the holder alone.
    pub token: String,
    /// From then on anybody may take it.
    pub until: Timestamp,
}

/// What came of a turn, or of a part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// What the connector holds now.
    pub held: BTreeMap<String, Held>,
    /// What is still unclear.
    pub intent: Option<Intent>,
    /// What was written.
    pub delivered: Vec<Delivered>,
    /// What is in the way.
    pub stuck: Option<Stuck>,
    /// Since when the person is to be looked at again, where the turn ended early.
    pub again: Option<Timestamp>,
}

impl WriteBack {
    /// When the person is to be looked at; `None` when there is nothing to do.
    pub fn due(&self) -> Option<Timestamp> {
        match (&self.lease, &self.stuck) {
            (Some(lease), _) => Some(lease.until),
            // A new mark comes with new values, so it does not wait.
            (None, Some(stuck)) => Some(self.wanted.map_or(stuck.retry_at, |wanted| wanted.min(stuck.retry_at))),
            (None, None) => self.wanted,
        }
    }

    pub(super) fn settle(&mut self, settled: Settled) {
        self.held = settled.held;
        self.intent = settled.intent;
        self.stuck = settled.stuck;
        self.wanted = self.wanted.or(settled.again);
        // A write that is repeated after a lost answer brings the same again.
        for delivered in settled.delivered {
            if !self.log.contains(&delivered) {
                self.log.push(delivered);
            }
        }
        let surplus = self.log.len().saturating_sub(MOST_KEPT);
        self.log.drain(..surplus);
    }
}
