//! The last steps: the operations themselves, reading again what an error left unclear, and the commit.

use domain::audit::Outcome;
use domain::change::settle;
use domain::{DesiredState, Operation, ParkedReason, PersonId, UserField};
use futures::StreamExt as _;
use ports::{Class, StoreError};
use records::{BatchError, Commit, Disposition};
use salesforce::{Done, SalesforceError};

use super::{CONCURRENCY, Dispositions, disposition_of_store, in_salesforce};
use crate::conclude::{Results, audit_record, next_record};
use crate::correlate::Resolution;
use crate::person::Working;
use crate::{PAUSE, Writer};

type Finished = (PersonId, Result<Disposition, BatchError>);

impl Writer {
    /// Carries out what was written down, and commits it together with the persons for whom there is nothing to do.
    pub(super) async fn finish(&self, doing: Vec<Working>, idle: Vec<Working>) -> Vec<Finished> {
        let done = if doing.is_empty() {
            Vec::new()
        } else {
            self.salesforce.apply(doing.iter().map(Working::work).collect()).await
        };
        let mut results: Vec<(Working, Results, Option<SalesforceError>)> =
            doing.into_iter().zip(done).map(|(working, done)| with_results(working, done)).collect();
        let lost = self.read_again(&mut results).await;
        results.extend(idle.into_iter().map(|working| {
            let outcomes = working.operations.iter().map(|operation| (operation.clone(), Outcome::Done)).collect();
            let results = results_of(&working, outcomes);
            (working, results, None)
        }));
        let lost = &lost;
        let commits = results.into_iter().map(|(working, results, error)| async move {
            let person = working.person.clone();
            if lost.contains(&person) {
                // What happened is not known: the intent stays, and the next try settles it.
                self.release(&person, working.record).await;
                return match error.filter(|error| error.class() == Class::Systemic) {
                    Some(error) => (person, Err(batch_error(&error))),
                    None => (person, Ok(Disposition::Again(PAUSE))),
                };
            }
            let disposition = self.conclude(working, results, error).await;
            (person, disposition)
        });
        futures::stream::iter(commits).buffer_unordered(CONCURRENCY).collect().await
    }

    /// After an error some operations may have taken effect all the same. Reads the org once for all such persons and
    /// corrects their results; answers those of whom it still can't be told what happened: the reading failed too, or a
    /// create whose answer was lost may yet appear.
    async fn read_again(&self, results: &mut [(Working, Results, Option<SalesforceError>)]) -> Vec<PersonId> {
        let unsure: Vec<usize> = (0..results.len()).filter(|n| needs_reading(&results[*n])).collect();
        if unsure.is_empty() {
            return Vec::new();
        }
        let wanted: Vec<_> = unsure
            .iter()
            .map(|n| {
                let (working, results, _) = &results[*n];
                let mut wanted = working.wanted();
                wanted.user = wanted.user.or_else(|| results.user.clone());
                wanted
            })
            .collect();
        let found = match self.salesforce.lookup(&wanted).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(event = "writer.reread_failed", %error, persons = unsure.len());
                return unsure.into_iter().map(|n| results[n].0.person.clone()).collect();
            }
        };
        let mut lost = Vec::new();
        for (n, candidates) in unsure.into_iter().zip(found) {
            let (working, results, error) = &mut results[n];
            let users: Vec<_> = candidates.into_iter().map(|candidate| candidate.user).collect();
            let known = results.user.as_ref().and_then(|id| users.iter().find(|user| user.id == *id)).cloned();
            let actual = known.or_else(|| {
                match crate::correlate(
                    &working.person,
                    &working.record.value,
                    &working.keys(),
                    &users,
                    &Default::default(),
                ) {
                    Resolution::Known(user) | Resolution::Found(user, _) => Some(user),
                    Resolution::Nobody | Resolution::Undecided(_) => None,
                }
            });
            for (operation, outcome) in results.outcomes.iter_mut().filter(|(_, outcome)| *outcome != Outcome::Done) {
                if settle(operation, actual.as_ref()) == Outcome::Done {
                    *outcome = Outcome::Done;
                }
            }
            if let Some(user) = actual {
                results.user = Some(user.id);
            }
            let unclear = error.as_ref().is_some_and(|error| error.class() == Class::Ambiguous);
            let undone = |(operation, outcome): &(Operation, Outcome)| {
                matches!(operation, Operation::Create { .. }) && *outcome != Outcome::Done
            };
            if unclear && results.outcomes.iter().any(undone) {
                lost.push(working.person.clone());
            }
        }
        lost
    }

    async fn conclude(
        &self,
        working: Working,
        mut results: Results,
        error: Option<SalesforceError>,
    ) -> Result<Disposition, BatchError> {
        let class = error.as_ref().map(SalesforceError::class);
        let passing = matches!(class, Some(Class::Retry | Class::RetryAfter(_) | Class::Ambiguous | Class::Systemic));
        if results.outcomes.iter().all(|(_, outcome)| *outcome == Outcome::Done) {
            results.blocked = working.protected.clone();
        } else if passing {
            results.blocked = error.as_ref().map(SalesforceError::reason);
        }
        let complete = results.is_complete();
        let committed = self.commit(working, results, passing).await?;
        match (error, complete) {
            _ if committed != Disposition::Done => Ok(committed),
            (Some(error), false) if class == Some(Class::Systemic) => Err(batch_error(&error)),
            (Some(error), false) if passing => Ok(Disposition::Again(error.retry_after().unwrap_or(PAUSE))),
            _ => Ok(Disposition::Done),
        }
    }

    /// Reads from the org what came of an interrupted change, and commits that. `None` when it could not be stored.
    pub(super) async fn settle_interrupted(
        &self,
        mut working: Working,
        correlated: Option<Operation>,
    ) -> Option<Working> {
        let pending = working.record.value.pending.clone()?;
        let mut outcomes: Vec<_> = pending
            .operations
            .iter()
            .filter(|operation| !matches!(operation, Operation::Correlate { .. }))
            .map(|operation| (operation.clone(), settle(operation, working.actual.as_ref())))
            .collect();
        let created = outcomes
            .iter()
            .any(|(operation, outcome)| matches!(operation, Operation::Create { .. }) && *outcome == Outcome::Done);
        if let Some(correlate) = correlated.filter(|_| !created) {
            outcomes.insert(0, (correlate, Outcome::Done));
        }
        let results = results_of(&working, outcomes);
        let before = working.record.value.clone();
        // The audit record speaks of the state that the interrupted change served.
        let mut served = working.desired.value.clone();
        (served.version, served.cause) = (pending.version, pending.cause);
        let mut record = next_record(&before, &served, &results, true, self.clock.now());
        (record.recheck, record.waits_for) = (before.recheck, before.waits_for.clone());
        if let Some(applied) = record.applied.as_mut() {
            applied.version = before.applied_version();
        }
        let audit = audit_record(&working.person, &before, &record, &served, &results, true, self.clock.now());
        let claims = working.claims.take().filter(|_| record.correlation.is_some());
        let commit = Commit {
            person: &working.person,
            record,
            version: working.record.version,
            audit,
            claims,
            gives_up: None,
            waited_for: before.waits_for.clone(),
            keep_lease: true,
        };
        match self.accounts.commit(commit).await {
            Ok(record) => Some(Working { record, ..working }),
            Err(error) => {
                tracing::warn!(event = "writer.settle_failed", person = %working.person, %error);
                None
            }
        }
    }

    /// Parks a person whose user an operator has to choose.
    pub(super) async fn commit_undecided(
        &self,
        working: Working,
        reason: ParkedReason,
        dispositions: &mut Dispositions,
    ) -> Result<(), BatchError> {
        let person = working.person.clone();
        let results = Results { blocked: Some(reason), ..results_of(&working, Vec::new()) };
        let disposition = self.commit(working, results, false).await?;
        dispositions.insert(person, disposition);
        Ok(())
    }

    /// Lists a person for the systems that are written back to.
    async fn list_for_write_back(&self, person: &PersonId) -> Result<(), StoreError> {
        for system in &self.write_backs {
            system.want(person, self.clock.now()).await?;
        }
        Ok(())
    }

    async fn commit(&self, working: Working, results: Results, passing: bool) -> Result<Disposition, BatchError> {
        let Working { person, desired, record, claims, .. } = &working;
        let now = self.clock.now();
        let mut next = next_record(&record.value, &desired.value, &results, passing, now);
        if results.outcomes.is_empty() && results.blocked.is_some() {
            // An undecided correlation says nothing about an interrupted change: its intent stays.
            next.pending.clone_from(&record.value.pending);
        }
        let served = DesiredState { cause: working.cause(), ..desired.value.clone() };
        let audit = audit_record(person, &record.value, &next, &served, &results, false, now);
        let created = next.correlation.as_ref().filter(|_| record.value.correlation.is_none()).map(|c| c.user.clone());
        let claims = created.or_else(|| claims.clone().filter(|_| record.value.correlation.is_none()));
        let complete = results.is_complete();
        let parked = next.parked.as_ref().map(|parked| parked.reason.code.clone());
        let has_user_now = record.value.correlation.is_none() && next.correlation.is_some();
        let told = next.applied != record.value.applied;
        if told && let Err(error) = self.list_for_write_back(person).await {
            self.release(person, record.clone()).await;
            return disposition_of_store(person, &error);
        }
        let commit = Commit {
            person,
            record: next,
            version: record.version,
            audit,
            claims,
            gives_up: None,
            waited_for: record.value.waits_for.clone(),
            keep_lease: false,
        };
        match self.accounts.commit(commit).await {
            Ok(_) => {}
            // The lease ran out and somebody else is at it, or the user was claimed in the meantime, or storage failed:
            // look again. The intent stays.
            Err(error) => {
                self.release(person, record.clone()).await;
                return disposition_of_store(person, &error);
            }
        }
        // Again, for the first listing may have been looked at before the commit.
        if told && let Err(error) = self.list_for_write_back(person).await {
            tracing::warn!(event = "writer.not_listed_for_write_back", %person, %error);
        }
        if has_user_now && let Err(disposition) = self.wake_waiting(person).await {
            return Ok(disposition);
        }
        if complete {
            self.take_off_list(desired).await;
        }
        match parked {
            Some(reason) => tracing::warn!(event = "person.parked", %person, reason),
            None => tracing::info!(event = "person.applied", %person, version = desired.value.version, complete),
        }
        Ok(Disposition::Done)
    }
}

fn results_of(working: &Working, outcomes: Vec<(Operation, Outcome)>) -> Results {
    Results {
        user: working.user(),
        was_named: working.actual.as_ref().and_then(|user| user.field(UserField::Username)).map(str::to_owned),
        was_active: working.actual.as_ref().map(|user| user.active),
        was_frozen: working.actual.as_ref().is_some_and(|user| user.frozen),
        shut_by_hand: working.shut_by_hand,
        waits_for: working.waits_for(),
        outcomes,
        blocked: working.protected.clone(),
    }
}

/// The client answers for the operations in the org; linking a person to a user is done by the commit itself.
fn with_results(working: Working, done: Done) -> (Working, Results, Option<SalesforceError>) {
    let linked =
        working.operations.iter().filter(|operation| !in_salesforce(operation)).map(|o| (o.clone(), Outcome::Done));
    let others = done.outcomes.into_iter().filter(|(operation, _)| in_salesforce(operation));
    let mut results = results_of(&working, linked.chain(others).collect());
    results.user = done.user.or(results.user);
    results.blocked = results.blocked.or_else(|| done.error.as_ref().map(SalesforceError::reason));
    (working, results, done.error)
}

fn needs_reading((_, results, error): &(Working, Results, Option<SalesforceError>)) -> bool {
    error.is_some() && results.outcomes.iter().any(|(_, outcome)| *outcome != Outcome::Done)
}

/// The whole batch failed; says loudly when the org's API limit is the reason.
pub(super) fn batch_error(error: &SalesforceError) -> BatchError {
    if matches!(error, SalesforceError::LimitReached { .. }) {
        tracing::error!(event = "salesforce.limit_reached", %error);
    }
    BatchError { reason: error.to_string() }
}
