//! The org as an HTTP transport inside the test's own process: no sockets, no waiting.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use ports::{Clock, HttpTransport, TransportError};

use crate::org::Org;
use crate::reply::Outcome;

/// A `ports::HttpTransport` over a shared org.
#[derive(Clone)]
pub struct InProcess {
    org: Arc<Mutex<Org>>,
    clock: Option<Arc<dyn Clock>>,
}

impl InProcess {
    /// A transport to this org. The org's clock is set by the test.
    #[must_use]
    pub fn new(org: Arc<Mutex<Org>>) -> Self {
        Self { org, clock: None }
    }

    /// Makes the org follow a clock, and delayed answers wait on it.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// The org, for arranging and looking. Never hold it across an await.
    pub fn org(&self) -> MutexGuard<'_, Org> {
        self.org.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl HttpTransport for InProcess {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let reply = {
            let mut org = self.org();
            if let Some(clock) = &self.clock {
                org.set_now(clock.now());
            }
            org.handle(&request)
        };
        if let Some(clock) = &self.clock
            && !reply.delay.is_zero()
        {
            clock.sleep(reply.delay).await;
        }
        match reply.outcome {
            Outcome::Answer(answer) => Ok(answer),
            Outcome::NotConnected => Err(TransportError::NotSent { host, reason: "connection refused".to_owned() }),
            Outcome::AnswerLost => {
                Err(TransportError::Unclear { host, reason: "connection closed before the answer".to_owned() })
            }
            // The port promises whole answers or an error.
            Outcome::Truncated { .. } => {
                Err(TransportError::Unclear { host, reason: "connection closed inside the answer's body".to_owned() })
            }
        }
    }
}
