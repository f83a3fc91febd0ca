//! The directory's two forms of time: FILETIME (units of 100 ns since 1601) and GeneralizedTime (`20261124032435.0Z`).

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// 1601-01-01 as seconds before 1970.
const EPOCH: i64 = 11_644_473_600;

/// When an account ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// It has no end.
    Never,
    /// From this moment on it can't be used.
    At(Timestamp),
}

impl Expiry {
    /// Reads accountExpires. 0 and 9223372036854775807 mean never (MS-ADA1, accountExpires), and so does a time after
    /// the year 9999, which no calendar here can tell.
    pub fn parse(text: &str) -> Option<Self> {
        let units: i64 = text.parse().ok()?;
        match units {
            0 | i64::MAX => Some(Self::Never),
            1.. => Some(filetime(units).map_or(Self::Never, Self::At)),
            _ => None,
        }
    }

    /// Whether the account has ended.
    pub fn is_over(self, now: Timestamp) -> bool {
        matches!(self, Self::At(end) if end <= now)
    }

    /// The last day on which the account can be used. Windows' own tools set the end to the midnight after that day, in
    /// the administrator's zone.
    pub fn last_day(self, zone: &TimeZone) -> Option<Date> {
        let Self::At(end) = self else { return None };
        let last = end.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(end);
        Some(zone.to_datetime(last).date())
    }
}

/// The moment of a FILETIME; `None` outside of the calendar.
pub(crate) fn filetime(units: i64) -> Option<Timestamp> {
    let nanosecond = i32::try_from(units.rem_euclid(10_000_000) * 100).ok()?;
    Timestamp::new(units.div_euclid(10_000_000) - EPOCH, nanosecond).ok()
}

/// The moment of a GeneralizedTime, which Active Directory always gives in UTC.
pub(crate) fn generalized(text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix('Z')?;
    let time = DateTime::strptime("%Y%m%d%H%M%S%.f", text).ok()?;
    TimeZone::UTC.to_timestamp(time).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_account_ends_at_a_filetime_or_never() {
        assert_eq!(Expiry::parse("0"), Some(Expiry::Never));
        assert_eq!(Expiry::parse("9223372036854775807"), Some(Expiry::Never));
        assert_eq!(Expiry::parse("9000000000000000000"), Some(Expiry::Never));
        assert_eq!(Expiry::parse("116444736000000000"), Some(Expiry::At(Timestamp::UNIX_EPOCH)));
        assert_eq!(Expiry::parse("134142876000000000"), Some(Expiry::At(at("2026-01-30T23:00:00Z"))));
        for bad in ["", "-1", "never", "1.5", "9223372036854775808"] {
            assert_eq!(Expiry::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_last_day_is_the_one_before_midnight_in_the_zone() {
        let end = Expiry::At(at("2026-01-30T23:00:00Z"));
        assert_eq!(end.last_day(&TimeZone::get("Europe/Amsterdam").unwrap()), Some(Date::constant(2026, 1, 30)));
        assert_eq!(end.last_day(&TimeZone::UTC), Some(Date::constant(2026, 1, 30)));
        assert_eq!(end.last_day(&TimeZone::get("Asia/Tokyo").unwrap()), Some(Date::constant(2026, 1, 31)));
        assert_eq!(Expiry::Never.last_day(&TimeZone::UTC), None);
        assert!(end.is_over(at("2026-01-30T23:00:00Z")) && !end.is_over(at("2026-01-30T22:59:59Z")));
        assert!(!Expiry::Never.is_over(Timestamp::MAX));
    }

    #[test]
    fn a_generalized_time_is_utc() {
        assert_eq!(generalized("20261124032435.0Z"), Some(at("2026-11-24T03:24:35Z")));
        assert_eq!(generalized("16010101000000.0Z"), Some(at("1601-01-01T00:00:00Z")));
        for bad in ["", "Z", "20261124032435.0", "20261324032435.0Z", "2026-11-24T03:24:35Z"] {
            assert_eq!(generalized(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "[0-9.Z-]{0,24}") {
            let _ = (Expiry::parse(&text), generalized(&text));
        }

        #[test]
        fn a_filetime_counts_from_1601(seconds in -11_644_473_600_i64..253_402_207_200) {
            let units = (seconds + EPOCH) * 10_000_000;
            prop_assert_eq!(filetime(units), Some(Timestamp::from_second(seconds).unwrap()));
        }
    }
}
