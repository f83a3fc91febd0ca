//! The first steps: which persons of the batch need work, and whose turn on them is ours.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::{AccountRecord, DesiredState, Parked, PersonId, SalesforceUserId};
use futures::StreamExt as _;
use jiff::Timestamp;
use records::{BatchError, Disposition, LeaseOutcome, Stored};
use salesforce::SalesforceError;

use super::{CONCURRENCY, Dispositions, disposition_of_store};
use crate::person::{Occasion, Working};
use crate::{PAUSE, Writer};

/// How soon a person is looked at again whose lease somebody holds.
const SHORTEST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

impl Writer {
    /// Chooses the persons for whom there is work, and takes their leases.
    pub(super) async fn begin(
        &self,
        persons: &[PersonId],
        urgent: bool,
        dispositions: &mut Dispositions,
    ) -> Result<Vec<Working>, BatchError> {
        let whole = |error: ports::StoreError| BatchError { reason: error.to_string() };
        let desired = self.people.desired(persons).await.map_err(whole)?;
        let records = self.accounts.load(persons).await.map_err(whole)?;
        // Mapping stores the desired state before it wakes us, so without one there is nothing to do.
        let known = persons.iter().zip(desired).zip(records);
        let known: Vec<_> = known.filter_map(|((person, desired), record)| Some((person, desired?, record))).collect();
        let linked = known.iter().flat_map(|(_, desired, _)| desired.value.account.linked_persons());
        let users = self.users_of(linked.cloned().collect()).await.map_err(whole)?;
        let mut chosen = Vec::new();
        for (person, desired, record) in known {
            match occasion(&desired.value, &record.value, &users, self.clock.now()) {
                Some(occasion) => chosen.push((person.clone(), desired, record, occasion)),
                None if record.value.applied_version() >= desired.value.version => {
                    self.take_off_list(&desired).await;
                    // This may be the second delivery of what made the person's user, with others still waiting for it.
                    if record.value.correlation.is_some()
                        && let Err(disposition) = self.wake_waiting(person).await
                    {
                        dispositions.insert(person.clone(), disposition);
                    }
                }
                None => {}
            }
        }
        // A leaver looks again sooner, but not so often that its message ends with the dead letters.
        let share = if urgent { 2 } else { 1 };
        let mut working = Vec::new();
        for (person, desired, occasion, outcome) in self.lease_all(chosen).await {
            match outcome {
                Ok(LeaseOutcome::Mine(record)) => {
                    let linked = desired.value.account.linked_persons();
                    let of_linked = |person: &PersonId| Some((person.clone(), users.get(person)?.clone()));
                    let users = linked.into_iter().filter_map(of_linked).collect();
                    working.push(Working {
                        person,
                        desired,
                        record: *record,
                        actual: None,
                        claims: None,
                        operations: Vec::new(),
                        users,
                        occasion,
                        shut_by_hand: false,
                        protected: None,
                    });
                }
                Ok(LeaseOutcome::Taken(wait)) => {
                    dispositions.insert(person, Disposition::Again((wait / share).clamp(SHORTEST_WAIT, LONGEST_WAIT)));
                }
                Err(error) => {
                    let disposition = disposition_of_store(&person, &error)?;
                    dispositions.insert(person, disposition);
                }
            }
        }
        Ok(working)
    }

    /// The users of persons, as far as they have one.
    async fn users_of(
        &self,
        persons: BTreeSet<PersonId>,
    ) -> Result<BTreeMap<PersonId, SalesforceUserId>, ports::StoreError> {
        if persons.is_empty() {
            return Ok(BTreeMap::new());
        }
        let persons: Vec<_> = persons.into_iter().collect();
        let records = self.accounts.load(&persons).await?;
        let user = |(person, record): (PersonId, Stored<AccountRecord>)| Some((person, record.value.correlation?.user));
        Ok(persons.into_iter().zip(records).filter_map(user).collect())
    }

    async fn lease_all(&self, chosen: Vec<Chosen>) -> Vec<(PersonId, Stored<DesiredState>, Occasion, LeaseResult)> {
        let now = self.clock.now();
        // Long enough for all of them at a second each; an abandoned lease must not hold a leaver up for long either.
        let duration = Duration::from_secs(60 + 2 * chosen.len() as u64);
        let leases = chosen.into_iter().map(|(person, desired, record, occasion)| async move {
            let token = format!("{:016x}", self.random.next_u64());
            let outcome = self.accounts.lease(&person, record, token, now, duration).await;
            (person, desired, occasion, outcome)
        });
        futures::stream::iter(leases).buffered(CONCURRENCY).collect().await
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
        dispositions = self.put_off(working, pause, dispositions).await;
        match error.class() {
            ports::Class::Systemic => Err(super::finish::batch_error(error)),
            _ => Ok(dispositions),
        }
    }

    /// Gives the leases back, to come again later.
    pub(super) async fn put_off(
        &self,
        working: Vec<Working>,
        pause: Duration,
        mut dispositions: Dispositions,
    ) -> Dispositions {
        for Working { person, record, .. } in working {
            self.release(&person, record).await;
            dispositions.insert(person, Disposition::Again(pause));
        }
        dispositions
    }

    /// Gives a lease back; should this fail, it ends by itself.
    pub(super) async fn release(&self, person: &PersonId, record: Stored<AccountRecord>) {
        if let Err(error) = self.accounts.release(person, record).await {
            tracing::warn!(event = "writer.lease_not_released", %person, %error);
        }
    }

    /// Takes a reached state off the list of open ones; should this fail, the sweep does it.
    pub(super) async fn take_off_list(&self, desired: &Stored<DesiredState>) {
        if let Err(error) = self.people.mark_applied(desired).await {
            tracing::debug!(event = "writer.list_not_updated", person = %desired.value.person, %error);
        }
    }
}

type Chosen = (PersonId, Stored<DesiredState>, Stored<AccountRecord>, Occasion);
type LeaseResult = Result<LeaseOutcome, ports::StoreError>;

/// Whether there is work for a person, and why.
fn occasion(
    desired: &DesiredState,
    record: &AccountRecord,
    users: &BTreeMap<PersonId, SalesforceUserId>,
    now: Timestamp,
) -> Option<Occasion> {
    let waits = |parked: &Parked| parked.version == desired.version && parked.retry_at > now;
    if record.recheck && record.applied_version() >= desired.version {
        Some(Occasion::Drift)
    } else if record.applied_version() < desired.version || record.pending.is_some() {
        let tried = record.parked.as_ref().is_some_and(waits);
        (!tried || record.recheck).then_some(Occasion::Target)
    } else {
        record.waits_for.iter().any(|person| users.contains_key(person)).then_some(Occasion::Link)
    }
}
