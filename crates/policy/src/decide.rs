//! From a merged person and a day to the account that should be: pure, total, deterministic.

mod account;
mod calendar;
mod entitlements;
mod values;

use domain::{DesiredAccount, Merged};
use jiff::civil::Date;

use crate::policy::Policy;

/// What policy decides for a person and a day.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// No authoritative source knows the person yet: nothing is touched.
    Wait,
    /// What the account should be.
    Account {
        /// The account. With problems it shows how far policy came; the person is parked and nothing is written.
        account: Box<DesiredAccount>,
        /// The first day after this one on which the decision could change by itself.
        changes_on: Option<Date>,
        /// What stands in the way; empty when the account is unwanted, for a leaver must lose access all the same.
        problems: Vec<Problem>,
    },
}

/// Why a person's account can't be written, for a person to heal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Its kind: `no-profile`, `missing-attribute`, `too-long`, `invalid-attribute`, `ambiguous-account` or
    /// `expression-failed`.
    pub code: String,
    /// What is wrong and what helps; names fields and places, not the person's data.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }
}

impl Policy {
    /// Decides for a person on a day of the organisation's calendar.
    pub fn decide(&self, merged: &Merged, today: Date) -> Decision {
        match merged {
            Merged::Waiting => Decision::Wait,
            Merged::Removed { .. } => Decision::Account {
                account: Box::new(DesiredAccount::unwanted("the source has removed the person")),
                changes_on: None,
                problems: Vec::new(),
            },
            Merged::Present { person, ambiguous } => account::decide(self, person, ambiguous, today),
        }
    }
}

#[cfg(test)]
mod tests;
