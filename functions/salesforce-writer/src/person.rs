//! One person on the way through a batch.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    AccountRecord, ActualUser, AttributeValue, Cause, DesiredState, Operation, ParkedReason, PersonId,
    SalesforceUserId, UserField,
};
use records::Stored;
use salesforce::{Wanted, Work};

/// A person whose lease we hold.
pub(crate) struct Working {
    pub(crate) person: PersonId,
    pub(crate) desired: Stored<DesiredState>,
    pub(crate) record: Stored<AccountRecord>,
    /// The person's user as the org shows it.
    pub(crate) actual: Option<ActualUser>,
    /// A user that becomes the person's with the next commit.
    pub(crate) claims: Option<SalesforceUserId>,
    pub(crate) operations: Vec<Operation>,
    /// Users of the persons to whom the account is to be linked.
    pub(crate) users: BTreeMap<PersonId, SalesforceUserId>,
    /// Why there is work.
    pub(crate) occasion: Occasion,
    /// Somebody shut the user by hand, and it is left so.
    pub(crate) shut_by_hand: bool,
    /// Why nothing may be done to the user.
    pub(crate) protected: Option<ParkedReason>,
}

/// Why a person is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// The desired state has not been reached.
    Target,
    /// It was, but the org was changed by hand.
    Drift,
    /// It was, but for a link to a user that is there now.
    Link,
}

impl Working {
    /// How the person's user is found in the org.
    pub(crate) fn wanted(&self) -> Wanted {
        let user = self.record.value.correlation.as_ref().map(|correlation| correlation.user.clone());
        let keys = if user.is_some() { Vec::new() } else { self.keys() };
        Wanted { user, keys }
    }

    /// The person's keys: those of the desired state, and those under which an interrupted create may have made the user.
    pub(crate) fn keys(&self) -> Vec<(UserField, String)> {
        let mut keys = self.desired.value.account.correlate.clone();
        let interrupted = self.record.value.pending.iter().flat_map(|pending| &pending.correlate);
        for key in interrupted {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
        keys
    }

    pub(crate) fn work(&self) -> Work {
        let candidates: BTreeMap<UserField, Vec<String>> =
            self.desired.value.account.attributes.iter().filter_map(candidates).collect();
        Work {
            user: self.user(),
            actual: self.actual.clone(),
            operations: self.operations.clone(),
            candidates,
            correlate: strong(&self.keys()),
        }
    }

    /// What led to the work.
    pub(crate) fn cause(&self) -> Cause {
        match self.occasion {
            Occasion::Drift => Cause::Drift,
            Occasion::Target | Occasion::Link => self.desired.value.cause.clone(),
        }
    }

    /// Persons without a user, to whom the account is to be linked.
    pub(crate) fn waits_for(&self) -> BTreeSet<PersonId> {
        let linked = self.desired.value.account.linked_persons();
        linked.into_iter().filter(|person| !self.users.contains_key(*person)).cloned().collect()
    }

    /// Whether somebody shut the user by hand since it was left open, and nothing new was heard of the person since.
    pub(crate) fn is_shut_by_hand(&self) -> bool {
        let (Some(applied), Some(actual)) = (&self.record.value.applied, &self.actual) else { return false };
        let left_open = applied.active == Some(true) && !applied.frozen;
        let desired = &self.desired.value;
        let news = desired.version > applied.version && matches!(desired.cause, Cause::Source { .. });
        !actual.is_usable() && (applied.shut_by_hand || left_open) && !news
    }

    pub(crate) fn user(&self) -> Option<SalesforceUserId> {
        self.actual.as_ref().map(|user| user.id.clone())
    }
}

fn candidates((field, value): (&UserField, &AttributeValue)) -> Option<(UserField, Vec<String>)> {
    match value {
        AttributeValue::Candidates { values, .. } => Some((*field, values.clone())),
        AttributeValue::Value(_) => None,
    }
}

/// The keys that nobody else can carry; a user name can.
pub(crate) fn strong(keys: &[(UserField, String)]) -> Vec<(UserField, String)> {
    keys.iter().filter(|(field, _)| *field != UserField::Username).cloned().collect()
}
