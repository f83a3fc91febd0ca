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
const PAUSE: Duration = Duration::from_secs(60);

/// What requests for one source ask for together.
#[derive(Clone, Copy, Default)]
struct Asked {
    everything: bool,
    /// Though its time has not come.
    now: bool,
}

impl Sync {
    /// Asks for a read of every source whose time has come.
    pub(crate) async fn request_due(&self) -> Result<Report, SyncError> {
        let now = self.clock.now();
        let mut report = Report::default();
        for source in &self.configuration.sources {
            if source.reading.is_none() {
                continue;
            }
            if self.is_due(&source.name).await? && !self.state.is_locked(&lock_name(&source.name), now).await? {
                request_read(&*self.queue, &source.name, false).await?;
                report.sources += 1;
            }
        }
        Ok(report)
    }

    async fn is_due(&self, source: &SourceName) -> Result<bool, SyncError> {
        let (_, reading) = self.readable(source)?;
        let (state, wanted) = (self.reads.state(source).await?, self.reads.wanted(source).await?);
        Ok(due::is_due(reading, &state, wanted.as_ref().map(|mark| &mark.value), self.clock.now()))
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
        let mut asked: BTreeMap<SourceName, (Asked, Vec<usize>)> = BTreeMap::new();
        for (position, delivery) in deliveries.iter().enumerate() {
            match ReadRequest::decode(&delivery.body) {
                Ok(request) => {
                    let (for_what, positions) = asked.entry(request.source).or_default();
                    for_what.everything |= request.everything;
                    for_what.now |= request.everything || request.by_hand;
                    positions.push(position);
                }
                Err(reason) => {
                    tracing::error!(event = "message.malformed", message = delivery.id, reason);
                    dispositions.push((position, Disposition::Again(PAUSE)));
                }
            }
        }
        for (source, (for_what, positions)) in asked {
            let disposition = self.read_requested(&source, for_what, deadline).await?;
            dispositions.extend(positions.into_iter().map(|position| (position, disposition)));
        }
        Ok(settle_batch(&*self.queue, QueueName::SourceReads, deliveries, &dispositions).await)
    }

    async fn read_requested(
        &self,
        source: &SourceName,
        Asked { everything, now }: Asked,
        deadline: Option<Timestamp>,
    ) -> Result<Disposition, BatchError> {
        let read = async {
            // The request may have waited behind others while the source was read.
            if now || self.is_due(source).await? {
                self.pull(source, everything, deadline).await.map(drop)
            } else {
                Ok(())
            }
        };
        let class = match read.await {
            Ok(()) => return Ok(Disposition::Done),
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
