//! The mapping function: merges a person's snapshots, lets policy decide what the Salesforce account should be, stores
//! that, and wakes the writer whenever it is newer than what Salesforce was last brought to.

mod plan;

use std::sync::Arc;

use domain::{Merged, PersonId, SourceName, merge};
use jiff::Timestamp;
use jiff::civil::Date;
use policy::{Configuration, Earlier};
use ports::{Class, Clock, Delivery, Queue, QueueName, StoreError};
use records::{Accounts, BatchError, Disposition, Joins, People, PersonData, handle_each, send_wake_ups, settle_batch};
use std::time::Duration;

pub use plan::{Plan, plan};

/// How many persons are mapped at a time.
const CONCURRENCY: usize = 16;

/// Everything that mapping needs.
pub struct Mapping {
    /// Snapshots in, desired states out.
    pub people: People,
    /// Finds the persons of accounts by their keys.
    pub joins: Joins,
    /// What was applied already; only read.
    pub accounts: Accounts,
    /// Takes the wake-ups for the writer, and for persons whose accounts changed with this one's keys.
    pub queue: Arc<dyn Queue>,
    /// Tells the day.
    pub clock: Arc<dyn Clock>,
    /// Sources, rules, attributes.
    pub configuration: Arc<Configuration>,
}

impl Mapping {
    /// Maps every person of a batch of wake-ups; answers the ids of the messages that must come again.
    ///
    /// # Errors
    /// [`BatchError`] when storage or queue are down as a whole.
    pub async fn handle(&self, deliveries: &[Delivery]) -> Result<Vec<String>, BatchError> {
        let dispositions =
            handle_each(deliveries, CONCURRENCY, |person| async move { self.person(&person).await }).await?;
        Ok(settle_batch(&*self.queue, QueueName::PersonEvents, deliveries, &dispositions).await)
    }

    /// Maps one person and wakes the writer if it has work.
    ///
    /// # Errors
    /// [`BatchError`] when storage or queue are down as a whole.
    pub async fn person(&self, person: &PersonId) -> Result<Disposition, BatchError> {
        let wake = match self.map(person).await {
            Ok(wake) => wake,
            Err(error) => return disposition_of(person, &error),
        };
        let Some(queue) = wake else { return Ok(Disposition::Done) };
        match send_wake_ups(&*self.queue, queue, [person.clone()]).await {
            Ok(_) => Ok(Disposition::Done),
            Err(error) if error.class() == Class::Systemic => Err(BatchError { reason: error.to_string() }),
            Err(error) => {
                tracing::warn!(event = "mapping.wake_failed", %person, %error);
                Ok(Disposition::Again(PAUSE))
            }
        }
    }

    /// The day on which it is now in the organisation.
    pub fn today(&self) -> Date {
        self.configuration.organisation.today(self.clock.now())
    }

    async fn map(&self, person: &PersonId) -> Result<Option<QueueName>, StoreError> {
        let mut conflict = None;
        for _ in 0..4 {
            match self.try_map(person).await {
                Err(error @ StoreError::Conflict { .. }) => conflict = Some(error),
                result => return result,
            }
        }
        Err(conflict.unwrap_or(StoreError::Conflict { write: 0 }))
    }

    fn merge(&self, data: &PersonData) -> Merged {
        let snapshots: Vec<_> = data.snapshots.iter().map(|stored| stored.value.clone()).collect();
        merge(&snapshots, &self.configuration.source_roles())
    }

    /// Gives the person the keys by which accounts are found, and wakes those whose accounts changed with it. Answers
    /// whether the person's own did.
    async fn join(
        &self,
        person: &PersonId,
        data: &PersonData,
        merged: &Merged,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let configuration = &self.configuration;
        let keys = configuration.person_keys(match merged {
            Merged::Present { person, .. } => Some(person.as_ref()),
            Merged::Removed { .. } | Merged::Waiting => None,
        });
        if !Joins::concerns(data, &keys) {
            return Ok(false);
        }
        let account_keys = |source: &SourceName, account: &_| configuration.account_keys(source, account);
        let mut changed = self.joins.person_changed(person, data, &keys, &account_keys, now).await?;
        let own = changed.remove(person);
        // The sweep finds those whose wake-up is lost here: their accounts are listed as not mapped.
        if let Err(error) = send_wake_ups(&*self.queue, QueueName::PersonEvents, changed).await {
            tracing::warn!(event = "mapping.wake_failed", %person, %error);
        }
        Ok(own)
    }

    async fn try_map(&self, person: &PersonId) -> Result<Option<QueueName>, StoreError> {
        let (today, now) = (self.today(), self.clock.now());
        let mut data = self.people.load(person).await?;
        let mut merged = self.merge(&data);
        if self.join(person, &data, &merged, now).await? {
            data = self.people.load(person).await?;
            merged = self.merge(&data);
        }
        let earlier = Earlier::of(data.desired.as_ref().map(|stored| &stored.value));
        let decision = self.configuration.policy.decide(&merged, earlier, today);
        let Plan { mapped, parks } = plan(person, &data, decision, &self.configuration.fingerprint(), today, now);
        let desired = mapped.desired.clone().or_else(|| data.desired.as_ref().map(|stored| stored.value.clone()));
        self.people.save_mapped(person, &data, &mapped, now).await?;
        if let Some(code) = parks {
            tracing::warn!(event = "person.parked", %person, reason = code);
        }
        let Some(desired) = desired else { return Ok(None) };
        let account = self
            .accounts
            .load(std::slice::from_ref(person))
            .await?
            .pop()
            .map(|stored| stored.value)
            .unwrap_or_default();
        if account.applied_version() >= desired.version {
            return Ok(None);
        }
        let usable = |applied: &domain::Applied| applied.active == Some(true) && !applied.frozen;
        // Whose lease somebody holds may get an account at this moment.
        let perhaps_usable =
            account.lease.is_some() || account.pending.is_some() || account.applied.as_ref().is_some_and(usable);
        let urgent = desired.account.status != domain::AccountStatus::Enabled && perhaps_usable;
        Ok(Some(if urgent { QueueName::UrgentChanges } else { QueueName::Changes }))
    }
}

/// Pause before a person is mapped again after a passing trouble.
const PAUSE: Duration = Duration::from_secs(5);

fn disposition_of(person: &PersonId, error: &StoreError) -> Result<Disposition, BatchError> {
    match error.class() {
        Class::Systemic => Err(BatchError { reason: error.to_string() }),
        Class::RetryAfter(pause) => Ok(Disposition::Again(pause)),
        _ => {
            tracing::warn!(event = "mapping.failed", %person, %error);
            Ok(Disposition::Again(PAUSE))
        }
    }
}

#[cfg(test)]
mod tests;
