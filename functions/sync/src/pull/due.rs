//! When a source is to be read. Pure.

use std::time::Duration;

use jiff::Timestamp;
use policy::Reading;
use ports::Class;
use records::{ReadState, Wanted};

/// Whether a source is to be read now.
pub(super) fn is_due(reading: &Reading, state: &ReadState, wanted: Option<&Wanted>, now: Timestamp) -> bool {
    if !reading.what.is_scheduled() || state.not_before.is_some_and(|not_before| now < not_before) {
        return false;
    }
    state.saved.is_some() || wanted.is_some() || passed(state.read_at, reading.every, now) || {
        // After a failure the read is repeated as soon as it may be, not only at the next turn.
        state.not_before.is_some()
    }
}

/// Whether it is time to read everything.
pub(super) fn everything(reading: &Reading, state: &ReadState, now: Timestamp) -> bool {
    passed(state.everything_at, reading.everything, now)
}

/// How long a source is left alone after a read that failed in this way.
pub(super) fn pause(class: Class) -> Duration {
    const MINUTE: Duration = Duration::from_secs(60);
    match class {
        Class::RetryAfter(after) => after.max(MINUTE),
        Class::Retry | Class::Ambiguous => 5 * MINUTE,
        // Asking again and again with a wrong password locks an account.
        _ => 30 * MINUTE,
    }
}

fn passed(last: Option<Timestamp>, period: Duration, now: Timestamp) -> bool {
    last.is_none_or(|last| last.saturating_add(period).is_ok_and(|next| next <= now))
}

#[cfg(test)]
mod tests {
    use policy::{Absence, DefinitionFile, Readable};
    use records::SavedRead;

    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn reading(path: Option<&str>) -> Reading {
        let definition = DefinitionFile { path: "x.yaml".to_owned(), text: String::new() };
        Reading {
            what: Readable::File { definition, path: path.map(str::to_owned), object: None, absence: Absence::Ignore },
            every: Duration::from_secs(600),
            everything: Duration::from_secs(3600),
            most_absent: None,
        }
    }

    #[test]
    fn a_source_is_due_when_its_time_has_come_or_somebody_asks() {
        let scheduled = reading(Some("export.xml"));
        let read = ReadState { read_at: Some(at(0)), everything_at: Some(at(0)), ..ReadState::default() };
        let mark = Wanted { since: at(1), everything: false };
        assert!(is_due(&scheduled, &ReadState::default(), None, at(0)));
        assert!(!is_due(&scheduled, &read, None, at(9)));
        assert!(is_due(&scheduled, &read, None, at(10)));
        assert!(is_due(&scheduled, &read, Some(&mark), at(1)));
        assert!(!is_due(&reading(None), &read, Some(&mark), at(99)));
        assert!(!everything(&scheduled, &read, at(59)) && everything(&scheduled, &read, at(60)));
    }

    #[test]
    fn a_source_that_wants_to_be_left_alone_is() {
        let scheduled = reading(Some("export.xml"));
        let wait = ReadState { read_at: Some(at(0)), not_before: Some(at(5)), ..ReadState::default() };
        let mark = Wanted { since: at(1), everything: false };
        assert!(!is_due(&scheduled, &wait, Some(&mark), at(4)));
        assert!(is_due(&scheduled, &wait, None, at(5)));
        let saved = SavedRead { run: "a".to_owned(), pieces: 1, everything: false };
        let aside = ReadState { saved: Some(saved), not_before: None, ..wait };
        assert!(is_due(&scheduled, &aside, None, at(1)));
    }
}
