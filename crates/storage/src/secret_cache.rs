//! Remembers secrets for ten minutes, so that a busy function does not ask for them at every call. Whoever finds that a
//! secret no longer works drops it here and reads again.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use ports::secrets::SecretString;
use ports::{Clock, SecretError, SecretName, Secrets};

/// How long a secret is taken from memory; a rotation counts after this time at the latest.
pub const KEPT: Duration = Duration::from_secs(10 * 60);

/// How long after a reading nobody asks the secret store again.
pub const FRESH: Duration = Duration::from_secs(15);

/// Secrets with a memory. Several that ask for the same secret at once wait for one reading of it; failures are not
/// remembered.
pub struct CachedSecrets {
    inner: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    slots: Mutex<HashMap<SecretName, Slot>>,
}

type Slot = Arc<tokio::sync::Mutex<Option<(SecretString, Timestamp)>>>;

impl CachedSecrets {
    /// Remembers what `inner` reads.
    pub fn new(inner: Arc<dyn Secrets>, clock: Arc<dyn Clock>) -> Self {
        Self { inner, clock, slots: Mutex::default() }
    }

    /// Drops the secret, also one that is being read at this moment: the next reader asks again.
    pub fn invalidate(&self, name: &SecretName) {
        self.slots().remove(name);
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<SecretName, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Secrets for CachedSecrets {
    async fn read(&self, name: &SecretName) -> Result<SecretString, SecretError> {
        let slot = Arc::clone(self.slots().entry(name.clone()).or_default());
        let mut slot = slot.lock().await;
        let now = self.clock.now();
        if let Some((secret, read_at)) = &*slot
            && now.duration_since(*read_at).unsigned_abs() < KEPT
        {
            return Ok(secret.clone());
        }
        let secret = self.inner.read(name).await?;
        *slot = Some((secret.clone(), now));
        Ok(secret)
    }

    /// What was read a moment ago is fresh: a flood of refused requests must not become a flood of readings.
    async fn read_fresh(&self, name: &SecretName) -> Result<SecretString, SecretError> {
        let slot = Arc::clone(self.slots().entry(name.clone()).or_default());
        let age =
            slot.lock().await.as_ref().map(|(_, read_at)| self.clock.now().duration_since(*read_at).unsigned_abs());
        if age.is_some_and(|age| age >= FRESH) {
            self.invalidate(name);
        }
        self.read(name).await
    }
}

impl std::fmt::Debug for CachedSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CachedSecrets").finish_non_exhaustive()
    }
}
