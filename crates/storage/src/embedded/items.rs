//! The store: items, their sparse index and their expiry. An expired item is gone for every reader and every condition,
//! and its place is cleared by later writes.

use std::ops::Bound;

use async_trait::async_trait;
use jiff::Timestamp;
use ports::{Condition, IndexKey, IndexPosition, Item, Key, Page, Store, StoreError, Table, Write};
use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, WriteTransaction};

use super::Embedded;
use super::commit::{Broken, Done};
use super::schema::{self, Record};
use crate::limits::{self, Action, Checked};

/// How many expired items a write clears away beside its own work: more than it can add, so that they never pile up.
const CLEARED_PER_WRITE: usize = 4;

type ReadItems = ReadOnlyTable<(&'static str, &'static str), Record<'static>>;

#[async_trait]
impl Store for Embedded {
    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        keys.iter().try_for_each(limits::check_key)?;
        let (view, now) = self.view()?;
        keys.iter().map(|key| find(&open(&view, key.table)?, key, now)).collect()
    }

    async fn query(
        &self,
        table: Table,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<String>, StoreError> {
        limits::check_partition(partition)?;
        let (view, now) = self.view()?;
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded((partition, after)),
            _ => Bound::Included((partition, prefix)),
        };
        let items = open(&view, table)?;
        let found = items.range((start, Bound::Unbounded)).map_err(unavailable)?;
        let found = found.map(|entry| {
            let (key, record) = entry.map_err(unavailable)?;
            let (in_partition, sort) = key.value();
            let inside = in_partition == partition && sort.starts_with(prefix);
            if inside { item(Key::new(table, partition, sort), record.value(), now).map(Some) } else { Ok(None) }
        });
        page(found, limit, |item| item.key.sort.clone())
    }

    async fn index(
        &self,
        table: Table,
        partition: &str,
        until: Option<&str>,
        after: Option<&IndexPosition>,
        limit: usize,
    ) -> Result<Page<IndexPosition>, StoreError> {
        limits::check_partition(partition)?;
        let (view, now) = self.view()?;
        let start = after.map_or(Bound::Included((partition, "", "", "")), |after| {
            Bound::Excluded((partition, after.index_sort.as_str(), after.partition.as_str(), after.sort.as_str()))
        });
        let items = open(&view, table)?;
        let index = view.open_table(schema::index(table)).map_err(unavailable)?;
        let found = index.range((start, Bound::Unbounded)).map_err(unavailable)?;
        let found = found.map(|entry| {
            let (place, ()) = entry.map(|(place, _)| (place, ())).map_err(unavailable)?;
            let (in_partition, index_sort, item_partition, sort) = place.value();
            if in_partition != partition || until.is_some_and(|until| index_sort > until) {
                return Ok(None);
            }
            let key = Key::new(table, item_partition, sort);
            let record = items.get((item_partition, sort)).map_err(unavailable)?;
            let record = record.ok_or_else(|| damaged(&key, "the index lists it, but it is not there"))?;
            item(key, record.value(), now).map(Some)
        });
        page(found, limit, |item| IndexPosition {
            index_sort: item.index.as_ref().map(|index| index.sort.clone()).unwrap_or_default(),
            partition: item.key.partition.clone(),
            sort: item.key.sort.clone(),
        })
    }

    async fn scan(
        &self,
        table: Table,
        after: Option<&(String, String)>,
        limit: usize,
    ) -> Result<Page<(String, String)>, StoreError> {
        let (view, now) = self.view()?;
        let start =
            after.map_or(Bound::Unbounded, |(partition, sort)| Bound::Excluded((partition.as_str(), sort.as_str())));
        let items = open(&view, table)?;
        let found = items.range((start, Bound::Unbounded)).map_err(unavailable)?;
        let found = found.map(|entry| {
            let (key, record) = entry.map_err(unavailable)?;
            let (partition, sort) = key.value();
            item(Key::new(table, partition, sort), record.value(), now).map(Some)
        });
        page(found, limit, |item| (item.key.partition.clone(), item.key.sort.clone()))
    }

    async fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        let writes = limits::check_writes(writes)?;
        let encoded = writes.into_iter().map(encode).collect::<Result<Vec<_>, _>>()?;
        let now = self.clock.now().as_second();
        let work = move |transaction: &WriteTransaction| {
            if let Some(write) = first_conflict(transaction, &encoded, now)? {
                return Ok(Done::Unchanged(Err(StoreError::Conflict { write })));
            }
            for write in &encoded {
                carry_out(transaction, write)?;
            }
            clear_expired(transaction, &encoded, now)?;
            Ok(Done::Changed(Ok(())))
        };
        self.commits.change(work).await.unwrap_or_else(|broken| Err(broken.into()))
    }
}

impl Embedded {
    fn view(&self) -> Result<(ReadTransaction, i64), StoreError> {
        Ok((self.commits.read().map_err(unavailable)?, self.clock.now().as_second()))
    }
}

fn open(view: &ReadTransaction, table: Table) -> Result<ReadItems, StoreError> {
    view.open_table(schema::items(table)).map_err(unavailable)
}

fn find(items: &ReadItems, key: &Key, now: i64) -> Result<Option<Item>, StoreError> {
    let record = items.get((key.partition.as_str(), key.sort.as_str())).map_err(unavailable)?;
    record.map_or(Ok(None), |record| item(key.clone(), record.value(), now))
}

/// The stored item; `None` when it has expired.
fn item(key: Key, (version, expires, index, body): Record<'_>, now: i64) -> Result<Option<Item>, StoreError> {
    if is_expired(expires, now) {
        return Ok(None);
    }
    let body = rmp_serde::from_slice(body).map_err(|_| damaged(&key, "its content can't be read"))?;
    let expires = expires.map(Timestamp::from_second).transpose();
    let expires = expires.map_err(|_| damaged(&key, "its expiry is no time"))?;
    let index = index.map(|(partition, sort)| IndexKey { partition: partition.to_owned(), sort: sort.to_owned() });
    Ok(Some(Item { key, version, body, index, expires }))
}

/// Collects up to `limit` items (at least one), and tells where to go on if more follow. The outer `None` of the
/// input ends it, the inner one is an expired item.
fn page<P>(
    found: impl Iterator<Item = Result<Option<Option<Item>>, StoreError>>,
    limit: usize,
    position: impl Fn(&Item) -> P,
) -> Result<Page<P>, StoreError> {
    let limit = limit.max(1);
    let mut items: Vec<Item> = Vec::new();
    for entry in found {
        match entry? {
            None => break,
            Some(None) => {}
            Some(Some(_)) if items.len() == limit => {
                let next = items.last().map(position);
                return Ok(Page { items, next });
            }
            Some(Some(item)) => items.push(item),
        }
    }
    Ok(Page { items, next: None })
}

struct Encoded {
    key: Key,
    when: Condition,
    change: Change,
}

enum Change {
    Put { version: u64, body: Vec<u8>, index: Option<IndexKey>, expires: Option<i64> },
    Delete,
    None,
}

fn encode(write: Checked) -> Result<Encoded, StoreError> {
    let change = match write.action {
        Action::Put { version, body, index, expires } => {
            let body = rmp_serde::to_vec(&body)
                .map_err(|_| StoreError::Refused { reason: "the content can't be encoded".to_owned() })?;
            Change::Put { version, body, index, expires }
        }
        Action::Delete => Change::Delete,
        Action::Check => Change::None,
    };
    Ok(Encoded { key: write.key, when: write.when, change })
}

fn first_conflict(transaction: &WriteTransaction, writes: &[Encoded], now: i64) -> Result<Option<usize>, Broken> {
    for (position, write) in writes.iter().enumerate() {
        let items = transaction.open_table(schema::items(write.key.table))?;
        let record = items.get((write.key.partition.as_str(), write.key.sort.as_str()))?;
        let version = record.and_then(|record| {
            let (version, expires, ..) = record.value();
            (!is_expired(expires, now)).then_some(version)
        });
        let holds = match write.when {
            Condition::Absent => version.is_none(),
            Condition::Version(expected) => version == Some(expected),
        };
        if !holds {
            return Ok(Some(position));
        }
    }
    Ok(None)
}

fn carry_out(transaction: &WriteTransaction, write: &Encoded) -> Result<(), Broken> {
    match &write.change {
        Change::None => Ok(()),
        Change::Delete => remove(transaction, &write.key),
        Change::Put { version, body, index, expires } => {
            remove(transaction, &write.key)?;
            let Key { table, partition, sort } = &write.key;
            let (partition, sort) = (partition.as_str(), sort.as_str());
            let place = index.as_ref().map(|index| (index.partition.as_str(), index.sort.as_str()));
            if let Some((index_partition, index_sort)) = place {
                let mut index = transaction.open_table(schema::index(*table))?;
                index.insert((index_partition, index_sort, partition, sort), ())?;
            }
            if let Some(expires) = expires {
                transaction.open_table(schema::expiry(*table))?.insert((*expires, partition, sort), ())?;
            }
            let mut items = transaction.open_table(schema::items(*table))?;
            items.insert((partition, sort), (*version, *expires, place, body.as_slice()))?;
            Ok(())
        }
    }
}

/// Takes the item, if it is there, out of its table, the index and the list of expiries.
fn remove(transaction: &WriteTransaction, key: &Key) -> Result<(), Broken> {
    let (partition, sort) = (key.partition.as_str(), key.sort.as_str());
    let mut items = transaction.open_table(schema::items(key.table))?;
    let Some(record) = items.remove((partition, sort))? else { return Ok(()) };
    let (_, expires, place, _) = record.value();
    if let Some((index_partition, index_sort)) = place {
        let mut index = transaction.open_table(schema::index(key.table))?;
        index.remove((index_partition, index_sort, partition, sort))?;
    }
    if let Some(expires) = expires {
        transaction.open_table(schema::expiry(key.table))?.remove((expires, partition, sort))?;
    }
    Ok(())
}

fn clear_expired(transaction: &WriteTransaction, writes: &[Encoded], now: i64) -> Result<(), Broken> {
    for write in writes {
        let table = write.key.table;
        let gone = {
            let expiry = transaction.open_table(schema::expiry(table))?;
            let mut gone = Vec::new();
            for entry in expiry.range(..(now.saturating_add(1), "", ""))?.take(CLEARED_PER_WRITE) {
                let (place, _) = entry?;
                let (_, partition, sort) = place.value();
                gone.push(Key::new(table, partition, sort));
            }
            gone
        };
        for key in &gone {
            remove(transaction, key)?;
        }
    }
    Ok(())
}

fn is_expired(expires: Option<i64>, now: i64) -> bool {
    expires.is_some_and(|expires| expires <= now)
}

fn unavailable(error: impl Into<redb::Error>) -> StoreError {
    StoreError::Unavailable { reason: error.into().to_string() }
}

fn damaged(key: &Key, what: &str) -> StoreError {
    StoreError::Damaged { reason: format!("{} {}/{}: {what}", key.table.as_str(), key.partition, key.sort) }
}

impl From<Broken> for StoreError {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::NotDone(reason) => Self::Unavailable { reason },
            Broken::Unclear(reason) => Self::Unclear { reason },
        }
    }
}
