//! Which contracts count on a day, and when that changes.

use domain::contract::shift;
use domain::{Contract, Person};
use jiff::civil::Date;

use crate::code::Code;
use crate::policy::Policy;

impl Policy {
    /// Whether a contract gives access on that day.
    pub(super) fn gives_access(&self, contract: &Contract, day: Date) -> bool {
        contract.is_active_within(day, self.access.0, self.access.1)
    }

    /// Whether a contract calls for an account on that day, if only a prepared one.
    pub(super) fn calls_for_account(&self, contract: &Contract, day: Date) -> bool {
        contract.is_active_within(day, self.create.max(self.access.0), self.access.1)
    }

    /// The first day after `today` on which the decision could be another one: a window of a contract opens or closes,
    /// or a contract starts or ends and with it the primary one may change. An expression that reads `today` may give
    /// something else every day, as long as there is anything for it to decide.
    pub(super) fn changes_on(&self, person: &Person, today: Date) -> Option<Date> {
        let edges = person.contracts.iter().flat_map(|contract| {
            let start = contract.start_date;
            let before = [
                Some(shift(start, -i64::from(self.create))),
                Some(shift(start, -i64::from(self.access.0))),
                Some(start),
            ];
            let after = contract.end_date.map(|end| (shift(end, 1), shift(end, i64::from(self.access.1) + 1)));
            before.into_iter().chain([after.map(|(end, _)| end), after.map(|(_, window)| window)]).flatten()
        });
        let next = edges.filter(|edge| *edge > today).min();
        if self.reads_today(person, today) { Some(shift(today, 1)).filter(|day| *day > today) } else { next }
    }

    fn reads_today(&self, person: &Person, today: Date) -> bool {
        let reads = |code: &Code| code.uses("today");
        if person.contracts.iter().any(|contract| self.calls_for_account(contract, today)) {
            return self.code().any(reads);
        }
        // An unwanted account is still looked up by its strong keys.
        let keys = self.correlate.iter().filter_map(|field| self.attributes.get(field));
        keys.flat_map(crate::policy::Attribute::code).any(reads)
    }
}
