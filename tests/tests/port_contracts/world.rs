//! One side of the ports, fresh for one contract.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use integration_tests::ministack::Ministack;
use ports::clock::ManualClock;
use ports::{Clock, Delivery, Queue, QueueName, Secrets, Store};
use storage::aws::AwsClients;
use storage::{Embedded, SecretsFile};
use tempfile::TempDir;

pub(crate) struct World {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) secrets: Arc<dyn Secrets>,
    /// Rules expiry on both sides; visibility on the embedded side only.
    pub(crate) clock: Arc<ManualClock>,
    side: Side,
}

enum Side {
    Embedded { secrets: TempDir },
    Aws { ministack: Arc<Ministack>, stack: String },
}

impl World {
    pub(crate) fn embedded() -> Self {
        let clock = clock();
        let embedded = Arc::new(Embedded::in_memory(Arc::clone(&clock) as Arc<dyn Clock>).unwrap());
        let folder = tempfile::tempdir().unwrap();
        write_secrets(&folder, "first: { key: value }");
        let secrets = SecretsFile::open(folder.path().join("secrets.yaml")).unwrap();
        Self {
            store: Arc::clone(&embedded) as Arc<dyn Store>,
            queue: embedded,
            secrets: Arc::new(secrets),
            clock,
            side: Side::Embedded { secrets: folder },
        }
    }

    pub(crate) async fn aws(ministack: &Arc<Ministack>, stack: &str) -> Self {
        ministack.create_tables_and_queues(stack).await;
        let clock = clock();
        let clients = AwsClients::for_emulator(stack, ministack.endpoint());
        Self {
            store: Arc::new(clients.store(Arc::clone(&clock) as Arc<dyn Clock>)),
            queue: Arc::new(clients.queue(Arc::clone(&clock) as Arc<dyn Clock>)),
            secrets: Arc::new(clients.secrets()),
            clock,
            side: Side::Aws { ministack: Arc::clone(ministack), stack: stack.to_owned() },
        }
    }

    /// JSON, which is YAML too.
    pub(crate) async fn set_secret(&self, name: &str, json: &str) {
        match &self.side {
            Side::Embedded { secrets } => write_secrets(secrets, &format!("{name}: {json}")),
            Side::Aws { ministack, stack } => ministack.put_secret(stack, name, json).await,
        }
    }

    /// Moves the embedded side's time on. On AWS time passes by itself: [`receive`](Self::receive) waits for it.
    pub(crate) fn let_time_pass(&self, duration: Duration) {
        if matches!(self.side, Side::Embedded { .. }) {
            self.clock.advance(duration);
        }
    }

    /// Receives until there are `count` messages. An SQS receive waits for a second itself.
    pub(crate) async fn receive(&self, queue: QueueName, count: usize, visibility: Duration) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        for _ in 0..60 {
            deliveries.extend(self.queue.receive(queue, count - deliveries.len(), visibility).await.unwrap());
            if deliveries.len() == count {
                return deliveries;
            }
        }
        panic!("{} of {count} messages came", deliveries.len());
    }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at("2026-03-01T08:00:00.5Z".parse().unwrap()))
}

fn write_secrets(folder: &TempDir, text: &str) {
    let path = folder.path().join("secrets.yaml");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
