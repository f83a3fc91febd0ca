//! Storage and queues in one redb file on one machine, with the semantics of DynamoDB and SQS standard queues.
//! What was answered `Ok` is on disk. One process has the file at a time.
//!
//! A call that changes something is carried out in one synchronous step: a future dropped at any await point has
//! either done it or never will. Calls that wait at the same time share one commit, and so one fsync (see `commit`).

mod commit;
mod items;
mod messages;
mod schema;
#[cfg(test)]
mod tests;

use std::fs::{DirBuilder, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use messages::DeadLetter;
use ports::Clock;
use redb::{Database, DatabaseError};

use commit::Commits;

/// How often a message is delivered before it goes to the dead letters, unless told otherwise.
pub const DEFAULT_MAX_RECEIVES: u32 = 5;

/// redb's own default is 1 GiB, far beyond what the working set of an organisation needs.
const CACHE_BYTES: usize = 64 * 1024 * 1024;

/// One file with all tables and queues; both [`ports::Store`] and [`ports::Queue`].
pub struct Embedded {
    commits: Commits,
    clock: Arc<dyn Clock>,
    max_receives: u32,
}

impl Embedded {
    /// Opens the file, or makes it (readable by its owner only) together with the folders above it. After a crash
    /// the file is checked and repaired first, which reads all of it.
    ///
    /// # Errors
    /// [`OpenError`]
    pub fn open(path: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let failed = |reason: String| OpenError::Failed { path: path.to_owned(), reason };
        create(path).map_err(|error| failed(error.to_string()))?;
        let database = builder().create(path).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
                OpenError::InUse { path: path.to_owned() }
            }
            other => failed(other.to_string()),
        })?;
        Self::with(database, clock).map_err(failed)
    }

    /// A store that lives as long as the value; for tests, demonstrations and simulations.
    ///
    /// # Errors
    /// [`OpenError`], which has not been seen here.
    pub fn in_memory(clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let failed = |reason: String| OpenError::Failed { path: PathBuf::from("(memory)"), reason };
        let backend = redb::backends::InMemoryBackend::new();
        let database = builder().create_with_backend(backend).map_err(|error| failed(error.to_string()))?;
        Self::with(database, clock).map_err(failed)
    }

    /// The same store, whose messages are delivered `receives` times (at least once) before they are dead letters.
    #[must_use]
    pub fn with_max_receives(self, receives: u32) -> Self {
        Self { max_receives: receives.max(1), ..self }
    }

    fn with(database: Database, clock: Arc<dyn Clock>) -> Result<Self, String> {
        schema::prepare(&database)?;
        Ok(Self { commits: Commits::new(database), clock, max_receives: DEFAULT_MAX_RECEIVES })
    }
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded").field("max_receives", &self.max_receives).finish_non_exhaustive()
    }
}

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Only one process may have it open.
    #[error("the store at {} is in use by another process", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It can't be read or written, is no store, or is damaged.
    #[error("the store at {} can't be opened: {reason}", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

fn builder() -> redb::Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

/// Personal data is stored, so a new file and new folders are closed to others. Existing ones are left as they are.
fn create(path: &Path) -> std::io::Result<()> {
    let mut folders = DirBuilder::new();
    folders.recursive(true);
    let mut file = OpenOptions::new();
    file.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        folders.mode(0o700);
        file.mode(0o600);
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        folders.create(parent)?;
    }
    file.open(path).map(drop)
}
