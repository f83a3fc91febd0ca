//! What the receiver was last told, by its records: whose each is, by which object of the directory, and what it said.
//! Pure. A record is an object's key, or where the directory decides who exists, the person's id; then several objects
//! may stand behind one record, or another one than before.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use active_directory::Guid;
use domain::{PersonId, RecordId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is known of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    /// Whose it is.
    pub(super) person: PersonId,
    /// The object that it was last sent of.
    pub(super) key: Guid,
    /// The objects that are it now; none when its only one has become another record.
    pub(super) keys: BTreeSet<Guid>,
    /// Digest of what was last sent; `None` when that counts no more.
    pub(super) digest: Option<String>,
    /// Since when it is not there, and waits for a person to say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) absent: Option<Timestamp>,
}

/// All records.
#[derive(Debug, Default)]
pub(super) struct Book {
    entries: BTreeMap<RecordId, Entry>,
    by_key: HashMap<Guid, RecordId>,
    changed: BTreeSet<RecordId>,
}

impl Book {
    /// As it was stored.
    pub(super) fn of(entries: BTreeMap<RecordId, Entry>) -> Self {
        let keys = entries.iter().flat_map(|(record, entry)| entry.keys.iter().map(|key| (*key, record.clone())));
        Self { by_key: keys.collect(), entries, changed: BTreeSet::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn entries(&self) -> &BTreeMap<RecordId, Entry> {
        &self.entries
    }

    pub(super) fn get(&self, record: &RecordId) -> Option<&Entry> {
        self.entries.get(record)
    }

    /// The record that an object is.
    pub(super) fn record_of(&self, key: &Guid) -> Option<&RecordId> {
        self.by_key.get(key)
    }

    /// Whether exactly this was last sent.
    pub(super) fn is_sent(&self, record: &RecordId, person: &PersonId, digest: &str) -> bool {
        let entry = self.entries.get(record);
        entry.is_some_and(|entry| entry.person == *person && entry.digest.as_deref() == Some(digest))
    }

    /// The record was sent and taken.
    pub(super) fn sent(&mut self, record: &RecordId, key: Guid, person: &PersonId, digest: &str) {
        self.release(&key, record);
        let mut keys = self.entries.remove(record).map(|entry| entry.keys).unwrap_or_default();
        keys.insert(key);
        let entry = Entry { person: person.clone(), key, keys, digest: Some(digest.to_owned()), absent: None };
        self.entries.insert(record.clone(), entry);
        self.by_key.insert(key, record.clone());
        self.changed.insert(record.clone());
    }

    /// The record is there, by this object.
    pub(super) fn met(&mut self, record: &RecordId, key: Guid) {
        if !self.entries.contains_key(record) {
            return;
        }
        self.release(&key, record);
        if let Some(entry) = self.entries.get_mut(record)
            && (entry.keys.insert(key) || entry.absent.take().is_some())
        {
            entry.absent = None;
            self.changed.insert(record.clone());
        }
        self.by_key.insert(key, record.clone());
    }

    /// The object is gone, and others are the record still.
    pub(super) fn without(&mut self, key: &Guid) {
        if let Some(record) = self.by_key.remove(key)
            && let Some(entry) = self.entries.get_mut(&record)
        {
            entry.keys.remove(key);
            self.changed.insert(record);
        }
    }

    /// Whether this object alone is its record.
    pub(super) fn is_alone(&self, key: &Guid) -> bool {
        let entry = self.by_key.get(key).and_then(|record| self.entries.get(record));
        entry.is_some_and(|entry| entry.keys.len() == 1)
    }

    /// The record was told as gone.
    pub(super) fn forget(&mut self, record: &RecordId) {
        if let Some(entry) = self.entries.remove(record) {
            entry.keys.iter().for_each(|key| drop(self.by_key.remove(key)));
            self.changed.insert(record.clone());
        }
    }

    /// The record is not there, and waits for a person to say so.
    pub(super) fn hold(&mut self, record: &RecordId, since: Timestamp) {
        if let Some(entry) = self.entries.get_mut(record)
            && entry.absent.is_none()
        {
            entry.absent = Some(since);
            self.changed.insert(record.clone());
        }
    }

    /// Everything is to be sent once more.
    pub(super) fn send_again(&mut self) {
        for (record, entry) in &mut self.entries {
            if entry.digest.take().is_some() {
                self.changed.insert(record.clone());
            }
        }
    }

    /// The records that wait for a person.
    pub(super) fn held(&self) -> impl Iterator<Item = (&RecordId, &Entry, Timestamp)> {
        self.entries.iter().filter_map(|(record, entry)| Some((record, entry, entry.absent?)))
    }

    /// What has changed since this was last asked; `None` for a record that is no longer there.
    pub(super) fn take_changed(&mut self) -> Vec<(RecordId, Option<&Entry>)> {
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().map(|record| (record.clone(), self.entries.get(&record))).collect()
    }

    /// Takes an object from the record that it was, unless it is that one.
    fn release(&mut self, key: &Guid, unless: &RecordId) {
        if self.by_key.get(key).is_some_and(|record| record != unless) {
            self.without(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guid(n: u8) -> Guid {
        Guid::from_bytes(&[n; 16]).unwrap()
    }

    fn record(text: &str) -> RecordId {
        RecordId::parse(text).unwrap()
    }

    fn person(text: &str) -> PersonId {
        PersonId::parse(text).unwrap()
    }

    fn book() -> Book {
        let mut book = Book::default();
        book.sent(&record("a"), guid(1), &person("a"), "d1");
        book
    }

    #[test]
    fn only_exactly_the_same_counts_as_sent() {
        let mut book = book();
        assert!(book.is_sent(&record("a"), &person("a"), "d1"));
        assert!(!book.is_sent(&record("a"), &person("a"), "d2"));
        assert!(!book.is_sent(&record("a"), &person("b"), "d1"));
        assert!(!book.is_sent(&record("b"), &person("a"), "d1"));
        book.send_again();
        assert!(!book.is_sent(&record("a"), &person("a"), "d1"));
        assert_eq!(book.record_of(&guid(1)), Some(&record("a")));
    }

    #[test]
    fn a_record_stays_while_one_object_is_it() {
        let mut book = book();
        book.met(&record("a"), guid(2));
        assert!(!book.is_alone(&guid(1)));
        book.without(&guid(1));
        assert!(book.is_alone(&guid(2)) && book.record_of(&guid(1)).is_none());
        book.forget(&record("a"));
        assert!(book.entries().is_empty() && book.record_of(&guid(2)).is_none());
    }

    #[test]
    fn an_object_with_another_id_leaves_its_old_record_behind() {
        let mut book = book();
        book.sent(&record("b"), guid(1), &person("b"), "d2");
        assert!(book.get(&record("a")).unwrap().keys.is_empty());
        assert_eq!(book.record_of(&guid(1)), Some(&record("b")));
        // The object comes back to it.
        book.sent(&record("a"), guid(1), &person("a"), "d1");
        assert!(book.get(&record("b")).unwrap().keys.is_empty());
    }

    #[test]
    fn a_held_record_keeps_its_first_time_until_it_is_there_again() {
        let (mut book, first) = (book(), Timestamp::from_second(1).unwrap());
        book.take_changed();
        book.hold(&record("a"), first);
        book.hold(&record("a"), Timestamp::from_second(2).unwrap());
        assert_eq!(book.held().map(|(_, _, since)| since).collect::<Vec<_>>(), [first]);
        book.met(&record("a"), guid(1));
        assert_eq!(book.held().count(), 0);
        assert_eq!(book.take_changed().len(), 1);
        assert!(book.take_changed().is_empty());
    }

    #[test]
    fn what_is_stored_gives_the_same_book() {
        let mut book = book();
        book.met(&record("a"), guid(2));
        let text = serde_json::to_string(book.get(&record("a")).unwrap()).unwrap();
        let again = Book::of(BTreeMap::from([(record("a"), serde_json::from_str(&text).unwrap())]));
        assert_eq!(again.entries(), book.entries());
        assert_eq!(again.record_of(&guid(2)), Some(&record("a")));
    }
}
