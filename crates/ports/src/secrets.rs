//! Secrets as a port: named JSON documents, one per system.

use async_trait::async_trait;
pub use domain::SecretName;
pub use secrecy::{ExposeSecret, SecretString};

use crate::Class;

/// Reads secrets.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The newest version of the secret's JSON text.
    ///
    /// # Errors
    /// [`SecretError`]; it names the secret and never holds its content.
    async fn read(&self, name: &SecretName) -> Result<SecretString, SecretError>;

    /// As [`read`](Self::read), past any memory: for a caller whose secret has just been refused, or no longer verifies.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    async fn read_fresh(&self, name: &SecretName) -> Result<SecretString, SecretError> {
        self.read(name).await
    }
}

/// Why a secret could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// There is no such secret.
    #[error("secret {0} does not exist")]
    Missing(SecretName),
    /// Access is refused.
    #[error("secret {name} may not be read: {reason}")]
    Refused {
        /// The secret.
        name: SecretName,
        /// Why, without content.
        reason: String,
    },
    /// The secret is there, but is not what its reader expects.
    #[error("secret {name} is malformed: {reason}")]
    Malformed {
        /// The secret.
        name: SecretName,
        /// The field and what is wrong with it, without content.
        reason: String,
    },
    /// The secret store does not answer.
    #[error("secret {name} can't be read now: {reason}")]
    Unavailable {
        /// The secret.
        name: SecretName,
        /// Why.
        reason: String,
    },
}

impl SecretError {
    /// What the caller may do. A secret is needed by all work on its system, so it is never one person's matter.
    pub fn class(&self) -> Class {
        match self {
            Self::Unavailable { .. } => Class::Retry,
            Self::Missing(_) | Self::Refused { .. } | Self::Malformed { .. } => Class::Systemic,
        }
    }
}
