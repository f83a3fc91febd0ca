//! A person's side of a join: the keys that the person has, and settling the accounts that these concern.

use std::collections::{BTreeMap, BTreeSet};

use domain::{JoinKey, PersonId, PersonKeys, RecordId, SourceName};
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use ports::{StoreError, Table, Write};
use serde_json::{Map, Value};

use super::items::{Account, PersonJoin};
use super::{Joins, again, claimed, given_up, unique};
use crate::keys;
use crate::people::PersonData;
use crate::stored::{Stored, put, unchanged_since, write_settled};

/// Accounts settled at a time.
const CONCURRENCY: usize = 8;

/// What makes an account's keys.
type Keys<'a> = dyn Fn(&SourceName, &Map<String, Value>) -> Vec<JoinKey> + Send + Sync + 'a;

impl Joins {
    /// Whether [`person_changed`](Self::person_changed) has anything to do. Reads nothing.
    pub fn concerns(data: &PersonData, keys: &BTreeMap<SourceName, PersonKeys>) -> bool {
        let as_stored = |(source, wanted): (&SourceName, &PersonKeys)| {
            data.joins.get(source).is_some_and(|stored| stored.value.is_settled() && stored.value.has(wanted))
        };
        !keys.iter().all(as_stored) || data.joins.keys().any(|source| !keys.contains_key(source))
    }

    /// Gives the person these keys, by the sources that are joined, and settles the accounts that this concerns. Answers
    /// the persons whose accounts changed, to be mapped. `account_keys` are the keys that an account has now.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the keys changed since `data` was read: load and map again. After any other error
    /// the next mapping goes on; the sweep finds the person until then.
    pub async fn person_changed(
        &self,
        person: &PersonId,
        data: &PersonData,
        keys: &BTreeMap<SourceName, PersonKeys>,
        account_keys: &Keys<'_>,
        now: Timestamp,
    ) -> Result<BTreeSet<PersonId>, StoreError> {
        let mut changed = BTreeSet::new();
        for (source, stored) in &data.joins {
            if !keys.contains_key(source) {
                self.forget(person, source, stored).await?;
            }
        }
        for (source, wanted) in keys {
            let side = Side { person, source, account_keys, now };
            changed.extend(self.change(&side, wanted, data.joins.get(source)).await?);
        }
        Ok(changed)
    }

    async fn change(
        &self,
        side: &Side<'_>,
        wanted: &PersonKeys,
        stored: Option<&Stored<PersonJoin>>,
    ) -> Result<BTreeSet<PersonId>, StoreError> {
        let Side { person, source, now, .. } = *side;
        let key = keys::person_join(person, source);
        let before = stored.map(|stored| &stored.value);
        let mut version = stored.map_or(0, |stored| stored.version);
        let mut item = PersonJoin {
            join: wanted.join.clone(),
            keys: wanted.keys.clone(),
            owed: before.map(|before| before.owed.clone()).unwrap_or_default(),
            owes_own: before.is_some_and(|before| before.owes_own),
        };
        if !before.is_some_and(|before| before.has(wanted)) {
            let none = BTreeSet::new();
            let old = before.map_or(&none, |before| &before.keys);
            if before.is_some_and(|before| before.join == wanted.join) {
                item.owed.extend(old.symmetric_difference(&wanted.keys).cloned());
            } else {
                // Accounts under keys of another configuration stay as they are; those that the person has get new ones.
                item.owed.extend(wanted.keys.iter().cloned());
                item.owes_own = true;
            }
            let claim = |key: &JoinKey| keys::join_person(source, key, person);
            let index = Some(keys::sharded(keys::UNMAPPED, person, keys::moment(now)));
            let mut writes = vec![put(key.clone(), version, &item, index.filter(|_| !item.is_settled()))?];
            writes.extend(wanted.keys.difference(old).map(|key| claimed(claim(key))));
            writes.extend(old.difference(&wanted.keys).map(|key| given_up(claim(key))));
            write_settled(&*self.0, &writes).await?;
            version += 1;
        }
        if item.is_settled() {
            return Ok(BTreeSet::new());
        }
        let changed = self.settle_all(side, &item).await?;
        let done = PersonJoin { owed: BTreeSet::new(), owes_own: false, ..item };
        match write_settled(&*self.0, &[put(key, version, &done, None)?]).await {
            // Somebody else changed the keys since, and took over what was owed.
            Ok(()) | Err(StoreError::Conflict { .. }) => Ok(changed),
            Err(error) => Err(error),
        }
    }

    async fn settle_all(&self, side: &Side<'_>, item: &PersonJoin) -> Result<BTreeSet<PersonId>, StoreError> {
        let mut records = BTreeSet::new();
        for key in &item.owed {
            let partition = keys::join_partition(side.source, key);
            records.extend(self.records_in(&partition, keys::JOIN_RECORD_PREFIX).await?);
        }
        if item.owes_own {
            let prefix = format!("{}{}#", keys::SNAPSHOT_PREFIX, side.source);
            records.extend(self.records_in(&keys::person_partition(side.person), &prefix).await?);
        }
        let settled = records.into_iter().map(|record| async move { self.settle_for(side, &record).await });
        let changed: Vec<_> = futures::stream::iter(settled).buffer_unordered(CONCURRENCY).try_collect().await?;
        Ok(changed.into_iter().flatten().collect())
    }

    /// The records that a partition's sort keys name.
    async fn records_in(&self, partition: &str, prefix: &str) -> Result<Vec<RecordId>, StoreError> {
        let (mut records, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = self.0.query(Table::People, partition, prefix, after.as_deref(), 500).await?;
            let ids = page.items.iter().filter_map(|item| item.key.sort.strip_prefix(prefix));
            records.extend(ids.filter_map(|id| RecordId::parse(id).ok()));
            after = page.next;
            if after.is_none() {
                return Ok(records);
            }
        }
    }

    async fn settle_for(&self, side: &Side<'_>, record: &RecordId) -> Result<BTreeSet<PersonId>, StoreError> {
        if again(|| self.has_current_keys(side, record)).await? {
            Ok(self.settle(side.source, record, side.now).await?.changed)
        } else {
            Ok(BTreeSet::new())
        }
    }

    /// Whether the account's keys are those of this configuration. Others are replaced when the account is the
    /// person's; whose it is else is not decided by old keys, so it stays until it is read again.
    async fn has_current_keys(&self, side: &Side<'_>, record: &RecordId) -> Result<bool, StoreError> {
        let stored = self.get::<Account>(&keys::joined(side.source, record)).await?;
        let Some(stored) = stored else { return Ok(false) };
        let Some(account) = &stored.value.account else { return Ok(true) };
        let keys = unique(&(side.account_keys)(side.source, account));
        if keys == stored.value.keys {
            return Ok(true);
        }
        if stored.value.place.person() != Some(side.person) {
            return Ok(false);
        }
        self.write(Some(&stored), &Account { keys, settled: false, ..stored.value.clone() }).await?;
        Ok(true)
    }

    /// The source is not joined any more: the keys go, and every account stays where it is.
    async fn forget(
        &self,
        person: &PersonId,
        source: &SourceName,
        stored: &Stored<PersonJoin>,
    ) -> Result<(), StoreError> {
        let claims = stored.value.keys.iter().map(|key| given_up(keys::join_person(source, key, person)));
        let item = Write::Delete { key: keys::person_join(person, source), when: unchanged_since(stored.version) };
        let writes: Vec<_> = std::iter::once(item).chain(claims).collect();
        self.0.write(&writes).await
    }
}

/// One person and one source.
struct Side<'a> {
    person: &'a PersonId,
    source: &'a SourceName,
    account_keys: &'a Keys<'a>,
    now: Timestamp,
}

impl PersonJoin {
    /// Whether these are the keys, made by the same.
    fn has(&self, wanted: &PersonKeys) -> bool {
        self.join == wanted.join && self.keys == wanted.keys
    }
}
