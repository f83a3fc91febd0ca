//! The whole pipeline in one process: the same handlers that run in Lambda, on whatever ports they are given. Receives
//! from the queues, runs the schedules, and can work until nothing is left to do.

mod schedule;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use mapping::Mapping;
use policy::Configuration;
use ports::{Clock, HttpTransport, Queue, QueueError, QueueName, Random, Secrets, Store};
use records::{Accounts, Findings, Joins, People, SourceReads, SyncState};
use salesforce_writer::{KnownAdministrators, Writer};
use sync::{Sync, SyncError, Task};
use webhook::Webhook;

pub use schedule::Schedule;

/// The outside world of one pipeline.
#[derive(Clone)]
pub struct Ports {
    /// Storage.
    pub store: Arc<dyn Store>,
    /// Queues.
    pub queue: Arc<dyn Queue>,
    /// Secrets, not cached.
    pub secrets: Arc<dyn Secrets>,
    /// The way to Salesforce.
    pub transport: Arc<dyn HttpTransport>,
    /// The way to the sources.
    pub sources: Arc<dyn HttpTransport>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
}

/// All four functions, wired to one outside world.
pub struct Pipeline {
    /// Takes signed requests.
    pub webhook: Webhook,
    /// Computes desired states.
    pub mapping: Mapping,
    /// Writes to Salesforce.
    pub writer: Writer,
    /// Reads sources and repairs.
    pub sync: Sync,
    queue: Arc<dyn Queue>,
    clock: Arc<dyn Clock>,
}

/// What was done until all was quiet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quiet {
    /// Messages handled, repeated ones each time.
    pub handled: usize,
    /// Messages that were given up and lie with the dead letters.
    pub dead: u64,
    /// Why the last batch that failed as a whole did so.
    pub trouble: Option<String>,
}

/// Why the pipeline did not come to rest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// A queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// A task failed.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] ports::StoreError),
    /// There was still work after the given time; why the last batch failed, if it did.
    #[error("there is still work after {after:?}{}", .last.as_ref().map(|last| format!("; last trouble: {last}")).unwrap_or_default())]
    NotQuiet {
        /// The time given.
        after: Duration,
        /// The last trouble.
        last: Option<String>,
    },
}

impl Pipeline {
    /// Wires the functions.
    pub fn new(ports: Ports, configuration: Arc<Configuration>) -> Self {
        let Ports { store, queue, secrets, transport, sources, clock, random } = ports;
        let people = People::new(store.clone());
        let accounts = Accounts::new(store.clone());
        let salesforce =
            Arc::new(wiring::salesforce(&configuration, transport, secrets.clone(), clock.clone(), random.clone()));
        Self {
            webhook: Webhook::new(store.clone(), queue.clone(), secrets.clone(), clock.clone(), configuration.clone()),
            mapping: Mapping {
                people: people.clone(),
                joins: Joins::new(store.clone()),
                accounts: accounts.clone(),
                queue: queue.clone(),
                clock: clock.clone(),
                configuration: configuration.clone(),
            },
            writer: Writer {
                people: people.clone(),
                accounts: accounts.clone(),
                write_backs: wiring::write_backs(&configuration, &store),
                queue: queue.clone(),
                salesforce: salesforce.clone(),
                clock: clock.clone(),
                random: random.clone(),
                rules: salesforce_writer::rules(&configuration),
                administrators: KnownAdministrators::default(),
            },
            sync: Sync {
                people,
                accounts,
                write_backs: wiring::write_backs(&configuration, &store),
                state: SyncState::new(store.clone()),
                reads: SourceReads::new(store.clone()),
                joins: Joins::new(store.clone()),
                outside: wiring::sources(store.clone(), sources, secrets, clock.clone(), random.clone()),
                objects: None,
                findings: Findings::new(store),
                salesforce: Some(salesforce),
                queue: queue.clone(),
                clock: clock.clone(),
                random,
                configuration,
                grace: sync::GRACE,
            },
            queue,
            clock,
        }
    }

    /// Picks up what an earlier process left: its leases are ended, for nobody else can have the store open, and
    /// everybody whose wake-up may have died with it is woken again.
    ///
    /// # Errors
    /// [`PipelineError`]
    pub async fn resume(&self) -> Result<(), PipelineError> {
        self.writer.accounts.end_leases().await?;
        let sweep = Sync { grace: Duration::ZERO, ..self.sync.clone() };
        sweep.run(&Task::Sweep).await?;
        sweep.run(&Task::Due).await?;
        Ok(())
    }

    /// Works until no queue holds a message, parked persons aside. `progress` is told how many messages are left.
    ///
    /// # Errors
    /// [`PipelineError::NotQuiet`] after `limit`, by the pipeline's clock.
    pub async fn run_until_quiet(
        &self,
        limit: Duration,
        progress: &(dyn Fn(u64) + Send + std::marker::Sync),
    ) -> Result<Quiet, PipelineError> {
        let begun = self.clock.now();
        let mut quiet = Quiet::default();
        loop {
            let mut handled = 0;
            for queue in [QueueName::UrgentChanges, QueueName::SourceReads, QueueName::PersonEvents, QueueName::Changes]
            {
                loop {
                    match self.round(queue).await {
                        Ok(0) => break,
                        Ok(messages) => handled += messages,
                        Err(trouble) => {
                            quiet.trouble = Some(trouble);
                            break;
                        }
                    }
                    // All are mapped before any is written, so that the writer's batches are full.
                    if matches!(queue, QueueName::Changes | QueueName::UrgentChanges) {
                        break;
                    }
                }
            }
            quiet.handled += handled;
            let mut left = 0;
            quiet.dead = 0;
            for queue in QueueName::ALL {
                let depth = self.queue.depth(queue).await?;
                left += depth.messages;
                quiet.dead += depth.dead;
            }
            progress(left);
            if left == 0 {
                return Ok(quiet);
            }
            if self.clock.now().duration_since(begun).unsigned_abs() > limit {
                return Err(PipelineError::NotQuiet { after: limit, last: quiet.trouble });
            }
            if handled == 0 {
                self.clock.sleep(IDLE).await;
            }
        }
    }
}

/// Pause when no message is visible.
const IDLE: Duration = Duration::from_millis(200);
