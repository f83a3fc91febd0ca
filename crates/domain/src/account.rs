//! A person's Salesforce account: what it should be (desired), what the org shows (actual), and what the connector
//! remembers of it between the two (record).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::change::Operation;
use crate::{
    AuditHead, Entitlement, EntitlementKind, EntitlementName, PersonId, SalesforceId, SalesforceUserId, SourceName,
    UserField,
};

/// Whether there should be an account, and whether it may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AccountStatus {
    /// No account is called for: none is created, and one that is there is inactive.
    Unwanted,
    /// The account exists and is inactive until its day comes.
    Prepared,
    /// The account exists and is active.
    Enabled,
}

/// What a field should hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AttributeValue {
    /// Exactly this; `None` clears the field.
    Value(Option<String>),
    /// The first of these that is free.
    Candidates {
        /// In order of preference, at least one.
        values: Vec<String>,
        /// Whether an account that has another value already gets a new one.
        follow: bool,
    },
}

/// What a person's account should be, computed by policy for a moment in time. Plain data, specific enough that its
/// reader has no choice left but which candidate is free.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DesiredAccount {
    /// Whether there should be one.
    pub status: AccountStatus,
    /// Fields under management; a field that is not here is left alone.
    pub attributes: BTreeMap<UserField, AttributeValue>,
    /// What the account is given, and the rules that give it.
    pub entitlements: BTreeMap<Entitlement, Vec<String>>,
    /// How an existing account is found: field and value, in this order.
    pub correlate: Vec<(UserField, String)>,
    /// Why the status is what it is.
    pub why: Reason,
}

/// Why policy decided as it did; for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason(pub String);

impl DesiredAccount {
    /// Nothing wanted: a person who is gone, or whose time has not come.
    pub fn unwanted(why: impl Into<String>) -> Self {
        Self {
            status: AccountStatus::Unwanted,
            attributes: BTreeMap::new(),
            entitlements: BTreeMap::new(),
            correlate: Vec::new(),
            why: Reason(why.into()),
        }
    }

    /// Whether both ask for the same account, whatever the reasons.
    pub fn same_target(&self, other: &Self) -> bool {
        self.status == other.status
            && self.attributes == other.attributes
            && self.correlate == other.correlate
            && self.entitlements.keys().eq(other.entitlements.keys())
    }

    /// Whether `self` takes away access that `before` gave, so that it must overtake other work.
    pub fn takes_access_from(&self, before: Option<&Self>) -> bool {
        self.status != AccountStatus::Enabled && before.is_none_or(|before| before.status == AccountStatus::Enabled)
    }

    /// The one entitlement of a kind of which a user has at most one.
    pub fn single(&self, kind: EntitlementKind) -> Option<&EntitlementName> {
        self.entitlements.keys().find(|entitlement| entitlement.kind == kind).map(|entitlement| &entitlement.name)
    }
}

/// A desired account as it is stored. Its version grows by one with every new target and never goes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DesiredState {
    /// Whose.
    pub person: PersonId,
    /// 1 for the first target.
    pub version: u64,
    /// The target.
    pub account: DesiredAccount,
    /// What led to this version.
    pub cause: Cause,
    /// The day on which it changes by itself (a contract starts or ends).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes_on: Option<Date>,
    /// Fingerprint of the configuration that it was computed with.
    pub policy: String,
}

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

/// A user as the org shows it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActualUser {
    /// Its id.
    pub id: SalesforceUserId,
    /// `IsActive`.
    pub active: bool,
    /// The fields under management that hold a value.
    pub fields: BTreeMap<UserField, String>,
    /// The profile.
    pub profile: Option<EntitlementName>,
    /// The role.
    pub role: Option<EntitlementName>,
    /// Permission sets and groups.
    pub assignments: Vec<Assignment>,
}

/// One permission set or group that a user has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// What.
    pub entitlement: Entitlement,
    /// The id of the record that assigns it.
    pub id: SalesforceId,
}

impl ActualUser {
    /// The field's value; `None` when it is empty.
    pub fn field(&self, field: UserField) -> Option<&str> {
        self.fields.get(&field).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether the user has the entitlement.
    pub fn has(&self, entitlement: &Entitlement) -> bool {
        match entitlement.kind {
            EntitlementKind::Profile => self.profile.as_ref() == Some(&entitlement.name),
            EntitlementKind::Role => self.role.as_ref() == Some(&entitlement.name),
            EntitlementKind::PermissionSet | EntitlementKind::PublicGroup => {
                self.assignments.iter().any(|assignment| assignment.entitlement == *entitlement)
            }
        }
    }
}
