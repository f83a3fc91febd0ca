//! What a read needs from outside.

use std::sync::Arc;

use async_trait::async_trait;
use ports::{Clock, HttpTransport, Random, SecretName, Secrets};
use secrecy::SecretString;

/// What a read needs from outside. Cheap to clone.
#[derive(Clone)]
pub struct Ports {
    /// Sends requests.
    pub transport: Arc<dyn HttpTransport>,
    /// Holds the source's secret.
    pub secrets: Arc<dyn Secrets>,
    /// Holds tokens that change with use.
    pub tokens: Arc<dyn TokenStore>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Jitter and names of assertions.
    pub random: Arc<dyn Random>,
}

/// Keeps the token of a source whose refresh token changes with each use. What is stored is opaque and secret: it is to
/// be encrypted at rest, and belongs beside the source's secret, under the same name. Only sources with `refreshToken`
/// need one; all others take [`NoTokens`].
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// What was stored last; `None` when there is nothing yet.
    ///
    /// # Errors
    /// Why it can't be read, without content.
    async fn load(&self, secret: &SecretName) -> Result<Option<SecretString>, String>;

    /// Replaces what was stored. Durable once it returns: the token before it no longer works.
    ///
    /// # Errors
    /// Why it can't be stored, without content.
    async fn store(&self, secret: &SecretName, token: &SecretString) -> Result<(), String>;
}

/// Stores nothing: for sources whose tokens do not change.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTokens;

#[async_trait]
impl TokenStore for NoTokens {
    async fn load(&self, _: &SecretName) -> Result<Option<SecretString>, String> {
        Ok(None)
    }

    async fn store(&self, _: &SecretName, _: &SecretString) -> Result<(), String> {
        Err("nothing here keeps tokens that change with use".to_owned())
    }
}
