//! Accounts whose person is found by keys. An account and a person that have a key in common lie in one partition, under
//! the key's digest; the first of an account's keys that any person has decides. An account that matches nobody, or
//! several, waits here with its content.
//!
//! Whoever changes one side writes it first, then reads the partitions and settles every account in them: of two that
//! come at the same time at least one sees the other. Settling reads the account's item, then the partitions, and writes
//! the item under the condition that it is as it was, even when nothing else changes: so of two that settle the same
//! account the later has read after the earlier wrote, and the last of all has seen everything. What is not settled yet
//! is written in the account's or the person's item, and the sweep finds it by the index.

mod items;
mod list;
mod persons;
mod settle;

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::{JoinKey, PersonId, RecordId, SourceName};
use jiff::Timestamp;
use ports::{Key, Store, StoreError, Write};
use serde_json::{Map, Value};

pub use self::items::PersonJoin;
use self::items::{Account, Place};
pub use self::list::{Unplaced, Why};
use crate::keys;
use crate::stored::{Stored, put, unchanged_since, write_settled};

/// Finds the persons of accounts.
#[derive(Clone)]
pub struct Joins(Arc<dyn Store>);

/// An account as its source tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct UnplacedAccount {
    /// The source.
    pub source: SourceName,
    /// The record's id there.
    pub record: RecordId,
    /// What it says.
    pub account: Map<String, Value>,
    /// When the source says that this was true; the newest wins.
    pub observed_at: Timestamp,
    /// The source's id of the event that brought it.
    pub event: Option<String>,
}

/// How often that is tried.
const TRIES: usize = 8;

/// What a source tells of an account.
struct Told<'a> {
    source: &'a SourceName,
    record: &'a RecordId,
    observed_at: Timestamp,
    event: Option<String>,
    /// `None`: it is gone.
    account: Option<&'a Map<String, Value>>,
    keys: Vec<JoinKey>,
}

impl Joins {
    /// On a store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    /// Which of the accounts are stored with exactly this content and these keys already, or newer, so that they need no
    /// write. One read for many.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn known(&self, accounts: &[(UnplacedAccount, Vec<JoinKey>)]) -> Result<Vec<bool>, StoreError> {
        let keys: Vec<_> = accounts.iter().map(|(told, _)| keys::joined(&told.source, &told.record)).collect();
        let items = self.0.get(&keys).await?;
        let known = |((told, keys), item): (&(UnplacedAccount, Vec<JoinKey>), Option<ports::Item>)| {
            let stored = Stored::<Account>::decode_optional(item)?.map(|stored| stored.value);
            Ok(stored.is_some_and(|stored| {
                let same = stored.says(Some(&told.account), &unique(keys));
                stored.settled && (same || stored.observed_at > told.observed_at)
            }))
        };
        accounts.iter().zip(items).map(known).collect()
    }

    /// Stores an account and places it; `keys` in the order in which they decide. Answers the persons to wake for
    /// mapping. An older word than the stored one changes nothing.
    ///
    /// # Errors
    /// [`StoreError`]; after any error the same may be called again.
    pub async fn place(
        &self,
        account: &UnplacedAccount,
        keys: &[JoinKey],
        now: Timestamp,
    ) -> Result<Vec<PersonId>, StoreError> {
        let UnplacedAccount { source, record, account, observed_at, event } = account;
        let (account, keys, event) = (Some(account), unique(keys), event.clone());
        self.hear(&Told { source, record, observed_at: *observed_at, event, account, keys }, now).await
    }

    /// Takes an account from its person, or from those that wait, for its source says that it is gone. Answers the
    /// persons to wake for mapping.
    ///
    /// # Errors
    /// [`StoreError`]; after any error the same may be called again.
    pub async fn remove(
        &self,
        source: &SourceName,
        record: &RecordId,
        observed_at: Timestamp,
        event: Option<String>,
        now: Timestamp,
    ) -> Result<Vec<PersonId>, StoreError> {
        self.hear(&Told { source, record, observed_at, event, account: None, keys: Vec::new() }, now).await
    }

    async fn hear(&self, told: &Told<'_>, now: Timestamp) -> Result<Vec<PersonId>, StoreError> {
        match self.store(told, now).await? {
            Heard::Settled(owner) => Ok(owner.into_iter().collect()),
            Heard::Unsettled => {
                let settled = self.settle(told.source, told.record, now).await?;
                let persons: BTreeSet<_> = settled.changed.into_iter().chain(settled.owner).collect();
                Ok(persons.into_iter().collect())
            }
        }
    }

    /// Stores what is told, unless something newer is there.
    async fn store(&self, told: &Told<'_>, now: Timestamp) -> Result<Heard, StoreError> {
        again(|| self.try_store(told, now)).await
    }

    async fn try_store(&self, told: &Told<'_>, now: Timestamp) -> Result<Heard, StoreError> {
        let stored = self.get::<Account>(&keys::joined(told.source, told.record)).await?;
        let before = stored.as_ref().map(|stored| &stored.value);
        let mut new = Account {
            source: told.source.clone(),
            record: told.record.clone(),
            observed_at: told.observed_at,
            event: told.event.clone(),
            account: told.account.cloned(),
            keys: told.keys.clone(),
            settled: false,
            place: before.map_or(Place::Nobodys { since: now, several: Vec::new() }, |before| before.place.clone()),
        };
        if let Some(before) = before {
            let same = before.says(told.account, &told.keys);
            if before.observed_at > told.observed_at || (same && before.observed_at == told.observed_at) {
                return Ok(before.heard());
            }
            new.settled = same && before.settled;
            if before.account.is_none() && told.account.is_some() {
                new.place = new.place.anew(now);
            }
        }
        self.write(stored.as_ref(), &new).await?;
        Ok(new.heard())
    }

    /// Writes an account in place of the stored one, and its place in the partitions of its keys.
    async fn write(&self, before: Option<&Stored<Account>>, new: &Account) -> Result<(), StoreError> {
        let (source, record) = (&new.source, &new.record);
        let old: BTreeSet<_> = before.into_iter().flat_map(|before| &before.value.keys).collect();
        let keys: BTreeSet<_> = new.keys.iter().collect();
        let claim = |key: &JoinKey| keys::join_record(source, key, record);
        let version = before.map_or(0, |before| before.version);
        let mut writes = vec![put(keys::joined(source, record), version, new, new.index())?];
        writes.extend(keys.difference(&old).map(|key| claimed(claim(key))));
        writes.extend(old.difference(&keys).map(|key| given_up(claim(key))));
        write_settled(&*self.0, &writes).await
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, key: &Key) -> Result<Option<Stored<T>>, StoreError> {
        Stored::decode_optional(self.0.get(std::slice::from_ref(key)).await?.pop().flatten())
    }
}

/// What became of something told.
enum Heard {
    /// It is stored, and the account is where it belongs: with that person or with nobody.
    Settled(Option<PersonId>),
    /// It is stored, and must be settled.
    Unsettled,
}

impl Account {
    fn heard(&self) -> Heard {
        if self.settled { Heard::Settled(self.place.person().cloned()) } else { Heard::Unsettled }
    }
}

/// That somebody has a key. It is written once, in version 1, and deleted, together with the item that holds the keys.
fn claimed(key: Key) -> Write {
    Write::Put { key, when: unchanged_since(0), body: Map::new(), index: None, expires: None }
}

fn given_up(key: Key) -> Write {
    Write::Delete { key, when: unchanged_since(1) }
}

fn unique(keys: &[JoinKey]) -> Vec<JoinKey> {
    let mut seen = BTreeSet::new();
    keys.iter().filter(|key| seen.insert(*key)).cloned().collect()
}

/// Tries again what met a newer state, or another transaction.
async fn again<T, F: Future<Output = Result<T, StoreError>>>(once: impl Fn() -> F) -> Result<T, StoreError> {
    for _ in 0..TRIES {
        match once().await {
            Err(StoreError::Conflict { .. } | StoreError::Busy { .. }) => {}
            result => return result,
        }
    }
    Err(StoreError::Busy { reason: "an account is written by many at once".to_owned() })
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;
