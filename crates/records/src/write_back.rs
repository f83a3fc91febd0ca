//! What is written back to the systems that people come from: for each person and system what was written last, what may
//! be under way, what is in the way, and the last changes. Persons to be looked at are listed in a sparse index, so that
//! a run costs what there is to do. How a system is written is not known here.

mod state;

use std::sync::Arc;
use std::time::Duration;

use domain::{PersonId, SourceName};
use futures::StreamExt as _;
use jiff::Timestamp;
use ports::{Item, Key, Store, StoreError, Table};
use serde::{Deserialize, Serialize};

pub use self::state::{Delivered, Delivery, Fields, Held, Intent, Lease, MOST_KEPT, Settled, Stuck, WriteBack};
use crate::keys::{self, SHARDS};
use crate::stored::{Stored, overwrite, put, write_settled};

/// The part of the Accounts table that is about one system.
#[derive(Clone)]
pub struct WriteBacks {
    store: Arc<dyn Store>,
    system: SourceName,
}

/// How often a write is repeated when somebody marks the person meanwhile.
const TRIES: usize = 5;
/// Persons that are marked at the same time.
const AT_ONCE: usize = 16;

#[derive(Serialize, Deserialize)]
struct Fingerprint {
    settings: String,
}

impl WriteBacks {
    /// On a store, for a system by its name in configuration.
    pub fn new(store: Arc<dyn Store>, system: SourceName) -> Self {
        Self { store, system }
    }

    /// The system.
    pub fn system(&self) -> &SourceName {
        &self.system
    }

    /// Marks the person to be looked at. False when that was so already, which costs no write.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn want(&self, person: &PersonId, now: Timestamp) -> Result<bool, StoreError> {
        for _ in 0..TRIES {
            let mut stored = self.load(person).await?;
            if stored.value.wanted.is_some() {
                return Ok(false);
            }
            stored.value.wanted = Some(now);
            match self.write(person, &stored).await {
                Err(StoreError::Conflict { .. }) => {}
                result => return result.map(|()| true),
            }
        }
        Err(busy())
    }

    /// Marks many: after the configuration changed, or to catch a mark that was lost. Answers how many were not marked.
    ///
    /// # Errors
    /// [`StoreError`]; some may have been marked.
    pub async fn want_all(&self, persons: &[PersonId], now: Timestamp) -> Result<usize, StoreError> {
        let mut results =
            futures::stream::iter(persons.iter().map(|person| self.want(person, now))).buffer_unordered(AT_ONCE);
        let mut marked = 0;
        while let Some(result) = results.next().await {
            marked += usize::from(result?);
        }
        Ok(marked)
    }

    /// Persons to be looked at by `until`, the longest due first, at most `limit` of them.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn listed(&self, until: Timestamp, limit: usize) -> Result<Vec<PersonId>, StoreError> {
        let mut found = self.indexed(Some(until), limit).await?;
        let place = |item: &Item| item.index.as_ref().map(|index| index.sort.clone());
        found.sort_by_cached_key(|(_, item)| place(item));
        found.truncate(limit);
        Ok(found.into_iter().map(|(person, _)| person).collect())
    }

    /// All persons that wait, for people: those that something is in the way of, and those that are marked.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn waiting(&self) -> Result<Vec<(PersonId, WriteBack)>, StoreError> {
        let found = self.indexed(None, usize::MAX).await?;
        found.into_iter().map(|(person, item)| Ok((person, Stored::decode(item)?.value))).collect()
    }

    /// What is remembered of a person; an empty state where there is nothing.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn of(&self, person: &PersonId) -> Result<WriteBack, StoreError> {
        Ok(self.load(person).await?.value)
    }

    /// Takes the person for `duration`: nobody else writes for that one meanwhile, and a mark that comes from now on is
    /// kept for the next time. `None` when there is nothing to do or somebody else does it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn take(
        &self,
        person: &PersonId,
        token: &str,
        now: Timestamp,
        duration: Duration,
    ) -> Result<Option<WriteBack>, StoreError> {
        let mut stored = self.load(person).await?;
        if stored.value.due().is_none_or(|due| due > now) {
            return Ok(None);
        }
        let until = now.saturating_add(duration).unwrap_or(Timestamp::MAX);
        stored.value.lease = Some(Lease { token: token.to_owned(), until });
        stored.value.wanted = None;
        match self.write(person, &stored).await {
            Ok(()) => Ok(Some(stored.value)),
            // Marked or taken by somebody else; it is listed still.
            Err(StoreError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes down what is about to be written to the system, with what is known to have been written before it. False
    /// when the person is somebody else's by now: write nothing then.
    ///
    /// # Errors
    /// [`StoreError`]; write nothing then either.
    pub async fn intend(
        &self,
        person: &PersonId,
        token: &str,
        settled: Settled,
        intent: Intent,
    ) -> Result<bool, StoreError> {
        self.change(person, token, |state| {
            state.settle(settled.clone());
            state.intent = Some(intent.clone());
        })
        .await
    }

    /// Keeps what came of it and gives the person back. False when the person is somebody else's by now.
    ///
    /// # Errors
    /// [`StoreError`]; the person is then looked at again once the lease has ended.
    pub async fn settle(&self, person: &PersonId, token: &str, settled: Settled) -> Result<bool, StoreError> {
        self.change(person, token, |state| {
            state.settle(settled.clone());
            state.lease = None;
        })
        .await
    }

    /// Makes a person with something in the way due now. False when nothing is.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn retry(&self, person: &PersonId, now: Timestamp) -> Result<bool, StoreError> {
        if self.load(person).await?.value.stuck.is_none() {
            return Ok(false);
        }
        self.want(person, now).await.map(|_| true)
    }

    /// Fingerprint of the settings that all persons were last marked for.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn settings(&self) -> Result<Option<String>, StoreError> {
        let item = self.store.get(&[self.settings_key()]).await?.pop().flatten();
        Ok(Stored::<Fingerprint>::decode_optional(item)?.map(|stored| stored.value.settings))
    }

    /// Remembers that all persons were marked for these settings.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn set_settings(&self, fingerprint: &str) -> Result<(), StoreError> {
        overwrite(&*self.store, self.settings_key(), &Fingerprint { settings: fingerprint.to_owned() }).await
    }

    /// Changes the state of a person whom the token's holder has taken. Only marks come in between.
    async fn change(
        &self,
        person: &PersonId,
        token: &str,
        change: impl Fn(&mut WriteBack),
    ) -> Result<bool, StoreError> {
        for _ in 0..TRIES {
            let mut stored = self.load(person).await?;
            if stored.value.lease.as_ref().is_none_or(|lease| lease.token != token) {
                return Ok(false);
            }
            change(&mut stored.value);
            match self.write(person, &stored).await {
                Err(StoreError::Conflict { .. }) => {}
                result => return result.map(|()| true),
            }
        }
        Err(busy())
    }

    async fn load(&self, person: &PersonId) -> Result<Stored<WriteBack>, StoreError> {
        let item = self.store.get(&[self.key(person)]).await?.pop().flatten();
        let empty = || Stored { value: WriteBack::default(), version: 0, index: None };
        Ok(Stored::decode_optional(item)?.unwrap_or_else(empty))
    }

    async fn write(&self, person: &PersonId, stored: &Stored<WriteBack>) -> Result<(), StoreError> {
        let index = stored.value.due().map(|due| keys::sharded(&self.index(), person, keys::moment(due)));
        let write = put(self.key(person), stored.version, &stored.value, index)?;
        write_settled(&*self.store, &[write]).await
    }

    /// Listed persons, about `limit` of each shard. A damaged item is for its reader to meet, not to spoil the list.
    async fn indexed(&self, until: Option<Timestamp>, limit: usize) -> Result<Vec<(PersonId, Item)>, StoreError> {
        let (prefix, until) = (self.partition_prefix(), until.map(keys::moment));
        let mut found = Vec::new();
        for shard in 0..SHARDS {
            let (partition, mut after, mut left) = (keys::shard_partition(&self.index(), shard), None, limit);
            loop {
                let page =
                    self.store.index(Table::Accounts, &partition, until.as_deref(), after.as_ref(), left.min(200));
                let page = page.await?;
                for item in page.items {
                    if let Some(Ok(person)) = item.key.partition.strip_prefix(&prefix).map(PersonId::parse) {
                        left = left.saturating_sub(1);
                        found.push((person, item));
                    }
                }
                after = page.next.filter(|_| left > 0);
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Not the person's partition: whoever goes through the accounts takes each item there for an account. A system's
    /// name holds no `#`, so no id reaches another person's item.
    fn key(&self, person: &PersonId) -> Key {
        Key::new(Table::Accounts, format!("{}{person}", self.partition_prefix()), "state")
    }

    fn partition_prefix(&self) -> String {
        format!("writeBack#{}#", self.system)
    }

    fn index(&self) -> String {
        format!("writeBack#{}", self.system)
    }

    fn settings_key(&self) -> Key {
        Key::new(Table::Accounts, format!("writeBackSettings#{}", self.system), "settings")
    }
}

fn busy() -> StoreError {
    StoreError::Busy { reason: "a write-back is written by many at once".to_owned() }
}

#[cfg(test)]
mod tests;
