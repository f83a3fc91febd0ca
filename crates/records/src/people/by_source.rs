//! Records by their source: whose they are, and which there are.

use domain::{PersonId, RecordId, SourceName};
use ports::{StoreError, Table};

use super::{People, RecordPointer};
use crate::keys;
use crate::stored::Stored;

impl People {
    /// The person that a source's record belongs to.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn person_of(&self, source: &SourceName, record: &RecordId) -> Result<Option<PersonId>, StoreError> {
        let pointer = self.get_one::<RecordPointer>(&keys::record_pointer(source, record)).await?;
        Ok(pointer.map(|pointer| pointer.value.person))
    }

    /// The persons that records of a source belong to, in the records' order; `None` for a record that is not known, or
    /// not there any more.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn persons_of(
        &self,
        source: &SourceName,
        records: &[RecordId],
    ) -> Result<Vec<Option<PersonId>>, StoreError> {
        let keys: Vec<_> = records.iter().map(|record| keys::record_pointer(source, record)).collect();
        let person = |item| {
            // Only what is there is listed under its source.
            let pointer = Stored::<RecordPointer>::decode_optional(item)?.filter(|pointer| pointer.index.is_some());
            Ok(pointer.map(|pointer| pointer.value.person))
        };
        self.0.get(&keys).await?.into_iter().map(person).collect()
    }

    /// All records of a source that are there, with their persons.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn records_of(&self, source: &SourceName) -> Result<Vec<(RecordId, PersonId)>, StoreError> {
        let mut records = Vec::new();
        for shard in 0..keys::SHARDS {
            let partition = keys::shard_partition(&keys::source_index(source), shard);
            let mut after = None;
            loop {
                let page = self.0.index(Table::People, &partition, None, after.as_ref(), 500).await?;
                for item in page.items {
                    let listed = item.index.as_ref().map(|index| RecordId::parse(index.sort.as_str()));
                    if let Some(Ok(record)) = listed {
                        records.push((record, Stored::<RecordPointer>::decode(item)?.value.person));
                    }
                }
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(records)
    }
}
