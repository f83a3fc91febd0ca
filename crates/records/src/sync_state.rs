//! The Sync table: who reads a source at the moment, what the last read found, records that were refused, and the
//! configuration that all persons were last mapped with.

use std::sync::Arc;
use std::time::Duration;

use domain::{RecordError, SourceName};
use jiff::Timestamp;
use ports::{Key, Store, StoreError, Table, Write};
use serde::{Deserialize, Serialize};

use crate::stored::{Stored, overwrite, put, unchanged_since, write_settled};

/// Reads and writes the Sync table.
#[derive(Clone)]
pub struct SyncState(Arc<dyn Store>);

/// The turn to do a task that must not overlap with itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Lock {
    token: String,
    until: Timestamp,
}

/// What a read of a source found; for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunReport {
    /// Records read.
    pub read: u64,
    /// Snapshots that were new or changed.
    pub changed: u64,
    /// Records that were refused.
    pub refused: u64,
    /// Whether the source was read to its proper end.
    pub complete: bool,
    /// Whether everything was read; else what changed.
    #[serde(default)]
    pub everything: bool,
    /// Whether the read goes on later.
    #[serde(default)]
    pub unfinished: bool,
    /// Records that the source said are gone.
    #[serde(default)]
    pub removed: u64,
    /// Records that were absent from a complete read and are taken as gone.
    #[serde(default)]
    pub absent: u64,
    /// Records that were absent and are kept for a person to decide.
    #[serde(default)]
    pub held: u64,
    /// Accounts that belong to no person, or to nobody for sure.
    #[serde(default)]
    pub unplaced: u64,
    /// Requests made to the source.
    #[serde(default)]
    pub requests: u64,
    /// When the read began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<Timestamp>,
    /// When it ended, or was laid aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// Why it is not complete; without anything of the source's data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// What else deserves a look.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<String>,
}

/// A record that can't be used, kept for an operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusedRecord {
    /// The record's id, or its place in the source.
    pub record: String,
    /// Where in it and why.
    pub error: RecordError,
    /// When it was last met.
    pub at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Fingerprint {
    policy: String,
}

impl SyncState {
    /// On a store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    /// Takes the turn for a task for `duration`; `false` when somebody else has it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn lock(&self, task: &str, token: &str, now: Timestamp, duration: Duration) -> Result<bool, StoreError> {
        let key = Key::new(Table::Sync, format!("lock#{task}"), "lock");
        let stored = self.get::<Lock>(&key).await?;
        if stored.as_ref().is_some_and(|lock| lock.value.until > now && lock.value.token != token) {
            return Ok(false);
        }
        let lock = Lock { token: token.to_owned(), until: now.saturating_add(duration).unwrap_or(Timestamp::MAX) };
        let write = put(key, stored.map_or(0, |stored| stored.version), &lock, None)?;
        match write_settled(&*self.0, &[write]).await {
            Err(StoreError::Conflict { .. }) => Ok(false),
            result => result.map(|()| true),
        }
    }

    /// Whether somebody has the turn.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn is_locked(&self, task: &str, now: Timestamp) -> Result<bool, StoreError> {
        let key = Key::new(Table::Sync, format!("lock#{task}"), "lock");
        Ok(self.get::<Lock>(&key).await?.is_some_and(|lock| lock.value.until > now))
    }

    /// Gives the turn back.
    ///
    /// # Errors
    /// [`StoreError`]; the turn then ends by itself.
    pub async fn unlock(&self, task: &str, token: &str) -> Result<(), StoreError> {
        let key = Key::new(Table::Sync, format!("lock#{task}"), "lock");
        let Some(stored) = self.get::<Lock>(&key).await?.filter(|lock| lock.value.token == token) else {
            return Ok(());
        };
        match self.0.write(&[Write::Delete { key, when: unchanged_since(stored.version) }]).await {
            Err(StoreError::Conflict { .. }) => Ok(()),
            result => result,
        }
    }

    /// Keeps the report of a source's last read.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn report(&self, source: &SourceName, report: &RunReport) -> Result<(), StoreError> {
        self.set(Key::new(Table::Sync, format!("source#{source}"), "run"), report).await
    }

    /// The report of a source's last read.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn last_report(&self, source: &SourceName) -> Result<Option<RunReport>, StoreError> {
        let key = Key::new(Table::Sync, format!("source#{source}"), "run");
        Ok(self.get::<RunReport>(&key).await?.map(|stored| stored.value))
    }

    /// Keeps a refused record; the newest refusal of the same record replaces the one before.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn refuse(&self, source: &SourceName, refused: &RefusedRecord) -> Result<(), StoreError> {
        let record: String = refused.record.chars().take(200).collect();
        self.set(Key::new(Table::Sync, format!("refused#{source}"), format!("record#{record}")), refused).await
    }

    /// Forgets refusals of a source that are older than its last read: they are healed or gone.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn forget_refused(&self, source: &SourceName, before: Timestamp) -> Result<(), StoreError> {
        let partition = format!("refused#{source}");
        let mut after = None;
        loop {
            let page = self.0.query(Table::Sync, &partition, "", after.as_deref(), 100).await?;
            for item in page.items {
                let (key, stored) = (item.key.clone(), Stored::<RefusedRecord>::decode(item)?);
                if stored.value.at < before {
                    self.0.write(&[Write::Delete { key, when: unchanged_since(stored.version) }]).await?;
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// The refused records of a source.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn refused(&self, source: &SourceName) -> Result<Vec<RefusedRecord>, StoreError> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = self.0.query(Table::Sync, &format!("refused#{source}"), "", after.as_deref(), 200).await?;
            for item in page.items {
                all.push(Stored::decode(item)?.value);
            }
            after = page.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    /// The refused records of all sources, those that are no longer configured included.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn all_refused(&self) -> Result<Vec<(SourceName, RefusedRecord)>, StoreError> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = self.0.scan(Table::Sync, after.as_ref(), 500).await?;
            for item in page.items {
                let source = item.key.partition.strip_prefix("refused#").map(SourceName::parse);
                if let Some(Ok(source)) = source {
                    all.push((source, Stored::decode(item)?.value));
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    /// Fingerprint of the configuration that all persons were last woken for.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn mapped_policy(&self) -> Result<Option<String>, StoreError> {
        Ok(self.get::<Fingerprint>(&policy_key()).await?.map(|stored| stored.value.policy))
    }

    /// Remembers that all persons were woken for this configuration.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn set_mapped_policy(&self, policy: &str) -> Result<(), StoreError> {
        self.set(policy_key(), &Fingerprint { policy: policy.to_owned() }).await
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, key: &Key) -> Result<Option<Stored<T>>, StoreError> {
        Stored::decode_optional(self.0.get(std::slice::from_ref(key)).await?.pop().flatten())
    }

    async fn set(&self, key: Key, value: &impl Serialize) -> Result<(), StoreError> {
        overwrite(&*self.0, key, value).await
    }
}

fn policy_key() -> Key {
    Key::new(Table::Sync, "policy", "mapped")
}

#[cfg(test)]
mod tests {
    use ports::clock::ManualClock;
    use storage::Embedded;

    use super::*;

    #[tokio::test]
    async fn refused_records_are_kept_by_source_until_a_later_read_heals_them() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let store = Embedded::in_memory(Arc::new(ManualClock::at(at(0)))).unwrap();
        let state = SyncState::new(Arc::new(store));
        let source = |name: &str| SourceName::parse(name).unwrap();
        let refused = |record: &str, second| RefusedRecord {
            record: record.to_owned(),
            error: RecordError::new("name", "it is missing"),
            at: at(second),
        };
        state.refuse(&source("hr"), &refused("1", 10)).await.unwrap();
        state.refuse(&source("hr"), &refused("2", 20)).await.unwrap();
        state.refuse(&source("entra"), &refused("1", 10)).await.unwrap();
        state.report(&source("hr"), &RunReport::default()).await.unwrap();
        assert_eq!(state.all_refused().await.unwrap().len(), 3);
        state.forget_refused(&source("hr"), at(20)).await.unwrap();
        assert_eq!(state.refused(&source("hr")).await.unwrap(), [refused("2", 20)]);
        let left: Vec<_> = state.all_refused().await.unwrap().into_iter().map(|(source, _)| source).collect();
        assert_eq!(left.len(), 2);
        assert!(left.contains(&source("hr")) && left.contains(&source("entra")));
    }
}
