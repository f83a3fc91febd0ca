//! The writer function: brings Salesforce to the newest desired state of a batch of persons. It reads what the org has,
//! computes the change, writes down what it is about to do, does it, and commits the result with its audit record.
//! Repeating any part of this is harmless.

mod conclude;
mod correlate;
mod guard;
mod person;
mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use domain::{DriftKind, PersonId, SalesforceUserId};
use futures::FutureExt as _;
use jiff::Timestamp;
use policy::{Configuration, DriftAnswer};
use ports::{Clock, Delivery, Queue, QueueName, Random};
use records::{Accounts, BatchError, Disposition, People, WakeUp, WriteBacks, settle_batch};
use salesforce::{Priority, Salesforce};

pub use conclude::{Results, audit_record, next_record};
pub use correlate::{Resolution, correlate};
pub use guard::{Protected, protection};

/// Pause before a person is tried again after a passing trouble.
const PAUSE: Duration = Duration::from_secs(10);

/// Everything that the writer needs.
pub struct Writer {
    /// Desired states; only read, but for taking them off the list of open ones.
    pub people: People,
    /// Records, leases, owners, audit.
    pub accounts: Accounts,
    /// Where persons are listed whose account others want to know of.
    pub write_backs: Vec<WriteBacks>,
    /// For changing the visibility of messages that must wait.
    pub queue: Arc<dyn Queue>,
    /// The org.
    pub salesforce: Arc<Salesforce>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Lease tokens.
    pub random: Arc<dyn Random>,
    /// What configuration says beside the desired states.
    pub rules: Rules,
    /// Kept between batches.
    pub administrators: KnownAdministrators,
}

/// The org's administrators as they were read last.
#[derive(Default)]
pub struct KnownAdministrators(tokio::sync::Mutex<Option<(Timestamp, BTreeSet<SalesforceUserId>)>>);

/// What configuration says beside the desired states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// User names, in lower case, of users who are never shut out.
    pub protect: BTreeSet<String>,
    /// Changes made by hand that are undone.
    pub repairs: BTreeSet<DriftKind>,
}

impl Writer {
    /// Applies the desired states of all persons of a batch; answers the ids of the messages that must come again.
    ///
    /// # Errors
    /// [`BatchError`] when Salesforce, storage or a secret fail for everybody.
    pub async fn handle(&self, queue: QueueName, deliveries: &[Delivery]) -> Result<Vec<String>, BatchError> {
        let mut messages: BTreeMap<PersonId, Vec<usize>> = BTreeMap::new();
        let mut dispositions = Vec::new();
        for (position, delivery) in deliveries.iter().enumerate() {
            match WakeUp::decode(&delivery.body) {
                Ok(WakeUp { person }) => messages.entry(person).or_default().push(position),
                Err(reason) => {
                    tracing::error!(event = "message.malformed", message = delivery.id, reason);
                    dispositions.push((position, Disposition::Again(PAUSE)));
                }
            }
        }
        let persons: Vec<PersonId> = messages.keys().cloned().collect();
        let priority = if queue == QueueName::UrgentChanges { Priority::Urgent } else { Priority::Bulk };
        let results = self.isolated(&persons, priority).await?;
        for (person, positions) in messages {
            let disposition = results.get(&person).copied().unwrap_or(Disposition::Done);
            dispositions.extend(positions.into_iter().map(|position| (position, disposition)));
        }
        Ok(settle_batch(&*self.queue, queue, deliveries, &dispositions).await)
    }

    /// A panic must not take the batch with it: then each person is tried alone, and the culprit is left for the dead
    /// letters.
    async fn isolated(
        &self,
        persons: &[PersonId],
        priority: Priority,
    ) -> Result<BTreeMap<PersonId, Disposition>, BatchError> {
        if let Ok(results) = AssertUnwindSafe(self.apply(persons, priority)).catch_unwind().await {
            return results;
        }
        tracing::error!(event = "batch.panicked", persons = persons.len());
        let mut results = BTreeMap::new();
        for person in persons {
            match AssertUnwindSafe(self.apply(std::slice::from_ref(person), priority)).catch_unwind().await {
                Ok(result) => results.extend(result?),
                Err(_) => {
                    tracing::error!(event = "message.panicked", %person);
                    results.insert(person.clone(), Disposition::Again(PAUSE));
                }
            }
        }
        Ok(results)
    }
}

/// What configuration says beside the desired states.
pub fn rules(configuration: &Configuration) -> Rules {
    // In `exact` the mode has decided, whatever is to be done about other additions.
    let repaired = |kind: &DriftKind| {
        *kind == DriftKind::EntitlementsAdded || configuration.drift.answer(*kind) == DriftAnswer::Repair
    };
    Rules {
        protect: configuration.salesforce.protect.clone(),
        repairs: DriftKind::ALL.into_iter().filter(repaired).collect(),
    }
}
