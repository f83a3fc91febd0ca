//! The `due` task: persons whose desired state changes by itself today, or was to change on a day that passed unseen.

use ports::QueueName;
use records::{keys, send_wake_ups};

use crate::{Report, Sync, SyncError};

impl Sync {
    pub(crate) async fn due(&self) -> Result<Report, SyncError> {
        let today = self.configuration.organisation.today(self.clock.now()).to_string();
        let mapping = self.wake_listed(keys::DUE, Some(&today)).await?;
        Ok(Report { mapping, ..Report::default() })
    }

    /// Wakes mapping for all persons that an index lists until `until`. They leave the list when mapping has seen them.
    pub(crate) async fn wake_listed(&self, index: &str, until: Option<&str>) -> Result<usize, SyncError> {
        let mut woken = 0;
        for shard in 0..keys::SHARDS {
            let mut after = None;
            loop {
                let (persons, next) = self.people.listed(index, shard, until, after.as_ref()).await?;
                woken += send_wake_ups(&*self.queue, QueueName::PersonEvents, persons).await?;
                after = next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(woken)
    }
}
