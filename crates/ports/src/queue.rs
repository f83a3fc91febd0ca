//! Queues as a port, with the semantics of an SQS standard queue: at least once, no order, visibility timeout,
//! a maximum of receives and then the dead-letter queue.

use std::time::Duration;

use async_trait::async_trait;

use crate::Class;

/// The connector's queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QueueName {
    /// Persons whose source data changed or whose date has come; read by mapping.
    PersonEvents,
    /// Persons whose desired state is newer than what Salesforce has; read by the writer.
    Changes,
    /// As `Changes`, for people who lose access: no batching window, never behind bulk work.
    UrgentChanges,
    /// Sources that there is something to read in; read by sync.
    SourceReads,
}

impl QueueName {
    /// All queues.
    pub const ALL: [Self; 4] = [Self::PersonEvents, Self::Changes, Self::UrgentChanges, Self::SourceReads];

    /// The name's last part, as in `<stack>-person-events`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PersonEvents => "person-events",
            Self::Changes => "changes",
            Self::UrgentChanges => "urgent-changes",
            Self::SourceReads => "source-reads",
        }
    }
}

/// One delivery of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The message's id; the same on every delivery.
    pub id: String,
    /// Names this delivery, for deleting it or changing its visibility.
    pub receipt: String,
    /// The message.
    pub body: String,
    /// How often the message was delivered, this time included.
    pub receives: u32,
}

/// Sends and receives messages.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Puts all bodies on the queue. After an error some may be there: send all again, for duplicates are harmless.
    ///
    /// # Errors
    /// [`QueueError`]
    async fn send(&self, queue: QueueName, bodies: &[String]) -> Result<(), QueueError>;

    /// Takes up to `max` visible messages (SQS: up to 10) and hides them for `visibility`. A message that was received
    /// as often as the queue allows goes to the dead letters instead. Answers soon, also with nothing.
    ///
    /// # Errors
    /// [`QueueError`]
    async fn receive(&self, queue: QueueName, max: usize, visibility: Duration) -> Result<Vec<Delivery>, QueueError>;

    /// Deletes a delivered message for good. A receipt that is no longer known is no error.
    ///
    /// # Errors
    /// [`QueueError`]
    async fn delete(&self, queue: QueueName, receipt: &str) -> Result<(), QueueError>;

    /// Hides a delivered message for `visibility` from now. A receipt that is no longer known, or whose time is over,
    /// is no error.
    ///
    /// # Errors
    /// [`QueueError`]
    async fn set_visibility(&self, queue: QueueName, receipt: &str, visibility: Duration) -> Result<(), QueueError>;

    /// How many messages the queue holds, hidden ones included (SQS: about), and how many its dead-letter queue.
    ///
    /// # Errors
    /// [`QueueError`]
    async fn depth(&self, queue: QueueName) -> Result<Depth, QueueError>;
}

/// How full a queue is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Messages waiting or being worked on.
    pub messages: u64,
    /// Messages that were given up.
    pub dead: u64,
}

/// Why a queue did not take the call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueueError {
    /// Nothing happened.
    #[error("queue {queue} is not available: {reason}")]
    Unavailable {
        /// The queue.
        queue: &'static str,
        /// Why.
        reason: String,
    },
    /// The answer was lost; it may have happened.
    #[error("queue {queue} gave no answer: {reason}")]
    Unclear {
        /// The queue.
        queue: &'static str,
        /// Why.
        reason: String,
    },
    /// The queue does not exist or may not be used.
    #[error("queue {queue} refuses: {reason}")]
    Refused {
        /// The queue.
        queue: &'static str,
        /// Why.
        reason: String,
    },
}

impl QueueError {
    /// What the caller may do. Sends may be repeated freely, so an unclear answer is only a reason to send again.
    pub fn class(&self) -> Class {
        match self {
            Self::Unavailable { .. } | Self::Unclear { .. } => Class::Retry,
            Self::Refused { .. } => Class::Systemic,
        }
    }
}
