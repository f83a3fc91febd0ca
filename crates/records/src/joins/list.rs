//! The accounts that are nobody's, for an operator and for whoever compares a source with what is stored.

use domain::{PersonId, RecordId, SourceName};
use jiff::Timestamp;
use ports::{Item, StoreError, Table};

use super::Joins;
use super::items::{Account, Place};
use crate::keys;
use crate::stored::Stored;

/// An account that is nobody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unplaced {
    /// Its source.
    pub source: SourceName,
    /// Its id there.
    pub record: RecordId,
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub why: Why,
}

/// Why an account is nobody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// No person has any of its keys, or it has none.
    NoPerson,
    /// Several persons have the first of its keys that anybody has: these, or the first twenty of them.
    SeveralPersons(Vec<PersonId>),
}

impl Joins {
    /// All accounts that are nobody's, those that wait longest first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn unplaced(&self) -> Result<Vec<Unplaced>, StoreError> {
        let mut found = Vec::new();
        for item in self.listed(None).await? {
            let Account { source, record, place, .. } = Stored::<Account>::decode(item)?.value;
            if let Place::Nobodys { since, several } = place {
                let why = if several.is_empty() { Why::NoPerson } else { Why::SeveralPersons(several) };
                found.push(Unplaced { source, record, since, why });
            }
        }
        found.sort_by(|a, b| (a.since, &a.source, &a.record).cmp(&(b.since, &b.source, &b.record)));
        Ok(found)
    }

    /// The records of a source that are there and nobody's; the others are among
    /// [`People::records_of`](crate::People::records_of).
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn records_of(&self, source: &SourceName) -> Result<Vec<RecordId>, StoreError> {
        let items = self.listed(Some(source)).await?;
        items.into_iter().map(|item| Ok(Stored::<Account>::decode(item)?.value.record)).collect()
    }

    async fn listed(&self, source: Option<&SourceName>) -> Result<Vec<Item>, StoreError> {
        // `$` follows `#`, and no source's name holds either.
        let until = source.map(|source| format!("{source}$"));
        let mut found = Vec::new();
        for shard in 0..keys::SHARDS {
            let partition = keys::shard_partition(keys::UNPLACED, shard);
            let mut after = None;
            loop {
                let page = self.0.index(Table::People, &partition, until.as_deref(), after.as_ref(), 500).await?;
                let sort = |item: &Item| item.index.as_ref().map(|index| index.sort.clone()).unwrap_or_default();
                let wanted = |item: &Item| source.is_none_or(|source| keys::is_unplaced_of(&sort(item), source));
                found.extend(page.items.into_iter().filter(wanted));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(found)
    }
}
