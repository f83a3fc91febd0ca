//! What EventBridge does, in-process: the sync tasks at their times, beside the queues.

use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared, join_all, select};
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
    /// The `reconcile` task.
    pub reconcile: Duration,
    /// The `write-back` task.
    pub write_back: Duration,
    /// The `pull` task, which asks for a read of each source whose time has come.
    pub pull: Duration,
}

impl Default for Schedule {
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        Self { due: 15 * MINUTE, sweep: 15 * MINUTE, reconcile: 24 * 60 * MINUTE, write_back: 5 * MINUTE, pull: MINUTE }
    }
}

/// The moment from which no new work is taken; all workers wait for the same one.
pub(crate) type Stop<'a> = Shared<BoxFuture<'a, ()>>;

/// Whether it has come.
pub(crate) fn has_come(stop: &Stop<'_>) -> bool {
    stop.clone().now_or_never().is_some()
}

impl Pipeline {
    /// Works on all queues and runs the schedules until `stop`; then takes no new work and returns once the batches in
    /// hand are finished. Dropping the future before that is harmless: the next start picks up what was interrupted.
    pub async fn serve(&self, schedule: Schedule, stop: impl Future<Output = ()> + Send) {
        let stop: Stop<'_> = stop.boxed().shared();
        let queues = join_all(QueueName::ALL.map(|queue| self.work(queue, &stop)));
        let due = self.every(schedule.due, Task::Due, &stop);
        let sweep = self.every(schedule.sweep, Task::Sweep, &stop);
        let reconcile = self.every(schedule.reconcile, Task::Reconcile, &stop);
        let pulls = self.every(schedule.pull, Task::Pull { source: None, everything: false }, &stop);
        let write_back = self.every(schedule.write_back, Task::WriteBack, &stop);
        futures::join!(queues, due, sweep, reconcile, write_back, pulls);
    }

    async fn every(&self, period: Duration, task: Task, stop: &Stop<'_>) {
        while !has_come(stop) {
            if let Err(error) = self.sync.run(&task).await {
                tracing::error!(event = "sync.failed", ?task, %error);
            }
            self.pause(period, stop).await;
        }
    }

    /// Waits on the clock, but not beyond the stop.
    pub(crate) async fn pause(&self, duration: Duration, stop: &Stop<'_>) {
        select(stop.clone(), self.clock.sleep(duration)).await;
    }
}
