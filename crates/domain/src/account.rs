//! A person's Salesforce account as it should be. What the org shows is in `actual`, what the connector remembers of the
//! account in `record`.

mod actual;
mod record;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use self::actual::{ActualUser, Assignment};
pub use self::record::{
    AccountRecord, Applied, Cause, Correlation, HowCorrelated, Lease, Parked, ParkedReason, Pending,
};
use crate::{Entitlement, EntitlementKind, EntitlementName, Ownership, PersonId, UserField, UserLink};

/// Whether there should be an account, and whether it may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AccountStatus {
    /// No account is called for: none is created, and one that is there is shut and loses what it was given.
    Unwanted,
    /// Nobody may use the account any more, and it is inactive; what it was given stays for now. None is created.
    Inactive,
    /// Nobody may use the account; otherwise it stays as it is. None is created.
    Frozen,
    /// The account exists and is inactive until its day comes.
    Prepared,
    /// The account exists and is active.
    Enabled,
}

impl AccountStatus {
    /// Whether an account is made for somebody who has none.
    pub fn calls_for_account(self) -> bool {
        matches!(self, Self::Prepared | Self::Enabled)
    }
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
    /// Links to other persons' users under management; `None` clears.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<UserLink, Option<PersonId>>,
    /// What the account is given, and the rules that give it.
    pub entitlements: BTreeMap<Entitlement, Vec<String>>,
    /// The last days of those that end by themselves.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub expirations: BTreeMap<Entitlement, Date>,
    /// How kinds of entitlements are treated, where it is not [`Ownership::Own`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ownership: BTreeMap<EntitlementKind, Ownership>,
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
            links: BTreeMap::new(),
            entitlements: BTreeMap::new(),
            expirations: BTreeMap::new(),
            ownership: BTreeMap::new(),
            correlate: Vec::new(),
            why: Reason(why.into()),
        }
    }

    /// Whether both ask for the same account, whatever the reasons.
    pub fn same_target(&self, other: &Self) -> bool {
        self.status == other.status
            && self.attributes == other.attributes
            && self.correlate == other.correlate
            && self.links == other.links
            && self.expirations == other.expirations
            && self.ownership == other.ownership
            && self.entitlements.keys().eq(other.entitlements.keys())
    }

    /// Whether `self` takes away access that `before` gave, so that it must overtake other work.
    pub fn takes_access_from(&self, before: Option<&Self>) -> bool {
        self.status != AccountStatus::Enabled && before.is_none_or(|before| before.status == AccountStatus::Enabled)
    }

    /// How entitlements of a kind are treated.
    pub fn ownership(&self, kind: EntitlementKind) -> Ownership {
        self.ownership.get(&kind).copied().unwrap_or_default()
    }

    /// The persons that the account is to be linked to.
    pub fn linked_persons(&self) -> BTreeSet<&PersonId> {
        self.links.values().flatten().collect()
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
    /// The day on which a leaver's account was first to be shut; it counts the steps that follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaving_since: Option<Date>,
    /// The day on which it changes by itself (a contract starts or ends).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes_on: Option<Date>,
    /// Fingerprint of the configuration that it was computed with.
    pub policy: String,
}
