//! The steps of a batch, in their order: choose, lease, read, settle what was interrupted, plan, write down, do, commit.

mod begin;
mod finish;
mod protect;
mod waiting;

use std::collections::BTreeMap;

use domain::account::Pending;
use domain::change::forget_lost;
use domain::{AccountStatus, DriftKind, Known, Operation, PersonId, SalesforceUserId, diff};
use futures::StreamExt as _;
use ports::{Class, QueueName, StoreError};
use records::{BatchError, Disposition, send_wake_ups};
use salesforce::{Pace, Priority, SalesforceError};

use crate::correlate::{Resolution, correlate};
use crate::person::{Occasion, Working, strong};
use crate::{PAUSE, Writer};

/// Storage calls under way at a time.
const CONCURRENCY: usize = 32;

pub(crate) type Dispositions = BTreeMap<PersonId, Disposition>;

impl Writer {
    /// Brings Salesforce to the desired state of each person.
    pub(crate) async fn apply(&self, persons: &[PersonId], priority: Priority) -> Result<Dispositions, BatchError> {
        let mut dispositions = Dispositions::new();
        let working = self.begin(persons, priority == Priority::Urgent, &mut dispositions).await?;
        if working.is_empty() {
            return Ok(dispositions);
        }
        match self.salesforce.pace(priority).await {
            Pace::Go => {}
            Pace::Slow(pause) => self.clock.sleep(pause).await,
            Pace::Wait(pause) => {
                tracing::warn!(
                    event = "writer.waits_for_api_budget",
                    persons = working.len(),
                    wait_s = pause.as_secs()
                );
                return Ok(self.put_off(working, pause, dispositions).await);
            }
        }
        let found = match self.read(&working).await {
            Ok(found) => found,
            Err(error) => return self.give_up(working, &error, dispositions).await,
        };
        let mut ready = Vec::new();
        for (working, resolution) in found.into_iter().zip(working).map(|(resolution, working)| (working, resolution)) {
            if let Some(working) = self.prepare(working, resolution, &mut dispositions).await? {
                ready.push(working);
            }
        }
        match self.protect(&mut ready).await {
            Ok(()) => self.carry_out(ready, dispositions).await,
            Err(error) => self.give_up(ready, &error, dispositions).await,
        }
    }

    /// What the org has of each person.
    async fn read(&self, working: &[Working]) -> Result<Vec<Resolution>, SalesforceError> {
        let wanted: Vec<_> = working.iter().map(Working::wanted).collect();
        let found = self.salesforce.lookup(&wanted).await?;
        let users: Vec<SalesforceUserId> = {
            let open = working.iter().zip(&found).filter(|(working, _)| working.record.value.correlation.is_none());
            open.flat_map(|(_, candidates)| candidates.iter().map(|candidate| candidate.user.id.clone())).collect()
        };
        let owners = match users.as_slice() {
            [] => BTreeMap::new(),
            users => {
                let owners = self
                    .accounts
                    .owners(users)
                    .await
                    .map_err(|error| SalesforceError::Unclear { reason: error.to_string() })?;
                users.iter().cloned().zip(owners).filter_map(|(user, owner)| Some((user, owner?))).collect()
            }
        };
        let resolve = |(working, candidates): (&Working, Vec<salesforce::Candidate>)| {
            let users: Vec<_> = candidates.into_iter().map(|candidate| candidate.user).collect();
            correlate(&working.person, &working.record.value, &working.keys(), &users, &owners)
        };
        Ok(working.iter().zip(found).map(resolve).collect())
    }

    /// Settles an interrupted change and plans the next one. `None` when the person is finished already.
    async fn prepare(
        &self,
        mut working: Working,
        resolution: Resolution,
        dispositions: &mut Dispositions,
    ) -> Result<Option<Working>, BatchError> {
        let correlated = match resolution {
            Resolution::Known(user) => {
                working.actual = Some(user);
                None
            }
            Resolution::Found(user, how) => {
                let operation = Operation::Correlate { user: user.id.clone(), how };
                working.claims = Some(user.id.clone());
                working.actual = Some(user);
                Some(operation)
            }
            Resolution::Nobody => None,
            Resolution::Undecided(reason) => {
                self.commit_undecided(working, reason, dispositions).await?;
                return Ok(None);
            }
        };
        if working.record.value.pending.is_some() {
            let person = working.person.clone();
            let Some(settled) = self.settle_interrupted(working, correlated.clone()).await else {
                dispositions.insert(person, Disposition::Again(PAUSE));
                return Ok(None);
            };
            working = settled;
        }
        if let (Some(applied), Some(actual)) = (working.record.value.applied.as_mut(), working.actual.as_ref()) {
            applied.owned = forget_lost(&applied.owned, &working.desired.value.account, actual);
        }
        let correlate = correlated.filter(|_| working.record.value.correlation.is_none());
        working.shut_by_hand = working.is_shut_by_hand();
        let known = Known {
            owned: working.record.value.owned(),
            users: working.users.clone(),
            shut_by_hand: working.shut_by_hand,
        };
        let change = diff(&working.desired.value.account, working.actual.as_ref(), &known);
        let wanted = |operation: &Operation| match working.occasion {
            Occasion::Target => true,
            Occasion::Drift => DriftKind::of(operation).is_none_or(|kind| self.rules.repairs.contains(&kind)),
            Occasion::Link => matches!(operation, Operation::SetLink { .. }),
        };
        working.operations = correlate.into_iter().chain(change.operations).filter(wanted).collect();
        Ok(Some(working))
    }

    /// Writes down what is about to be done, does it, and commits what came of it.
    async fn carry_out(&self, ready: Vec<Working>, mut dispositions: Dispositions) -> Result<Dispositions, BatchError> {
        let (writing, idle): (Vec<_>, Vec<_>) = ready.into_iter().partition(|w| w.operations.iter().any(in_salesforce));
        let intended: Vec<_> = futures::stream::iter(writing.into_iter().map(|working| self.intend(working)))
            .buffer_unordered(CONCURRENCY)
            .collect()
            .await;
        let mut doing = Vec::new();
        for result in intended {
            match result {
                Ok(working) => doing.push(working),
                Err((person, error)) => {
                    let disposition = disposition_of_store(&person, &error)?;
                    dispositions.insert(person, disposition);
                }
            }
        }
        let worked_on = |working: &Working| (working.person.clone(), working.desired.value.version);
        let worked_on = doing.iter().chain(&idle).map(worked_on).collect();
        let finished = self.finish(doing, idle).await;
        self.wake_overtaken(worked_on).await;
        let mut systemic = None;
        for result in finished {
            match result {
                (person, Ok(disposition)) => {
                    dispositions.insert(person, disposition);
                }
                (_, Err(error)) => systemic = Some(error),
            }
        }
        systemic.map_or(Ok(dispositions), Err)
    }

    /// Whose desired state became a newer one meanwhile found the lease taken, and would look again much later.
    async fn wake_overtaken(&self, worked_on: BTreeMap<PersonId, u64>) {
        let persons: Vec<_> = worked_on.keys().cloned().collect();
        let newer = match self.people.desired(&persons).await {
            Ok(desired) => desired,
            Err(error) => return tracing::warn!(event = "writer.overtaken_unread", %error),
        };
        let newer = newer.into_iter().flatten().map(|desired| desired.value);
        let newer = newer.filter(|desired| worked_on.get(&desired.person).is_some_and(|of| desired.version > *of));
        let (kept, leaving): (Vec<_>, Vec<_>) =
            newer.partition(|desired| desired.account.status == AccountStatus::Enabled);
        for (queue, desired) in [(QueueName::UrgentChanges, leaving), (QueueName::Changes, kept)] {
            let persons = desired.into_iter().map(|desired| desired.person);
            if let Err(error) = send_wake_ups(&*self.queue, queue, persons).await {
                tracing::warn!(event = "writer.overtaken_not_woken", %error);
            }
        }
    }

    async fn intend(&self, working: Working) -> Result<Working, (PersonId, StoreError)> {
        let Working { person, desired, record, .. } = &working;
        let pending = Pending {
            version: desired.value.version,
            at: self.clock.now(),
            cause: working.cause(),
            operations: working.operations.clone(),
            correlate: strong(&working.keys()),
        };
        match self.accounts.intend(person, record.clone(), pending).await {
            Ok(record) => Ok(Working { record, ..working }),
            Err(error) => {
                let person = person.clone();
                // Nothing was done; if it was written all the same, the next try settles it.
                self.release(&person, working.record).await;
                Err((person, error))
            }
        }
    }
}

/// Whether the operation changes the org; linking a person to a user does not.
fn in_salesforce(operation: &Operation) -> bool {
    !matches!(operation, Operation::Correlate { .. })
}

/// What storage trouble with one person means for its message.
pub(crate) fn disposition_of_store(person: &PersonId, error: &StoreError) -> Result<Disposition, BatchError> {
    match error.class() {
        Class::Systemic => Err(BatchError { reason: error.to_string() }),
        _ => {
            tracing::warn!(event = "writer.storage_failed", %person, %error);
            Ok(Disposition::Again(PAUSE))
        }
    }
}
