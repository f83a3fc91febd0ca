//! How systems write dates: calendar dates in their own form, moments in a form of their own, and moments that are none.

use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// Intervals of 100 ns between 1601-01-01 and 1970-01-01 (Windows' FILETIME and Unix time).
const FILETIME_OF_UNIX_EPOCH: i64 = 116_444_736_000_000_000;

/// A form of dates.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum DateForm {
    /// A pattern of strptime, as `%d-%m-%Y`.
    Pattern(String),
    /// A date and time whose date counts as it is written, whatever zone it claims: AFAS writes local time with a `Z`
    /// (docs.afas.help, GetConnector).
    Local,
    /// A moment, taken to its date in a time zone.
    Instant(TimeZone),
    /// `/Date(1704067200000)/` or `/Date(1704067200000+0000)/`: milliseconds since 1970, the date in UTC (OData 2).
    Milliseconds,
    /// Intervals of 100 ns since 1601, taken to the date in UTC (Active Directory).
    FileTime,
}

impl DateForm {
    /// Reads `%d-%m-%Y`, `local`, `instant Europe/Amsterdam`, `milliseconds` or `fileTime`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text.trim() {
            "local" => Ok(Self::Local),
            "milliseconds" => Ok(Self::Milliseconds),
            "fileTime" => Ok(Self::FileTime),
            pattern if pattern.contains('%') => Ok(Self::Pattern(pattern.to_owned())),
            other => {
                match other.strip_prefix("instant ").map(|zone| TimeZone::get(zone.trim())) {
                    Some(Ok(zone)) => Ok(Self::Instant(zone)),
                    Some(Err(_)) => Err("there is no such time zone".to_owned()),
                    None => Err("date is a pattern such as %d-%m-%Y, or local, instant ZONE, milliseconds or fileTime"
                        .to_owned()),
                }
            }
        }
    }

    /// The date of a value. Errors never quote it.
    pub(crate) fn read(&self, value: &Value) -> Result<Date, String> {
        let text = match value {
            Value::String(text) => text.trim(),
            Value::Number(number) => return self.of_number(number.as_i64()),
            _ => return Err("it is no date".to_owned()),
        };
        match self {
            Self::Pattern(pattern) => {
                Date::strptime(pattern, text).map_err(|_| format!("it is no date of the form {pattern}"))
            }
            Self::Local => local(text).ok_or_else(|| "it is no date and time".to_owned()),
            Self::Instant(zone) => Timestamp::from_str(text)
                .map(|moment| zone.to_datetime(moment).date())
                .map_err(|_| "it is no moment with its offset".to_owned()),
            Self::Milliseconds => {
                let inner = text.strip_prefix("/Date(").and_then(|text| text.strip_suffix(")/"));
                // The offset is only for showing it.
                let digits = inner.map(|inner| {
                    let sign = usize::from(inner.starts_with(['-', '+']));
                    let end =
                        inner.get(sign..).and_then(|rest| rest.find(['+', '-'])).map_or(inner.len(), |at| at + sign);
                    inner.get(..end).unwrap_or(inner)
                });
                self.of_number(digits.and_then(|digits| digits.parse().ok()))
            }
            Self::FileTime => self.of_number(text.parse().ok()),
        }
    }

    fn of_number(&self, number: Option<i64>) -> Result<Date, String> {
        // Not through a timestamp, which ends some hours before year 9999 does: SuccessFactors' "no end" lies there.
        let since_epoch = match (self, number) {
            (Self::Milliseconds, Some(number)) => Some(SignedDuration::from_millis(number)),
            (Self::FileTime, Some(number)) if number > 0 => {
                Some(SignedDuration::from_micros((number - FILETIME_OF_UNIX_EPOCH) / 10))
            }
            _ => None,
        };
        let epoch = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);
        let moment = since_epoch.and_then(|duration| epoch.checked_add(duration).ok());
        moment.map(DateTime::date).ok_or_else(|| "it is no date".to_owned())
    }
}

/// The calendar date that stands before the time of day.
fn local(text: &str) -> Option<Date> {
    let plain = text.split_once(['T', ' ']).map_or(text, |(date, _)| date);
    // What follows the date must be a time, so that a cut or strange value is seen.
    let time = text.get(plain.len()..).unwrap_or_default();
    let whole = time.is_empty()
        || DateTime::from_str(&format!("2000-01-01T{}", time.trim_start_matches(['T', ' ']).trim_end_matches('Z')))
            .is_ok()
        || Timestamp::from_str(text).is_ok();
    Date::from_str(plain).ok().filter(|_| whole)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::json;

    use super::*;

    #[test]
    fn systems_dates_are_read() {
        for (form, value, expected) in [
            ("local", json!("2012-03-01T00:00:00Z"), Some(date(2012, 3, 1))),
            ("local", json!("2012-03-01T23:59:59Z"), Some(date(2012, 3, 1))),
            ("local", json!("2014-11-09T00:00:00+01:00"), Some(date(2014, 11, 9))),
            ("local", json!("2014-11-09T00:00:00"), Some(date(2014, 11, 9))),
            ("local", json!("2014-11-09"), Some(date(2014, 11, 9))),
            ("local", json!("2014-11-09Tx"), None),
            ("local", json!("2014-02-30T00:00:00Z"), None),
            ("local", json!(20141109), None),
            ("instant Europe/Amsterdam", json!("2025-12-31T23:30:00Z"), Some(date(2026, 1, 1))),
            ("instant Europe/Amsterdam", json!("2025-12-31"), None),
            ("milliseconds", json!("/Date(1704067200000)/"), Some(date(2024, 1, 1))),
            ("milliseconds", json!("/Date(1704067200000+0000)/"), Some(date(2024, 1, 1))),
            ("milliseconds", json!("/Date(-2208988800000)/"), Some(date(1900, 1, 1))),
            ("milliseconds", json!("/Date(-2208988800000+0060)/"), Some(date(1900, 1, 1))),
            ("milliseconds", json!("/Date(253402214400000)/"), Some(date(9999, 12, 31))),
            ("milliseconds", json!("/Date()/"), None),
            ("milliseconds", json!("2024-01-01"), None),
            ("milliseconds", json!(1704067200000_i64), Some(date(2024, 1, 1))),
            ("fileTime", json!("133485408000000000"), Some(date(2024, 1, 1))),
            ("fileTime", json!(133485408000000000_i64), Some(date(2024, 1, 1))),
            ("fileTime", json!("0"), None),
            ("%d-%m-%Y", json!("31-01-2026"), Some(date(2026, 1, 31))),
            ("%d-%m-%Y", json!("31-02-2026"), None),
        ] {
            let read = DateForm::parse(form).unwrap().read(&value);
            assert_eq!(read.clone().ok(), expected, "{form} {value}");
            if let Err(reason) = read {
                assert!(!reason.contains("20"), "the reason quotes nothing: {reason}");
            }
        }
    }

    #[test]
    fn strange_forms_are_refused() {
        for form in ["", "utc", "instant", "instant Mars/Olympus", "dd-mm-yyyy"] {
            assert!(DateForm::parse(form).is_err(), "{form}");
        }
    }
}
