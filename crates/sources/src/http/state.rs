//! What one read leaves for the next: the link or the time that changes are counted from, and the calls of the day. The
//! caller stores it, without looking into it, after the read's data is stored.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// What one read leaves for the next. Opaque; serialise it as it is.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// Of the definition; a state of another one is not used.
    pub(crate) definition: String,
    /// When everything was last read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) full_at: Option<Timestamp>,
    /// When the last complete read began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) read_at: Option<Timestamp>,
    /// Where changes are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) link: Option<String>,
    #[serde(default)]
    pub(crate) calls: Calls,
}

/// Calls of a day and of a minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Calls {
    #[serde(default)]
    day: Option<Date>,
    #[serde(default)]
    in_day: u32,
    #[serde(default)]
    minute: Option<Timestamp>,
    #[serde(default)]
    in_minute: u32,
    #[serde(default)]
    last: Option<Timestamp>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("read_at", &self.read_at).finish_non_exhaustive()
    }
}

/// When the next call may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Now; it is counted.
    Now,
    /// After so long.
    After(Duration),
    /// Not today; after so long.
    Tomorrow(Duration),
}

/// The limits of a source.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    pub(crate) pause: Duration,
    pub(crate) per_minute: Option<u32>,
    pub(crate) per_day: Option<u32>,
}

impl Calls {
    /// Takes the turn for a call, if it is there.
    pub(crate) fn take(&mut self, limits: Limits, now: Timestamp) -> Turn {
        let today = TimeZone::UTC.to_datetime(now).date();
        if self.day != Some(today) {
            (self.day, self.in_day) = (Some(today), 0);
        }
        let minute = Duration::from_secs(60);
        let since = |then: Timestamp| Duration::try_from(now.duration_since(then)).unwrap_or_default();
        if self.minute.is_none_or(|minute_began| since(minute_began) >= minute) {
            (self.minute, self.in_minute) = (Some(now), 0);
        }
        if limits.per_day.is_some_and(|limit| self.in_day >= limit) {
            let midnight = today.tomorrow().ok().and_then(|day| TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok());
            let wait = midnight.map(|midnight| midnight.duration_since(now));
            return Turn::Tomorrow(wait.and_then(|wait| wait.try_into().ok()).unwrap_or(minute));
        }
        let mut wait = self.last.map_or(Duration::ZERO, |last| limits.pause.saturating_sub(since(last)));
        if limits.per_minute.is_some_and(|limit| self.in_minute >= limit) {
            wait = wait.max(minute.saturating_sub(self.minute.map_or(minute, since)));
        }
        if !wait.is_zero() {
            return Turn::After(wait);
        }
        self.in_day += 1;
        self.in_minute += 1;
        self.last = Some(now);
        Turn::Now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_kept() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut calls = Calls::default();
        let limits = Limits { pause: Duration::ZERO, per_minute: Some(2), per_day: Some(3) };
        assert_eq!(calls.take(limits, at(0)), Turn::Now);
        assert_eq!(calls.take(limits, at(10)), Turn::Now);
        assert_eq!(calls.take(limits, at(20)), Turn::After(Duration::from_secs(40)));
        assert_eq!(calls.take(limits, at(60)), Turn::Now);
        assert_eq!(calls.take(limits, at(86_300)), Turn::Tomorrow(Duration::from_secs(100)));
        assert_eq!(calls.take(limits, at(86_400)), Turn::Now);
        let limits = Limits { pause: Duration::from_secs(5), ..Limits::default() };
        assert_eq!(calls.take(limits, at(86_402)), Turn::After(Duration::from_secs(3)));
        assert_eq!(calls.take(limits, at(86_405)), Turn::Now);
    }
}
