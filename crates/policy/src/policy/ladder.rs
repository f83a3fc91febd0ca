//! The steps of a leaver's account: frozen from the first day, inactive later, stripped in the end.

use domain::AccountStatus;
use domain::contract::shift;
use jiff::civil::Date;

use crate::files::shape::{Days, Leaver};
use crate::files::{At, Sink};

/// Days after the end of access; the second no smaller than the first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ladder {
    deactivate: u16,
    strip: u16,
}

impl Ladder {
    /// The step that is reached on that day.
    pub(crate) fn status(self, since: Date, day: Date) -> AccountStatus {
        if day >= self.stripped_on(since) {
            AccountStatus::Unwanted
        } else if day >= self.inactive_on(since) {
            AccountStatus::Inactive
        } else {
            AccountStatus::Frozen
        }
    }

    /// The day of the first step after that day.
    pub(crate) fn next(self, since: Date, day: Date) -> Option<Date> {
        [self.inactive_on(since), self.stripped_on(since)].into_iter().find(|step| *step > day)
    }

    pub(crate) fn inactive_on(self, since: Date) -> Date {
        shift(since, self.deactivate.into())
    }

    pub(crate) fn stripped_on(self, since: Date) -> Date {
        shift(since, self.strip.into())
    }
}

impl Default for Ladder {
    fn default() -> Self {
        Self { deactivate: 7, strip: 30 }
    }
}

pub(super) fn build(shape: &Leaver, sink: &mut Sink) -> Ladder {
    let default = Ladder::default();
    let days = |days: &Option<At<Days>>, default| days.as_ref().map_or(default, |days| days.value.0);
    let ladder =
        Ladder { deactivate: days(&shape.deactivate, default.deactivate), strip: days(&shape.strip, default.strip) };
    if let Some(freeze) = shape.freeze.as_ref().filter(|freeze| freeze.value.0 != 0) {
        let message = "a leaver is shut out at once: only `immediately` is possible; `access.daysAfterEnd` moves the end of access";
        sink.error(&freeze.place, message);
    }
    if ladder.strip < ladder.deactivate {
        let Ladder { deactivate, strip } = ladder;
        let message = format!(
            "strip ({strip} days) comes before deactivate ({deactivate} days); each step is no earlier than the one before"
        );
        if let Some(place) = shape.strip.as_ref().or(shape.deactivate.as_ref()).map(|at| &at.place) {
            sink.error(place, message);
        }
    }
    ladder
}
