//! The queues: at least once, a visibility timeout by the clock, a maximum of receives and then the dead letters,
//! which an administrator can look at and send back.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use ports::queue::Depth;
use ports::{Delivery, Queue, QueueError, QueueName};
use redb::{ReadableTable, ReadableTableMetadata, WriteTransaction};

use super::commit::{Broken, Done};
use super::{Embedded, schema};
use crate::limits;

/// A message that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The message's id.
    pub id: String,
    /// The message.
    pub body: String,
    /// How often it was delivered.
    pub receives: u32,
}

impl Embedded {
    /// The messages that were given up, oldest first.
    ///
    /// # Errors
    /// [`QueueError`]
    pub async fn dead_letters(&self, queue: QueueName) -> Result<Vec<DeadLetter>, QueueError> {
        let read = || -> Result<Vec<DeadLetter>, redb::Error> {
            let view = self.commits.read()?;
            let dead = view.open_table(schema::dead(queue))?;
            let mut letters = Vec::new();
            for entry in dead.range::<u64>(..)? {
                let (id, letter) = entry?;
                let (receives, body) = letter.value();
                letters.push(DeadLetter { id: id.value().to_string(), body: body.to_owned(), receives });
            }
            Ok(letters)
        };
        read().map_err(|error| unavailable(queue, &error))
    }

    /// Puts all dead letters back on their queue, as if never delivered, and tells how many there were.
    ///
    /// # Errors
    /// [`QueueError`]
    pub async fn redrive(&self, queue: QueueName) -> Result<usize, QueueError> {
        let now = self.clock.now().as_microsecond();
        let work = move |transaction: &WriteTransaction| {
            let mut dead = transaction.open_table(schema::dead(queue))?;
            let mut messages = transaction.open_table(schema::messages(queue))?;
            let mut visible = transaction.open_table(schema::visible(queue))?;
            let mut count = 0;
            while let Some((id, letter)) = dead.pop_first()? {
                messages.insert(id.value(), (0, 0, now, letter.value().1))?;
                visible.insert((now, id.value()), ())?;
                count += 1;
            }
            Ok(if count == 0 { Done::Unchanged(0) } else { Done::Changed(count) })
        };
        self.commits.change(work).await.map_err(|broken| broken.on(queue))
    }

    /// Makes all hidden messages visible at once and tells how many there were. For the start of a process: nobody else
    /// has the store open, so whoever took them is gone.
    ///
    /// # Errors
    /// [`QueueError`]
    pub async fn show_hidden(&self, queue: QueueName) -> Result<usize, QueueError> {
        let now = self.clock.now().as_microsecond();
        let work = move |transaction: &WriteTransaction| {
            let mut messages = transaction.open_table(schema::messages(queue))?;
            let mut visible = transaction.open_table(schema::visible(queue))?;
            let mut hidden = Vec::new();
            for entry in visible.range((now + 1, 0)..)? {
                hidden.push(entry?.0.value());
            }
            for (until, id) in &hidden {
                visible.remove((*until, *id))?;
                let Some(message) = messages.remove(*id)?.map(|message| {
                    let (number, receives, _, body) = message.value();
                    (number, receives, body.to_owned())
                }) else {
                    continue;
                };
                let (number, receives, body) = message;
                messages.insert(*id, (number, receives, now, body.as_str()))?;
                visible.insert((now, *id), ())?;
            }
            Ok(if hidden.is_empty() { Done::Unchanged(0) } else { Done::Changed(hidden.len()) })
        };
        self.commits.change(work).await.map_err(|broken| broken.on(queue))
    }
}

#[async_trait]
impl Queue for Embedded {
    async fn send(&self, queue: QueueName, bodies: &[String]) -> Result<(), QueueError> {
        for body in bodies {
            limits::check_message(body).map_err(|reason| refused(queue, reason))?;
        }
        if bodies.is_empty() {
            return Ok(());
        }
        let now = self.clock.now().as_microsecond();
        let bodies = bodies.to_vec();
        let work = move |transaction: &WriteTransaction| {
            let first = schema::next_numbers(transaction, bodies.len() as u64)?;
            let mut messages = transaction.open_table(schema::messages(queue))?;
            let mut visible = transaction.open_table(schema::visible(queue))?;
            for (id, body) in (first..).zip(&bodies) {
                messages.insert(id, (0, 0, now, body.as_str()))?;
                visible.insert((now, id), ())?;
            }
            Ok(Done::Changed(()))
        };
        self.commits.change(work).await.map_err(|broken| broken.on(queue))
    }

    async fn receive(&self, queue: QueueName, max: usize, visibility: Duration) -> Result<Vec<Delivery>, QueueError> {
        limits::check_visibility(visibility).map_err(|reason| refused(queue, reason))?;
        let now = self.clock.now();
        // An idle worker asks often; it should cost no write transaction.
        if !self.has_visible(queue, now).map_err(|error| unavailable(queue, &error))? {
            return Ok(Vec::new());
        }
        let max_receives = self.max_receives;
        let work =
            move |transaction: &WriteTransaction| deliver(transaction, queue, max, now, visibility, max_receives);
        self.commits.change(work).await.map_err(|broken| broken.on(queue))
    }

    async fn delete(&self, queue: QueueName, receipt: &str) -> Result<(), QueueError> {
        let Some((id, number)) = parse(receipt) else { return Ok(()) };
        let work = move |transaction: &WriteTransaction| {
            let mut messages = transaction.open_table(schema::messages(queue))?;
            let Some((visible_at, _)) = delivered(&messages, id, number)? else { return Ok(Done::Unchanged(())) };
            messages.remove(id)?;
            transaction.open_table(schema::visible(queue))?.remove((visible_at, id))?;
            Ok(Done::Changed(()))
        };
        self.commits.change(work).await.map_err(|broken| broken.on(queue))
    }

    async fn set_visibility(&self, queue: QueueName, receipt: &str, visibility: Duration) -> Result<(), QueueError> {
        limits::check_visibility(visibility).map_err(|reason| refused(queue, reason))?;
        let Some((id, number)) = parse(receipt) else { return Ok(()) };
        let now = self.clock.now();
        let work = move |transaction: &WriteTransaction| {
            let mut messages = transaction.open_table(schema::messages(queue))?;
            let Some((visible_at, receives)) = delivered(&messages, id, number)? else {
                return Ok(Done::Unchanged(()));
            };
            // As in SQS, a delivery that has timed out can't be prolonged: somebody else may be about to get it.
            if visible_at <= now.as_microsecond() {
                return Ok(Done::Unchanged(()));
            }
            let until = after(now, visibility);
            let body = messages.get(id)?.map(|message| message.value().3.to_owned()).unwrap_or_default();
            messages.insert(id, (number, receives, until, body.as_str()))?;
            let mut visible = transaction.open_table(schema::visible(queue))?;
            visible.remove((visible_at, id))?;
            visible.insert((until, id), ())?;
            Ok(Done::Changed(()))
        };
        self.commits.change(work).await.map_err(|broken| broken.on(queue))
    }

    async fn depth(&self, queue: QueueName) -> Result<Depth, QueueError> {
        let read = || -> Result<Depth, redb::Error> {
            let view = self.commits.read()?;
            let messages = view.open_table(schema::messages(queue))?.len()?;
            let dead = view.open_table(schema::dead(queue))?.len()?;
            Ok(Depth { messages, dead })
        };
        read().map_err(|error| unavailable(queue, &error))
    }
}

impl Embedded {
    fn has_visible(&self, queue: QueueName, now: Timestamp) -> Result<bool, redb::Error> {
        let visible = self.commits.read()?.open_table(schema::visible(queue))?;
        let first = visible.first()?;
        Ok(first.is_some_and(|(place, _)| place.value().0 <= now.as_microsecond()))
    }
}

fn deliver(
    transaction: &WriteTransaction,
    queue: QueueName,
    max: usize,
    now: Timestamp,
    visibility: Duration,
    max_receives: u32,
) -> Result<Done<Vec<Delivery>>, Broken> {
    let mut messages = transaction.open_table(schema::messages(queue))?;
    let mut visible = transaction.open_table(schema::visible(queue))?;
    let mut dead = transaction.open_table(schema::dead(queue))?;
    let until = after(now, visibility);
    // Collected first: with a visibility of nought a message would come again and again within this call.
    let mut ready = Vec::new();
    let mut wanted = max;
    for entry in visible.range(..=(now.as_microsecond(), u64::MAX))? {
        if wanted == 0 {
            break;
        }
        let (visible_at, id) = entry?.0.value();
        let Some(message) = messages.get(id)? else { continue };
        let (_, receives, _, body) = message.value();
        if receives >= max_receives {
            dead.insert(id, (receives, body))?;
        } else {
            wanted -= 1;
        }
        ready.push((visible_at, id, receives, body.to_owned()));
    }
    let mut number = schema::next_numbers(transaction, ready.len() as u64)?;
    let mut deliveries = Vec::new();
    for (visible_at, id, receives, body) in ready {
        visible.remove((visible_at, id))?;
        if receives >= max_receives {
            messages.remove(id)?;
            continue;
        }
        let receives = receives + 1;
        messages.insert(id, (number, receives, until, body.as_str()))?;
        visible.insert((until, id), ())?;
        deliveries.push(Delivery { id: id.to_string(), receipt: format!("{id}-{number}"), body, receives });
        number += 1;
    }
    Ok(Done::Changed(deliveries))
}

/// When the message is visible and how often it was received, if the delivery is its last one.
fn delivered(
    messages: &impl ReadableTable<u64, (u64, u32, i64, &'static str)>,
    id: u64,
    number: u64,
) -> Result<Option<(i64, u32)>, Broken> {
    let message = messages.get(id)?;
    Ok(message.and_then(|message| {
        let (last, receives, visible_at, _) = message.value();
        (last == number).then_some((visible_at, receives))
    }))
}

fn parse(receipt: &str) -> Option<(u64, u64)> {
    let (id, number) = receipt.split_once('-')?;
    Some((id.parse().ok()?, number.parse().ok()?))
}

fn after(now: Timestamp, visibility: Duration) -> i64 {
    now.saturating_add(visibility).unwrap_or(Timestamp::MAX).as_microsecond()
}

fn refused(queue: QueueName, reason: String) -> QueueError {
    QueueError::Refused { queue: queue.as_str(), reason }
}

fn unavailable(queue: QueueName, error: &redb::Error) -> QueueError {
    QueueError::Unavailable { queue: queue.as_str(), reason: error.to_string() }
}

impl Broken {
    fn on(self, queue: QueueName) -> QueueError {
        let queue = queue.as_str();
        match self {
            Self::NotDone(reason) => QueueError::Unavailable { queue, reason },
            Self::Unclear(reason) => QueueError::Unclear { queue, reason },
        }
    }
}
