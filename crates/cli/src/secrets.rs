//! Where the secrets come from: the file that the user names, and above it what a simulated org needs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use ports::secrets::SecretString;
use ports::{SecretError, SecretName, Secrets};
use storage::secrets_file::SecretsFile;

/// Secrets made by this process, and below them those of somebody else.
#[derive(Default)]
pub(crate) struct Layered {
    own: BTreeMap<SecretName, SecretString>,
    below: Option<Arc<dyn Secrets>>,
}

impl Layered {
    /// Over the secrets of a file, if there is one.
    ///
    /// # Errors
    /// When the file can't be used: unreadable, malformed, or open to others.
    pub(crate) fn over(file: Option<&Path>) -> anyhow::Result<Self> {
        let below = match file {
            Some(path) => Some(Arc::new(SecretsFile::open(path)?) as Arc<dyn Secrets>),
            None => None,
        };
        Ok(Self { own: BTreeMap::new(), below })
    }

    /// With one more secret, which hides one of the same name below.
    pub(crate) fn with(mut self, name: SecretName, content: &serde_json::Value) -> Self {
        self.own.insert(name, SecretString::from(content.to_string()));
        self
    }
}

#[async_trait]
impl Secrets for Layered {
    async fn read(&self, name: &SecretName) -> Result<SecretString, SecretError> {
        match (self.own.get(name), &self.below) {
            (Some(secret), _) => Ok(secret.clone()),
            (None, Some(below)) => below.read(name).await,
            (None, None) => Err(SecretError::Missing(name.clone())),
        }
    }

    async fn read_fresh(&self, name: &SecretName) -> Result<SecretString, SecretError> {
        match (self.own.get(name), &self.below) {
            (None, Some(below)) => below.read_fresh(name).await,
            _ => self.read(name).await,
        }
    }
}
