//! Reading sources, as it is stored: where the next read goes on, a read that waits half done, the mark that there is
//! something to read, and records that a person has to look at because they are absent. All in the Sync table.

mod absent;
mod saved;

use std::sync::Arc;
use std::time::Duration;

use domain::SourceName;
use jiff::Timestamp;
use ports::{Key, Queue, QueueError, QueueName, Store, StoreError, Table, Write};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::stored::{Stored, overwrite, put, unchanged_since, write_settled};

pub use absent::AbsentRecord;

/// Reads and writes what is known of reading sources.
#[derive(Clone)]
pub struct SourceReads(Arc<dyn Store>);

/// Where reading a source stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadState {
    /// When the last complete read began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
    /// When the last complete read of everything began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub everything_at: Option<Timestamp>,
    /// Not to be read before: it asked to be left alone, or the last read failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// What the reader wants to find again; only it looks inside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Value>,
    /// A read that is half done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved: Option<SavedRead>,
}

/// A read that is half done; its content lies beside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SavedRead {
    /// The read's name.
    pub run: String,
    /// How many pieces its content has.
    pub pieces: u32,
    /// Whether everything was asked for.
    pub everything: bool,
}

/// The mark that there is something to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wanted {
    /// Since when.
    pub since: Timestamp,
    /// Whether everything is to be read.
    #[serde(default)]
    pub everything: bool,
}

/// "There is something to read in this source."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ReadRequest {
    /// The source.
    pub source: SourceName,
    /// Whether everything is to be read.
    #[serde(default)]
    pub everything: bool,
    /// Whether somebody asks by hand: then it is read though its time has not come.
    #[serde(default)]
    pub by_hand: bool,
}

impl ReadRequest {
    /// Reads a message.
    ///
    /// # Errors
    /// What is wrong with it, without its content.
    pub fn decode(body: &str) -> Result<Self, String> {
        serde_json::from_str(body)
            .map_err(|error| format!("not a request to read: {:?} at column {}", error.classify(), error.column()))
    }
}

/// Asks sync to read a source whose time has come, or in which there is a mark that there is something to read.
///
/// # Errors
/// [`QueueError`]
pub async fn request_read(queue: &dyn Queue, source: &SourceName, everything: bool) -> Result<(), QueueError> {
    send(queue, &ReadRequest { source: source.clone(), everything, by_hand: false }).await
}

/// Asks sync to read a source now.
///
/// # Errors
/// [`QueueError`]
pub async fn request_read_now(queue: &dyn Queue, source: &SourceName, everything: bool) -> Result<(), QueueError> {
    send(queue, &ReadRequest { source: source.clone(), everything, by_hand: true }).await
}

async fn send(queue: &dyn Queue, request: &ReadRequest) -> Result<(), QueueError> {
    queue.send(QueueName::SourceReads, &[serde_json::json!(request).to_string()]).await
}

/// A message that says that there is something to read is taken as lost when the mark is older than this.
const LOST: Duration = Duration::from_secs(120);

impl SourceReads {
    /// On a store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    /// Where reading a source stands.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn state(&self, source: &SourceName) -> Result<ReadState, StoreError> {
        let stored = self.get::<ReadState>(&key(source, "state")).await?;
        Ok(stored.map(|stored| stored.value).unwrap_or_default())
    }

    /// Stores where reading a source stands. Only who has the source's lock may.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn set_state(&self, source: &SourceName, state: &ReadState) -> Result<(), StoreError> {
        overwrite(&*self.0, key(source, "state"), state).await
    }

    /// Marks that there is something to read. Answers whether sync is to be told: not when it was told a moment ago and
    /// has not begun since, so that a burst costs one read.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn want(&self, source: &SourceName, everything: bool, now: Timestamp) -> Result<bool, StoreError> {
        for _ in 0..5 {
            let stored = self.get::<Wanted>(&key(source, "wanted")).await?;
            let (version, known) = stored.map_or((0, None), |stored| (stored.version, Some(stored.value)));
            let told = known.filter(|known| now.duration_since(known.since).unsigned_abs() < LOST);
            if told.is_some_and(|told| told.everything || !everything) {
                return Ok(false);
            }
            let everything = everything || known.is_some_and(|known| known.everything);
            let write = put(key(source, "wanted"), version, &Wanted { since: now, everything }, None)?;
            match write_settled(&*self.0, &[write]).await {
                Err(StoreError::Conflict { .. }) => {}
                result => return result.map(|()| true),
            }
        }
        // Many mark it at this moment; each of them tells sync.
        Ok(true)
    }

    /// The mark that there is something to read.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn wanted(&self, source: &SourceName) -> Result<Option<Stored<Wanted>>, StoreError> {
        self.get(&key(source, "wanted")).await
    }

    /// Says that the source is being read: from now on whoever marks it means a later read.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn take_up(&self, source: &SourceName, mark: Stored<Wanted>) -> Result<Stored<Wanted>, StoreError> {
        let taken = Wanted { since: Timestamp::UNIX_EPOCH, ..mark.value };
        match write_settled(&*self.0, &[put(key(source, "wanted"), mark.version, &taken, None)?]).await {
            Ok(()) => Ok(Stored { value: taken, version: mark.version + 1, index: None }),
            // It was marked anew at this moment: that one stays.
            Err(StoreError::Conflict { .. }) => Ok(mark),
            Err(error) => Err(error),
        }
    }

    /// Takes the mark away, unless it was set anew since it was read. Answers whether it is gone.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn clear_wanted(&self, source: &SourceName, mark: &Stored<Wanted>) -> Result<bool, StoreError> {
        let delete = Write::Delete { key: key(source, "wanted"), when: unchanged_since(mark.version) };
        match self.0.write(&[delete]).await {
            Err(StoreError::Conflict { .. }) => Ok(false),
            result => result.map(|()| true),
        }
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, key: &Key) -> Result<Option<Stored<T>>, StoreError> {
        Stored::decode_optional(self.0.get(std::slice::from_ref(key)).await?.pop().flatten())
    }
}

fn key(source: &SourceName, sort: impl Into<String>) -> Key {
    Key::new(Table::Sync, format!("source#{source}"), sort)
}

#[cfg(test)]
mod tests;
