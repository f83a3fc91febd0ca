//! The Accounts table: what is remembered of each person's account, whose turn it is to write, and to whom a Salesforce
//! user belongs. The commit puts the new state, its audit record and the owner into one transaction.

mod link;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::account::{Lease, Pending};
use domain::{AccountRecord, AuditRecord, PersonId, SalesforceUserId};
use jiff::Timestamp;
use ports::{Condition, IndexKey, IndexPosition, Store, StoreError, Table, Write};
use serde::{Deserialize, Serialize};

pub use self::link::{Decided, UNLINKED};
use crate::keys;
use crate::stored::{Stored, put, write_settled};

/// Reads and writes the Accounts table.
#[derive(Clone)]
pub struct Accounts(Arc<dyn Store>);

/// Whether one may write for a person.
#[derive(Debug)]
pub enum LeaseOutcome {
    /// Yes: the record as it is now, lease included.
    Mine(Box<Stored<AccountRecord>>),
    /// Somebody else may, for at most so long.
    Taken(Duration),
}

/// A new state and the reason for it, to be written all or nothing.
#[derive(Debug)]
pub struct Commit<'a> {
    /// The person.
    pub person: &'a PersonId,
    /// The new record; the commit sets its audit head and gives its lease back.
    pub record: AccountRecord,
    /// Version of the record that it replaces.
    pub version: u64,
    /// What to write into the log; the commit sets sequence and chain.
    pub audit: Option<AuditRecord>,
    /// A user that becomes the person's with this commit.
    pub claims: Option<SalesforceUserId>,
    /// A user that is the person's no more with this commit.
    pub gives_up: Option<SalesforceUserId>,
    /// Persons for whom the record before waited.
    pub waited_for: BTreeSet<PersonId>,
    /// Whether the writer goes on with the person.
    pub keep_lease: bool,
}

/// To whom a Salesforce user belongs.
#[derive(Serialize, Deserialize)]
struct Owner {
    person: PersonId,
}

/// Somebody waits; who and for whom is in the key.
#[derive(Serialize, Deserialize)]
struct Waiting {
    person: PersonId,
}

impl Accounts {
    /// On a store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    /// The records of many persons, in their order; an empty record of version 0 where there is none.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn load(&self, persons: &[PersonId]) -> Result<Vec<Stored<AccountRecord>>, StoreError> {
        let keys: Vec<_> = persons.iter().map(keys::account).collect();
        let empty = || Stored { value: AccountRecord::default(), version: 0, index: None };
        let decode = |item| Ok(Stored::decode_optional(item)?.unwrap_or_else(empty));
        self.0.get(&keys).await?.into_iter().map(decode).collect()
    }

    /// To whom each user belongs, in the users' order.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn owners(&self, users: &[SalesforceUserId]) -> Result<Vec<Option<PersonId>>, StoreError> {
        let keys: Vec<_> = users.iter().map(keys::owner).collect();
        let decode = |item| Ok(Stored::<Owner>::decode_optional(item)?.map(|owner| owner.value.person));
        self.0.get(&keys).await?.into_iter().map(decode).collect()
    }

    /// Takes the person's lease for `duration`, unless somebody holds it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn lease(
        &self,
        person: &PersonId,
        stored: Stored<AccountRecord>,
        token: String,
        now: Timestamp,
        duration: Duration,
    ) -> Result<LeaseOutcome, StoreError> {
        if let Some(lease) = stored.value.lease.as_ref().filter(|lease| lease.until > now) {
            return Ok(LeaseOutcome::Taken(Duration::try_from(lease.until.duration_since(now)).unwrap_or_default()));
        }
        let mut record = stored.value;
        record.lease = Some(Lease { token, until: now.saturating_add(duration).unwrap_or(Timestamp::MAX) });
        match self.write(person, record, stored.version).await {
            Ok(stored) => Ok(LeaseOutcome::Mine(Box::new(stored))),
            Err(StoreError::Conflict { .. }) => Ok(LeaseOutcome::Taken(Duration::from_secs(2))),
            Err(error) => Err(error),
        }
    }

    /// Writes down what is about to be done, before it is done.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the lease was lost: do nothing then.
    pub async fn intend(
        &self,
        person: &PersonId,
        stored: Stored<AccountRecord>,
        pending: Pending,
    ) -> Result<Stored<AccountRecord>, StoreError> {
        let record = AccountRecord { pending: Some(pending), ..stored.value };
        self.write(person, record, stored.version).await
    }

    /// Gives the lease back with nothing done.
    ///
    /// # Errors
    /// [`StoreError`]; the lease then expires by itself.
    pub async fn release(&self, person: &PersonId, stored: Stored<AccountRecord>) -> Result<(), StoreError> {
        let record = AccountRecord { lease: None, ..stored.value };
        self.write(person, record, stored.version).await.map(drop)
    }

    /// Writes the new state, its audit record and the claim on a user in one transaction.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: of write 0 when the lease was lost, of a later one when the user belongs to somebody
    /// else.
    pub async fn commit(&self, commit: Commit<'_>) -> Result<Stored<AccountRecord>, StoreError> {
        let Commit { person, mut record, version, audit, claims, gives_up, waited_for, keep_lease } = commit;
        if !keep_lease {
            record.lease = None;
        }
        let mut writes = Vec::new();
        if let Some(mut audit) = audit {
            let head = record.audit.take();
            audit.sequence = head.as_ref().map_or(0, |head| head.sequence) + 1;
            audit.previous = head.map(|head| head.digest).unwrap_or_default();
            record.audit = Some(audit.head());
            writes.push(put(keys::audit(person, audit.sequence), 0, &audit, None)?);
        }
        if let Some(user) = claims {
            writes.push(put(keys::owner(&user), 0, &Owner { person: person.clone() }, None)?);
        }
        if let Some(user) = gives_up {
            writes.push(Write::Delete { key: keys::owner(&user), when: Condition::Version(1) });
        }
        for on in record.waits_for.difference(&waited_for) {
            writes.push(put(keys::waiting(on, person), 0, &Waiting { person: person.clone() }, None)?);
        }
        for on in waited_for.difference(&record.waits_for) {
            writes.push(Write::Delete { key: keys::waiting(on, person), when: Condition::Version(1) });
        }
        let index = index_of(&record);
        writes.insert(0, put(keys::account(person), version, &record, index.clone())?);
        write_settled(&*self.0, &writes).await?;
        Ok(Stored { value: record, version: version + 1, index })
    }

    /// A page of parked persons whose next try is due until `until` (all when `None`), the next first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn parked(
        &self,
        until: Option<Timestamp>,
        after: Option<&IndexPosition>,
    ) -> Result<(Vec<(PersonId, AccountRecord)>, Option<IndexPosition>), StoreError> {
        let until = until.map(keys::moment);
        let page = self.0.index(Table::Accounts, keys::PARKED, until.as_deref(), after, 500).await?;
        let mut found = Vec::new();
        for item in page.items {
            if let Some(person) = keys::person_of_partition(&item.key.partition) {
                found.push((person, Stored::decode(item)?.value));
            }
        }
        Ok((found, page.next))
    }

    /// A page of all persons' records, in no order, each at least once.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn page(
        &self,
        after: Option<&(String, String)>,
    ) -> Result<(Vec<(PersonId, AccountRecord)>, Option<(String, String)>), StoreError> {
        let page = self.0.scan(Table::Accounts, after, 500).await?;
        let mut found = Vec::new();
        for item in page.items {
            if let Some(person) = keys::person_of_partition(&item.key.partition) {
                found.push((person, Stored::decode(item)?.value));
            }
        }
        Ok((found, page.next))
    }

    /// A page of those who wait for the person's user, after `after`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn waiting_for(
        &self,
        person: &PersonId,
        after: Option<&str>,
    ) -> Result<(Vec<PersonId>, Option<String>), StoreError> {
        let partition = keys::waiting_partition(person);
        let page = self.0.query(Table::Accounts, &partition, "", after, 500).await?;
        Ok((page.items.into_iter().filter_map(|item| PersonId::parse(item.key.sort).ok()).collect(), page.next))
    }

    /// Asks the writer to look at the org again though the desired state was reached. False when the person has no
    /// record, or is being written, which is a look.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn recheck(&self, person: &PersonId) -> Result<bool, StoreError> {
        let Some(stored) = self.load(std::slice::from_ref(person)).await?.pop() else { return Ok(false) };
        if stored.value.applied.is_none() || stored.value.recheck {
            return Ok(stored.value.recheck);
        }
        let record = AccountRecord { recheck: true, ..stored.value };
        match self.write(person, record, stored.version).await {
            Err(StoreError::Conflict { .. }) => Ok(false),
            result => result.map(|_| true),
        }
    }

    /// Makes a parked person due now.
    ///
    /// # Errors
    /// [`StoreError`]; `Conflict` when the record is being written, which is a try already.
    pub async fn unpark(&self, person: &PersonId, now: Timestamp) -> Result<bool, StoreError> {
        let Some(stored) = self.load(std::slice::from_ref(person)).await?.pop() else { return Ok(false) };
        let mut record = stored.value;
        let Some(parked) = record.parked.as_mut() else { return Ok(false) };
        parked.retry_at = now;
        self.write(person, record, stored.version).await.map(|_| true)
    }

    /// Ends all leases. Only for a store that no other process can hold open: then whoever took them is gone.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn end_leases(&self) -> Result<usize, StoreError> {
        let (mut ended, mut after) = (0, None);
        loop {
            let page = self.0.scan(Table::Accounts, after.as_ref(), 500).await?;
            for item in page.items.into_iter().filter(|item| item.body.contains_key("lease")) {
                let Some(person) = keys::person_of_partition(&item.key.partition) else { continue };
                self.release(&person, Stored::decode(item)?).await?;
                ended += 1;
            }
            after = page.next;
            if after.is_none() {
                return Ok(ended);
            }
        }
    }

    async fn write(
        &self,
        person: &PersonId,
        record: AccountRecord,
        version: u64,
    ) -> Result<Stored<AccountRecord>, StoreError> {
        let index = index_of(&record);
        let write = put(keys::account(person), version, &record, index.clone())?;
        write_settled(&*self.0, &[write]).await?;
        Ok(Stored { value: record, version: version + 1, index })
    }
}

fn index_of(record: &AccountRecord) -> Option<IndexKey> {
    let parked = record.parked.as_ref()?;
    Some(IndexKey { partition: keys::PARKED.to_owned(), sort: keys::moment(parked.retry_at) })
}

#[cfg(test)]
mod tests;
