//! Wake-ups: the only messages on the queues. They carry a person's id, never data, so that a duplicate, a late or a
//! lost one is harmless. Also how a batch of them is handled: each alone, and none can spoil the others.

use std::collections::BTreeSet;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use domain::PersonId;
use futures::{FutureExt as _, StreamExt as _};
use ports::{Delivery, Queue, QueueError, QueueName};
use serde::{Deserialize, Serialize};

/// "Look at this person again."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WakeUp {
    /// The person.
    pub person: PersonId,
}

impl WakeUp {
    /// Reads a message.
    ///
    /// # Errors
    /// What is wrong with it, without its content.
    pub fn decode(body: &str) -> Result<Self, String> {
        serde_json::from_str(body)
            .map_err(|error| format!("not a wake-up: {:?} at column {}", error.classify(), error.column()))
    }

    fn encode(&self) -> String {
        serde_json::json!({ "person": self.person }).to_string()
    }
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// It is done with: delete it.
    Done,
    /// Deliver it again, not before this time has passed.
    Again(Duration),
}

/// Why a whole batch failed: every message would fail in the same way, so that the queue should slow down.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the whole batch failed: {reason}")]
pub struct BatchError {
    /// Why, fit for a log.
    pub reason: String,
}

/// Wakes persons, each once.
///
/// # Errors
/// [`QueueError`]; some may have been woken.
pub async fn send_wake_ups(
    queue: &dyn Queue,
    name: QueueName,
    persons: impl IntoIterator<Item = PersonId>,
) -> Result<usize, QueueError> {
    let unique: BTreeSet<PersonId> = persons.into_iter().collect();
    let bodies: Vec<_> = unique.into_iter().map(|person| WakeUp { person }.encode()).collect();
    if !bodies.is_empty() {
        queue.send(name, &bodies).await?;
    }
    Ok(bodies.len())
}

/// Handles each person of a batch by itself, up to `concurrency` at a time. A panic costs only the person that it
/// happens to; a body that is no wake-up is left for the dead-letter queue.
///
/// # Errors
/// [`BatchError`] as soon as one person meets systemic trouble: the rest is not begun.
pub async fn handle_each<F, Fut>(
    deliveries: &[Delivery],
    concurrency: usize,
    handle: F,
) -> Result<Vec<(usize, Disposition)>, BatchError>
where
    F: Fn(PersonId) -> Fut,
    Fut: Future<Output = Result<Disposition, BatchError>>,
{
    let handle = &handle;
    let one = |(position, delivery): (usize, &Delivery)| {
        let wake_up = WakeUp::decode(&delivery.body);
        let message = delivery.id.clone();
        async move {
            let WakeUp { person } = match wake_up {
                Ok(wake_up) => wake_up,
                Err(reason) => {
                    tracing::error!(event = "message.malformed", message, reason);
                    return Ok((position, Disposition::Again(POISON_PAUSE)));
                }
            };
            let handled = AssertUnwindSafe(async { handle(person.clone()).await }).catch_unwind().await;
            match handled {
                Ok(result) => result.map(|disposition| (position, disposition)),
                Err(_) => {
                    tracing::error!(event = "message.panicked", %person, message);
                    Ok((position, Disposition::Again(POISON_PAUSE)))
                }
            }
        }
    };
    let mut results =
        futures::stream::iter(deliveries.iter().enumerate().map(one)).buffer_unordered(concurrency.max(1));
    let mut dispositions = Vec::with_capacity(deliveries.len());
    while let Some(result) = results.next().await {
        dispositions.push(result?);
    }
    Ok(dispositions)
}

/// Pause before a message that can't be handled is delivered again, on its way to the dead letters.
const POISON_PAUSE: Duration = Duration::from_secs(10);

/// Hides the messages that must wait and names the ids that are to be delivered again.
pub async fn settle_batch(
    queue: &dyn Queue,
    name: QueueName,
    deliveries: &[Delivery],
    dispositions: &[(usize, Disposition)],
) -> Vec<String> {
    let mut again = Vec::new();
    for (position, disposition) in dispositions {
        let (Disposition::Again(pause), Some(delivery)) = (disposition, deliveries.get(*position)) else { continue };
        again.push(delivery.id.clone());
        // Should this fail, the message comes back after the queue's own visibility timeout.
        if let Err(error) = queue.set_visibility(name, &delivery.receipt, *pause).await {
            tracing::warn!(event = "message.visibility_not_set", message = delivery.id, %error);
        }
    }
    again
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(id: &str, body: &str) -> Delivery {
        Delivery { id: id.into(), receipt: format!("r-{id}"), body: body.into(), receives: 1 }
    }

    #[test]
    fn wake_ups_round_trip_with_any_id() {
        for id in ["1", "o'brien", "a\"b\\c", "名"] {
            let wake_up = WakeUp { person: PersonId::parse(id).unwrap() };
            assert_eq!(WakeUp::decode(&wake_up.encode()), Ok(wake_up));
        }
        assert!(WakeUp::decode(r#"{"person":"1","name":"x"}"#).is_err());
    }

    #[tokio::test]
    async fn one_bad_message_spoils_no_other() {
        let batch = [delivery("a", "{"), delivery("b", r#"{"person":"boom"}"#), delivery("c", r#"{"person":"3"}"#)];
        let handle = |person: PersonId| async move {
            assert_ne!(person.as_str(), "boom");
            Ok(Disposition::Done)
        };
        let mut dispositions = handle_each(&batch, 2, handle).await.unwrap();
        dispositions.sort_by_key(|(position, _)| *position);
        assert!(matches!(
            dispositions[..],
            [(0, Disposition::Again(_)), (1, Disposition::Again(_)), (2, Disposition::Done)]
        ));
    }

    #[tokio::test]
    async fn systemic_trouble_fails_the_batch() {
        let batch = [delivery("a", r#"{"person":"1"}"#)];
        let handle = |_| async { Err(BatchError { reason: "down".into() }) };
        assert!(handle_each(&batch, 1, handle).await.is_err());
    }
}
