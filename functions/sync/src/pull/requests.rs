//! Who is read when: the schedule asks for every source whose time has come, and each request is a message, so that
//! sources are read side by side and none waits behind another.

use std::collections::BTreeMap;

use domain::SourceName;
use jiff::Timestamp;
use ports::{Class, Delivery, QueueName};
use records::{BatchError, Disposition, ReadRequest, request_read, settle_batch};
use std::time::Duration;

use super::{PullError, due, lock_name};
use crate::{Report, Sync, SyncError};

/// Pause before a request is handled again that met passing trouble, or that can't be handled at all.
const PAUSE: Duration = Duration::from_secs(10);

impl Sync {
    /// Asks for a read of every source whose time has come.
    pub(crate) async fn request_due(&self) -> Result<Report, SyncError> {
        let now = self.clock.now();
        let mut report = Report::default();
        for source in &self.configuration.sources {
            let Some(reading) = &source.reading else { continue };
            let (state, wanted) = (self.reads.state(&source.name).await?, self.reads.wanted(&source.name).await?);
            let due = due::is_due(reading, &state, wanted.as_ref().map(|mark| &mark.value), now);
            if due && !self.state.is_locked(&lock_name(&source.name), now).await? {
                request_read(&*self.queue, &source.name, false).await?;
                report.sources += 1;
            }
        }
        Ok(report)
    }

    /// Reads the sources that a batch of messages asks for; answers the ids of the messages that must come again.
    ///
    /// # Errors
    /// [`BatchError`] when storage or queue are down as a whole.
    pub async fn handle(
        &self,
        deliveries: &[Delivery],
        deadline: Option<Timestamp>,
    ) -> Result<Vec<String>, BatchError> {
        let mut dispositions = Vec::with_capacity(deliveries.len());
        let mut asked: BTreeMap<SourceName, (bool, Vec<usize>)> = BTreeMap::new();
        for (position, delivery) in deliveries.iter().enumerate() {
            match ReadRequest::decode(&delivery.body) {
                Ok(request) => {
                    let (everything, positions) = asked.entry(request.source).or_default();
                    *everything |= request.everything;
                    positions.push(position);
                }
                Err(reason) => {
                    tracing::error!(event = "message.malformed", message = delivery.id, reason);
                    dispositions.push((position, Disposition::Again(PAUSE)));
                }
            }
        }
        for (source, (everything, positions)) in asked {
            let disposition = self.read_requested(&source, everything, deadline).await?;
            dispositions.extend(positions.into_iter().map(|position| (position, disposition)));
        }
        Ok(settle_batch(&*self.queue, QueueName::SourceReads, deliveries, &dispositions).await)
    }

    async fn read_requested(
        &self,
        source: &SourceName,
        everything: bool,
        deadline: Option<Timestamp>,
    ) -> Result<Disposition, BatchError> {
        let class = match self.pull(source, everything, deadline).await {
            Ok(_) => return Ok(Disposition::Done),
            // Whoever reads it sees the mark, or asks again at the end.
            Err(SyncError::Pull(PullError::Busy(_))) => {
                if everything {
                    // Should this fail, the next read of everything comes at its time.
                    drop(self.reads.want(source, true, self.clock.now()).await);
                }
                return Ok(Disposition::Done);
            }
            // The report says why, and the next turn tries again.
            Err(error @ SyncError::Pull(_)) => {
                tracing::error!(event = "source.unreadable", %source, %error);
                return Ok(Disposition::Done);
            }
            Err(SyncError::Store(error)) if error.class() == Class::Systemic => {
                return Err(BatchError { reason: error.to_string() });
            }
            Err(SyncError::Queue(error)) if error.class() == Class::Systemic => {
                return Err(BatchError { reason: error.to_string() });
            }
            Err(error) => error,
        };
        tracing::warn!(event = "source.failed", %source, error = %class);
        Ok(Disposition::Again(PAUSE))
    }
}
