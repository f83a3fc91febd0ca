//! A leaver's steps: from which day they count, and which one is reached. The day comes from the data where the data
//! tells it, else from the decision before.

use domain::account::DesiredState;
use domain::contract::shift;
use domain::{AccountStatus, DesiredAccount, Person, UserField};
use jiff::civil::Date;

use super::Decision;
use crate::policy::Policy;

/// What was decided before, as far as a leaver's steps depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// Nothing.
    Unknown,
    /// No account was ever called for.
    NeverWanted,
    /// An account was called for.
    Wanted,
    /// The person was a leaver, since that day.
    Leaving(Date),
}

impl Earlier {
    /// By the state that is stored.
    pub fn of(before: Option<&DesiredState>) -> Self {
        before.map_or(Self::Unknown, |before| Self::new(before.account.status, before.leaving_since))
    }

    /// By a decision's status and day.
    pub fn new(status: AccountStatus, leaving_since: Option<Date>) -> Self {
        match (leaving_since, status) {
            (Some(since), _) => Self::Leaving(since),
            (None, AccountStatus::Unwanted) => Self::NeverWanted,
            (None, _) => Self::Wanted,
        }
    }

    /// The day from which the steps count; `None` when there are none, because nobody was ever let in. `end` is the end
    /// of access where the data tells it. What has begun is not put off by a later end: the steps only go on.
    pub(super) fn since(self, end: Option<Date>, today: Date) -> Option<Date> {
        let since = match self {
            Self::NeverWanted => None,
            // Somebody else may have made an account, so the steps count all the same if they can.
            Self::Unknown => end,
            Self::Wanted => Some(end.unwrap_or(today)),
            Self::Leaving(since) => Some(end.map_or(since, |end| end.min(since))),
        };
        since.map(|since| since.min(today))
    }
}

impl Policy {
    /// The first day without access after the contracts that have ended; `None` when none has.
    pub(super) fn end_of_access(&self, person: &Person, today: Date) -> Option<Date> {
        let ends = person.contracts.iter().filter_map(|contract| contract.end_date);
        let ends = ends.map(|end| shift(end, i64::from(self.access.1) + 1));
        ends.filter(|end| *end <= today).max()
    }

    /// A leaver's account. Nothing stands in its way: whatever is wrong with the data, access must go.
    pub(super) fn leave(
        &self,
        since: Option<Date>,
        today: Date,
        correlate: Vec<(UserField, String)>,
        why: String,
        changes_on: Option<Date>,
    ) -> Decision {
        let status = since.map_or(AccountStatus::Unwanted, |since| self.ladder.status(since, today));
        let outlook = match (status, since) {
            (AccountStatus::Frozen, Some(since)) => format!("; inactive from {}", self.ladder.inactive_on(since)),
            (AccountStatus::Inactive, Some(since)) => format!("; stripped from {}", self.ladder.stripped_on(since)),
            _ => String::new(),
        };
        let next = since.and_then(|since| self.ladder.next(since, today));
        Decision::Account {
            account: Box::new(self.shut(status, correlate, why + &outlook)),
            leaving_since: since,
            changes_on: changes_on.into_iter().chain(next).min(),
            problems: Vec::new(),
        }
    }

    /// An account that gives nothing and demands nothing.
    pub(super) fn shut(
        &self,
        status: AccountStatus,
        correlate: Vec<(UserField, String)>,
        why: String,
    ) -> DesiredAccount {
        DesiredAccount { status, correlate, ownership: self.ownership.clone(), ..DesiredAccount::unwanted(why) }
    }
}
