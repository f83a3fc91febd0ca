//! Records that no longer came in a complete read and that a person has to look at.

use domain::{PersonId, RecordId, SourceName};
use jiff::Timestamp;
use ports::{Condition, Key, StoreError, Table, Write};
use serde::{Deserialize, Serialize};

use super::SourceReads;
use crate::stored::{Stored, put, write_settled};

/// A record that is absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AbsentRecord {
    /// The source.
    pub source: SourceName,
    /// The record.
    pub record: RecordId,
    /// Whose it is.
    pub person: PersonId,
    /// The read that did not meet it for the first time.
    pub since: Timestamp,
}

const PREFIX: &str = "absent#";

impl SourceReads {
    /// Keeps an absent record for a person to decide; one that is kept already stays as it is. Answers whether it is
    /// new.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn hold(&self, absent: &AbsentRecord) -> Result<bool, StoreError> {
        match write_settled(&*self.0, &[put(key(&absent.source, &absent.record), 0, absent, None)?]).await {
            Err(StoreError::Conflict { .. }) => Ok(false),
            result => result.map(|()| true),
        }
    }

    /// The absent records of a source that are kept.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn held(&self, source: &SourceName) -> Result<Vec<AbsentRecord>, StoreError> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = self.0.query(Table::Sync, &format!("{PREFIX}{source}"), "", after.as_deref(), 200).await?;
            for item in page.items {
                all.push(Stored::decode(item)?.value);
            }
            after = page.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    /// The absent records of all sources that are kept.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn all_held(&self) -> Result<Vec<AbsentRecord>, StoreError> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = self.0.scan(Table::Sync, after.as_ref(), 500).await?;
            for item in page.items.into_iter().filter(|item| item.key.partition.starts_with(PREFIX)) {
                all.push(Stored::decode(item)?.value);
            }
            after = page.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    /// Keeps a record no longer: it is there again, or it was decided.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn release(&self, source: &SourceName, record: &RecordId) -> Result<(), StoreError> {
        let key = key(source, record);
        let Some(item) = self.0.get(std::slice::from_ref(&key)).await?.pop().flatten() else { return Ok(()) };
        match self.0.write(&[Write::Delete { key, when: Condition::Version(item.version) }]).await {
            Err(StoreError::Conflict { .. }) => Ok(()),
            result => result,
        }
    }
}

fn key(source: &SourceName, record: &RecordId) -> Key {
    Key::new(Table::Sync, format!("{PREFIX}{source}"), record.as_str())
}
