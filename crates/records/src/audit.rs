//! The Audit table: a person's log, oldest first. Records are written by the commit of an account, never alone.

use std::sync::Arc;

use domain::{AuditRecord, PersonId};
use ports::{Store, StoreError, Table};

use crate::keys;
use crate::stored::Stored;

/// Reads the audit log.
#[derive(Clone)]
pub struct AuditLog(Arc<dyn Store>);

impl AuditLog {
    /// On a store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    /// All records of a person, oldest first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn of(&self, person: &PersonId) -> Result<Vec<AuditRecord>, StoreError> {
        let partition = keys::person_partition(person);
        let (mut records, mut after) = (Vec::new(), None);
        loop {
            let page = self.0.query(Table::Audit, &partition, "", after.as_deref(), 200).await?;
            for item in page.items {
                records.push(Stored::decode(item)?.value);
            }
            after = page.next;
            if after.is_none() {
                return Ok(records);
            }
        }
    }

    /// A page of all persons' records, each at least once; one person's may be spread over several pages.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn page(
        &self,
        after: Option<&(String, String)>,
    ) -> Result<(Vec<AuditRecord>, Option<(String, String)>), StoreError> {
        let page = self.0.scan(Table::Audit, after, 500).await?;
        let records =
            page.items.into_iter().map(|item| Ok(Stored::decode(item)?.value)).collect::<Result<_, StoreError>>()?;
        Ok((records, page.next))
    }
}
