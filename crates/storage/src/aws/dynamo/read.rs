//! Reading: by keys in batches, by partition, by index, and all.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::KeysAndAttributes;
use ports::{IndexPosition, Item, Key, Page, StoreError, Table};

use super::shape::{self, Attributes};
use super::{DynamoStore, Failure, INDEX, read_failure, string};
use crate::limits;

/// BatchGetItem takes that many keys.
const MAX_KEYS: usize = 100;
/// Rounds in a row that brought nothing before giving up; the waits between them double.
const MAX_EMPTY_ROUNDS: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_millis(50);

impl DynamoStore {
    pub(super) async fn read_keys(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        keys.iter().try_for_each(limits::check_key)?;
        let mut found = HashMap::new();
        if let [key] = keys {
            found.extend(self.read_one(key).await?);
        } else {
            // A batch may not name a key twice.
            let mut distinct: Vec<&Key> = keys.iter().collect();
            distinct.sort_unstable();
            distinct.dedup();
            for chunk in distinct.chunks(MAX_KEYS) {
                self.read_batch(chunk, &mut found).await?;
            }
        }
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }

    async fn read_one(&self, key: &Key) -> Result<Option<(Key, Item)>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(self.table_name(key.table))
            .set_key(Some(shape::key(key)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| read_failure(Failure::of("GetItem", &error)))?;
        let item = answer.item.map(|attributes| shape::item(key.table, attributes, self.now())).transpose()?;
        Ok(item.flatten().map(|item| (key.clone(), item)))
    }

    async fn read_batch(&self, keys: &[&Key], found: &mut HashMap<Key, Item>) -> Result<(), StoreError> {
        let mut wanted: HashMap<String, Vec<Attributes>> = HashMap::new();
        for key in keys {
            wanted.entry(self.table_name(key.table)).or_default().push(shape::key(key));
        }
        let mut wanted = wanted
            .into_iter()
            .map(|(table, keys)| {
                let keys = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
                keys.map(|keys| (table, keys)).map_err(|error| StoreError::Refused { reason: error.to_string() })
            })
            .collect::<Result<HashMap<_, _>, _>>()?;
        let mut empty_rounds = 0;
        while !wanted.is_empty() {
            let answer = self
                .client
                .batch_get_item()
                .set_request_items(Some(wanted))
                .send()
                .await
                .map_err(|error| read_failure(Failure::of("BatchGetItem", &error)))?;
            wanted = answer.unprocessed_keys.unwrap_or_default();
            let responses = answer.responses.unwrap_or_default();
            empty_rounds = if responses.values().all(Vec::is_empty) { empty_rounds + 1 } else { 0 };
            for (table_name, items) in responses {
                let table = self.table_of(&table_name).ok_or_else(|| StoreError::Damaged {
                    reason: "BatchGetItem answered for a table that was not asked".to_owned(),
                })?;
                for attributes in items {
                    let item = shape::item(table, attributes, self.now())?;
                    found.extend(item.map(|item| (item.key.clone(), item)));
                }
            }
            if !wanted.is_empty() {
                if empty_rounds == MAX_EMPTY_ROUNDS {
                    return Err(StoreError::Busy { reason: "BatchGetItem leaves keys unread".to_owned() });
                }
                self.clock.sleep(FIRST_WAIT * 2_u32.pow(empty_rounds)).await;
            }
        }
        Ok(())
    }

    pub(super) async fn read_partition(
        &self,
        table: Table,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<String>, StoreError> {
        limits::check_partition(partition)?;
        // DynamoDB takes only a place inside the answer as the one to go on from.
        let after = after.filter(|after| *after >= prefix && !after.is_empty());
        if after.is_some_and(|after| !after.starts_with(prefix)) {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let mut request = self
            .client
            .query()
            .table_name(self.table_name(table))
            .consistent_read(true)
            .limit(page_size(limit))
            .expression_attribute_values(":p", string(partition));
        request = if prefix.is_empty() {
            request.key_condition_expression("pk = :p")
        } else {
            request
                .key_condition_expression("pk = :p AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", string(prefix))
        };
        let start = after.map(|after| shape::key(&Key::new(table, partition, after)));
        let answer = request
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| read_failure(Failure::of("Query", &error)))?;
        let next = answer.last_evaluated_key.map(|last| shape::read_key(table, &last)).transpose()?;
        Ok(Page { items: self.live(table, answer.items)?, next: next.map(|key| key.sort) })
    }

    pub(super) async fn read_index(
        &self,
        table: Table,
        partition: &str,
        until: Option<&str>,
        after: Option<&IndexPosition>,
        limit: usize,
    ) -> Result<Page<IndexPosition>, StoreError> {
        limits::check_partition(partition)?;
        let past_the_end =
            |until: &str| until.is_empty() || after.is_some_and(|after| after.index_sort.as_str() > until);
        if until.is_some_and(past_the_end) {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let mut request = self
            .client
            .query()
            .table_name(self.table_name(table))
            .index_name(INDEX)
            .limit(page_size(limit))
            .expression_attribute_values(":p", string(partition));
        request = match until {
            None => request.key_condition_expression("ipk = :p"),
            Some(until) => request
                .key_condition_expression("ipk = :p AND isk <= :until")
                .expression_attribute_values(":until", string(until)),
        };
        let start = after.map(|after| {
            let mut place = shape::key(&Key::new(table, &after.partition, &after.sort));
            place.insert("ipk".to_owned(), string(partition));
            place.insert("isk".to_owned(), string(&after.index_sort));
            place
        });
        let answer = request
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| read_failure(Failure::of("Query", &error)))?;
        let next = answer.last_evaluated_key.map(|last| index_position(table, &last)).transpose()?;
        Ok(Page { items: self.live(table, answer.items)?, next })
    }

    pub(super) async fn read_table(
        &self,
        table: Table,
        after: Option<&(String, String)>,
        limit: usize,
    ) -> Result<Page<(String, String)>, StoreError> {
        let start = after.map(|(partition, sort)| shape::key(&Key::new(table, partition, sort)));
        let answer = self
            .client
            .scan()
            .table_name(self.table_name(table))
            .consistent_read(true)
            .limit(page_size(limit))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| read_failure(Failure::of("Scan", &error)))?;
        let next = answer.last_evaluated_key.map(|last| shape::read_key(table, &last)).transpose()?;
        Ok(Page { items: self.live(table, answer.items)?, next: next.map(|key| (key.partition, key.sort)) })
    }

    fn live(&self, table: Table, items: Option<Vec<Attributes>>) -> Result<Vec<Item>, StoreError> {
        let now = self.now();
        let items = items.unwrap_or_default().into_iter();
        items.filter_map(|attributes| shape::item(table, attributes, now).transpose()).collect()
    }
}

fn index_position(table: Table, last: &Attributes) -> Result<IndexPosition, StoreError> {
    let Key { partition, sort, .. } = shape::read_key(table, last)?;
    let index_sort = shape::read_string(last, "isk")
        .ok_or_else(|| StoreError::Damaged { reason: "an index page ends nowhere".to_owned() })?;
    Ok(IndexPosition { index_sort, partition, sort })
}

fn page_size(limit: usize) -> i32 {
    i32::try_from(limit).unwrap_or(i32::MAX).max(1)
}
