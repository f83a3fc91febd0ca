//! The change between a desired account and the user that the org shows, as operations in the order in which they are
//! to be done. Pure: the writer only carries them out.

mod settle;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use self::settle::{forget_lost, owned_after, settle};
use crate::account::{ActualUser, AttributeValue, DesiredAccount};
use crate::{AccountStatus, Entitlement, EntitlementKind, EntitlementName, HowCorrelated, SalesforceUserId, UserField};

/// One thing to do, or done, in Salesforce or to the correlation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "camelCase")]
#[non_exhaustive]
pub enum Operation {
    /// Link the person to a user that is there already.
    Correlate {
        /// The user.
        user: SalesforceUserId,
        /// How it was found.
        how: HowCorrelated,
    },
    /// Make the user.
    Create {
        /// Whether it may be used at once.
        active: bool,
        /// Field values.
        fields: BTreeMap<UserField, String>,
        /// What it is given at once.
        entitlements: BTreeSet<Entitlement>,
    },
    /// Let the user in.
    Activate,
    /// Shut the user out.
    Deactivate,
    /// Set a field.
    SetField {
        /// Which.
        field: UserField,
        /// What it held.
        before: Option<String>,
        /// What it shall hold; `None` clears it.
        after: Option<String>,
    },
    /// Set what a user has at most one of: profile or role.
    Replace {
        /// Which.
        kind: EntitlementKind,
        /// What it was.
        before: Option<EntitlementName>,
        /// What it shall be; `None` takes it away.
        after: Option<EntitlementName>,
    },
    /// Give an assignment.
    Grant {
        /// What.
        entitlement: Entitlement,
    },
    /// Take an assignment that we gave.
    Revoke {
        /// What.
        entitlement: Entitlement,
    },
}

/// The operations that lead from what is to what should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// In the order in which they are to be done: access is taken away first and given last.
    pub operations: Vec<Operation>,
}

impl Change {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }
}

/// Computes the change. `owned` are the assignments that the connector made: nothing else is ever revoked.
pub fn diff(desired: &DesiredAccount, actual: Option<&ActualUser>, owned: &BTreeSet<Entitlement>) -> Change {
    let operations = match (actual, desired.status) {
        (None, AccountStatus::Unwanted) => Vec::new(),
        (None, status) => vec![create(desired, status)],
        (Some(actual), AccountStatus::Unwanted) => {
            let deactivate = actual.active.then_some(Operation::Deactivate);
            deactivate.into_iter().chain(assignments(desired, actual, owned)).collect()
        }
        (Some(actual), status) => {
            let mut operations = Vec::new();
            if actual.active && status == AccountStatus::Prepared {
                operations.push(Operation::Deactivate);
            }
            operations.extend(fields(desired, actual));
            operations.extend(assignments(desired, actual, owned));
            if !actual.active && status == AccountStatus::Enabled {
                operations.push(Operation::Activate);
            }
            operations
        }
    };
    Change { operations }
}

fn create(desired: &DesiredAccount, status: AccountStatus) -> Operation {
    let fields = desired.attributes.iter().filter_map(|(field, value)| Some((*field, first_choice(value)?.to_owned())));
    Operation::Create {
        active: status == AccountStatus::Enabled,
        fields: fields.collect(),
        entitlements: desired.entitlements.keys().cloned().collect(),
    }
}

fn first_choice(value: &AttributeValue) -> Option<&str> {
    match value {
        AttributeValue::Value(value) => value.as_deref().filter(|value| !value.is_empty()),
        AttributeValue::Candidates { values, .. } => values.first().map(String::as_str),
    }
}

fn fields(desired: &DesiredAccount, actual: &ActualUser) -> Vec<Operation> {
    let set = |(field, value): (&UserField, &AttributeValue)| {
        let before = actual.field(*field);
        let after = match value {
            AttributeValue::Candidates { follow: false, .. } if before.is_some() => return None,
            AttributeValue::Candidates { values, .. }
                if before.is_some_and(|b| values.iter().any(|v| field.same_value(v, b))) =>
            {
                return None;
            }
            value => first_choice(value),
        };
        let same = match (before, after) {
            (Some(before), Some(after)) => field.same_value(before, after),
            (None, None) => true,
            _ => false,
        };
        (!same).then(|| Operation::SetField {
            field: *field,
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        })
    };
    desired.attributes.iter().filter_map(set).collect()
}

fn assignments(desired: &DesiredAccount, actual: &ActualUser, owned: &BTreeSet<Entitlement>) -> Vec<Operation> {
    let mut operations = Vec::new();
    let ours =
        |kind| owned.iter().find(move |entitlement| entitlement.kind == kind).map(|entitlement| &entitlement.name);
    let mut replace = |kind, before: Option<&EntitlementName>, after: Option<&EntitlementName>| {
        if before != after {
            operations.push(Operation::Replace { kind, before: before.cloned(), after: after.cloned() });
        }
    };
    // A user can't be without a profile, so one that no rule gives any more stays.
    let profile = desired.single(EntitlementKind::Profile).or(actual.profile.as_ref());
    replace(EntitlementKind::Profile, actual.profile.as_ref(), profile);
    let kept_role = actual.role.as_ref().filter(|role| ours(EntitlementKind::Role) != Some(role));
    replace(EntitlementKind::Role, actual.role.as_ref(), desired.single(EntitlementKind::Role).or(kept_role));

    let multiple = |entitlement: &&Entitlement| !entitlement.kind.is_single();
    let revoked = owned.iter().filter(multiple).filter(|e| !desired.entitlements.contains_key(e) && actual.has(e));
    operations.extend(revoked.cloned().map(|entitlement| Operation::Revoke { entitlement }));
    let granted = desired.entitlements.keys().filter(multiple).filter(|e| !actual.has(e));
    operations.extend(granted.cloned().map(|entitlement| Operation::Grant { entitlement }));
    operations
}

#[cfg(test)]
mod tests;
