//! The People table: snapshots as they come in, the desired state computed from them, and the indexes by which a sweep
//! finds what a lost message left behind.

mod by_source;

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::snapshot::Freshness;
use domain::{DesiredState, PersonId, Snapshot, SnapshotContent, SourceName};
use jiff::Timestamp;
use jiff::civil::Date;
use ports::{IndexPosition, Key, Page, Store, StoreError, Table, Write};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::joins::PersonJoin;
use crate::keys;
use crate::stored::{Stored, put, unchanged_since, write_settled};

/// Reads and writes the People table.
#[derive(Clone)]
pub struct People(Arc<dyn Store>);

/// What became of a snapshot that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ingested {
    /// It is stored; mapping must be woken.
    Stored,
    /// It says nothing new.
    Unchanged,
    /// A newer one is there already.
    Stale,
}

/// Everything known of one person.
#[derive(Clone, Debug, Default)]
pub struct PersonData {
    /// All sources' snapshots.
    pub snapshots: Vec<Stored<Snapshot>>,
    /// The desired state, if one was computed.
    pub desired: Option<Stored<DesiredState>>,
    /// The day on which it changes, as the index lists it, with the item's version.
    pub due: Option<Stored<Due>>,
    /// What was in the way at the last mapping.
    pub problem: Option<Stored<PersonProblem>>,
    /// The keys that were last written for finding the person's accounts, by source.
    pub joins: BTreeMap<SourceName, Stored<PersonJoin>>,
}

/// The item by which the due sweep finds a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// The day, in the organisation's time zone.
    pub on: Date,
}

/// Why a person's account can't be computed whole; for an operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonProblem {
    /// Code and sentence of each.
    pub problems: Vec<domain::ParkedReason>,
    /// Since when.
    pub since: Timestamp,
    /// Whether the account was left as it was for that reason; otherwise all but the named parts was applied.
    pub held: bool,
}

/// Which person a record belongs to.
#[derive(Serialize, Deserialize)]
pub(crate) struct RecordPointer {
    pub(crate) person: PersonId,
}

/// What one mapping of a person writes, all or nothing.
#[derive(Debug)]
pub struct Mapped {
    /// The new desired state; `None` leaves the stored one.
    pub desired: Option<DesiredState>,
    /// Whether the writer has to act on it.
    pub new_target: bool,
    /// The day on which it changes by itself.
    pub changes_on: Option<Date>,
    /// What is in the way.
    pub problem: Option<PersonProblem>,
}

impl People {
    /// On a store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    /// Stores a snapshot if it is newer than what is there, and moves it when its record belongs to another person than
    /// before. `confirm` writes the time of a record that says nothing new, which keeps later out-of-order events
    /// apart; reads of a whole source, which come in order, leave it out and so write nothing.
    ///
    /// # Errors
    /// [`StoreError`]; after any error the same snapshot may be ingested again.
    pub async fn ingest(
        &self,
        snapshot: &Snapshot,
        confirm: bool,
        now: Timestamp,
    ) -> Result<(Ingested, Vec<PersonId>), StoreError> {
        let mut last = StoreError::Busy { reason: "the record is written by many at once".to_owned() };
        for _ in 0..5 {
            match self.try_ingest(snapshot, confirm, now).await {
                Err(error @ StoreError::Conflict { .. }) => last = error,
                result => return result,
            }
        }
        Err(last)
    }

    async fn try_ingest(
        &self,
        new: &Snapshot,
        confirm: bool,
        now: Timestamp,
    ) -> Result<(Ingested, Vec<PersonId>), StoreError> {
        let pointer_key = keys::record_pointer(&new.source, &new.record);
        let here = keys::snapshot(&new.person, &new.source, &new.record);
        let [pointer, item] = self.get_two(pointer_key.clone(), here.clone()).await?;
        let pointer = Stored::<RecordPointer>::decode_optional(pointer)?;
        let mut stored = Stored::<Snapshot>::decode_optional(item)?;
        let previous = pointer.as_ref().map(|p| p.value.person.clone()).filter(|person| *person != new.person);
        let mut writes = Vec::new();
        if let Some(previous) = &previous {
            let there = keys::snapshot(previous, &new.source, &new.record);
            if let Some(old) = self.get_one::<Snapshot>(&there).await? {
                if new.freshness(Some(&old.value)) == Freshness::Stale && old.value.observed_at > new.observed_at {
                    return Ok((Ingested::Stale, vec![previous.clone()]));
                }
                writes.push(Write::Delete { key: there, when: unchanged_since(old.version) });
            }
            stored = stored.filter(|stored| stored.value.person == new.person);
        }
        let version = stored.as_ref().map_or(0, |stored| stored.version);
        // Only what is there is listed under its source.
        let listed = (new.content != SnapshotContent::Removed).then(|| keys::of_source(&new.source, &new.record));
        let freshness = new.freshness(stored.as_ref().map(|stored| &stored.value));
        let index = match freshness {
            Freshness::Stale => {
                let same = stored.is_some_and(|stored| stored.value.observed_at == new.observed_at);
                return Ok((if same { Ingested::Unchanged } else { Ingested::Stale }, vec![new.person.clone()]));
            }
            Freshness::Confirmed if !confirm => return Ok((Ingested::Unchanged, vec![new.person.clone()])),
            // What mapping has not seen yet stays listed.
            Freshness::Confirmed => stored.and_then(|stored| stored.index),
            Freshness::Changed => Some(keys::sharded(keys::UNMAPPED, &new.person, keys::moment(now))),
        };
        writes.insert(0, put(here, version, new, index)?);
        if pointer.as_ref().is_none_or(|pointer| pointer.value.person != new.person || pointer.index != listed) {
            let version = pointer.map_or(0, |pointer| pointer.version);
            writes.push(put(pointer_key, version, &RecordPointer { person: new.person.clone() }, listed)?);
        }
        write_settled(&*self.0, &writes).await?;
        let ingested = if freshness == Freshness::Confirmed { Ingested::Unchanged } else { Ingested::Stored };
        Ok((ingested, std::iter::once(new.person.clone()).chain(previous).collect()))
    }

    /// Which of the records are stored with exactly this content already, so that they need no write. One read for many.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn known(&self, snapshots: &[Snapshot]) -> Result<Vec<bool>, StoreError> {
        let keys: Vec<_> = snapshots.iter().map(|s| keys::snapshot(&s.person, &s.source, &s.record)).collect();
        let items = self.0.get(&keys).await?;
        let same = |(snapshot, item): (&Snapshot, Option<ports::Item>)| {
            let stored = Stored::<Snapshot>::decode_optional(item)?;
            Ok(stored.is_some_and(|stored| snapshot.freshness(Some(&stored.value)) != Freshness::Changed))
        };
        snapshots.iter().zip(items).map(same).collect()
    }

    /// Everything known of a person.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn load(&self, person: &PersonId) -> Result<PersonData, StoreError> {
        let mut data = PersonData::default();
        let partition = keys::person_partition(person);
        let mut after = None;
        loop {
            let page = self.0.query(Table::People, &partition, "", after.as_deref(), 200).await?;
            for item in page.items {
                match item.key.sort.as_str() {
                    "desired" => data.desired = Some(Stored::decode(item)?),
                    "due" => data.due = Some(Stored::decode(item)?),
                    "problem" => data.problem = Some(Stored::decode(item)?),
                    sort if sort.starts_with(keys::SNAPSHOT_PREFIX) => data.snapshots.push(Stored::decode(item)?),
                    sort => {
                        if let Some(source) = keys::source_of_person_join(sort) {
                            data.joins.insert(source, Stored::decode(item)?);
                        }
                    }
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(data);
            }
        }
    }

    /// The desired states of many persons, in their order.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn desired(&self, persons: &[PersonId]) -> Result<Vec<Option<Stored<DesiredState>>>, StoreError> {
        let keys: Vec<_> = persons.iter().map(keys::desired).collect();
        self.0.get(&keys).await?.into_iter().map(Stored::decode_optional).collect()
    }

    /// Writes what a mapping found, under the condition that nothing of the person changed since `data` was read.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it did: load and map again.
    pub async fn save_mapped(
        &self,
        person: &PersonId,
        data: &PersonData,
        mapped: &Mapped,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut writes = Vec::new();
        if let Some(desired) = &mapped.desired {
            let before = data.desired.as_ref();
            let index = if mapped.new_target {
                Some(keys::sharded(keys::UNAPPLIED, person, keys::moment(now)))
            } else {
                before.and_then(|before| before.index.clone())
            };
            writes.push(put(keys::desired(person), before.map_or(0, |before| before.version), desired, index)?);
        }
        for snapshot in data.snapshots.iter().filter(|snapshot| snapshot.index.is_some()) {
            let key = keys::snapshot(person, &snapshot.value.source, &snapshot.value.record);
            writes.push(put(key, snapshot.version, &snapshot.value, None)?);
        }
        let due = mapped.changes_on.map(|on| Due { on });
        let due_index = |due: &Due| Some(keys::sharded(keys::DUE, person, due.on.to_string()));
        writes.extend(replace(keys::due(person), data.due.as_ref(), due.as_ref(), due_index)?);
        let problem_index = |problem: &PersonProblem| {
            Some(ports::IndexKey { partition: keys::PROBLEM.to_owned(), sort: keys::moment(problem.since) })
        };
        writes.extend(replace(keys::problem(person), data.problem.as_ref(), mapped.problem.as_ref(), problem_index)?);
        if writes.is_empty() { Ok(()) } else { write_settled(&*self.0, &writes).await }
    }

    /// Takes a desired state out of the list of those that wait for the writer, unless it changed since it was read.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn mark_applied(&self, desired: &Stored<DesiredState>) -> Result<(), StoreError> {
        if desired.index.is_none() {
            return Ok(());
        }
        let write = put(keys::desired(&desired.value.person), desired.version, &desired.value, None)?;
        match self.0.write(&[write]).await {
            Err(StoreError::Conflict { .. }) => Ok(()),
            result => result,
        }
    }

    /// A page of persons that one of the People table's sharded indexes lists until `until`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn listed(
        &self,
        index: &str,
        shard: u32,
        until: Option<&str>,
        after: Option<&IndexPosition>,
    ) -> Result<(Vec<PersonId>, Option<IndexPosition>), StoreError> {
        let page = self.0.index(Table::People, &keys::shard_partition(index, shard), until, after, 500).await?;
        let persons = page.items.iter().filter_map(|item| keys::person_of_partition(&item.key.partition)).collect();
        Ok((persons, page.next))
    }

    /// A page of persons with problems, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn problems(
        &self,
        after: Option<&IndexPosition>,
    ) -> Result<(Vec<(PersonId, PersonProblem)>, Option<IndexPosition>), StoreError> {
        let page = self.0.index(Table::People, keys::PROBLEM, None, after, 500).await?;
        let mut found = Vec::new();
        for item in page.items {
            if let Some(person) = keys::person_of_partition(&item.key.partition) {
                found.push((person, Stored::decode(item)?.value));
            }
        }
        Ok((found, page.next))
    }

    /// A page of all persons, each perhaps several times.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn all(
        &self,
        after: Option<&(String, String)>,
    ) -> Result<(Vec<PersonId>, Option<(String, String)>), StoreError> {
        let Page { items, next } = self.0.scan(Table::People, after, 500).await?;
        let snapshots = items.iter().filter(|item| item.key.sort.starts_with(keys::SNAPSHOT_PREFIX));
        Ok((snapshots.filter_map(|item| keys::person_of_partition(&item.key.partition)).collect(), next))
    }

    async fn get_one<T: serde::de::DeserializeOwned>(&self, key: &Key) -> Result<Option<Stored<T>>, StoreError> {
        Stored::decode_optional(self.0.get(std::slice::from_ref(key)).await?.pop().flatten())
    }

    async fn get_two(&self, a: Key, b: Key) -> Result<[Option<ports::Item>; 2], StoreError> {
        let mut items = self.0.get(&[a, b]).await?.into_iter();
        Ok([items.next().flatten(), items.next().flatten()])
    }
}

/// The write that turns a stored side item into the wanted one; none when they are equal.
fn replace<T: Serialize + PartialEq>(
    key: Key,
    before: Option<&Stored<T>>,
    after: Option<&T>,
    index: impl Fn(&T) -> Option<ports::IndexKey>,
) -> Result<Option<Write>, StoreError> {
    match (before, after) {
        (None, None) => Ok(None),
        (Some(before), None) => Ok(Some(Write::Delete { key, when: unchanged_since(before.version) })),
        (Some(before), Some(after)) if before.value == *after => Ok(None),
        (before, Some(after)) => {
            let body: Map<String, Value> = crate::stored::encode(after)?;
            let when = unchanged_since(before.map_or(0, |before| before.version));
            Ok(Some(Write::Put { key, when, body, index: index(after), expires: None }))
        }
    }
}

#[cfg(test)]
mod tests;
