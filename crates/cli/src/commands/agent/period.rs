//! Periods as the arguments have them, and how long the agent waits before it reads again. Pure.

use std::time::Duration;

use ports::Class;

/// The longest wait after trouble that may pass by itself; that after trouble that only a person ends.
pub(super) const LONG: Duration = Duration::from_secs(30 * 60);
/// The shortest wait where the other side asked for one.
const SHORT: Duration = Duration::from_secs(60);

/// A number of seconds, minutes, hours or days, as `30s`, `5m`, `6h` or `1d`.
///
/// # Errors
/// What is needed.
pub(super) fn parse(text: &str) -> Result<Duration, &'static str> {
    const NEEDED: &str = "a period from 10s to 30d is needed, as 5m, 6h or 1d";
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3600,
        Some('d') => 86_400,
        _ => return Err(NEEDED),
    };
    let digits = &text[..text.len() - 1];
    let number: u32 =
        if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().map_err(|_| NEEDED)? } else { 0 };
    let seconds = u64::from(number) * unit;
    if (10..=30 * 86_400).contains(&seconds) { Ok(Duration::from_secs(seconds)) } else { Err(NEEDED) }
}

/// How long to wait after so many rounds that failed in a row, of which the last allows this.
pub(super) fn after_failure(every: Duration, failures: u32, class: Class) -> Duration {
    let most = every.max(LONG);
    let growing = every.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(most);
    match class {
        Class::Retry | Class::Ambiguous => growing,
        Class::RetryAfter(after) => growing.max(after).max(SHORT),
        // Trying again and again with a wrong password locks the account.
        _ => most,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn periods_have_a_unit_and_are_neither_too_short_nor_too_long() {
        assert_eq!(parse("5m"), Ok(Duration::from_secs(300)));
        assert_eq!(parse("1d"), Ok(Duration::from_secs(86_400)));
        assert_eq!(parse("10s"), Ok(Duration::from_secs(10)));
        for text in ["", "5", "m", "5 m", "-5m", "+5m", "9s", "31d", "99999999999d", "5€", "1w"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn gaps_grow_and_a_refused_log_in_waits_for_half_an_hour() {
        let every = Duration::from_secs(300);
        let minutes: Vec<u64> =
            (1..6).map(|failures| after_failure(every, failures, Class::Retry).as_secs() / 60).collect();
        assert_eq!(minutes, [5, 10, 20, 30, 30]);
        assert_eq!(after_failure(every, 1, Class::Systemic), LONG);
        assert_eq!(after_failure(every, 1, Class::RetryAfter(LONG)), LONG);
        let day = Duration::from_secs(86_400);
        assert_eq!(after_failure(day, 3, Class::NeedsPerson), day);
    }

    proptest! {
        #[test]
        fn a_wait_is_never_shorter_than_the_usual_one(seconds in 10u64..2_592_000, failures in 0u32..1000) {
            let every = Duration::from_secs(seconds);
            prop_assert!(after_failure(every, failures, Class::Retry) >= every);
            prop_assert!(after_failure(every, failures, Class::Retry) <= every.max(LONG));
        }

        #[test]
        fn no_text_is_too_odd_to_be_refused(text in ".{0,12}") {
            let _ = parse(&text);
        }
    }
}
