//! The promise of this command, kept by construction: only reading requests and the log-in get through to the org.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response};
use ports::{HttpTransport, TransportError};

/// A way to the org on which nothing can be written.
pub(super) struct ReadOnly(Arc<dyn HttpTransport>);

impl ReadOnly {
    pub(super) fn new(below: Arc<dyn HttpTransport>) -> Self {
        Self(below)
    }
}

#[async_trait]
impl HttpTransport for ReadOnly {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let logs_in = request.method() == Method::POST && request.uri().path() == "/services/oauth2/token";
        if request.method() == Method::GET || logs_in {
            return self.0.send(request).await;
        }
        let host = request.uri().host().unwrap_or_default().to_owned();
        Err(TransportError::NotSent { host, reason: "preflight writes nothing".to_owned() })
    }
}
