//! What a cell's value becomes: the text that a person would export, but for true and false. Excel knows one kind of
//! number, so an employee number is told as its digits, and a date by how the cell shows it.

use calamine::{DataRef, ExcelDateTime};
use jiff::Unit;
use jiff::civil::{Date, DateTime, Time};
use serde_json::Value;

/// The first whole number that a cell can't hold exactly any more.
const INEXACT: f64 = 9_007_199_254_740_992.0;

/// The value, or why there is none.
pub(super) fn value(cell: &DataRef<'_>) -> Result<Value, String> {
    Ok(match cell {
        DataRef::Empty => Value::Null,
        DataRef::Bool(flag) => Value::Bool(*flag),
        DataRef::Int(number) => Value::from(number.to_string()),
        DataRef::Float(number) => Value::from(self::number(*number)?),
        DataRef::String(text) => trimmed(text),
        DataRef::SharedString(text) => trimmed(text),
        DataRef::DateTime(moment) if moment.is_duration() => Value::from(duration(moment.as_f64())?),
        DataRef::DateTime(moment) => Value::from(self::moment(moment)?),
        DataRef::DateTimeIso(text) => Value::from(iso(text.trim())),
        DataRef::DurationIso(text) => trimmed(text),
        DataRef::Error(error) => return Err(format!("holds the error {error}")),
    })
}

/// The name of a cell, as `C7`; row and column are counted from 0.
pub(super) fn name((row, column): (u32, u32)) -> String {
    let mut letters = Vec::new();
    let mut left = column;
    loop {
        letters.push(char::from(b'A' + u8::try_from(left % 26).unwrap_or(0)));
        match (left / 26).checked_sub(1) {
            Some(more) => left = more,
            None => break,
        }
    }
    format!("{}{}", letters.iter().rev().collect::<String>(), u64::from(row) + 1)
}

fn trimmed(text: &str) -> Value {
    let text = text.trim();
    if text.is_empty() { Value::Null } else { Value::from(text) }
}

/// Digits without exponent.
fn number(number: f64) -> Result<String, String> {
    if !number.is_finite() {
        return Err("holds a number that is none".to_owned());
    }
    if number.fract() == 0.0 && number.abs() >= INEXACT {
        return Err("holds a number with more digits than Excel keeps; it must be stored as text".to_owned());
    }
    // `-0` is zero.
    Ok(format!("{}", number + 0.0))
}

/// A date, with its time of day when it has one; a time of day alone below the first day.
fn moment(moment: &ExcelDateTime) -> Result<String, String> {
    let out_of_range = || "holds a date out of range".to_owned();
    if !(0.0..2_958_466.0).contains(&moment.as_f64()) {
        return Err(out_of_range());
    }
    let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
    let small = |part: u8| i8::try_from(part).map_err(|_| out_of_range());
    let time = Time::new(small(hour)?, small(minute)?, small(second)?, i32::from(milli) * 1_000_000);
    let time = time.map_err(|_| out_of_range())?;
    if moment.as_f64() < 1.0 {
        return Ok(time.to_string());
    }
    let year = i16::try_from(year).map_err(|_| out_of_range())?;
    // Excel has a 29 February 1900, which there was not.
    let date = Date::new(year, small(month)?, small(day)?).map_err(|_| out_of_range())?;
    // A day's seconds are fractions, so midnight may come as a moment before it.
    date.to_datetime(time).round(Unit::Second).map(written).map_err(|_| out_of_range())
}

fn written(moment: DateTime) -> String {
    if moment.time() == Time::midnight() { moment.date().to_string() } else { moment.to_string() }
}

/// Hours, minutes and seconds: Excel shows more than a day so as well.
fn duration(days: f64) -> Result<String, String> {
    let seconds = (days * 86_400.0).round();
    if !(0.0..1e12).contains(&seconds) {
        return Err("holds a time out of range".to_owned());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    let seconds = seconds as u64;
    Ok(format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60))
}

/// A moment that is written as text in the file; midnight is a date.
fn iso(text: &str) -> String {
    text.parse::<DateTime>().map_or_else(|_| text.to_owned(), written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_named_as_excel_does() {
        for (place, expected) in
            [((0, 0), "A1"), ((6, 25), "Z7"), ((0, 26), "AA1"), ((99, 701), "ZZ100"), ((0, 16_383), "XFD1")]
        {
            assert_eq!(name(place), expected);
        }
    }

    #[test]
    fn numbers_become_their_digits() {
        for (given, expected) in [
            (100_023.0, "100023"),
            (0.8, "0.8"),
            (-0.0, "0"),
            (-36.5, "-36.5"),
            (1e15, "1000000000000000"),
            (32.4, "32.4"),
        ] {
            assert_eq!(number(given).as_deref(), Ok(expected));
        }
        for given in [f64::NAN, f64::INFINITY, 9_007_199_254_740_993.0, -1e20] {
            assert!(number(given).is_err(), "{given}");
        }
    }

    #[test]
    fn dates_times_and_durations() {
        use calamine::ExcelDateTimeType::{DateTime, TimeDelta};
        let read = |days, kind, since_1904| value(&DataRef::DateTime(ExcelDateTime::new(days, kind, since_1904)));
        for (days, since_1904, expected) in [
            (46_174.0, false, Some("2026-06-01")),
            (44_712.0, true, Some("2026-06-01")),
            (46_174.5, false, Some("2026-06-01T12:00:00")),
            (46_173.999_999_999, false, Some("2026-06-01")),
            (0.354_166_666_67, false, Some("08:30:00")),
            (60.0, false, None),
            (-1.0, false, None),
            (3e6, false, None),
            (f64::NAN, false, None),
        ] {
            assert_eq!(read(days, DateTime, since_1904).ok(), expected.map(Value::from), "{days}");
        }
        assert_eq!(read(1.5, TimeDelta, false), Ok(Value::from("36:00:00")));
        assert!(read(-1.5, TimeDelta, false).is_err());
        assert_eq!(value(&DataRef::DateTimeIso("2026-06-01T00:00:00".to_owned())), Ok(Value::from("2026-06-01")));
        assert_eq!(value(&DataRef::DateTimeIso("2026-06-01".to_owned())), Ok(Value::from("2026-06-01")));
    }
}
