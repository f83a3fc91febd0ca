//! The ports, each wrapped so that its calls pass [`Faults`].

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use secrecy::SecretString;

use super::Faults;
use crate::queue::Depth;
use crate::{
    Delivery, Fetched, HttpTransport, IdentityError, IndexPosition, Item, Key, ObjectError, Objects, Page, Queue,
    QueueError, QueueName, SecretError, SecretName, Secrets, Store, StoreError, Table, TransportError, Write,
};

/// A port whose calls are counted and can be made to fail.
#[derive(Clone)]
pub struct Faulty<T: ?Sized> {
    faults: Arc<Faults>,
    inner: Arc<T>,
}

impl<T: ?Sized> Faulty<T> {
    /// Wraps a port.
    pub fn new(inner: Arc<T>, faults: Arc<Faults>) -> Self {
        Self { faults, inner }
    }
}

const PLANNED: &str = "planned fault";

fn store_not_done() -> StoreError {
    StoreError::Busy { reason: PLANNED.to_owned() }
}

fn store_unclear() -> StoreError {
    StoreError::Unclear { reason: PLANNED.to_owned() }
}

#[async_trait]
impl<T: Store + ?Sized> Store for Faulty<T> {
    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        self.faults.around("store.get", store_not_done, store_unclear, self.inner.get(keys)).await
    }

    async fn query(
        &self,
        table: Table,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<String>, StoreError> {
        let effect = self.inner.query(table, partition, prefix, after, limit);
        self.faults.around("store.query", store_not_done, store_unclear, effect).await
    }

    async fn index(
        &self,
        table: Table,
        partition: &str,
        until: Option<&str>,
        after: Option<&IndexPosition>,
        limit: usize,
    ) -> Result<Page<IndexPosition>, StoreError> {
        let effect = self.inner.index(table, partition, until, after, limit);
        self.faults.around("store.index", store_not_done, store_unclear, effect).await
    }

    async fn scan(
        &self,
        table: Table,
        after: Option<&(String, String)>,
        limit: usize,
    ) -> Result<Page<(String, String)>, StoreError> {
        self.faults.around("store.scan", store_not_done, store_unclear, self.inner.scan(table, after, limit)).await
    }

    async fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        self.faults.around("store.write", store_not_done, store_unclear, self.inner.write(writes)).await
    }
}

fn queue_not_done() -> QueueError {
    QueueError::Unavailable { queue: "any", reason: PLANNED.to_owned() }
}

fn queue_unclear() -> QueueError {
    QueueError::Unclear { queue: "any", reason: PLANNED.to_owned() }
}

#[async_trait]
impl<T: Queue + ?Sized> Queue for Faulty<T> {
    async fn send(&self, queue: QueueName, bodies: &[String]) -> Result<(), QueueError> {
        self.faults.around("queue.send", queue_not_done, queue_unclear, self.inner.send(queue, bodies)).await
    }

    async fn receive(&self, queue: QueueName, max: usize, visibility: Duration) -> Result<Vec<Delivery>, QueueError> {
        let effect = self.inner.receive(queue, max, visibility);
        self.faults.around("queue.receive", queue_not_done, queue_unclear, effect).await
    }

    async fn delete(&self, queue: QueueName, receipt: &str) -> Result<(), QueueError> {
        self.faults.around("queue.delete", queue_not_done, queue_unclear, self.inner.delete(queue, receipt)).await
    }

    async fn set_visibility(&self, queue: QueueName, receipt: &str, visibility: Duration) -> Result<(), QueueError> {
        let effect = self.inner.set_visibility(queue, receipt, visibility);
        self.faults.around("queue.set_visibility", queue_not_done, queue_unclear, effect).await
    }

    async fn depth(&self, queue: QueueName) -> Result<Depth, QueueError> {
        self.inner.depth(queue).await
    }
}

#[async_trait]
impl<T: Secrets + ?Sized> Secrets for Faulty<T> {
    async fn read(&self, name: &SecretName) -> Result<SecretString, SecretError> {
        let failed = || SecretError::Unavailable { name: name.clone(), reason: PLANNED.to_owned() };
        self.faults.around("secrets.read", failed, failed, self.inner.read(name)).await
    }

    async fn read_fresh(&self, name: &SecretName) -> Result<SecretString, SecretError> {
        let failed = || SecretError::Unavailable { name: name.clone(), reason: PLANNED.to_owned() };
        self.faults.around("secrets.read_fresh", failed, failed, self.inner.read_fresh(name)).await
    }
}

#[async_trait]
impl<T: HttpTransport + ?Sized> HttpTransport for Faulty<T> {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let not_done = || TransportError::NotSent { host: host.clone(), reason: PLANNED.to_owned() };
        let unclear = || TransportError::Unclear { host: host.clone(), reason: PLANNED.to_owned() };
        self.faults.around("http.send", not_done, unclear, self.inner.send(request)).await
    }

    fn with_identity(&self, pem: &SecretString) -> Result<Arc<dyn HttpTransport>, IdentityError> {
        Ok(Arc::new(Faulty::new(self.inner.with_identity(pem)?, self.faults.clone())))
    }
}

#[async_trait]
impl<T: Objects + ?Sized> Objects for Faulty<T> {
    async fn read(&self, bucket: &str, key: &str, unless: Option<&str>) -> Result<Fetched, ObjectError> {
        let failed = || ObjectError::Unavailable { object: "any".to_owned(), reason: PLANNED.to_owned() };
        self.faults.around("objects.read", failed, failed, self.inner.read(bucket, key, unless)).await
    }
}
