//! What the Lambda event source mapping does, in-process: receive a batch, let the handler work, delete what is done.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::join_all;
use policy::Api;
use ports::QueueName;

use crate::schedule::{Stop, has_come};
use crate::{IDLE, Pipeline};

/// Messages taken at a time, of those that are there; nobody waits for a batch to fill.
const BATCH: usize = 100;

/// The same for changes where each call carries many persons: fewer would leave the calls half empty.
const APEX_BATCH: usize = 1_000;

/// How long a taken message stays hidden. Should its work take longer it is handled twice, which is harmless.
const VISIBILITY: Duration = Duration::from_secs(120);

/// Pause after a batch that failed as a whole.
const TROUBLE: Duration = Duration::from_secs(5);

impl Pipeline {
    /// Handles one batch of a queue; answers how many messages it held, or why the batch failed as a whole.
    pub(crate) async fn round(&self, queue: QueueName) -> Result<usize, String> {
        let by_apex = self.sync.configuration.salesforce.api == Api::Apex;
        let most = match queue {
            QueueName::Changes | QueueName::UrgentChanges if by_apex => APEX_BATCH,
            // A read takes its time, and no source waits for another.
            QueueName::SourceReads => 1,
            _ => BATCH,
        };
        let deliveries = self.queue.receive(queue, most, VISIBILITY).await.map_err(|error| error.to_string())?;
        if deliveries.is_empty() {
            return Ok(0);
        }
        let result = match queue {
            QueueName::PersonEvents => self.mapping.handle(&deliveries).await,
            QueueName::Changes | QueueName::UrgentChanges => self.writer.handle(queue, &deliveries).await,
            QueueName::SourceReads => self.sync.handle(&deliveries, None).await,
        };
        let failed: BTreeSet<String> = match result {
            Ok(failed) => failed.into_iter().collect(),
            Err(error) => {
                for delivery in &deliveries {
                    // Lambda leaves the messages hidden; here a shorter pause is enough.
                    drop(self.queue.set_visibility(queue, &delivery.receipt, TROUBLE).await);
                }
                return Err(error.to_string());
            }
        };
        let done = deliveries.iter().filter(|delivery| !failed.contains(&delivery.id));
        // All at once: then they share a commit.
        join_all(done.map(|delivery| async {
            // A message that could not be deleted comes again, and changes nothing.
            if let Err(error) = self.queue.delete(queue, &delivery.receipt).await {
                tracing::debug!(event = "message.not_deleted", message = delivery.id, %error);
            }
        }))
        .await;
        Ok(deliveries.len())
    }

    /// Works on one queue until `stop`.
    pub(crate) async fn work(&self, queue: QueueName, stop: &Stop<'_>) {
        while !has_come(stop) {
            match self.round(queue).await {
                Ok(0) => self.pause(IDLE, stop).await,
                Ok(_) => {}
                Err(reason) => {
                    tracing::error!(event = "batch.failed", queue = queue.as_str(), reason);
                    self.pause(TROUBLE, stop).await;
                }
            }
        }
    }
}
