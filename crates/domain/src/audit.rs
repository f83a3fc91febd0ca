//! The audit log: what was done to a person's account, when, why and with what result. The records of a person form a
//! chain by digest, whose head is kept elsewhere, so that a changed, added or removed record shows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::change::Operation;
use crate::digest::digest;
use crate::{Cause, Entitlement, PersonId, SalesforceUserId};

/// One entry of a person's log. Written once, in the same transaction as the state that it explains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditRecord {
    /// Whose account.
    pub person: PersonId,
    /// 1, 2, 3 … for each person.
    pub sequence: u64,
    /// When the result was known.
    pub at: Timestamp,
    /// The Salesforce user, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<SalesforceUserId>,
    /// Version of the desired state that was served.
    pub version: u64,
    /// What led to it.
    pub cause: Cause,
    /// Why policy asked for this state.
    pub why: String,
    /// What was done, in order.
    pub entries: Vec<AuditEntry>,
    /// Whether the answer was lost and the results were read from the org afterwards.
    #[serde(default)]
    pub recovered: bool,
    /// Digest of the record before; empty for the first.
    pub previous: String,
}

/// One operation and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// What.
    pub operation: Operation,
    /// What it gives, each with the rules that asked for it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rules: BTreeMap<Entitlement, Vec<String>>,
    /// The result.
    pub outcome: Outcome,
}

/// What came of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "camelCase")]
pub enum Outcome {
    /// Salesforce did it, or has it.
    Done,
    /// Salesforce did not do it.
    Failed {
        /// Salesforce's code, or ours.
        code: String,
        /// What was said.
        message: String,
    },
    /// It was not tried, or the org shows that it did not happen.
    NotDone,
}

/// The newest record of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditHead {
    /// Its sequence number.
    pub sequence: u64,
    /// Its digest.
    pub digest: String,
}

impl AuditRecord {
    /// The head of the chain that ends with this record.
    pub fn head(&self) -> AuditHead {
        AuditHead { sequence: self.sequence, digest: digest(self) }
    }
}

/// Why a chain is not whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// A record is missing or was added.
    #[error("record {expected} is missing; {found} stands in its place")]
    Gap {
        /// The sequence number that should follow.
        expected: u64,
        /// The one that does.
        found: u64,
    },
    /// A record does not follow from the one before.
    #[error("record {sequence} or the one before it was changed")]
    Changed {
        /// The record that refers to another digest.
        sequence: u64,
    },
    /// The last record is not the one that the account remembers.
    #[error("the log ends with record {found}, but record {expected} was written")]
    Head {
        /// The remembered sequence number.
        expected: u64,
        /// The last one there is.
        found: u64,
    },
}

/// Checks a person's whole log, oldest first, against the remembered head.
///
/// # Errors
/// The first place where the chain breaks.
pub fn verify_chain(records: &[AuditRecord], head: Option<&AuditHead>) -> Result<(), ChainError> {
    let mut previous = String::new();
    for (expected, record) in (1..).zip(records) {
        if record.sequence != expected {
            return Err(ChainError::Gap { expected, found: record.sequence });
        }
        if record.previous != previous {
            return Err(ChainError::Changed { sequence: record.sequence });
        }
        previous = digest(record);
    }
    let last = records.last().map(AuditRecord::head);
    if last.as_ref() == head {
        return Ok(());
    }
    let sequence = |head: Option<&AuditHead>| head.map_or(0, |head| head.sequence);
    let (expected, found) = (sequence(head), sequence(last.as_ref()));
    if expected == found {
        Err(ChainError::Changed { sequence: found })
    } else {
        Err(ChainError::Head { expected, found })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn chain(length: u64) -> Vec<AuditRecord> {
        let mut records: Vec<AuditRecord> = Vec::new();
        for sequence in 1..=length {
            records.push(AuditRecord {
                person: PersonId::parse("p1").unwrap(),
                sequence,
                at: Timestamp::UNIX_EPOCH,
                user: None,
                version: sequence,
                cause: Cause::Date { day: date(2026, 1, 1) },
                why: String::new(),
                entries: Vec::new(),
                recovered: false,
                previous: records.last().map(|record| record.head().digest).unwrap_or_default(),
            });
        }
        records
    }

    #[test]
    fn a_whole_chain_is_whole() {
        assert_eq!(verify_chain(&[], None), Ok(()));
        let records = chain(3);
        assert_eq!(verify_chain(&records, Some(&records[2].head())), Ok(()));
    }

    #[test]
    fn every_tampering_shows() {
        let records = chain(3);
        let head = records[2].head();
        let mut changed = records.clone();
        changed[1].version = 99;
        assert_eq!(verify_chain(&changed, Some(&head)), Err(ChainError::Changed { sequence: 3 }));
        let mut changed_last = records.clone();
        changed_last[2].recovered = true;
        assert_eq!(verify_chain(&changed_last, Some(&head)), Err(ChainError::Changed { sequence: 3 }));
        let mut removed = records.clone();
        removed.remove(1);
        assert_eq!(verify_chain(&removed, Some(&head)), Err(ChainError::Gap { expected: 2, found: 3 }));
        assert_eq!(verify_chain(&records[..2], Some(&head)), Err(ChainError::Head { expected: 3, found: 2 }));
        assert_eq!(verify_chain(&[], Some(&head)), Err(ChainError::Head { expected: 3, found: 0 }));
    }
}
