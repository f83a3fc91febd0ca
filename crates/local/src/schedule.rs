//! What EventBridge does, in-process: the sync tasks at their times, beside the queues.

use std::time::Duration;

use domain::SourceName;
use futures::future::join_all;
use policy::SourceKind;
use ports::QueueName;
use sync::Task;

use crate::Pipeline;

/// How often the tasks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The `due` task.
    pub due: Duration,
    /// The `sweep` task.
    pub sweep: Duration,
    /// The `pull` task of each source that has a file to read.
    pub pull: Duration,
}

impl Default for Schedule {
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        Self { due: 15 * MINUTE, sweep: 15 * MINUTE, pull: 60 * MINUTE }
    }
}

impl Pipeline {
    /// Works on all queues and runs the schedules, until the future is dropped.
    pub async fn serve(&self, schedule: Schedule) {
        let queues = join_all(QueueName::ALL.map(|queue| self.work(queue)));
        let due = self.every(schedule.due, Task::Due);
        let sweep = self.every(schedule.sweep, Task::Sweep);
        let pulls = join_all(self.readable_sources().map(|source| self.every(schedule.pull, Task::Pull { source })));
        futures::join!(queues, due, sweep, pulls);
    }

    fn readable_sources(&self) -> impl Iterator<Item = SourceName> {
        let readable =
            |source: &&policy::SourceConfig| matches!(&source.kind, SourceKind::File(file) if file.path.is_some());
        self.sync.configuration.sources.iter().filter(readable).map(|source| source.name.clone())
    }

    async fn every(&self, period: Duration, task: Task) {
        loop {
            if let Err(error) = self.sync.run(&task).await {
                tracing::error!(event = "sync.failed", ?task, %error);
            }
            self.clock.sleep(period).await;
        }
    }
}
