//! Whether a text looks like a date, and how it is written then.

use jiff::civil::Date;

/// A date's form with 9 for each digit, as `9999-99-99T99:99:99Z`; `None` for any other text. Nothing of the text is in
/// it but what stands between digits in dates.
pub(super) fn shape(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() > 40 || !(is_iso(text) || is_local(text) || is_epoch(text)) {
        return None;
    }
    Some(text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect())
}

/// `2026-01-31`, with or without a time.
fn is_iso(text: &str) -> bool {
    let Some((day, rest)) = text.split_at_checked(10) else { return false };
    let mut rest_chars = rest.chars();
    day.parse::<Date>().is_ok()
        && rest_chars.next().is_none_or(|first| matches!(first, 'T' | ' '))
        && rest_chars.all(|c| c.is_ascii_digit() || matches!(c, ':' | '.' | '+' | '-' | 'Z'))
}

/// `31-1-2026`, `1/31/2026`, `31.01.2026`.
fn is_local(text: &str) -> bool {
    let Some(between) = text.chars().find(|c| !c.is_ascii_digit()).filter(|c| matches!(c, '-' | '/' | '.')) else {
        return false;
    };
    let parts: Vec<&str> = text.split(between).collect();
    let [first, second, year] = parts.as_slice() else { return false };
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u16>().ok()).flatten();
    let in_month = |text: &str| number(text).is_some_and(|day| (1..=31).contains(&day) && text.len() <= 2);
    in_month(first)
        && in_month(second)
        && (number(first).is_some_and(|first| first <= 12) || number(second).is_some_and(|second| second <= 12))
        && year.len() == 4
        && number(year).is_some_and(|year| (1800..=9999).contains(&year))
}

/// `/Date(1767225600000)/`, as Microsoft's older services write times.
fn is_epoch(text: &str) -> bool {
    let inner = text.strip_prefix("/Date(").and_then(|text| text.strip_suffix(")/"));
    inner.is_some_and(|inner| inner.strip_prefix('-').unwrap_or(inner).bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_told_from_other_texts() {
        for (text, form) in [
            ("2026-01-31", "9999-99-99"),
            ("2026-01-31T00:00:00Z", "9999-99-99T99:99:99Z"),
            ("2026-01-31 09:30:00.5+01:00", "9999-99-99 99:99:99.9+99:99"),
            ("31-12-2026", "99-99-9999"),
            ("1/31/2026", "9/99/9999"),
            ("1.2.2026", "9.9.9999"),
            ("/Date(1767225600000)/", "/Date(9999999999999)/"),
        ] {
            assert_eq!(shape(text).as_deref(), Some(form), "{text}");
        }
        for text in
            ["2026-02-30", "2026-01-31TJansen", "31-31-2026", "100023", "0612345678", "1-2", "10.0.0.1", "", "é-1-2026"]
        {
            assert_eq!(shape(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_form_tells_nothing_of_a_text(text in ".{0,50}") {
            if let Some(form) = shape(&text) {
                prop_assert!(form.chars().all(|c| matches!(c, '9' | '-' | '/' | '.' | ':' | '+' | ' ' | 'T' | 'Z') || "Date()".contains(c)), "{form}");
            }
        }

        #[test]
        fn every_day_is_a_date_however_it_is_written(year in 1900_i16..2100, month in 1_i8..13, day in 1_i8..29) {
            for text in [format!("{year}-{month:02}-{day:02}"), format!("{day}-{month}-{year}"), format!("{month:02}/{day:02}/{year}")] {
                prop_assert!(shape(&text).is_some(), "{text}");
            }
        }
    }
}
