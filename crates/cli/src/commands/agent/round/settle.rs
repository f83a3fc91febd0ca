//! The end of a round: what becomes of records that are no longer there. Only now is it known who of them was met as
//! another object.

use std::collections::BTreeMap;

use active_directory::{Change, Gone, Guid, events};
use domain::RecordId;

use super::super::absence::{self, Decision, Why};
use super::super::outgoing::Outgoing;
use super::{Fault, Round};

impl Round<'_> {
    /// The objects of records that were not met, unless it is known already what became of them.
    pub(super) fn unmet(&self) -> Vec<Guid> {
        let entries = self.state.book.entries().iter();
        let unmet = entries.filter(|(record, _)| !self.read.met.contains_key(*record));
        unmet.flat_map(|(_, entry)| &entry.keys).filter(|key| !self.read.gone.contains_key(key)).copied().collect()
    }

    /// Tells the receiver who is gone, and holds who must wait for a person. `known` is how many records there were;
    /// `whole` whether everybody was met who is there.
    pub(super) async fn settle(&mut self, known: usize, whole: bool) -> Result<(), Fault> {
        let records = self.absent(whole);
        let Decision { send, hold, too_many } =
            absence::decide(self.definition.absence, records, known, self.confirmed);
        self.report.too_many = too_many;
        let at = self.moment();
        for record in &hold {
            self.state.book.hold(record, self.report.begun);
        }
        for record in send {
            let Some(entry) = self.state.book.get(&record) else { continue };
            let (key, person) = (entry.key, entry.person.clone());
            let gone = Change::Gone { key, why: Gone::Deleted };
            if let events::Event::Send(event) = events::event(self.definition, &gone, at, |_| Some(person.clone())) {
                self.read.out.push(Outgoing::gone(record, key, person, &event));
            }
        }
        while !self.read.out.is_empty() {
            self.deliver_one_body().await?;
        }
        Ok(())
    }

    /// The records that no object is any more, and how that is known.
    fn absent(&mut self, whole: bool) -> BTreeMap<RecordId, Why> {
        let mut absent = BTreeMap::new();
        for (key, why) in std::mem::take(&mut self.read.gone) {
            match self.state.book.record_of(&key).cloned() {
                Some(record) if self.state.book.is_alone(&key) => drop(absent.insert(record, why)),
                Some(_) => self.state.book.without(&key),
                None => {}
            }
        }
        let left_behind = std::mem::take(&mut self.read.left_behind);
        for (record, entry) in self.state.book.entries() {
            let is_nobody = entry.keys.is_empty() && !self.read.met.contains_key(record);
            if is_nobody && (whole || left_behind.contains(record)) {
                absent.entry(record.clone()).or_insert(Why::Missing);
            }
        }
        absent
    }
}
