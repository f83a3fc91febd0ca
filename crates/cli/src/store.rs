//! Opening the store and its queues: the embedded ones in a folder, or those of a deployed stack.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use ports::{Clock, Queue, QueueName, Store, Table};
use storage::Embedded;
use storage::aws::AwsClients;

use crate::arguments::{DataArguments, StoreArguments};

/// An open store with its queues.
#[derive(Clone)]
pub(crate) struct Opened {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) queue: Arc<dyn Queue>,
    /// The embedded side, where it is that one.
    pub(crate) embedded: Option<Arc<Embedded>>,
}

impl DataArguments {
    /// Opens the store of the folder; in an empty one, a new store.
    ///
    /// # Errors
    /// When it can't be had, or is in use.
    pub(crate) fn open_or_create(&self, clock: Arc<dyn Clock>) -> anyhow::Result<Opened> {
        open_file(&self.file(), clock)
    }

    fn file(&self) -> PathBuf {
        self.data.join("connector.redb")
    }
}

impl StoreArguments {
    /// Opens what is there.
    ///
    /// # Errors
    /// When there is nothing, or it is in use.
    pub(crate) async fn open(&self, clock: Arc<dyn Clock>) -> anyhow::Result<Opened> {
        if self.stack.is_none() && !self.local.file().exists() {
            bail!(
                "there is no store in {}: run `connector import` or `connector serve` first, or name its folder with \
                 --data",
                self.local.data.display()
            );
        }
        self.open_or_create(clock).await
    }

    /// Opens what is there; in an empty folder, a new store.
    ///
    /// # Errors
    /// When it can't be had, or is in use.
    pub(crate) async fn open_or_create(&self, clock: Arc<dyn Clock>) -> anyhow::Result<Opened> {
        match &self.stack {
            Some(stack) => open_stack(stack, clock).await,
            None => self.local.open_or_create(clock),
        }
    }
}

fn open_file(path: &Path, clock: Arc<dyn Clock>) -> anyhow::Result<Opened> {
    let embedded = Embedded::open(path, clock).map_err(|error| match error {
        storage::embedded::OpenError::InUse { .. } => {
            anyhow::Error::new(error).context("stop `connector serve` first, or wait until the other command has ended")
        }
        other => other.into(),
    })?;
    Ok(Opened::embedded(Arc::new(embedded)))
}

async fn open_stack(stack: &str, clock: Arc<dyn Clock>) -> anyhow::Result<Opened> {
    let aws = AwsClients::from_environment(stack).await;
    let store = Arc::new(aws.store(clock.clone()));
    let queue = Arc::new(aws.queue(clock));
    let hint = || format!("stack {stack} can't be reached: check its name, AWS_REGION and the credentials");
    store.connect(Table::People).await.with_context(hint)?;
    queue.connect(&QueueName::ALL).await.with_context(hint)?;
    Ok(Opened { store, queue, embedded: None })
}

impl Opened {
    /// Over an embedded store.
    pub(crate) fn embedded(embedded: Arc<Embedded>) -> Self {
        Self { store: embedded.clone(), queue: embedded.clone(), embedded: Some(embedded) }
    }

    /// Picks up what an earlier process left, whatever ended it.
    ///
    /// # Errors
    /// When storage or a queue fail.
    pub(crate) async fn resume(&self, pipeline: &local::Pipeline) -> anyhow::Result<()> {
        let what = "what an earlier run left can't be picked up";
        if let Some(embedded) = &self.embedded {
            for queue in QueueName::ALL {
                embedded.show_hidden(queue).await.context(what)?;
            }
        }
        pipeline.resume().await.context(what)
    }
}
