//! HTTP as a port: one request, one whole answer. Redirects are never followed: a token must not travel to a host
//! that configuration did not name.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
pub use http::{Method, Request, Response, StatusCode, header};
use secrecy::SecretString;

use crate::Class;

/// Sends one HTTP request and reads the whole answer.
#[async_trait]
pub trait HttpTransport: Send + Sync {
    /// Any answer with a status is `Ok`, also a 500; an `Err` means that there was no whole answer.
    ///
    /// # Errors
    /// [`TransportError`], which tells whether the other side may have acted.
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError>;

    /// The same transport, which presents a certificate to whoever asks for one (mutual TLS). `pem` holds the certificate,
    /// those that lead to its authority, and its private key.
    ///
    /// # Errors
    /// [`IdentityError`]; it holds nothing of `pem`.
    fn with_identity(&self, pem: &SecretString) -> Result<Arc<dyn HttpTransport>, IdentityError> {
        let _ = pem;
        Err(IdentityError::Unsupported)
    }
}

/// Why a transport can't present a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// It never can.
    #[error("this transport can't present a certificate")]
    Unsupported,
    /// Not this one.
    #[error("it is no certificate with its private key in PEM form")]
    Malformed,
}

/// Why there is no answer. Holds no part of the request, so no secret and no personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The request never reached the other side.
    #[error("no connection to {host}: {reason}")]
    NotSent {
        /// Host that was called.
        host: String,
        /// What went wrong, in the transport's words.
        reason: String,
    },
    /// The request may have been carried out: the answer did not come, or not whole.
    #[error("no complete answer from {host}: {reason}")]
    Unclear {
        /// Host that was called.
        host: String,
        /// What went wrong, in the transport's words.
        reason: String,
    },
}

impl TransportError {
    /// What the caller may do.
    pub fn class(&self) -> Class {
        match self {
            Self::NotSent { .. } => Class::Retry,
            Self::Unclear { .. } => Class::Ambiguous,
        }
    }
}
