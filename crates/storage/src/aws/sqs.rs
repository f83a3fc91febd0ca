//! The queues on SQS: standard queues, whose redrive policy moves a message to `<queue>-dead` after its last receive.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName, SendMessageBatchRequestEntry};
use futures::{StreamExt, TryStreamExt, stream};
use ports::queue::Depth;
use ports::{Clock, Delivery, Queue, QueueError, QueueName};
use tokio::sync::OnceCell;

use super::failure::Failure;
use crate::limits;

/// SQS takes and gives at most that many messages in a call.
const MAX_BATCH: usize = 10;
/// All messages of one batch together; SQS allows 1 MiB, older servers 256 KiB.
const MAX_BATCH_BYTES: usize = 256 * 1024;
const BATCHES_IN_FLIGHT: usize = 8;
const SEND_ROUNDS: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// Asks all of SQS's servers instead of a sample, so that an empty answer means an empty queue.
const LONG_POLL_SECONDS: i32 = 1;

/// The queues of one stack.
#[derive(Clone)]
pub struct SqsQueue {
    client: Client,
    stack: String,
    clock: Arc<dyn Clock>,
    urls: Arc<[Urls; QueueName::ALL.len()]>,
}

#[derive(Default)]
struct Urls {
    queue: OnceCell<String>,
    dead: OnceCell<String>,
}

impl SqsQueue {
    pub(super) fn new(client: Client, stack: &str, clock: Arc<dyn Clock>) -> Self {
        Self { client, stack: stack.to_owned(), clock, urls: Arc::default() }
    }

    /// Opens the connection and looks up the queues' addresses, so that the first event need not wait for them.
    ///
    /// # Errors
    /// [`QueueError`]
    pub async fn connect(&self, queues: &[QueueName]) -> Result<(), QueueError> {
        for queue in queues {
            self.url(*queue).await?;
        }
        Ok(())
    }

    async fn url(&self, queue: QueueName) -> Result<&str, QueueError> {
        let name = format!("{}-{}", self.stack, queue.as_str());
        self.look_up(queue, &self.urls(queue).queue, name).await
    }

    async fn dead_url(&self, queue: QueueName) -> Result<&str, QueueError> {
        let name = format!("{}-{}-dead", self.stack, queue.as_str());
        self.look_up(queue, &self.urls(queue).dead, name).await
    }

    fn urls(&self, queue: QueueName) -> &Urls {
        let [person_events, changes, urgent_changes, source_reads] = &*self.urls;
        match queue {
            QueueName::PersonEvents => person_events,
            QueueName::Changes => changes,
            QueueName::UrgentChanges => urgent_changes,
            QueueName::SourceReads => source_reads,
        }
    }

    async fn look_up<'a>(
        &self,
        queue: QueueName,
        known: &'a OnceCell<String>,
        name: String,
    ) -> Result<&'a str, QueueError> {
        let ask = || async {
            let answer = self.client.get_queue_url().queue_name(&name).send().await;
            let answer = answer.map_err(|error| failed(queue, Failure::of("GetQueueUrl", &error)))?;
            answer.queue_url.ok_or_else(|| QueueError::Refused {
                queue: queue.as_str(),
                reason: "GetQueueUrl gave no address".to_owned(),
            })
        };
        known.get_or_try_init(ask).await.map(String::as_str)
    }

    /// Sends one batch; what SQS did not take is sent again a few times.
    async fn send_batch(&self, queue: QueueName, url: &str, bodies: &[String]) -> Result<(), QueueError> {
        let mut waiting: Vec<usize> = (0..bodies.len()).collect();
        for round in 0..SEND_ROUNDS {
            if round > 0 {
                self.clock.sleep(FIRST_WAIT * 2_u32.pow(round)).await;
            }
            let entries = waiting.iter().map(|&position| {
                SendMessageBatchRequestEntry::builder().id(position.to_string()).message_body(&bodies[position]).build()
            });
            let entries = entries
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| QueueError::Refused { queue: queue.as_str(), reason: error.to_string() })?;
            let answer = self.client.send_message_batch().queue_url(url).set_entries(Some(entries)).send().await;
            let answer = answer.map_err(|error| failed(queue, Failure::of("SendMessageBatch", &error)))?;
            if let Some(refused) = answer.failed.iter().find(|entry| entry.sender_fault) {
                let reason = format!("SendMessageBatch: {}", refused.code);
                return Err(QueueError::Refused { queue: queue.as_str(), reason });
            }
            // Only what was confirmed counts as sent.
            let sent: Vec<&str> = answer.successful.iter().map(|entry| entry.id.as_str()).collect();
            waiting.retain(|position| !sent.contains(&position.to_string().as_str()));
            if waiting.is_empty() {
                return Ok(());
            }
        }
        let reason = format!("SendMessageBatch: {} of {} messages were not taken", waiting.len(), bodies.len());
        Err(QueueError::Unavailable { queue: queue.as_str(), reason })
    }

    async fn count(&self, queue: QueueName, url: &str) -> Result<u64, QueueError> {
        let counts = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
        ];
        let answer = self.client.get_queue_attributes().queue_url(url).set_attribute_names(Some(counts.into()));
        let answer = answer.send().await.map_err(|error| failed(queue, Failure::of("GetQueueAttributes", &error)))?;
        let counts = answer.attributes.unwrap_or_default();
        Ok(counts.values().filter_map(|count| count.parse::<u64>().ok()).sum())
    }
}

impl std::fmt::Debug for SqsQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqsQueue").field("stack", &self.stack).finish_non_exhaustive()
    }
}

#[async_trait]
impl Queue for SqsQueue {
    async fn send(&self, queue: QueueName, bodies: &[String]) -> Result<(), QueueError> {
        for body in bodies {
            limits::check_message(body).map_err(|reason| refused(queue, reason))?;
        }
        if bodies.is_empty() {
            return Ok(());
        }
        let url = self.url(queue).await?;
        let sends: Vec<_> = batches(bodies).into_iter().map(|batch| self.send_batch(queue, url, batch)).collect();
        stream::iter(sends).buffer_unordered(BATCHES_IN_FLIGHT).try_collect().await
    }

    async fn receive(&self, queue: QueueName, max: usize, visibility: Duration) -> Result<Vec<Delivery>, QueueError> {
        limits::check_visibility(visibility).map_err(|reason| refused(queue, reason))?;
        let Ok(max @ 1..) = i32::try_from(max.min(MAX_BATCH)) else { return Ok(Vec::new()) };
        let answer = self
            .client
            .receive_message()
            .queue_url(self.url(queue).await?)
            .max_number_of_messages(max)
            .visibility_timeout(whole_seconds(visibility))
            .wait_time_seconds(LONG_POLL_SECONDS)
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .send()
            .await
            .map_err(|error| failed(queue, Failure::of("ReceiveMessage", &error)))?;
        Ok(answer.messages.unwrap_or_default().into_iter().filter_map(delivery).collect())
    }

    async fn delete(&self, queue: QueueName, receipt: &str) -> Result<(), QueueError> {
        let url = self.url(queue).await?;
        match self.client.delete_message().queue_url(url).receipt_handle(receipt).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(is_stale) => Ok(()),
            Err(error) => Err(failed(queue, Failure::of("DeleteMessage", &error))),
        }
    }

    async fn set_visibility(&self, queue: QueueName, receipt: &str, visibility: Duration) -> Result<(), QueueError> {
        limits::check_visibility(visibility).map_err(|reason| refused(queue, reason))?;
        let request = self
            .client
            .change_message_visibility()
            .queue_url(self.url(queue).await?)
            .receipt_handle(receipt)
            .visibility_timeout(whole_seconds(visibility));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(is_stale) => Ok(()),
            Err(error) => Err(failed(queue, Failure::of("ChangeMessageVisibility", &error))),
        }
    }

    async fn depth(&self, queue: QueueName) -> Result<Depth, QueueError> {
        let messages = self.count(queue, self.url(queue).await?).await?;
        let dead = self.count(queue, self.dead_url(queue).await?).await?;
        Ok(Depth { messages, dead })
    }
}

/// Cuts by number and by size.
fn batches(mut bodies: &[String]) -> Vec<&[String]> {
    let mut batches = Vec::new();
    while !bodies.is_empty() {
        let mut bytes = 0;
        let fits = bodies.iter().take(MAX_BATCH).take_while(|body| {
            bytes += body.len();
            bytes <= MAX_BATCH_BYTES
        });
        let (batch, rest) = bodies.split_at(fits.count().max(1));
        batches.push(batch);
        bodies = rest;
    }
    batches
}

/// A message without a receipt can't be answered for; SQS gives all three.
fn delivery(message: aws_sdk_sqs::types::Message) -> Option<Delivery> {
    let counts = message.attributes.as_ref();
    let receives = counts.and_then(|counts| counts.get(&MessageSystemAttributeName::ApproximateReceiveCount));
    Some(Delivery {
        receives: receives.and_then(|count| count.parse().ok()).unwrap_or(1),
        id: message.message_id?,
        receipt: message.receipt_handle?,
        body: message.body.unwrap_or_default(),
    })
}

/// The delivery has been overtaken: its message was deleted, delivered again or has become visible.
fn is_stale(error: &impl ProvideErrorMetadata) -> bool {
    let code = error.code().unwrap_or_default();
    let name = code.rsplit_once('.').map_or(code, |(_, name)| name);
    matches!(name, "ReceiptHandleIsInvalid" | "MessageNotInflight" | "InvalidParameterValue")
}

/// SQS counts in whole seconds; rounded up, so that a message never comes too early.
fn whole_seconds(duration: Duration) -> i32 {
    let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

fn refused(queue: QueueName, reason: String) -> QueueError {
    QueueError::Refused { queue: queue.as_str(), reason }
}

fn failed(queue: QueueName, failure: Failure) -> QueueError {
    let queue = queue.as_str();
    match failure {
        Failure::Busy(reason) => QueueError::Unavailable { queue, reason },
        Failure::Unclear(reason) => QueueError::Unclear { queue, reason },
        Failure::Unavailable(reason) | Failure::Refused(reason) => QueueError::Refused { queue, reason },
    }
}
