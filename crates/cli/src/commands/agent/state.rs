//! What the agent remembers between rounds, in one file in its folder: how far it has read, what the receiver was last
//! told of each record (by digest: no names, no addresses), and what was refused. One process has the file at a time.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use active_directory::{Bookmark, Guid};
use domain::{RecordError, RecordId};
use futures::future::try_join_all;
use jiff::Timestamp;
use ports::store::MAX_WRITES;
use ports::{Condition, Item, Key, Store, StoreError, Table, Write};
use records::stored::encode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::book::{Book, Entry};

/// Everything that is remembered.
pub(super) struct State {
    store: Arc<dyn Store>,
    /// What the receiver was told.
    pub(super) book: Book,
    refused: BTreeMap<Guid, Refused>,
    refused_changed: BTreeSet<Guid>,
    /// How far the agent is.
    pub(super) progress: Progress,
    versions: HashMap<String, u64>,
}

/// How far the agent is, and for whom it works.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Progress {
    /// The webhook that the book is about.
    pub(super) receiver: Option<String>,
    /// What the directory is: its domain, and whether it decides who exists.
    pub(super) directory: Option<String>,
    /// Where to go on reading.
    pub(super) bookmark: Option<Bookmark>,
    /// When everybody was last read.
    pub(super) everything_at: Option<Timestamp>,
    /// Whether everybody is to be read next, whenever that was.
    #[serde(default)]
    pub(super) want_everything: bool,
    /// When the directory last refused the log-in, if it was not taken since.
    #[serde(default)]
    pub(super) login_refused_at: Option<Timestamp>,
    /// The time of the newest event that was taken. Later ones must be newer: the newest wins.
    pub(super) latest: Option<Timestamp>,
}

/// A user that is not at the receiver as it is in the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Refused {
    /// What is wrong. May quote the user.
    #[serde(flatten)]
    pub(super) error: RecordError,
    /// Since when.
    pub(super) at: Timestamp,
}

const PARTITION: &str = "agent";
const PROGRESS: &str = "progress";
const RECORD: &str = "record#";
const REFUSED: &str = "refused#";

impl State {
    /// As it was last stored.
    ///
    /// # Errors
    /// When the file can't be read, or holds something else.
    pub(super) async fn load(store: Arc<dyn Store>) -> Result<Self, StoreError> {
        let mut versions = HashMap::new();
        let items = query(&*store, PROGRESS, &mut versions).await?;
        let progress = items.into_iter().next().map(|(_, item)| decode(item)).transpose()?.unwrap_or_default();
        let mut entries = BTreeMap::new();
        for (name, item) in query(&*store, RECORD, &mut versions).await? {
            entries.insert(RecordId::parse(name).map_err(|_| damaged("a record's id"))?, decode::<Entry>(item)?);
        }
        let mut refused = BTreeMap::new();
        for (name, item) in query(&*store, REFUSED, &mut versions).await? {
            refused.insert(name.parse().map_err(|_| damaged("a refused user's key"))?, decode(item)?);
        }
        let book = Book::of(entries);
        Ok(Self { store, book, refused, refused_changed: BTreeSet::new(), progress, versions })
    }

    /// The users that are refused.
    pub(super) fn refused(&self) -> &BTreeMap<Guid, Refused> {
        &self.refused
    }

    /// Keeps why a user was refused.
    pub(super) fn refuse(&mut self, key: Guid, error: RecordError, at: Timestamp) {
        let at = self.refused.get(&key).map_or(at, |refused| refused.at);
        self.refused.insert(key, Refused { error, at });
        self.refused_changed.insert(key);
    }

    /// The user is at the receiver as it is, or is gone.
    pub(super) fn accept(&mut self, key: &Guid) {
        if self.refused.remove(key).is_some() {
            self.refused_changed.insert(*key);
        }
    }

    /// Forgets the refused users but these.
    pub(super) fn keep_refused(&mut self, keep: &BTreeSet<Guid>) {
        let gone: Vec<Guid> = self.refused.keys().filter(|key| !keep.contains(key)).copied().collect();
        gone.iter().for_each(|key| self.accept(key));
    }

    /// Stores what has changed. What was stored before a crash is only told again.
    ///
    /// # Errors
    /// [`StoreError`]; then this value is behind what is stored, and must be loaded again.
    pub(super) async fn save(&mut self) -> Result<(), StoreError> {
        let mut writes = Vec::new();
        for (record, entry) in self.book.take_changed() {
            let body = entry.map(encode).transpose()?;
            writes.extend(write(&mut self.versions, format!("{RECORD}{record}"), body));
        }
        for key in std::mem::take(&mut self.refused_changed) {
            let body = self.refused.get(&key).map(encode).transpose()?;
            writes.extend(write(&mut self.versions, format!("{REFUSED}{key}"), body));
        }
        try_join_all(writes.chunks(MAX_WRITES).map(|some| self.store.write(some))).await.map(drop)
    }

    /// Stores how far the agent is; everything else must be stored before.
    ///
    /// # Errors
    /// As [`save`](Self::save).
    pub(super) async fn save_progress(&mut self) -> Result<(), StoreError> {
        let body = encode(&self.progress)?;
        let writes: Vec<Write> = write(&mut self.versions, PROGRESS.to_owned(), Some(body)).into_iter().collect();
        self.store.write(&writes).await
    }
}

/// The write that makes an item so; `None` where it is so already.
fn write(
    versions: &mut HashMap<String, u64>,
    sort: String,
    body: Option<serde_json::Map<String, serde_json::Value>>,
) -> Option<Write> {
    let version = versions.get(&sort).copied();
    let key = Key::new(Table::Sync, PARTITION, sort.as_str());
    let when = version.map_or(Condition::Absent, Condition::Version);
    match (body, version) {
        (Some(body), _) => {
            versions.insert(sort, version.unwrap_or_default() + 1);
            Some(Write::Put { key, when, body, index: None, expires: None })
        }
        (None, Some(_)) => {
            versions.remove(&sort);
            Some(Write::Delete { key, when })
        }
        (None, None) => None,
    }
}

async fn query(
    store: &dyn Store,
    prefix: &str,
    versions: &mut HashMap<String, u64>,
) -> Result<Vec<(String, Item)>, StoreError> {
    let (mut items, mut after) = (Vec::new(), None);
    loop {
        let page = store.query(Table::Sync, PARTITION, prefix, after.as_deref(), 1000).await?;
        for item in page.items {
            versions.insert(item.key.sort.clone(), item.version);
            let name = item.key.sort.strip_prefix(prefix).unwrap_or_default().to_owned();
            items.push((name, item));
        }
        after = page.next;
        if after.is_none() {
            return Ok(items);
        }
    }
}

fn decode<T: DeserializeOwned>(item: Item) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::Object(item.body)).map_err(|_| damaged("an item of the agent"))
}

fn damaged(what: &str) -> StoreError {
    StoreError::Damaged { reason: format!("{what} is not what it should be") }
}

#[cfg(test)]
mod tests {
    use domain::PersonId;
    use ports::clock::ManualClock;
    use storage::Embedded;

    use super::*;

    fn guid(n: u16) -> Guid {
        let mut bytes = [0; 16];
        bytes[..2].copy_from_slice(&n.to_le_bytes());
        Guid::from_bytes(&bytes).unwrap()
    }

    #[tokio::test]
    async fn what_is_saved_is_there_again_however_much_it_is() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let store = Arc::new(Embedded::in_memory(Arc::new(ManualClock::at(now))).unwrap());
        let mut state = State::load(store.clone()).await.unwrap();
        assert_eq!(state.progress, Progress::default());
        let (record, person) = (|n| RecordId::parse(format!("r{n}")).unwrap(), PersonId::parse("7").unwrap());
        for n in 0..1234 {
            state.book.sent(&record(n), guid(n), &person, "digest");
        }
        state.refuse(guid(1), RecordError::new("mail", "odd"), now);
        state.progress.latest = Some(now);
        state.save().await.unwrap();
        state.save_progress().await.unwrap();
        state.book.forget(&record(7));
        state.book.hold(&record(8), now);
        state.accept(&guid(1));
        state.refuse(guid(2), RecordError::new("mail", "odd"), now);
        state.save().await.unwrap();
        state.save_progress().await.unwrap();

        let again = State::load(store).await.unwrap();
        assert_eq!(again.book.len(), 1233);
        assert_eq!(again.book.entries(), state.book.entries());
        assert_eq!(again.refused(), state.refused());
        assert_eq!(again.refused().keys().collect::<Vec<_>>(), [&guid(2)]);
        assert_eq!(again.progress, state.progress);
    }
}
