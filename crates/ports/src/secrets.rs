//! Secrets as a port: named JSON documents, one per system.

use async_trait::async_trait;
pub use secrecy::{ExposeSecret, SecretString};

use crate::Class;

/// The name of a secret, as configuration gives it (`salesforce`, `hr-webhook`): a letter or digit, then up to 63
/// letters, digits, `-`, `_` or `/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretName(String);

impl SecretName {
    /// # Errors
    /// A sentence that says what a secret's name may hold.
    pub fn parse(name: &str) -> Result<Self, String> {
        let ok = name.len() <= 64
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/'));
        if ok {
            Ok(Self(name.to_owned()))
        } else {
            Err(format!("{name:?} is no secret name: 1-64 letters, digits, -, _ or /"))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SecretName {
    type Error = String;
    fn try_from(name: String) -> Result<Self, String> {
        Self::parse(&name)
    }
}

impl From<SecretName> for String {
    fn from(name: SecretName) -> Self {
        name.0
    }
}

impl std::fmt::Display for SecretName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

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
