//! One call to the org: session, retry, counting. Knows which errors heal in a moment and which calls may be repeated;
//! nothing of users.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use ports::{Clock, HttpTransport, Random, TransportError};
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::error::SalesforceError;
use crate::oauth::{Session, Sessions};
use crate::usage::{CallKind, Meter};

/// Tries of one call. The queue is the real retry; this only bridges moments.
const TRIES: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// A longer wait than this is left to the caller.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Sends calls.
pub(crate) struct Api {
    pub(crate) transport: Arc<dyn HttpTransport>,
    pub(crate) sessions: Sessions,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) meter: Arc<Meter>,
}

/// A call.
pub(crate) struct Call {
    pub(crate) kind: CallKind,
    pub(crate) method: Method,
    /// From `/services` on, encoded, with the query.
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
    /// Whether doing it twice is the same as once.
    pub(crate) repeatable: bool,
}

impl Call {
    pub(crate) fn get(kind: CallKind, path: String) -> Self {
        Self { kind, method: Method::GET, path, body: None, repeatable: true }
    }

    pub(crate) fn with_body(kind: CallKind, method: Method, path: String, body: Value) -> Self {
        Self { kind, method, path, body: Some(body), repeatable: true }
    }

    pub(crate) fn once(self) -> Self {
        Self { repeatable: false, ..self }
    }
}

impl Api {
    /// The answer's JSON; null for 204.
    ///
    /// # Errors
    /// What the answer says. It may have been done after [`SalesforceError::Unclear`] (for a repeatable call only given
    /// after it was tried again) and after a [`SalesforceError::Refused`] with a status of 500 or more.
    pub(crate) async fn call(&self, call: &Call) -> Result<Value, SalesforceError> {
        let answer = self.tried(call).await;
        match &answer {
            Ok(_) => self.meter.served(),
            Err(SalesforceError::LimitReached { retry_after, .. }) => {
                self.meter.refused(self.clock.now(), *retry_after);
            }
            Err(_) => {}
        }
        answer
    }

    /// A call that is about no person: what Salesforce refuses then is nobody's data.
    ///
    /// # Errors
    /// Those of [`Self::call`], with [`SalesforceError::Unusable`] for a refusal.
    pub(crate) async fn read(&self, call: &Call) -> Result<Value, SalesforceError> {
        self.call(call).await.map_err(|error| match error {
            SalesforceError::Refused(refusal) | SalesforceError::Form(refusal) => SalesforceError::Unusable(refusal),
            error => error,
        })
    }

    async fn tried(&self, call: &Call) -> Result<Value, SalesforceError> {
        let mut tries = 1;
        let mut renewed = false;
        loop {
            let session = self.sessions.session().await?;
            let error = match self.send(call, &session).await {
                Ok(answer) => return Ok(answer),
                // A rejected token was not carried out, and its renewal does not count as a try.
                Err(Failure::Session(_)) if !renewed => {
                    renewed = true;
                    self.sessions.renew(&session).await?;
                    continue;
                }
                Err(Failure::Session(error)) => return Err(error),
                Err(Failure::NotDone(error)) => error,
                Err(Failure::PerhapsDone(error @ SalesforceError::Refused(_))) => return Err(error),
                Err(Failure::PerhapsDone(error)) if call.repeatable => error,
                Err(Failure::PerhapsDone(error)) => return Err(unclear(&error)),
            };
            let perhaps = matches!(error, SalesforceError::Unclear { .. });
            let wait = self.wait(tries, error.retry_after());
            if tries == TRIES || !(perhaps || error.heals_soon()) || wait > LONGEST_WAIT {
                return Err(error);
            }
            tracing::debug!(kind = call.kind.as_str(), %error, wait_ms = wait.as_millis(), "salesforce.retry");
            self.clock.sleep(wait).await;
            tries += 1;
        }
    }

    /// Waits before another try of something that met a lock.
    pub(crate) async fn pause(&self, tries: u32) {
        self.clock.sleep(self.wait(tries, None)).await;
    }

    async fn send(&self, call: &Call, session: &Session) -> Result<Value, Failure> {
        let request = request(call, session).map_err(Failure::NotDone)?;
        self.meter.count(call.kind);
        let answer = self.transport.send(request).await.map_err(|error| match error {
            TransportError::Unclear { .. } => {
                Failure::PerhapsDone(SalesforceError::Unclear { reason: error.to_string() })
            }
            _ => Failure::NotDone(SalesforceError::Unavailable { reason: error.to_string(), retry_after: None }),
        })?;
        self.meter.read(answer.headers(), self.clock.now());
        read(&answer)
    }

    /// What Salesforce asks for; else twice as long each time, with jitter of as much again.
    fn wait(&self, tries: u32, asked: Option<Duration>) -> Duration {
        let base = FIRST_WAIT * 2_u32.pow(tries - 1);
        let jitter = base.mul_f64((self.random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64);
        match asked {
            Some(asked) => asked.max(base) + jitter,
            None => base + jitter,
        }
    }
}

enum Failure {
    Session(SalesforceError),
    NotDone(SalesforceError),
    PerhapsDone(SalesforceError),
}

fn unclear(error: &SalesforceError) -> SalesforceError {
    SalesforceError::Unclear { reason: error.to_string() }
}

fn request(call: &Call, session: &Session) -> Result<Request<Bytes>, SalesforceError> {
    let unusable = |_| SalesforceError::refused("invalid-request", "the call can't be put into an HTTP request");
    let mut token = HeaderValue::try_from(format!("Bearer {}", session.token.expose_secret())).map_err(|_| {
        SalesforceError::Unavailable { reason: "the token is no header text".to_owned(), retry_after: None }
    })?;
    token.set_sensitive(true);
    let request = Request::builder()
        .method(call.method.clone())
        .uri(format!("{}{}", session.instance, call.path))
        .header(header::AUTHORIZATION, token)
        .header(header::ACCEPT, "application/json")
        .header(header::USER_AGENT, concat!("salesforce-target-connector/", env!("CARGO_PKG_VERSION")));
    match &call.body {
        Some(body) => request.header(header::CONTENT_TYPE, "application/json").body(body.to_string().into()),
        None => request.body(Bytes::new()),
    }
    .map_err(unusable)
}

fn read(answer: &Response<Bytes>) -> Result<Value, Failure> {
    let status = answer.status();
    if status == StatusCode::NO_CONTENT {
        return Ok(Value::Null);
    }
    if status.is_success() {
        return serde_json::from_slice(answer.body()).map_err(|_| {
            Failure::PerhapsDone(SalesforceError::Unclear {
                reason: format!("HTTP {status} with a body that is no JSON"),
            })
        });
    }
    let error = SalesforceError::from_answer(status, answer.headers(), answer.body());
    Err(match error {
        SalesforceError::LoginRefused(_) => Failure::Session(error),
        // What does not say why it failed may come from a proxy whose server went on working.
        SalesforceError::Unavailable { .. } if status.is_server_error() && !is_salesforce(answer.body()) => {
            Failure::PerhapsDone(error)
        }
        SalesforceError::Refused(_) if status.is_server_error() => Failure::PerhapsDone(error),
        error => Failure::NotDone(error),
    })
}

/// Whether the body is an error in Salesforce's own words.
fn is_salesforce(body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body).is_ok_and(|body| body.is_array() || body.is_object())
}
