//! HTTP over the network, as [`ports::HttpTransport`]. The only crate beside the AWS SDKs that opens connections.
//! Nothing here knows what is asked of whom.

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{Request, Response, Uri};
use ports::{HttpTransport, IdentityError, TransportError};
use reqwest::{Certificate, Identity};
use secrecy::{ExposeSecret, SecretString};

/// The longest time for opening a connection, name look-up included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The largest body that is read; a longer one is an error.
pub const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

/// Sends requests over the network: HTTP/1.1 or 2, TLS by rustls, gzip, pooled connections. Redirects are answers like
/// any other and are never followed. Plain `http` is spoken with loopback hosts only.
#[derive(Clone, Debug)]
pub struct NetworkTransport {
    client: reqwest::Client,
    timeout: Duration,
    authorities: Vec<Certificate>,
    max_body_bytes: usize,
}

/// The TLS backend could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client: {0}")]
pub struct BuildError(String);

impl NetworkTransport {
    /// A transport that gives a request `timeout` from its start until its answer's last byte.
    ///
    /// # Errors
    /// [`BuildError`] when the machine's TLS roots can't be read.
    pub fn new(timeout: Duration) -> Result<Self, BuildError> {
        let client = client(timeout, &[], None)?;
        Ok(Self { client, timeout, authorities: Vec::new(), max_body_bytes: MAX_BODY_BYTES })
    }

    /// The same, which trusts these authorities (PEM) beside the machine's own: an organisation's servers may have
    /// certificates of its own making.
    ///
    /// # Errors
    /// [`BuildError`] when they are no certificates.
    pub fn trusting(self, authorities: &[u8]) -> Result<Self, BuildError> {
        let authorities = Certificate::from_pem_bundle(authorities).map_err(|error| BuildError(reason(error)))?;
        let client = client(self.timeout, &authorities, None)?;
        Ok(Self { client, authorities, ..self })
    }

    /// The same with another limit for an answer's body.
    #[must_use]
    pub fn with_max_body_bytes(self, max_body_bytes: usize) -> Self {
        Self { max_body_bytes, ..self }
    }

    async fn body(&self, response: &mut reqwest::Response) -> Result<Bytes, String> {
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(reason)? {
            if body.len() + chunk.len() > self.max_body_bytes {
                return Err(format!("the answer has more than {} bytes", self.max_body_bytes));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }
}

#[async_trait]
impl HttpTransport for NetworkTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let not_sent = |reason| TransportError::NotSent { host: host.clone(), reason };
        let unclear = |reason| TransportError::Unclear { host: host.clone(), reason };
        if !may_be_called(request.uri()) {
            return Err(not_sent("https is demanded, except for loopback hosts".to_owned()));
        }
        let request = reqwest::Request::try_from(request).map_err(|error| not_sent(reason(error)))?;
        let mut response = self.client.execute(request).await.map_err(|error| {
            // A failed connection, its TLS and its name look-up come before the first byte of the request.
            if error.is_connect() || error.is_builder() { not_sent(reason(error)) } else { unclear(reason(error)) }
        })?;
        let body = self.body(&mut response).await.map_err(unclear)?;
        let mut answer = Response::new(body);
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        Ok(answer)
    }

    fn with_identity(&self, pem: &SecretString) -> Result<Arc<dyn HttpTransport>, IdentityError> {
        // The errors' own words could quote the text.
        let identity = Identity::from_pem(pem.expose_secret().as_bytes()).map_err(|_| IdentityError::Malformed)?;
        let client = client(self.timeout, &self.authorities, Some(identity)).map_err(|_| IdentityError::Malformed)?;
        Ok(Arc::new(Self { client, ..self.clone() }))
    }
}

fn client(
    timeout: Duration,
    authorities: &[Certificate],
    identity: Option<Identity>,
) -> Result<reqwest::Client, BuildError> {
    let mut builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .tls_certs_merge(authorities.iter().cloned());
    if let Some(identity) = identity {
        builder = builder.identity(identity);
    }
    builder.build().map_err(|error| BuildError(reason(error)))
}

fn may_be_called(uri: &Uri) -> bool {
    match uri.scheme_str() {
        Some("https") => true,
        Some("http") => uri.host().is_some_and(is_loopback),
        _ => false,
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The error's words and those of its causes, without the URL: its query may hold personal data.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests;
