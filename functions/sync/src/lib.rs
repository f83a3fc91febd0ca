//! The sync function: one function, several schedules. `due` wakes the persons whose day has come, `sweep` those whose
//! wake-up was lost or whose pause is over, `pull` reads a source and wakes the persons that changed.

mod due;
mod pull;
mod sweep;

use std::sync::Arc;
use std::time::Duration;

use domain::SourceName;
use policy::Configuration;
use ports::{Clock, Queue, QueueError, Random, StoreError};
use records::{Accounts, People, SyncState};
use serde::{Deserialize, Serialize};

pub use pull::{Progress, PullError};

/// What a schedule asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "lowercase", deny_unknown_fields)]
pub enum Task {
    /// Wake the persons for whom something begins or ends today.
    Due,
    /// Wake the persons whose wake-up was lost, who are parked and due, or who were mapped with another configuration.
    Sweep,
    /// Read a source.
    Pull {
        /// Which.
        source: SourceName,
    },
}

/// Everything that sync needs. Cheap to clone.
#[derive(Clone)]
pub struct Sync {
    /// Snapshots and desired states.
    pub people: People,
    /// Applied states and parked persons; only read.
    pub accounts: Accounts,
    /// Locks and reports.
    pub state: SyncState,
    /// Takes the wake-ups.
    pub queue: Arc<dyn Queue>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Lock tokens.
    pub random: Arc<dyn Random>,
    /// Sources and the organisation's time zone.
    pub configuration: Arc<Configuration>,
    /// A wake-up younger than this may still be on its way, so the sweep leaves its person alone.
    pub grace: Duration,
}

/// The sweep's usual [`Sync::grace`].
pub const GRACE: Duration = Duration::from_secs(10 * 60);

/// What a task did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Persons woken for mapping.
    pub mapping: usize,
    /// Persons woken for the writer.
    pub writer: usize,
    /// What a read of a source found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull: Option<records::sync_state::RunReport>,
}

/// Why a task failed; the next run does it again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// Storage.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A queue.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// A source.
    #[error(transparent)]
    Pull(#[from] PullError),
}

impl Sync {
    /// Does a task.
    ///
    /// # Errors
    /// [`SyncError`]; what was done until then stays done.
    pub async fn run(&self, task: &Task) -> Result<Report, SyncError> {
        let report = match task {
            Task::Due => self.due().await?,
            Task::Sweep => self.sweep().await?,
            Task::Pull { source } => self.pull(source).await?,
        };
        tracing::info!(event = "sync.done", ?task, mapping = report.mapping, writer = report.writer);
        Ok(report)
    }
}
