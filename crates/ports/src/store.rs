//! Storage as a port: items under a partition and a sort key, written in all-or-nothing transactions under conditions,
//! as DynamoDB has them. One sparse index per table finds items by a second key. What the items mean is not known here.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::Class;

/// The connector's tables. Each function may touch only those that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Snapshots and desired states.
    People,
    /// Correlations, applied states, leases, owners of Salesforce users.
    Accounts,
    /// What was done, when and why.
    Audit,
    /// Cursors, locks and run records of the sources; seen webhook ids; refused records.
    Sync,
}

impl Table {
    /// All tables.
    pub const ALL: [Self; 4] = [Self::People, Self::Accounts, Self::Audit, Self::Sync];

    /// The name's last part, as in `<stack>-people`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Accounts => "accounts",
            Self::Audit => "audit",
            Self::Sync => "sync",
        }
    }
}

/// Where an item is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Its table.
    pub table: Table,
    /// Groups items that are read together. Not empty, at most 2,048 bytes.
    pub partition: String,
    /// Unique in its partition; items are sorted by its bytes. Not empty, at most 1,024 bytes.
    pub sort: String,
}

impl Key {
    /// A key from its parts.
    pub fn new(table: Table, partition: impl Into<String>, sort: impl Into<String>) -> Self {
        Self { table, partition: partition.into(), sort: sort.into() }
    }
}

/// An item's place in its table's sparse index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexKey {
    /// Groups items of the index.
    pub partition: String,
    /// Sorts items within the group; need not be unique.
    pub sort: String,
}

/// An item as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Where it is.
    pub key: Key,
    /// 1 when first written, one more at each write.
    pub version: u64,
    /// What it holds. A whole number has one form: what was written as `1.0` comes back as `1`.
    pub body: Map<String, Value>,
    /// Where the index lists it, if it does.
    pub index: Option<IndexKey>,
    /// From then on the item is gone for every read and every condition. Kept in whole seconds, rounded up.
    pub expires: Option<Timestamp>,
}

/// What must hold for a write to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// No item has the key, or only an expired one.
    Absent,
    /// The item is there in exactly this version.
    Version(u64),
}

/// One write of a transaction. No two may have the same key.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// Writes the whole item. Its new version is 1 after `Absent` and n + 1 after `Version(n)`.
    Put {
        /// Where.
        key: Key,
        /// What must hold.
        when: Condition,
        /// The new content.
        body: Map<String, Value>,
        /// The new place in the index; `None` takes it out.
        index: Option<IndexKey>,
        /// When it is gone.
        expires: Option<Timestamp>,
    },
    /// Removes the item.
    Delete {
        /// Where.
        key: Key,
        /// What must hold.
        when: Condition,
    },
    /// Changes nothing, but must hold.
    Check {
        /// Where.
        key: Key,
        /// What must hold.
        when: Condition,
    },
}

impl Write {
    /// The key written or checked.
    pub fn key(&self) -> &Key {
        match self {
            Self::Put { key, .. } | Self::Delete { key, .. } | Self::Check { key, .. } => key,
        }
    }
}

/// Part of a longer answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<P> {
    /// The items, sorted.
    pub items: Vec<Item>,
    /// Where to go on; `None` at the end. A page may be short, even empty, and still have a next one.
    pub next: Option<P>,
}

/// Where an index page ended.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct IndexPosition {
    /// Sort key within the index.
    pub index_sort: String,
    /// Partition key of the item.
    pub partition: String,
    /// Sort key of the item.
    pub sort: String,
}

/// Most writes in one transaction (DynamoDB: TransactWriteItems).
pub const MAX_WRITES: usize = 100;

/// Reads and writes items. Reads by key are strongly consistent; reads by index may lag (DynamoDB: global index).
#[async_trait]
pub trait Store: Send + Sync {
    /// The items of the keys, in the keys' order; `None` where there is none. Any number of keys.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError>;

    /// Items of a partition whose sort key starts with `prefix`, in the order of their sort keys, after `after`.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn query(
        &self,
        table: Table,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<String>, StoreError>;

    /// Items that the index lists under `partition` with an index sort key of at most `until` (all when `None`).
    ///
    /// # Errors
    /// [`StoreError`]
    async fn index(
        &self,
        table: Table,
        partition: &str,
        until: Option<&str>,
        after: Option<&IndexPosition>,
        limit: usize,
    ) -> Result<Page<IndexPosition>, StoreError>;

    /// All items of a table, in no order, each at least once.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn scan(
        &self,
        table: Table,
        after: Option<&(String, String)>,
        limit: usize,
    ) -> Result<Page<(String, String)>, StoreError>;

    /// Does all writes or none; 1 to [`MAX_WRITES`] of them.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a condition does not hold, else why it was not, or perhaps not, done.
    async fn write(&self, writes: &[Write]) -> Result<(), StoreError>;
}

/// Why a storage call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A condition does not hold: somebody else was first. Nothing was written; read again.
    #[error("write {write} met a newer state")]
    Conflict {
        /// Position of the first write whose condition failed.
        write: usize,
    },
    /// Nothing was done: throttled, or another transaction holds an item.
    #[error("storage is busy: {reason}")]
    Busy {
        /// Why.
        reason: String,
    },
    /// The answer was lost; it may have been done.
    #[error("storage gave no answer: {reason}")]
    Unclear {
        /// Why.
        reason: String,
    },
    /// The item or the transaction is beyond what the storage takes; repeating it is useless.
    #[error("storage can't take it: {reason}")]
    Refused {
        /// Why.
        reason: String,
    },
    /// The storage is missing, damaged or may not be used.
    #[error("storage is not available: {reason}")]
    Unavailable {
        /// Why.
        reason: String,
    },
    /// A stored item is not what its reader expects.
    #[error("stored item is damaged: {reason}")]
    Damaged {
        /// Which item and what is wrong, without its content.
        reason: String,
    },
}

impl StoreError {
    /// What the caller may do.
    pub fn class(&self) -> Class {
        match self {
            Self::Conflict { .. } | Self::Busy { .. } => Class::Retry,
            Self::Unclear { .. } => Class::Ambiguous,
            Self::Refused { .. } | Self::Damaged { .. } => Class::NeedsPerson,
            Self::Unavailable { .. } => Class::Systemic,
        }
    }
}
