//! The store on DynamoDB: one table for each [`Table`], keys `pk` and `sk`, version `v`, content `body`, index keys
//! `ipk` and `isk`, expiry `ttl` in epoch seconds. The sparse index is the global index `by-index`.

mod read;
mod shape;
mod write;

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use ports::{Clock, IndexPosition, Item, Key, Page, Store, StoreError, Table, Write};

use super::failure::Failure;

/// The name of the sparse index of each table.
pub const INDEX: &str = "by-index";

/// The tables of one stack.
#[derive(Clone)]
pub struct DynamoStore {
    client: Client,
    stack: String,
    clock: Arc<dyn Clock>,
}

impl DynamoStore {
    pub(super) fn new(client: Client, stack: &str, clock: Arc<dyn Clock>) -> Self {
        Self { client, stack: stack.to_owned(), clock }
    }

    /// Opens the connection, by reading nothing from a table that the caller may read, so that the first event need
    /// not wait for it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn connect(&self, table: Table) -> Result<(), StoreError> {
        self.get(&[Key::new(table, "connect", "connect")]).await.map(drop)
    }

    fn table_name(&self, table: Table) -> String {
        format!("{}-{}", self.stack, table.as_str())
    }

    fn table_of(&self, table_name: &str) -> Option<Table> {
        Table::ALL.into_iter().find(|table| self.table_name(*table) == table_name)
    }

    fn now(&self) -> i64 {
        self.clock.now().as_second()
    }
}

impl std::fmt::Debug for DynamoStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DynamoStore").field("stack", &self.stack).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for DynamoStore {
    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        self.read_keys(keys).await
    }

    async fn query(
        &self,
        table: Table,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<String>, StoreError> {
        self.read_partition(table, partition, prefix, after, limit).await
    }

    async fn index(
        &self,
        table: Table,
        partition: &str,
        until: Option<&str>,
        after: Option<&IndexPosition>,
        limit: usize,
    ) -> Result<Page<IndexPosition>, StoreError> {
        self.read_index(table, partition, until, after, limit).await
    }

    async fn scan(
        &self,
        table: Table,
        after: Option<&(String, String)>,
        limit: usize,
    ) -> Result<Page<(String, String)>, StoreError> {
        self.read_table(table, after, limit).await
    }

    async fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        self.write_all(writes).await
    }
}

/// A string attribute.
fn string(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// A number attribute.
fn number(number: &impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// A failed read changes nothing, so there is nothing unclear about it.
fn read_failure(failure: Failure) -> StoreError {
    match failure {
        Failure::Busy(reason) | Failure::Unclear(reason) => StoreError::Busy { reason },
        Failure::Unavailable(reason) => StoreError::Unavailable { reason },
        Failure::Refused(reason) => StoreError::Refused { reason },
    }
}

fn write_failure(failure: Failure) -> StoreError {
    match failure {
        Failure::Busy(reason) => StoreError::Busy { reason },
        Failure::Unclear(reason) => StoreError::Unclear { reason },
        Failure::Unavailable(reason) => StoreError::Unavailable { reason },
        Failure::Refused(reason) => StoreError::Refused { reason },
    }
}
