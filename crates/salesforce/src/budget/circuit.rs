//! Whether Salesforce refuses calls because the day's allowance is used up, and when somebody may try again.

use std::time::Duration;

use jiff::Timestamp;

use super::Priority;

/// Between tries of bulk work's sake.
pub(super) const BULK_GAP: Duration = Duration::from_secs(300);
/// Between tries of urgent work.
pub(super) const URGENT_GAP: Duration = Duration::from_secs(20);
/// A longer wait asked for by Salesforce is cut to this: the allowance is a rolling one, so it may move at any time.
const LONGEST_GAP: Duration = Duration::from_secs(900);

/// Closed while Salesforce serves; open since a call was refused for the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Circuit {
    /// Calls are served.
    #[default]
    Closed,
    /// Calls are refused.
    Open {
        /// Since when.
        since: Timestamp,
        /// The last refusal, or the last try that was allowed.
        tried: Timestamp,
        /// How long Salesforce asked to be left alone.
        asked: Duration,
    },
}

impl Circuit {
    /// A call was refused for the limit.
    pub(crate) fn refused(&mut self, now: Timestamp, retry_after: Option<Duration>) {
        let since = match self {
            Self::Closed => now,
            Self::Open { since, .. } => *since,
        };
        *self = Self::Open { since, tried: now, asked: retry_after.unwrap_or_default().min(LONGEST_GAP) };
    }

    /// Somebody is let through to try.
    pub(crate) fn tries(&mut self, now: Timestamp) {
        if let Self::Open { tried, .. } = self {
            *tried = now;
        }
    }

    /// How long until somebody with that priority may try; `None` when calls are served.
    pub(crate) fn until_try(&self, priority: Priority, now: Timestamp) -> Option<Duration> {
        let Self::Open { tried, asked, .. } = self else { return None };
        let gap = match priority {
            Priority::Urgent => URGENT_GAP,
            Priority::Bulk => BULK_GAP,
        };
        Some(gap.max(*asked).saturating_sub(now.duration_since(*tried).unsigned_abs()))
    }
}
