//! For tests: HR and a directory around the joins, on a storage whose calls change places, fail and stop.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::{JoinId, JoinKey, PersonId, PersonKeys, RecordId, SnapshotContent, SourceName};
use jiff::Timestamp;
use ports::clock::ManualClock;
use ports::faults::{Faults, Faulty};
use ports::{IndexPosition, Item, Key, Page, Store, StoreError, Table, Write};
use serde_json::{Map, Value, json};
use storage::Embedded;
use tokio::sync::Notify;

use super::{Joins, Unplaced, UnplacedAccount, Why};
use crate::people::{Mapped, People, PersonData};

pub(super) fn person(id: &str) -> PersonId {
    PersonId::parse(id).unwrap()
}

pub(super) fn record(id: &str) -> RecordId {
    RecordId::parse(id).unwrap()
}

pub(super) fn ad() -> SourceName {
    SourceName::parse("ad").unwrap()
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// An account with two fields by which it is joined: the first decides.
pub(super) fn account(id: &str, second: i64, a: &str, b: &str) -> UnplacedAccount {
    let account = Map::from_iter([("a".to_owned(), json!(a)), ("b".to_owned(), json!(b))]);
    UnplacedAccount { source: ad(), record: record(id), account, observed_at: at(second), event: None }
}

/// Storage whose calls give way to others before they begin.
pub(super) struct Yielding {
    inner: Arc<Embedded>,
    state: AtomicU64,
    /// After so many writes the next one waits until it is let go.
    writes_until_held: AtomicU64,
    held: Notify,
    let_go: Notify,
}

impl Yielding {
    pub(super) async fn give_way(&self) {
        let next = |state: u64| state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let state = next(self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |s| Some(next(s))).unwrap());
        // Now and then for so long that others do all that they have to.
        let turns = if state >> 60 == 0 { 100 } else { state >> 62 };
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl Store for Yielding {
    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        self.give_way().await;
        self.inner.get(keys).await
    }

    async fn query(
        &self,
        table: Table,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<String>, StoreError> {
        self.give_way().await;
        self.inner.query(table, partition, prefix, after, limit).await
    }

    async fn index(
        &self,
        table: Table,
        partition: &str,
        until: Option<&str>,
        after: Option<&IndexPosition>,
        limit: usize,
    ) -> Result<Page<IndexPosition>, StoreError> {
        self.inner.index(table, partition, until, after, limit).await
    }

    async fn scan(
        &self,
        table: Table,
        after: Option<&(String, String)>,
        limit: usize,
    ) -> Result<Page<(String, String)>, StoreError> {
        self.inner.scan(table, after, limit).await
    }

    async fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        self.give_way().await;
        if self.writes_until_held.fetch_sub(1, Ordering::Relaxed) == 0 {
            self.held.notify_one();
            self.let_go.notified().await;
        }
        self.inner.write(writes).await
    }
}

/// What HR says of a person: the values of the two fields, and how often that changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Said {
    pub(super) a: String,
    pub(super) b: String,
    pub(super) version: u64,
}

pub(super) struct World {
    pub(super) people: People,
    pub(super) joins: Joins,
    pub(super) yielding: Arc<Yielding>,
    pub(super) faults: Arc<Faults>,
    pub(super) store: Arc<Embedded>,
    pub(super) hr: Mutex<BTreeMap<PersonId, Said>>,
    /// Names the configuration's join.
    pub(super) configuration: AtomicU64,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
        let embedded = Arc::new(Embedded::in_memory(clock).unwrap());
        let faults = Arc::new(Faults::default());
        let yielding = Arc::new(Yielding {
            inner: embedded.clone(),
            state: AtomicU64::new(seed),
            writes_until_held: AtomicU64::new(u64::MAX),
            held: Notify::new(),
            let_go: Notify::new(),
        });
        let store: Arc<dyn Store> = Arc::new(Faulty::new(yielding.clone() as Arc<dyn Store>, faults.clone()));
        let (people, joins) = (People::new(store.clone()), Joins::new(store));
        let (hr, configuration) = (Mutex::default(), AtomicU64::new(0));
        Self { people, joins, yielding, faults, store: embedded, hr, configuration }
    }

    pub(super) fn join(&self) -> JoinId {
        JoinId::of(&self.configuration.load(Ordering::Relaxed))
    }

    pub(super) fn keys(&self, a: &str, b: &str) -> Vec<JoinKey> {
        let join = self.join();
        [a, b].iter().enumerate().filter_map(|(n, value)| JoinKey::new(&join, n, value)).collect()
    }

    pub(super) fn account_keys(&self, account: &Map<String, Value>) -> Vec<JoinKey> {
        let text = |name: &str| account[name].as_str().unwrap_or_default();
        self.keys(text("a"), text("b"))
    }

    /// HR says something of a person; blank for nothing.
    pub(super) fn hears(&self, id: &str, a: &str, b: &str) {
        let mut hr = self.hr.lock().unwrap();
        let said = hr.entry(person(id)).or_default();
        *said = Said { a: a.to_owned(), b: b.to_owned(), version: said.version + 1 };
    }

    pub(super) fn said(&self, id: &PersonId) -> Said {
        self.hr.lock().unwrap().get(id).cloned().unwrap_or_default()
    }

    /// What mapping does about joins. Saving what it mapped meets a conflict when HR said something else meanwhile.
    pub(super) async fn map(&self, id: &PersonId) -> Result<BTreeSet<PersonId>, StoreError> {
        let mut changed = BTreeSet::new();
        loop {
            let data = self.people.load(id).await?;
            let said = self.said(id);
            let keys = self.keys(&said.a, &said.b).into_iter().collect();
            let wanted = BTreeMap::from([(ad(), PersonKeys { join: self.join(), keys })]);
            if Joins::concerns(&data, &wanted) {
                let account_keys = |_: &SourceName, account: &_| self.account_keys(account);
                match self.joins.person_changed(id, &data, &wanted, &account_keys, at(1)).await {
                    Err(StoreError::Conflict { .. }) => continue,
                    result => changed.extend(result?),
                }
            }
            if self.said(id) == said {
                return Ok(changed);
            }
        }
    }

    /// Does `late` up to its write after `writes` others, then all of `first`, then the rest of `late`.
    pub(super) async fn overtake<T>(&self, writes: u64, late: impl Future<Output = T>, first: impl Future) -> T {
        self.yielding.writes_until_held.store(writes, Ordering::Relaxed);
        let first = async {
            self.yielding.held.notified().await;
            first.await;
            self.yielding.let_go.notify_one();
        };
        tokio::join!(late, first).0
    }

    /// HR says it and it is mapped.
    pub(super) async fn person(&self, id: &str, a: &str, b: &str) -> BTreeSet<PersonId> {
        self.hears(id, a, b);
        self.map(&person(id)).await.unwrap()
    }

    pub(super) async fn place(&self, told: &UnplacedAccount) -> Result<Vec<PersonId>, StoreError> {
        self.joins.place(told, &self.account_keys(&told.account), told.observed_at).await
    }

    /// The persons' accounts, as mapping will see them.
    pub(super) async fn placed(&self, persons: &[PersonId]) -> BTreeMap<RecordId, (PersonId, Map<String, Value>)> {
        let mut placed = BTreeMap::new();
        for person in persons {
            for snapshot in self.people.load(person).await.unwrap().snapshots {
                assert_eq!(snapshot.value.person, *person);
                if let SnapshotContent::Account(account) = snapshot.value.content {
                    let before = placed.insert(snapshot.value.record, (person.clone(), account));
                    assert_eq!(before, None, "an account of two persons");
                }
            }
        }
        placed
    }

    /// Whose the account is.
    pub(super) async fn owner(&self, id: &str) -> Option<String> {
        let owner = self.people.person_of(&ad(), &record(id)).await.unwrap()?;
        let placed = self.placed(std::slice::from_ref(&owner)).await;
        assert!(placed.contains_key(&record(id)));
        Some(owner.to_string())
    }

    /// Why the account is nobody's.
    pub(super) async fn why(&self, id: &str) -> Option<Why> {
        let unplaced = self.joins.unplaced().await.unwrap();
        unplaced.into_iter().find(|unplaced: &Unplaced| unplaced.record == record(id)).map(|unplaced| unplaced.why)
    }

    pub(super) async fn data(&self, id: &str) -> PersonData {
        self.people.load(&person(id)).await.unwrap()
    }

    /// Marks all that is known of the person as mapped.
    pub(super) async fn mark_mapped(&self, id: &str) {
        let nothing = Mapped { desired: None, new_target: false, changes_on: None, problem: None };
        self.people.save_mapped(&person(id), &self.data(id).await, &nothing, at(1)).await.unwrap();
    }
}
