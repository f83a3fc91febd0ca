//! One person on the way through a batch.

use std::collections::BTreeMap;

use domain::{
    AccountRecord, ActualUser, AttributeValue, DesiredState, Operation, PersonId, SalesforceUserId, UserField,
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
