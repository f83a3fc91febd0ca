//! The sync function: one function, several schedules. `due` wakes the persons whose day has come, `sweep` those whose
//! wake-up was lost or whose pause is over, `pull` reads sources and wakes the persons that changed. It also reads the
//! sources that messages ask for.

mod due;
mod pull;
mod reconcile;
mod sweep;
mod write_back;

use std::sync::Arc;
use std::time::Duration;

use domain::SourceName;
use jiff::Timestamp;
use policy::Configuration;
use ports::{Clock, Objects, Queue, QueueError, Random, StoreError};
use records::{Accounts, Findings, Joins, People, ReconcileRun, SourceReads, SyncState, WriteBacks};
use salesforce::{Salesforce, SalesforceError};
use serde::{Deserialize, Serialize};

pub use pull::{Progress, PullError};
pub use reconcile::{Drift, TrailEntry, Whose, compare, who};
pub use write_back::WrittenBack;

/// What a schedule asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "lowercase", deny_unknown_fields)]
pub enum Task {
    /// Wake the persons for whom something begins or ends today.
    Due,
    /// Wake the persons whose wake-up was lost, who are parked and due, or who were mapped with another configuration.
    Sweep,
    /// Compare the whole org with what the connector left there.
    Reconcile,
    /// Read a source; without a name, ask for a read of each whose time has come.
    Pull {
        /// Which.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<SourceName>,
        /// Whether everything is read, where changes could be asked for.
        #[serde(default)]
        everything: bool,
    },
    /// Write back what was decided to the systems that want it.
    #[serde(rename = "write-back")]
    WriteBack,
    /// Ask for a read of every source whose export is this object, for it has come.
    Arrived {
        /// The bucket it lies in.
        bucket: String,
        /// Its key, as it is: not encoded.
        key: String,
    },
}

impl Task {
    /// Its name, as it is asked for. For logs: an object's key may hold a person's name.
    fn name(&self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Sweep => "sweep",
            Self::Reconcile => "reconcile",
            Self::Pull { .. } => "pull",
            Self::WriteBack => "write-back",
            Self::Arrived { .. } => "arrived",
        }
    }
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
    /// What is remembered of the systems that are written back to.
    pub write_backs: Vec<WriteBacks>,
    /// Where reading each source stands.
    pub reads: SourceReads,
    /// Accounts whose persons are found by keys.
    pub joins: Joins,
    /// The way to the sources.
    pub outside: sources::Ports,
    /// The way to exports in buckets; `None` where none is read.
    pub objects: Option<Arc<dyn Objects>>,
    /// Takes the wake-ups.
    pub queue: Arc<dyn Queue>,
    /// What comparing the org found.
    pub findings: Findings,
    /// The org; only read. `None` where only sources are read.
    pub salesforce: Option<Arc<Salesforce>>,
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
    /// Sources that a read was asked for.
    #[serde(skip_serializing_if = "is_zero")]
    pub sources: usize,
    /// What a read of a source found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull: Option<records::sync_state::RunReport>,
    /// What writing back did.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub write_back: Vec<WrittenBack>,
    /// What comparing the org found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconcile: Option<ReconcileRun>,
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
    /// Salesforce.
    #[error(transparent)]
    Salesforce(#[from] SalesforceError),
    /// There is no org to compare.
    #[error("no org is configured here")]
    NoOrg,
    /// The org's calls are needed for changes; the next run looks again.
    #[error("the org's share of API calls for bulk work is used up")]
    ApiBudget,
}

impl Sync {
    /// Does a task.
    ///
    /// # Errors
    /// [`SyncError`]; what was done until then stays done.
    pub async fn run(&self, task: &Task) -> Result<Report, SyncError> {
        self.run_until(task, None).await
    }

    /// Does a task; a read of a source that takes longer than until `deadline` is laid aside before and gone on with
    /// later.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn run_until(&self, task: &Task, deadline: Option<Timestamp>) -> Result<Report, SyncError> {
        let report = match task {
            Task::Due => self.due().await?,
            Task::Sweep => self.sweep().await?,
            Task::Reconcile => match &self.salesforce {
                Some(org) => self.reconcile(org).await?,
                None => return Err(SyncError::NoOrg),
            },
            Task::Pull { source: Some(source), everything } => self.pull(source, *everything, deadline).await?,
            Task::WriteBack => self.write_back(deadline).await?,
            Task::Pull { source: None, .. } => self.request_due().await?,
            Task::Arrived { bucket, key } => self.arrived(bucket, key).await?,
        };
        tracing::info!(event = "sync.done", task = task.name(), mapping = report.mapping, writer = report.writer);
        Ok(report)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}
