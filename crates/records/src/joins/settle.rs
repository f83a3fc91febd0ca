//! Bringing one account to where its keys say that it belongs.

use std::collections::BTreeSet;

use domain::{JoinKey, PersonId, RecordId, Snapshot, SnapshotContent, SourceName};
use jiff::Timestamp;
use ports::{StoreError, Table, Write};

use super::items::{Account, PersonJoin, Place};
use super::{Joins, again};
use crate::keys;
use crate::people::RecordPointer;
use crate::stored::{Stored, put, unchanged_since, write_settled};

/// What settling did.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// Persons whose accounts changed.
    pub(super) changed: BTreeSet<PersonId>,
    /// Whose the account is now.
    pub(super) owner: Option<PersonId>,
}

/// Of persons with one key in common, so many are told.
const MOST_TOLD: usize = 20;

impl Joins {
    /// Places the account where it belongs, whatever anybody else did to it.
    pub(super) async fn settle(
        &self,
        source: &SourceName,
        record: &RecordId,
        now: Timestamp,
    ) -> Result<Settled, StoreError> {
        again(|| self.try_settle(source, record, now)).await
    }

    async fn try_settle(&self, source: &SourceName, record: &RecordId, now: Timestamp) -> Result<Settled, StoreError> {
        let (item_key, pointer_key) = (keys::joined(source, record), keys::record_pointer(source, record));
        let mut items = self.0.get(&[item_key.clone(), pointer_key.clone()]).await?.into_iter();
        let item = Stored::<Account>::decode_optional(items.next().flatten())?;
        let pointer = Stored::<RecordPointer>::decode_optional(items.next().flatten())?;
        let Some(Stored { value: mut account, version, .. }) = item else { return Ok(Settled::default()) };

        let owner = pointer.as_ref().map(|pointer| pointer.value.person.clone());
        account.place = match &owner {
            Some(owner) if self.must_stay(&account, owner).await? => Place::Persons(owner.clone()),
            _ => self.place_by_keys(&account, now).await?,
        };
        account.settled = true;
        let person = account.place.person().cloned();
        let mut settled = Settled { changed: BTreeSet::new(), owner: person.clone() };
        let mut writes = vec![put(item_key, version, &account, account.index())?];

        if let Some(person) = &person {
            let content = SnapshotContent::Account(account.account.clone().unwrap_or_default());
            if let Some(write) = self.snapshot(&account, person, content, now).await? {
                settled.changed.insert(person.clone());
                writes.push(write);
            }
        }
        if let Some(owner) = owner.filter(|owner| person.as_ref() != Some(owner)) {
            // The mark stays in place of the account, so that the sweep finds whom it was taken from.
            if let Some(write) = self.snapshot(&account, &owner, SnapshotContent::Removed, now).await? {
                settled.changed.insert(owner);
                writes.push(write);
            }
        }
        match (person, pointer) {
            (None, None) => {}
            (None, Some(pointer)) => {
                writes.push(Write::Delete { key: pointer_key, when: unchanged_since(pointer.version) });
            }
            (Some(person), pointer) => {
                let listed = Some(keys::of_source(source, record));
                let same = |pointer: &Stored<_>| pointer_is(pointer, &person) && pointer.index == listed;
                if !pointer.as_ref().is_some_and(same) {
                    let version = pointer.map_or(0, |pointer| pointer.version);
                    writes.push(put(pointer_key, version, &RecordPointer { person }, listed)?);
                }
            }
        }
        write_settled(&*self.0, &writes).await?;
        Ok(settled)
    }

    /// Whether an account keeps its person whatever its keys say: the person was not yet mapped with the configuration
    /// that made them. Mapping then settles the account.
    async fn must_stay(&self, account: &Account, owner: &PersonId) -> Result<bool, StoreError> {
        let Some(key) = account.keys.first().filter(|_| account.account.is_some()) else { return Ok(false) };
        let stored = self.get::<PersonJoin>(&keys::person_join(owner, &account.source)).await?;
        Ok(stored.is_none_or(|stored| !key.is_of(&stored.value.join)))
    }

    async fn place_by_keys(&self, account: &Account, now: Timestamp) -> Result<Place, StoreError> {
        for key in account.keys.iter().filter(|_| account.account.is_some()) {
            let mut persons = self.persons_with(&account.source, key).await?;
            match persons.len() {
                0 => {}
                1 => return Ok(persons.pop().map_or(account.place.nobodys(Vec::new(), now), Place::Persons)),
                _ => return Ok(account.place.nobodys(persons, now)),
            }
        }
        Ok(account.place.nobodys(Vec::new(), now))
    }

    async fn persons_with(&self, source: &SourceName, key: &JoinKey) -> Result<Vec<PersonId>, StoreError> {
        let (partition, prefix) = (keys::join_partition(source, key), keys::JOIN_PERSON_PREFIX);
        let (mut persons, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = self.0.query(Table::People, &partition, prefix, after.as_deref(), MOST_TOLD).await?;
            let ids = page.items.iter().filter_map(|item| item.key.sort.strip_prefix(prefix));
            persons.extend(ids.filter_map(|id| PersonId::parse(id).ok()));
            after = page.next;
            if after.is_none() || persons.len() >= MOST_TOLD {
                return Ok(persons);
            }
        }
    }

    /// The write that makes this the person's snapshot of the account; none when it says so already.
    async fn snapshot(
        &self,
        account: &Account,
        person: &PersonId,
        content: SnapshotContent,
        now: Timestamp,
    ) -> Result<Option<Write>, StoreError> {
        let key = keys::snapshot(person, &account.source, &account.record);
        let stored = self.get::<Snapshot>(&key).await?;
        let new = Snapshot {
            source: account.source.clone(),
            record: account.record.clone(),
            person: person.clone(),
            observed_at: account.observed_at,
            event: account.event.clone(),
            content,
        };
        let same = match &stored {
            Some(stored) => stored.value.digest() == new.digest(),
            None => new.content == SnapshotContent::Removed,
        };
        if same {
            return Ok(None);
        }
        let index = Some(keys::sharded(keys::UNMAPPED, person, keys::moment(now)));
        put(key, stored.map_or(0, |stored| stored.version), &new, index).map(Some)
    }
}

fn pointer_is(pointer: &Stored<RecordPointer>, person: &PersonId) -> bool {
    pointer.value.person == *person
}
