//! Delivering events: signed, one body after the other, again where it was not taken for a passing reason. What the
//! receiver refuses is taken out, so that one bad record never keeps the others back.

#[cfg(test)]
pub(super) mod tests;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::{RecordError, SecretName};
use http::Request;
use ports::{Clock, HttpTransport, Random, Secrets};

use super::address::Receiver;
use super::answer::{self, Meaning};
use super::outgoing::{Outgoing, body};
use crate::sign;

/// How often a body is sent before the round is given up; with these waits after about two minutes.
const ATTEMPTS: u32 = 8;
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The way to the webhook.
pub(super) struct Deliver {
    pub(super) transport: Arc<dyn HttpTransport>,
    pub(super) secrets: Arc<dyn Secrets>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) receiver: Receiver,
    /// The secret with the webhook's key.
    pub(super) key: SecretName,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The receiver has it.
    Taken,
    /// The receiver does not take it. May quote it: for the operator, not for the log.
    Refused(RecordError),
}

/// Why events could not be delivered. Holds nothing of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Undelivered {
    /// The webhook's key can't be had.
    #[error("the events can't be signed: {0}")]
    Unsigned(String),
    /// It was tried again and again.
    #[error("the events are not taken after {attempts} attempts: {why}")]
    NotNow { attempts: u32, why: String },
    /// Only a person can help.
    #[error("{what}")]
    NeedsPerson { what: String, to_do: &'static str },
}

/// So many records may be refused in a body of which nothing is taken; with more, the records are not what is wrong.
const FEW: usize = 20;
const ALL_REFUSED: &str = "in connector.yaml the source must be authoritative where the definition has `person`, else \
                           dependent, and its webhook must have no `definition`";

impl Deliver {
    /// Sends events, in one body unless something in it is refused; answers what became of each.
    ///
    /// # Errors
    /// [`Undelivered`]; some may have been taken then.
    pub(super) async fn send(&self, events: &[Outgoing]) -> Result<Vec<Verdict>, Undelivered> {
        let mut verdicts = vec![Verdict::Taken; events.len()];
        let (mut taken, mut refused) = (0, 0);
        // Every part is smaller than the one that it comes from, so this ends.
        let mut parts: Vec<Vec<usize>> = if events.is_empty() { vec![] } else { vec![(0..events.len()).collect()] };
        while let Some(part) = parts.pop() {
            let sent: Vec<&Outgoing> = part.iter().filter_map(|place| events.get(*place)).collect();
            let Some(words) = self.post(&sent).await? else {
                taken += part.len();
                continue;
            };
            let [place] = part.as_slice() else {
                let named = answer::named(&words, part.len());
                parts.extend(divided(part, &named));
                continue;
            };
            if let Some(verdict) = verdicts.get_mut(*place) {
                *verdict = Verdict::Refused(answer::reason(&words));
            }
            refused += 1;
            if taken == 0 && refused > FEW.max(events.len() / 2) {
                let what = format!("the receiver refuses {refused} of {} events and takes none", events.len());
                return Err(Undelivered::NeedsPerson { what, to_do: ALL_REFUSED });
            }
        }
        Ok(verdicts)
    }

    /// Sends a body until it is taken or refused; answers the receiver's words for a refusal.
    async fn post(&self, events: &[&Outgoing]) -> Result<Option<String>, Undelivered> {
        let body = Bytes::from(body(events.iter().copied()));
        // The same at every attempt, as Standard Webhooks demands.
        let id = sign::new_id(&*self.random);
        let (mut wait, mut reason) = (FIRST_WAIT, String::new());
        for attempt in 1..=ATTEMPTS {
            let request = self.request(&id, &body).await?;
            let answer = self.transport.send(request).await;
            match answer::meaning(&answer, events.len(), self.clock.now()) {
                Meaning::Taken => return Ok(None),
                Meaning::Refused(words) => return Ok(Some(words)),
                Meaning::NeedsPerson { what, to_do } => return Err(Undelivered::NeedsPerson { what, to_do }),
                Meaning::Later { why, after } => {
                    tracing::warn!(event = "agent.not_taken", attempt, why);
                    reason = why;
                    if attempt < ATTEMPTS {
                        self.clock.sleep(after.map_or(wait, |after| after.max(wait)) + self.jitter(wait)).await;
                    }
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
        Err(Undelivered::NotNow { attempts: ATTEMPTS, why: reason })
    }

    /// Signed anew at every attempt: a signature holds for 5 minutes, and the key may have been changed.
    async fn request(&self, id: &str, body: &Bytes) -> Result<Request<Bytes>, Undelivered> {
        let unsigned = |error: anyhow::Error| Undelivered::Unsigned(format!("{error:#}"));
        let secret = self.secrets.read(&self.key).await.map_err(|error| Undelivered::Unsigned(error.to_string()))?;
        let key = sign::key_of(&secret).map_err(unsigned)?;
        let mut request = Request::post(self.receiver.uri().clone());
        for (name, value) in sign::headers(&key, id, self.clock.now(), body).map_err(unsigned)? {
            request = request.header(name, value);
        }
        request.body(body.clone()).map_err(|error| Undelivered::Unsigned(error.to_string()))
    }

    /// Up to a quarter more, so that many agents do not come at once.
    fn jitter(&self, wait: Duration) -> Duration {
        let quarter = u64::try_from(wait.as_millis() / 4).unwrap_or_default();
        Duration::from_millis(self.random.next_u64() % quarter.max(1))
    }
}

/// Those that are named, each alone, and the rest; where that divides nothing, two halves.
fn divided(part: Vec<usize>, named: &[usize]) -> Vec<Vec<usize>> {
    if named.is_empty() || named.len() >= part.len() {
        let (first, second) = part.split_at(part.len() / 2);
        return vec![second.to_vec(), first.to_vec()];
    }
    let (suspects, rest): (Vec<_>, Vec<_>) = part.into_iter().enumerate().partition(|(place, _)| named.contains(place));
    let rest = rest.into_iter().map(|(_, event)| event).collect();
    std::iter::once(rest).chain(suspects.into_iter().map(|(_, event)| vec![event])).collect()
}
