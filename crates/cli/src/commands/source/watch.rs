//! A transport that notes when the first answer came and whom no answer came from.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use ports::secrets::SecretString;
use ports::{Clock, HttpTransport, IdentityError, TransportError};
use tokio::sync::Notify;

/// Sends requests, and notes what came of them.
pub(super) struct Watched {
    below: Arc<dyn HttpTransport>,
    clock: Arc<dyn Clock>,
    begun: Timestamp,
    seen: Mutex<Seen>,
    unreachable: Notify,
}

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Who answered first, after what time.
    pub(super) first_answer: Option<(String, Duration)>,
    /// From whom no answer came last, and why.
    pub(super) silence: Option<(String, String)>,
}

impl Watched {
    /// Watches a transport from now on.
    pub(super) fn new(below: Arc<dyn HttpTransport>, clock: Arc<dyn Clock>) -> Self {
        let begun = clock.now();
        Self { below, clock, begun, seen: Mutex::default(), unreachable: Notify::new() }
    }

    /// Ends when the very first request could not be sent: somebody sits and waits, and another try would only take time.
    pub(super) async fn unreachable(&self) {
        self.unreachable.notified().await;
    }

    /// What was seen so far.
    pub(super) fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, host: String, answer: &Result<Response<Bytes>, TransportError>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Ok(_) if seen.first_answer.is_none() => {
                let after = self.clock.now().duration_since(self.begun).unsigned_abs();
                seen.first_answer = Some((host, after));
            }
            Ok(_) => {}
            Err(error) => {
                let reason = match error {
                    TransportError::NotSent { reason, .. } | TransportError::Unclear { reason, .. } => reason.clone(),
                    _ => error.to_string(),
                };
                seen.silence = Some((host, reason));
                if matches!(error, TransportError::NotSent { .. }) && seen.first_answer.is_none() {
                    self.unreachable.notify_one();
                }
            }
        }
    }
}

#[async_trait]
impl HttpTransport for Watched {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let answer = self.below.send(request).await;
        self.note(host, &answer);
        answer
    }

    /// What goes over a transport with a certificate is not watched: the report then tells less of the connection.
    fn with_identity(&self, pem: &SecretString) -> Result<Arc<dyn HttpTransport>, IdentityError> {
        self.below.with_identity(pem)
    }
}
