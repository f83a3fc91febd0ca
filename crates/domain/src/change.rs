//! The change between a desired account and the user that the org shows, as operations in the order in which they are
//! to be done. Pure: the writer only carries them out.

mod drift;
mod entitlements;
mod settle;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use self::drift::DriftKind;
pub use self::settle::{forget_lost, owned_after, settle};
use crate::account::{ActualUser, AttributeValue, DesiredAccount};
use crate::{
    AccountStatus, Entitlement, EntitlementKind, EntitlementName, HowCorrelated, Ownership, PersonId, SalesforceUserId,
    UserField, UserLink,
};

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
    /// End the link between the person and a user.
    Uncorrelate {
        /// The user.
        user: SalesforceUserId,
    },
    /// Make the user.
    Create {
        /// Whether it may be used at once.
        active: bool,
        /// Field values.
        fields: BTreeMap<UserField, String>,
        /// What it is given at once.
        entitlements: BTreeSet<Entitlement>,
        /// The last days of those that end by themselves.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        expirations: BTreeMap<Entitlement, Date>,
    },
    /// Make an active user usable again.
    Unfreeze,
    /// Shut an active user out, without anything else.
    Freeze,
    /// Let the user in.
    Activate,
    /// Make the user inactive.
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
    /// Set a link to another user.
    SetLink {
        /// Which.
        link: UserLink,
        /// The user that it named.
        before: Option<SalesforceUserId>,
        /// The user that it shall name; `None` clears it.
        after: Option<SalesforceUserId>,
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
        /// Its last day, where it ends by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Date>,
    },
    /// Take an assignment.
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

/// What is known beside the org's own word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Assignments that the connector made. In [`Ownership::Own`] nothing else is ever revoked.
    pub owned: BTreeSet<Entitlement>,
    /// The users of the persons to whom the account is to be linked, as far as they have one.
    pub users: BTreeMap<PersonId, SalesforceUserId>,
    /// Somebody froze or deactivated the user by hand, and nothing has happened since that would let it in again.
    pub shut_by_hand: bool,
}

/// Computes the change.
pub fn diff(desired: &DesiredAccount, actual: Option<&ActualUser>, known: &Known) -> Change {
    let Some(actual) = actual else {
        let operations = if desired.status.calls_for_account() { create(desired, known) } else { Vec::new() };
        return Change { operations };
    };
    let operations = match desired.status {
        AccountStatus::Frozen => freeze(actual).into_iter().collect(),
        AccountStatus::Inactive => shut(actual),
        AccountStatus::Unwanted => [shut(actual), entitlements::changes(desired, actual, &known.owned)].concat(),
        AccountStatus::Prepared => [shut(actual), content(desired, actual, known)].concat(),
        AccountStatus::Enabled => {
            let mut operations = content(desired, actual, known);
            if !known.shut_by_hand {
                operations.extend((!actual.active).then_some(Operation::Activate));
                operations.extend(actual.frozen.then_some(Operation::Unfreeze));
            }
            operations
        }
    };
    Change { operations }
}

/// Freezing comes first: Salesforce may refuse to deactivate a user, but not to freeze it.
fn shut(actual: &ActualUser) -> Vec<Operation> {
    let deactivate = actual.active.then_some(Operation::Deactivate);
    freeze(actual).into_iter().chain(deactivate).collect()
}

fn freeze(actual: &ActualUser) -> Option<Operation> {
    actual.is_usable().then_some(Operation::Freeze)
}

fn content(desired: &DesiredAccount, actual: &ActualUser, known: &Known) -> Vec<Operation> {
    let mut operations = fields(desired, actual);
    operations.extend(links(desired, |link| actual.links.get(&link), known));
    operations.extend(entitlements::changes(desired, actual, &known.owned));
    operations
}

fn create(desired: &DesiredAccount, known: &Known) -> Vec<Operation> {
    let fields = desired.attributes.iter().filter_map(|(field, value)| Some((*field, first_choice(value)?.to_owned())));
    let given = |e: &&Entitlement| desired.ownership(e.kind) != Ownership::Observe;
    let entitlements: BTreeSet<_> = desired.entitlements.keys().filter(given).cloned().collect();
    let dated = desired.expirations.iter().filter(|(entitlement, _)| entitlements.contains(entitlement));
    let create = Operation::Create {
        active: desired.status == AccountStatus::Enabled,
        fields: fields.collect(),
        expirations: dated.map(|(entitlement, day)| (entitlement.clone(), *day)).collect(),
        entitlements,
    };
    [vec![create], links(desired, |_| None, known)].concat()
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

/// A link to somebody who has no user yet is left as it is; it is completed when the user is there.
fn links<'a>(
    desired: &DesiredAccount,
    actual: impl Fn(UserLink) -> Option<&'a SalesforceUserId>,
    known: &Known,
) -> Vec<Operation> {
    let set = |(link, person): (&UserLink, &Option<PersonId>)| {
        let before = actual(*link);
        let after = match person {
            Some(person) => Some(known.users.get(person)?),
            None => None,
        };
        (before != after).then(|| Operation::SetLink { link: *link, before: before.cloned(), after: after.cloned() })
    };
    desired.links.iter().filter_map(set).collect()
}

#[cfg(test)]
mod tests;
