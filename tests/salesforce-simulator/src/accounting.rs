//! Counts of calls by kind, and the org's allowance of API calls over a rolling day [doc].

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

/// Calls seen and calls allowed.
#[derive(Debug, Clone)]
pub(crate) struct Accounting {
    /// Calls by kind, as [`crate::Org::calls`] shows them.
    pub(crate) by_kind: BTreeMap<String, u64>,
    /// Number of the last call.
    pub(crate) number: u64,
    /// Calls a rolling day; Developer Edition has 15,000 [rec].
    pub(crate) daily_max: u64,
    /// API calls per minute, oldest first.
    recent: VecDeque<(Timestamp, u64)>,
}

impl Default for Accounting {
    fn default() -> Self {
        Self { by_kind: BTreeMap::new(), number: 0, daily_max: 15_000, recent: VecDeque::new() }
    }
}

impl Accounting {
    pub(crate) fn see(&mut self, kind: &str) {
        self.number += 1;
        *self.by_kind.entry(kind.to_owned()).or_default() += 1;
    }

    pub(crate) fn reset(&mut self) {
        self.by_kind.clear();
        self.number = 0;
    }

    /// Takes one API call from the allowance; false when there is none left.
    pub(crate) fn spend(&mut self, now: Timestamp) -> bool {
        if self.used(now) >= self.daily_max {
            return false;
        }
        match self.recent.back_mut() {
            Some((since, count)) if now.duration_since(*since) < SignedDuration::from_mins(1) => *count += 1,
            _ => self.recent.push_back((now, 1)),
        }
        true
    }

    /// Puts the usage at a figure, as if other integrations had used it.
    pub(crate) fn set_used(&mut self, now: Timestamp, used: u64) {
        self.recent.clear();
        self.recent.push_back((now, used));
    }

    pub(crate) fn used(&mut self, now: Timestamp) -> u64 {
        let day = SignedDuration::from_hours(24);
        while self.recent.front().is_some_and(|(at, _)| now.duration_since(*at) >= day) {
            self.recent.pop_front();
        }
        self.recent.iter().map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_allowance_comes_back_after_a_day() {
        let start: Timestamp = "2026-03-02T08:00:00Z".parse().unwrap();
        let mut accounting = Accounting { daily_max: 2, ..Accounting::default() };
        assert!(accounting.spend(start));
        assert!(accounting.spend(start + SignedDuration::from_hours(1)));
        assert!(!accounting.spend(start + SignedDuration::from_hours(23)));
        assert!(accounting.spend(start + SignedDuration::from_hours(24)));
        assert!(!accounting.spend(start + SignedDuration::from_hours(24)));
    }
}
