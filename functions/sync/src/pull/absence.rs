//! Records that a complete read did not hold. What that means stands in the source's definition; many at once are never
//! taken as gone without somebody who looks.

use domain::{PersonId, RecordId};
use policy::Absence;

use super::Pull;
use crate::SyncError;

/// How many records may be gone in one read, where configuration says nothing: so many, or this part of all.
const MOST: usize = 20;
const MOST_PERCENT: usize = 5;

impl Pull<'_> {
    /// The stored records that are not there, after a read that proves it.
    pub(super) async fn missing(&self, is_there: impl Fn(&RecordId) -> bool) -> Result<Missing, SyncError> {
        let mut known = self.sync.people.records_of(self.name()).await?;
        let all = known.len();
        known.retain(|(record, _)| !is_there(record));
        let unplaced = self.sync.joins.records_of(self.name()).await?;
        let unplaced = unplaced.into_iter().filter(|record| !is_there(record)).collect();
        let most = self.reading.most_absent.map_or_else(|| MOST.max(all * MOST_PERCENT / 100), usize::from);
        Ok(Missing { many: known.len() > most, records: known, unplaced })
    }

    /// Does with missing records what absence means.
    pub(super) async fn settle(&mut self, missing: Missing, absence: Absence) -> Result<(), SyncError> {
        let Missing { records, unplaced, many } = missing;
        // Accounts of nobody take nothing from anybody.
        if absence == Absence::Leaver {
            self.remove(&unplaced).await?;
        }
        match absence {
            Absence::Ignore => {}
            Absence::Leaver if !many => {
                let ids: Vec<_> = records.iter().map(|(record, _)| record.clone()).collect();
                let (absent, persons) = self.remove(&ids).await?;
                self.report.absent += absent;
                for (record, _) in &records {
                    self.sync.reads.release(self.name(), record).await?;
                }
                self.wake(persons).await?;
            }
            Absence::Leaver | Absence::Hold => {
                if many && absence == Absence::Leaver {
                    let (source, records) = (self.name(), records.len());
                    tracing::error!(event = "source.many_absent", %source, records);
                    self.report.advice.push(format!(
                        "{records} records are absent, more than are taken as gone at once: look at them, then decide \
                         with `connector absent`"
                    ));
                }
                self.hold(records).await?;
            }
        }
        Ok(())
    }
}

/// Stored records that a complete read did not hold.
pub(super) struct Missing {
    /// Those of persons.
    pub(super) records: Vec<(RecordId, PersonId)>,
    /// Accounts that belong to nobody.
    unplaced: Vec<RecordId>,
    /// Whether they are more than may be gone at once.
    pub(super) many: bool,
}
