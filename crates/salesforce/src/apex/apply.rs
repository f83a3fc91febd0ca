//! The order of the calls of one `apply`: who is only shut out goes first, and changes that take the org-wide lock on
//! roles and groups go one call at a time.

use std::sync::atomic::AtomicUsize;

use ports::Class;

use super::request;
use crate::Salesforce;
use crate::write::person::Person;
use crate::write::{Done, Stop, Work};

/// What the calls of one `apply` know of each other.
#[derive(Default)]
pub(super) struct Run {
    pub(super) stop: Stop,
    /// Persons in a row for whom the service failed when it was asked for each alone.
    pub(super) failed_alone: AtomicUsize,
}

impl Run {
    /// What keeps one person's work from being done and would keep everybody's stops them all.
    pub(super) fn note_systemic(&self, person: &Person) {
        if let Some(error) = person.error.as_ref().filter(|error| error.class() == Class::Systemic) {
            self.stop.note(error);
        }
    }
}

impl Salesforce {
    pub(crate) async fn apply_by_apex(&self, work: Vec<Work>) -> Vec<Done> {
        let mut people: Vec<Person> = work.into_iter().map(Person::new).collect();
        people.iter_mut().for_each(request::check);
        let run = Run::default();
        let has_work = |person: &&mut Person| person.create.is_some() || person.open().next().is_some();
        let (leaving, others): (Vec<_>, Vec<_>) =
            people.iter_mut().filter(has_work).partition(|person| request::only_shuts(person));
        self.write_accounts(leaving, &run).await;
        self.write_accounts(others, &run).await;
        people.into_iter().map(|person| person.done(&run.stop)).collect()
    }

    /// In as few calls as possible; those without the lock several at a time, beside those with it.
    async fn write_accounts(&self, people: Vec<&mut Person>, run: &Run) {
        let (locking, others): (Vec<_>, Vec<_>) = people.into_iter().partition(|person| request::takes_lock(person));
        let of_locking = locking.len();
        let mut people: Vec<_> = locking.into_iter().chain(others).collect();
        let (mut with_lock, mut without, mut taken) = (Vec::new(), Vec::new(), 0);
        while !people.is_empty() {
            let rest = people.split_off(people.len().min(self.accounts_per_call.most()));
            let chunk = std::mem::replace(&mut people, rest);
            let chunks = if taken < of_locking { &mut with_lock } else { &mut without };
            taken += chunk.len();
            chunks.push(chunk);
        }
        let in_turn = async {
            for chunk in with_lock {
                let _turn = self.role_turn.lock().await;
                self.write_chunk(chunk, run).await;
            }
        };
        let calls: Vec<_> = without.into_iter().map(|chunk| self.write_chunk(chunk, run)).collect();
        futures::join!(in_turn, self.at_once(calls));
    }
}
