//! The first steps: which persons of the batch need work, and whose turn on them is ours.

use std::time::Duration;

use domain::PersonId;
use futures::StreamExt as _;
use records::{BatchError, Disposition, LeaseOutcome, Stored};
use salesforce::SalesforceError;

use super::{CONCURRENCY, Dispositions, disposition_of_store};
use crate::person::Working;
use crate::{PAUSE, Writer};

impl Writer {
    /// Chooses the persons whose desired state is newer than the applied one, and takes their leases.
    pub(super) async fn begin(
        &self,
        persons: &[PersonId],
        dispositions: &mut Dispositions,
    ) -> Result<Vec<Working>, BatchError> {
        let whole = |error: ports::StoreError| BatchError { reason: error.to_string() };
        let desired = self.people.desired(persons).await.map_err(whole)?;
        let records = self.accounts.load(persons).await.map_err(whole)?;
        let now = self.clock.now();
        let mut chosen = Vec::new();
        for ((person, desired), record) in persons.iter().zip(desired).zip(records) {
            // Mapping stores the desired state before it wakes us, so without one there is nothing to do.
            let Some(desired) = desired else { continue };
            let parked = record.value.parked.as_ref();
            if record.value.applied_version() >= desired.value.version && record.value.pending.is_none() {
                self.take_off_list(&desired).await;
            } else if !parked.is_some_and(|parked| parked.version == desired.value.version && parked.retry_at > now) {
                chosen.push((person.clone(), desired, record));
            }
        }
        // Long enough for all of them at a second each; an abandoned lease must not hold a leaver up for long either.
        let duration = Duration::from_secs(60 + 2 * chosen.len() as u64);
        let leases = chosen.into_iter().map(|(person, desired, record)| async move {
            let token = format!("{:016x}", self.random.next_u64());
            let outcome = self.accounts.lease(&person, record, token, now, duration).await;
            (person, desired, outcome)
        });
        let outcomes: Vec<_> = futures::stream::iter(leases).buffered(CONCURRENCY).collect().await;
        let mut working = Vec::new();
        for (person, desired, outcome) in outcomes {
            match outcome {
                Ok(LeaseOutcome::Mine(record)) => working.push(Working {
                    person,
                    desired,
                    record: *record,
                    actual: None,
                    claims: None,
                    operations: Vec::new(),
                }),
                Ok(LeaseOutcome::Taken(wait)) => {
                    dispositions.insert(
                        person,
                        Disposition::Again(wait.clamp(Duration::from_secs(1), Duration::from_secs(30))),
                    );
                }
                Err(error) => {
                    let disposition = disposition_of_store(&person, &error)?;
                    dispositions.insert(person, disposition);
                }
            }
        }
        Ok(working)
    }

    /// The whole batch can't go on: gives the leases back and says so.
    pub(super) async fn give_up(
        &self,
        working: Vec<Working>,
        error: &SalesforceError,
        mut dispositions: Dispositions,
    ) -> Result<Dispositions, BatchError> {
        tracing::warn!(event = "writer.read_failed", %error, persons = working.len());
        let pause = error.retry_after().unwrap_or(PAUSE);
        for Working { person, record, .. } in working {
            self.release(&person, record).await;
            dispositions.insert(person, Disposition::Again(pause));
        }
        match error.class() {
            ports::Class::Systemic => Err(super::finish::batch_error(error)),
            _ => Ok(dispositions),
        }
    }

    /// Gives a lease back; should this fail, it ends by itself.
    pub(super) async fn release(&self, person: &PersonId, record: Stored<domain::AccountRecord>) {
        if let Err(error) = self.accounts.release(person, record).await {
            tracing::warn!(event = "writer.lease_not_released", %person, %error);
        }
    }

    /// Takes a reached state off the list of open ones; should this fail, the sweep does it.
    pub(super) async fn take_off_list(&self, desired: &Stored<domain::DesiredState>) {
        if let Err(error) = self.people.mark_applied(desired).await {
            tracing::debug!(event = "writer.list_not_updated", person = %desired.value.person, %error);
        }
    }
}
