//! How fast the org's daily API calls may be used: bulk work slows down and stops before they are used up, so that
//! urgent work (leavers) always finds some left; when Salesforce refuses calls, somebody tries now and then whether it
//! serves again.

mod circuit;
mod decision;

use std::time::Duration;

use jiff::Timestamp;

pub(crate) use self::circuit::Circuit;
pub(crate) use self::decision::{Known, Reading, decide, wants_reading};

use crate::Salesforce;
use crate::error::SalesforceError;

/// How much of the org's calls of a day may be used for what, in percent of what the org is allowed. Calls of other
/// integrations count too: Salesforce counts them together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Bulk work goes on until so many percent are used.
    pub bulk_until: u8,
    /// The last percents are left to urgent work, whatever `bulk_until` says.
    pub reserve: u8,
}

impl Default for Budget {
    fn default() -> Self {
        Self { bulk_until: 80, reserve: 5 }
    }
}

impl Budget {
    /// The percentage at which bulk work stops.
    pub fn ceiling(self) -> u8 {
        self.bulk_until.min(100_u8.saturating_sub(self.reserve))
    }
}

/// How much some work matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Must not wait for others: a leaver. Goes on until Salesforce itself refuses.
    Urgent,
    /// Everything else.
    Bulk,
}

/// What the caller is to do before its next calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Go on.
    Go,
    /// Go on after a pause.
    Slow(Duration),
    /// Do nothing now; ask again after so long.
    Wait(Duration),
}

impl Salesforce {
    /// The client with another budget than the default.
    #[must_use]
    pub fn with_budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// Since when Salesforce has refused calls because the day's allowance is used up; `None` while it serves.
    pub fn limit_reached_since(&self) -> Option<Timestamp> {
        self.api.meter.refused_since()
    }

    /// Whether work of this priority may be done now. To be asked before each batch. Knows the org's count from every
    /// answer; reads it with a call of its own, now and then, only where bulk work can't be judged otherwise. After
    /// [`Pace::Go`] for urgent work while Salesforce refuses calls, that work is the trial, so it should be little.
    pub async fn pace(&self, priority: Priority) -> Pace {
        let meter = &self.api.meter;
        if meter.takes_reading(self.budget, priority, self.api.clock.now()) {
            match self.limits().await {
                Ok(_) => {}
                // It may not read its limits, but it is served.
                Err(SalesforceError::Unusable(_)) => meter.served(),
                Err(error) => tracing::debug!(%error, "salesforce.limits_unread"),
            }
        }
        meter.pace(self.budget, priority, self.api.clock.now())
    }
}

#[cfg(test)]
mod tests;
