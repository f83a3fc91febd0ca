//! From a merged person and a day to the account that should be: pure, total, deterministic.

mod account;
mod calendar;
mod entitlements;
mod leaving;
mod links;
mod values;

use domain::{DesiredAccount, Merged};
use jiff::civil::Date;

pub use self::leaving::Earlier;
pub use self::values::STRONG_KEYS;
use crate::code::Failure;
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
        /// The day from which a leaver's steps count; `None` for who is no leaver, or never had anything to lose.
        leaving_since: Option<Date>,
        /// The first day after this one on which the decision could change by itself.
        changes_on: Option<Date>,
        /// What stands in the way; empty when the account is to be shut, for access must go all the same.
        problems: Vec<Problem>,
    },
}

/// Why a person's account can't be written, for a person to heal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Its kind: `no-profile`, `missing-attribute`, `too-long`, `invalid-attribute`, `invalid-date`, `invalid-link`,
    /// `ambiguous-account` or `expression-failed`.
    pub code: String,
    /// What is wrong and what helps; names fields and places, not the person's data.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }

    fn of(failure: &Failure, what: &str) -> Self {
        Self::new(failure.code, format!("{}: {what}: {}", failure.place, failure.reason))
    }
}

impl Policy {
    /// Decides for a person on a day of the organisation's calendar.
    pub fn decide(&self, merged: &Merged, earlier: Earlier, today: Date) -> Decision {
        match merged {
            Merged::Waiting => Decision::Wait,
            Merged::Removed { at } => {
                // Of who was never decided on there is no account, nor anything to find one by.
                let end = Some(self.organisation.today(*at)).filter(|_| earlier != Earlier::Unknown);
                let why = "the source has removed the person".to_owned();
                self.leave(earlier.since(end, today), today, Vec::new(), why, None)
            }
            Merged::Present { person, ambiguous } => account::decide(self, person, ambiguous, earlier, today),
        }
    }
}

#[cfg(test)]
mod tests;
