//! What the connector remembers of a person's account, and what led to it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::change::Operation;
use crate::{AuditHead, Entitlement, PersonId, SalesforceUserId, SourceName, UserField};

/// What led to a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[non_exhaustive]
pub enum Cause {
    /// A source's record.
    #[serde(rename_all = "camelCase")]
    Source {
        /// The source.
        source: SourceName,
        /// When the source says that it was so.
        observed_at: Timestamp,
        /// The source's id of the event.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event: Option<String>,
    },
    /// A day came.
    Date {
        /// The day, in the organisation's time zone.
        day: Date,
    },
    /// The configuration changed.
    Configuration {
        /// Its fingerprint.
        policy: String,
    },
    /// Somebody changed the org by hand, and the connector set it right.
    Drift,
    /// An operator of the connector asked for it.
    Operator,
}

/// How a person and a Salesforce user were brought together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Correlation {
    /// The user.
    pub user: SalesforceUserId,
    /// How.
    pub how: HowCorrelated,
    /// Since when.
    pub since: Timestamp,
}

/// How a correlation was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum HowCorrelated {
    /// The connector made the user.
    Created,
    /// The user was there and carries the person's value in this field.
    Matched(UserField),
    /// An operator said so.
    Operator,
}

/// The desired state that Salesforce was last brought to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Applied {
    /// Version of the desired state.
    pub version: u64,
    /// When.
    pub at: Timestamp,
    /// The status reached; `None` when there is no user.
    pub active: Option<bool>,
    /// The user name that the user was left with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Whether the user was left frozen.
    #[serde(default)]
    pub frozen: bool,
    /// Whether somebody shut the user by hand and it was left so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shut_by_hand: bool,
    /// Assignments that the connector made and nobody has taken away since.
    pub owned: BTreeSet<Entitlement>,
}

/// Operations that were about to be carried out. Stored before the first call to Salesforce, so that after a lost answer
/// or a stop it is still known what may have been done, and by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pending {
    /// Version of the desired state that they serve.
    pub version: u64,
    /// When they were planned.
    pub at: Timestamp,
    /// What led to them.
    pub cause: Cause,
    /// The operations.
    pub operations: Vec<Operation>,
    /// Values that a create may have used for finding the user again.
    pub correlate: Vec<(UserField, String)>,
}

/// Why a person's account waits, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parked {
    /// What is in the way.
    pub reason: ParkedReason,
    /// Since when this is so.
    pub since: Timestamp,
    /// Tries that failed for this reason.
    pub attempts: u32,
    /// The next try.
    pub retry_at: Timestamp,
    /// Version of the desired state that could not be reached; a newer one is tried at once.
    pub version: u64,
}

/// What is in the way, for a person to read: a code that is the same for all cases of a kind, and a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedReason {
    /// Salesforce's error code, or ours (`ambiguous-match`, `unknown-entitlement`, `invalid-attribute` …).
    pub code: String,
    /// What is wrong and what helps.
    pub message: String,
}

/// Takes turns on a person: only the holder may write to Salesforce, until it expires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// A random token that only the holder knows.
    pub token: String,
    /// From then on anybody may take it.
    pub until: Timestamp,
}

/// What the connector remembers of a person's account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccountRecord {
    /// The user, once known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Correlation>,
    /// What was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied: Option<Applied>,
    /// What may be under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
    /// What is in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parked: Option<Parked>,
    /// Whose turn it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// Persons without a user yet, to whom the account is to be linked.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub waits_for: BTreeSet<PersonId>,
    /// Whether the org is to be looked at again though the desired state was reached: it was changed by hand.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub recheck: bool,
    /// The newest record of the person's audit chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit: Option<AuditHead>,
}

impl AccountRecord {
    /// Version of the desired state that Salesforce was last brought to; 0 when never.
    pub fn applied_version(&self) -> u64 {
        self.applied.as_ref().map_or(0, |applied| applied.version)
    }

    /// Assignments that the connector made.
    pub fn owned(&self) -> BTreeSet<Entitlement> {
        self.applied.as_ref().map(|applied| applied.owned.clone()).unwrap_or_default()
    }
}
