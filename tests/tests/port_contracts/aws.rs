//! What only AWS can have: a stack that is not there, and a service that does not answer.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use integration_tests::ministack::Ministack;
use ports::{Condition, Key, Queue, QueueError, QueueName, SecretError, SecretName, Secrets, Store, StoreError};
use ports::{SystemClock, Table, Write};
use storage::aws::AwsClients;

fn delete() -> Write {
    Write::Delete { key: Key::new(Table::People, "p", "s"), when: Condition::Version(1) }
}

pub(crate) async fn what_is_not_there_is_said(ministack: Arc<Ministack>) {
    let clients = AwsClients::for_emulator("nowhere", ministack.endpoint());
    let (store, queue) = (clients.store(Arc::new(SystemClock)), clients.queue(Arc::new(SystemClock)));
    let unavailable = |error: StoreError| assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    unavailable(store.connect(Table::People).await.unwrap_err());
    unavailable(store.query(Table::People, "p", "", None, 1).await.unwrap_err());
    unavailable(store.index(Table::People, "p", None, None, 1).await.unwrap_err());
    unavailable(store.scan(Table::People, None, 1).await.unwrap_err());
    unavailable(store.write(&[delete()]).await.unwrap_err());
    let refused = |error: QueueError| assert!(matches!(error, QueueError::Refused { .. }), "{error:?}");
    refused(queue.connect(&[QueueName::Changes]).await.unwrap_err());
    refused(queue.send(QueueName::Changes, &["x".to_owned()]).await.unwrap_err());
    refused(queue.receive(QueueName::Changes, 1, Duration::from_secs(1)).await.unwrap_err());
    refused(queue.depth(QueueName::Changes).await.unwrap_err());
}

/// Nobody listens there. Whether a write was done can't be told; a read may be tried again.
pub(crate) async fn what_does_not_answer_is_said() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let clients = AwsClients::for_emulator("any", &format!("http://127.0.0.1:{port}"));
    let store = clients.store(Arc::new(SystemClock));
    let read = store.get(&[Key::new(Table::People, "p", "s")]).await;
    assert!(matches!(read, Err(StoreError::Busy { .. })), "{read:?}");
    for writes in
        [vec![delete()], vec![delete(), Write::Check { key: Key::new(Table::Sync, "p", "s"), when: Condition::Absent }]]
    {
        let write = store.write(&writes).await;
        assert!(matches!(write, Err(StoreError::Unclear { .. })), "{write:?}");
    }
    let secret = clients.secrets().read(&SecretName::parse("any").unwrap()).await;
    assert!(matches!(secret, Err(SecretError::Unavailable { .. })), "{secret:?}");
}
