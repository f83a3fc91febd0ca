//! What is stored of each side of a join.

use std::collections::BTreeSet;

use domain::{JoinId, JoinKey, PersonId, RecordId, SourceName};
use jiff::Timestamp;
use ports::IndexKey;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::keys;

/// An account: what its source last told, and where it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Account {
    pub(super) source: SourceName,
    pub(super) record: RecordId,
    pub(super) observed_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) event: Option<String>,
    /// What it says; none when its source says that it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<Map<String, Value>>,
    /// In the order in which they decide.
    pub(super) keys: Vec<JoinKey>,
    /// Whether it is where content and keys put it.
    pub(super) settled: bool,
    pub(super) place: Place,
}

/// Where an account is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Place {
    /// It is a person's.
    Persons(PersonId),
    /// It is nobody's.
    Nobodys {
        since: Timestamp,
        /// The first persons of those that have the deciding key; none when nobody has any.
        several: Vec<PersonId>,
    },
}

impl Account {
    /// Whether that is what it says.
    pub(super) fn says(&self, account: Option<&Map<String, Value>>, keys: &[JoinKey]) -> bool {
        // By digest, for storage has one form for whole numbers.
        let same = match (&self.account, account) {
            (Some(one), Some(other)) => domain::digest::digest(one) == domain::digest::digest(other),
            (None, None) => true,
            _ => false,
        };
        same && self.keys == keys
    }

    /// Where it is listed.
    pub(super) fn index(&self) -> Option<IndexKey> {
        let waits = self.account.is_some() && matches!(self.place, Place::Nobodys { .. });
        waits.then(|| keys::unplaced(&self.source, &self.record))
    }
}

impl Place {
    pub(super) fn person(&self) -> Option<&PersonId> {
        match self {
            Self::Persons(person) => Some(person),
            Self::Nobodys { .. } => None,
        }
    }

    /// With nobody; since when is kept.
    pub(super) fn nobodys(&self, several: Vec<PersonId>, now: Timestamp) -> Self {
        match self {
            Self::Nobodys { since, .. } => Self::Nobodys { since: *since, several },
            Self::Persons(_) => Self::Nobodys { since: now, several },
        }
    }

    /// Of an account that is there again: who waits, waits from now on.
    pub(super) fn anew(self, now: Timestamp) -> Self {
        match self {
            Self::Nobodys { several, .. } => Self::Nobodys { since: now, several },
            persons @ Self::Persons(_) => persons,
        }
    }
}

/// The keys that were last written for finding a person's accounts in one source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonJoin {
    pub(super) join: JoinId,
    pub(super) keys: BTreeSet<JoinKey>,
    /// Keys whose accounts are still to be settled.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) owed: BTreeSet<JoinKey>,
    /// Whether the accounts that the person has are still to be settled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) owes_own: bool,
}

impl PersonJoin {
    pub(super) fn is_settled(&self) -> bool {
        self.owed.is_empty() && !self.owes_own
    }
}
