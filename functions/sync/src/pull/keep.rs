//! Storing what a source gives: records that say something new, records that are gone, records that can't be used.

use std::collections::BTreeSet;

use domain::{PersonId, RecordId, Snapshot, SnapshotContent};
use futures::{StreamExt as _, TryStreamExt as _};
use policy::Absence;
use ports::{QueueName, StoreError};
use records::joins::UnplacedAccount;
use records::sync_state::RefusedRecord;
use records::{AbsentRecord, Ingested, send_wake_ups};
use serde_json::{Map, Value};
use sources::{Record, Refused};

use super::Pull;
use crate::SyncError;

/// Records written at a time.
const CONCURRENCY: usize = 64;

impl Pull<'_> {
    /// Stores records and wakes the persons that changed. Safe to repeat.
    pub(super) async fn keep(&mut self, records: Vec<Record>, absence: Absence) -> Result<(), SyncError> {
        let joined = self.sync.configuration.joins(self.name());
        let (mut snapshots, mut accounts, mut gone, mut left) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for record in records {
            self.report.read += 1;
            self.let_go(&record, joined).await?;
            match record {
                Record::Present { record, content, .. } if joined => match *content {
                    SnapshotContent::Account(account) => accounts.push((record, account)),
                    _ => self.refuse_odd(record).await?,
                },
                Record::Present { record, person, content } => {
                    snapshots.push(self.snapshot(record, person, *content));
                }
                Record::Unowned { record, account } if joined => accounts.push((record, account)),
                Record::Unowned { record, .. } => {
                    self.report.unplaced += 1;
                    left.push(record);
                }
                Record::LeftOut(record) => left.push(record),
                Record::Removed(record) => gone.push(record),
                Record::Refused(refused) => self.refuse(refused).await?,
            }
        }
        let (changed, mut woken) = self.store_changed(snapshots).await?;
        self.report.changed += changed;
        woken.extend(self.place(accounts).await?);
        let (removed, persons) = self.remove(&gone).await?;
        self.report.removed += removed;
        woken.extend(persons);
        woken.extend(self.leave_out(left, absence).await?);
        self.wake(woken).await
    }

    /// A record that is there is no longer absent, whatever kind of read tells it. An account that names nobody, where no
    /// keys find its person, is no account of anybody's.
    async fn let_go(&mut self, record: &Record, joined: bool) -> Result<(), StoreError> {
        let there = match record {
            Record::Present { record, .. } => Some(record),
            Record::Unowned { record, .. } if joined => Some(record),
            Record::Refused(refused) => refused.record.as_ref(),
            _ => None,
        };
        if let Some(record) = there.filter(|record| self.held.contains(*record)) {
            self.sync.reads.release(self.name(), record).await?;
            self.held.remove(record);
        }
        Ok(())
    }

    pub(super) async fn wake(&mut self, persons: BTreeSet<PersonId>) -> Result<(), SyncError> {
        self.woken += send_wake_ups(&*self.sync.queue, QueueName::PersonEvents, persons).await?;
        Ok(())
    }

    fn snapshot(&self, record: RecordId, person: PersonId, content: SnapshotContent) -> Snapshot {
        let (source, event) = (self.name().clone(), Some(self.run.clone()));
        Snapshot { source, record, person, observed_at: self.begun, event, content }
    }

    /// Stores the snapshots that say something new; answers how many, and their persons.
    async fn store_changed(&self, snapshots: Vec<Snapshot>) -> Result<(u64, BTreeSet<PersonId>), StoreError> {
        let now = self.now();
        let known = self.sync.people.known(&snapshots).await?;
        let new = snapshots.iter().zip(known).filter(|(_, known)| !known);
        let people = &self.sync.people;
        let new = new.map(|(snapshot, _)| people.ingest(snapshot, false, now));
        let ingested: Vec<_> = futures::stream::iter(new).buffer_unordered(CONCURRENCY).try_collect().await?;
        let stored = ingested.into_iter().filter(|(what, _)| *what == Ingested::Stored);
        let persons: Vec<_> = stored.map(|(_, persons)| persons).collect();
        Ok((persons.len() as u64, persons.into_iter().flatten().collect()))
    }

    /// Stores accounts whose persons are found by keys.
    async fn place(&mut self, accounts: Vec<(RecordId, Map<String, Value>)>) -> Result<BTreeSet<PersonId>, StoreError> {
        if accounts.is_empty() {
            return Ok(BTreeSet::new());
        }
        let now = self.now();
        let keyed: Vec<_> = accounts
            .into_iter()
            .map(|(record, account)| {
                let keys = self.sync.configuration.account_keys(self.name(), &account);
                let (source, event) = (self.name().clone(), Some(self.run.clone()));
                (UnplacedAccount { source, record, account, observed_at: self.begun, event }, keys)
            })
            .collect();
        let known = self.sync.joins.known(&keyed).await?;
        let new = keyed.iter().zip(known).filter(|(_, known)| !known);
        let joins = &self.sync.joins;
        let new = new.map(|((account, keys), _)| joins.place(account, keys, now));
        let placed: Vec<_> = futures::stream::iter(new).buffer_unordered(CONCURRENCY).try_collect().await?;
        self.report.changed += placed.len() as u64;
        Ok(placed.into_iter().flatten().collect())
    }

    /// Removes records of which the source says, or a complete read proves, that they are gone. Answers how many there
    /// were, and whose.
    pub(super) async fn remove(&mut self, records: &[RecordId]) -> Result<(u64, BTreeSet<PersonId>), StoreError> {
        let mut persons = BTreeSet::new();
        if self.sync.configuration.joins(self.name()) {
            let (name, now, event) = (self.name().clone(), self.now(), Some(self.run.clone()));
            for record in records {
                persons.extend(self.sync.joins.remove(&name, record, self.begun, event.clone(), now).await?);
            }
            return Ok((records.len() as u64, persons));
        }
        let owners = self.sync.people.persons_of(self.name(), records).await?;
        let owned = records.iter().zip(owners).filter_map(|(record, person)| Some((record, person?)));
        let removed: Vec<_> =
            owned.map(|(record, person)| self.snapshot(record.clone(), person, SnapshotContent::Removed)).collect();
        self.store_changed(removed).await
    }

    /// Records that are there but no longer wanted: what that means is what absence means.
    async fn leave_out(&mut self, records: Vec<RecordId>, absence: Absence) -> Result<BTreeSet<PersonId>, StoreError> {
        match absence {
            Absence::Leaver => {
                let (absent, persons) = self.remove(&records).await?;
                self.report.absent += absent;
                Ok(persons)
            }
            Absence::Hold => {
                let owners = self.sync.people.persons_of(self.name(), &records).await?;
                let owned = records.into_iter().zip(owners).filter_map(|(record, person)| Some((record, person?)));
                self.hold(owned.collect()).await?;
                Ok(BTreeSet::new())
            }
            Absence::Ignore => Ok(BTreeSet::new()),
        }
    }

    /// Keeps absent records for a person to decide.
    pub(super) async fn hold(&mut self, records: Vec<(RecordId, PersonId)>) -> Result<(), StoreError> {
        for (record, person) in records {
            self.held.insert(record.clone());
            let absent = AbsentRecord { source: self.name().clone(), record, person, since: self.begun };
            self.report.held += 1;
            self.sync.reads.hold(&absent).await?;
        }
        Ok(())
    }

    async fn refuse(&mut self, Refused { row, record, error }: Refused) -> Result<(), StoreError> {
        self.report.refused += 1;
        let source = self.name();
        tracing::warn!(event = "record.refused", %source, row, path = error.path);
        let record = record.map_or_else(|| format!("row {row}"), String::from);
        self.sync.state.refuse(source, &RefusedRecord { record, error, at: self.begun }).await
    }

    /// A whole person from a source that is to give accounts; its definition was checked, so this does not happen.
    async fn refuse_odd(&mut self, record: RecordId) -> Result<(), StoreError> {
        let error = domain::RecordError::new(".", "an account is needed here, not a person");
        self.refuse(Refused { row: 0, record: Some(record), error }).await
    }
}
