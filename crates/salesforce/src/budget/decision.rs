//! The decision itself, pure: what is known, the moment, the budget and the priority in, the pace out.

use std::time::Duration;

use jiff::Timestamp;

use super::{Budget, Circuit, Pace, Priority};
use crate::usage::ApiUsage;

/// A reading older than this is taken again: calls of the last 24 hours leave the count as time passes, and others'
/// come in.
pub(super) const OLD: Duration = Duration::from_secs(900);
/// Answers that told no count, after which it is asked for. Most answers tell it.
pub(super) const MOST_UNCOUNTED: u64 = 50;
/// Between two readings taken with a call of their own.
const READING_GAP: Duration = Duration::from_secs(300);
/// Bulk work slows down over so many percent before its ceiling.
const SLOW_ZONE: u64 = 10;
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
const SHORTEST_WAIT: Duration = Duration::from_secs(1);
/// Asked again at least so often while bulk work waits for the count to fall.
const LONGEST_WAIT: Duration = OLD;

/// The org's count, and when it told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The count, with this client's calls since then.
    pub(crate) usage: ApiUsage,
    /// When it was told.
    pub(crate) at: Timestamp,
}

/// What is known when the question is put.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// The last reading.
    pub(crate) reading: Option<Reading>,
    /// Calls made by this client since the last reading.
    pub(crate) uncounted: u64,
    /// Whether Salesforce serves.
    pub(crate) circuit: Circuit,
    /// When a reading was last asked for.
    pub(crate) asked: Option<Timestamp>,
}

/// The pace. Urgent work never waits for the share alone.
pub(crate) fn decide(known: &Known, budget: Budget, priority: Priority, now: Timestamp) -> Pace {
    match (priority, known.circuit.until_try(priority, now)) {
        (Priority::Urgent, None) => Pace::Go,
        (Priority::Urgent, Some(left)) if left.is_zero() => Pace::Go,
        (_, Some(left)) => Pace::Wait(left.max(SHORTEST_WAIT)),
        (Priority::Bulk, None) => known.reading.map_or(Pace::Go, |reading| by_share(reading, budget, now)),
    }
}

/// Whether bulk work can't be judged without a new reading, which is also the try while Salesforce refuses calls. Where
/// nothing speaks against going on, the work's own first answer tells the count.
pub(crate) fn wants_reading(known: &Known, budget: Budget, priority: Priority, now: Timestamp) -> bool {
    let since = |moment: Timestamp| now.duration_since(moment).unsigned_abs();
    if priority == Priority::Urgent {
        return false;
    }
    match known.circuit.until_try(priority, now) {
        Some(left) => left.is_zero(),
        None => {
            let in_the_way = |reading: Reading| by_share(reading, budget, now) != Pace::Go && since(reading.at) >= OLD;
            (known.uncounted >= MOST_UNCOUNTED || known.reading.is_some_and(in_the_way))
                && known.asked.is_none_or(|asked| since(asked) >= READING_GAP)
        }
    }
}

fn by_share(reading: Reading, budget: Budget, now: Timestamp) -> Pace {
    let ApiUsage { used, max } = reading.usage;
    // Hundredths of a call, so that percents need no division.
    let used = u128::from(used) * 100;
    let at = |percent: u64| u128::from(max) * u128::from(percent);
    let ceiling = u64::from(budget.ceiling());
    if used >= at(ceiling) {
        let age = now.duration_since(reading.at).unsigned_abs();
        return Pace::Wait(LONGEST_WAIT.saturating_sub(age).max(SHORTEST_WAIT));
    }
    let slow_from = at(ceiling.saturating_sub(SLOW_ZONE));
    let Some(into) = used.checked_sub(slow_from) else { return Pace::Go };
    let zone = at(ceiling) - slow_from;
    let share = into as f64 / zone as f64;
    Pace::Slow(LONGEST_PAUSE.mul_f64(share * share).max(SHORTEST_PAUSE))
}
