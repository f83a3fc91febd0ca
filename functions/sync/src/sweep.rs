//! The `sweep` task: the repair loop that makes every lost message harmless.

use domain::AccountStatus;
use ports::QueueName;
use records::{keys, send_wake_ups};

use crate::{Report, Sync, SyncError};

impl Sync {
    pub(crate) async fn sweep(&self) -> Result<Report, SyncError> {
        let overdue = keys::moment(self.clock.now().saturating_sub(self.grace).unwrap_or_default());
        let mut report =
            Report { mapping: self.wake_listed(keys::UNMAPPED, Some(&overdue)).await?, ..Report::default() };
        report.writer += self.wake_unapplied(&overdue).await?;
        report.mapping += self.wake_all_if_reconfigured().await?;
        Ok(report)
    }

    /// Whoever is parked is listed here as well, and is woken once the pause is over.
    async fn wake_unapplied(&self, overdue: &str) -> Result<usize, SyncError> {
        let now = self.clock.now();
        let mut woken = 0;
        for shard in 0..keys::SHARDS {
            let mut after = None;
            loop {
                let (persons, next) = self.people.listed(keys::UNAPPLIED, shard, Some(overdue), after.as_ref()).await?;
                let desired = self.people.desired(&persons).await?;
                let records = self.accounts.load(&persons).await?;
                let (mut urgent, mut ordinary) = (Vec::new(), Vec::new());
                for ((person, desired), record) in persons.into_iter().zip(desired).zip(records) {
                    let Some(desired) = desired else { continue };
                    if record.value.applied_version() >= desired.value.version {
                        self.people.mark_applied(&desired).await?;
                        continue;
                    }
                    let parked = record.value.parked.as_ref();
                    if parked.is_some_and(|parked| parked.version == desired.value.version && parked.retry_at > now) {
                        continue;
                    }
                    let leaves = desired.value.account.status != AccountStatus::Enabled;
                    if leaves { urgent.push(person) } else { ordinary.push(person) }
                }
                woken += send_wake_ups(&*self.queue, QueueName::UrgentChanges, urgent).await?;
                woken += send_wake_ups(&*self.queue, QueueName::Changes, ordinary).await?;
                after = next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(woken)
    }

    /// New rules concern everybody: all persons are mapped again. Only those whose target changes cost a call.
    async fn wake_all_if_reconfigured(&self) -> Result<usize, SyncError> {
        let policy = self.configuration.fingerprint();
        if self.state.mapped_policy().await?.as_deref() == Some(&policy) {
            return Ok(0);
        }
        let (mut woken, mut after) = (0, None);
        loop {
            let (persons, next) = self.people.all(after.as_ref()).await?;
            woken += send_wake_ups(&*self.queue, QueueName::PersonEvents, persons).await?;
            after = next;
            if after.is_none() {
                break;
            }
        }
        self.state.set_mapped_policy(&policy).await?;
        Ok(woken)
    }
}
