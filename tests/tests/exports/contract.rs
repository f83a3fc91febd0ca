//! One contract for buckets in memory and for S3, which is ministack's: signed requests over the network.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_client::NetworkTransport;
use integration_tests::ministack::Ministack;
use ports::http::{Method, Request};
use ports::{Fetched, HttpTransport, Object, ObjectError, Objects, SystemClock};
use storage::aws::S3Objects;

use crate::bucket::Buckets;

const BUCKET: &str = "my-exports";

/// One side, and how an object comes there.
enum Side {
    Memory(Arc<Buckets>),
    S3 { ministack: Box<Ministack>, network: Arc<NetworkTransport>, objects: Box<S3Objects> },
}

impl Side {
    async fn s3() -> Option<Self> {
        let ministack = Ministack::start().await?;
        let network = Arc::new(NetworkTransport::new(Duration::from_secs(30)).expect("a client"));
        let objects = S3Objects::for_emulator(ministack.endpoint(), network.clone(), Arc::new(SystemClock));
        let side = Self::S3 { ministack: Box::new(ministack), network, objects: Box::new(objects) };
        side.send(Method::PUT, "", &[]).await;
        Some(side)
    }

    async fn put(&self, key: &str, content: &[u8]) {
        match self {
            Self::Memory(buckets) => buckets.put(BUCKET, key, content),
            Self::S3 { .. } => self.send(Method::PUT, key, content).await,
        }
    }

    async fn delete(&self, key: &str) {
        match self {
            Self::Memory(buckets) => buckets.delete(BUCKET, key),
            Self::S3 { .. } => self.send(Method::DELETE, key, &[]).await,
        }
    }

    async fn read(&self, key: &str, unless: Option<&str>) -> Result<Fetched, ObjectError> {
        match self {
            Self::Memory(buckets) => buckets.read(BUCKET, key, unless).await,
            Self::S3 { objects, .. } => objects.read(BUCKET, key, unless).await,
        }
    }

    async fn whole(&self, key: &str) -> Object {
        match self.read(key, None).await {
            Ok(Fetched::Object(object)) => object,
            other => panic!("{key}: {other:?}"),
        }
    }

    async fn send(&self, method: Method, key: &str, content: &[u8]) {
        let Self::S3 { ministack, network, .. } = self else { return };
        let encoded: String = key.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let request = Request::builder().method(method).uri(format!("{}/{BUCKET}/{encoded}", ministack.endpoint()));
        let request = request.body(Bytes::copy_from_slice(content)).expect("a request");
        let answer = network.send(request).await.expect("an answer");
        assert!(answer.status().is_success(), "{key}: {}", answer.status());
    }
}

async fn keeps_the_contract(side: Side) {
    let missing = side.read("hr/employees.csv", None).await;
    assert!(matches!(missing, Err(ObjectError::Missing { .. })), "{missing:?}");

    side.put("hr/employees.csv", b"id\n1\n").await;
    let first = side.whole("hr/employees.csv").await;
    assert_eq!(first.content, b"id\n1\n");
    assert_eq!(side.read("hr/employees.csv", Some(&first.tag)).await, Ok(Fetched::Unchanged));

    side.put("hr/employees.csv", b"id\n1\n2\n").await;
    let Ok(Fetched::Object(second)) = side.read("hr/employees.csv", Some(&first.tag)).await else { panic!("changed") };
    assert_eq!(second.content, b"id\n1\n2\n");
    assert_ne!(second.tag, first.tag);

    side.put("hr/empty.csv", b"").await;
    let empty = side.read("hr/empty.csv", None).await;
    assert!(matches!(empty, Err(ObjectError::Empty { .. })), "{empty:?}");

    for key in ["Medewerkers März 1+2=3 & meer?.csv", "a//b", "100%25", "~'()*!@:,;$#[]"] {
        side.put(key, key.as_bytes()).await;
        assert_eq!(side.whole(key).await.content, key.as_bytes(), "{key}");
    }

    // More than one request.
    let large: Vec<u8> = (0..20 * 1024 * 1024_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    side.put("large", &large).await;
    assert!(side.whole("large").await.content == large);

    side.delete("hr/employees.csv").await;
    let gone = side.read("hr/employees.csv", Some(&second.tag)).await;
    assert!(matches!(gone, Err(ObjectError::Missing { .. })), "{gone:?}");
}

#[tokio::test]
async fn memory_keeps_the_contract() {
    keeps_the_contract(Side::Memory(Arc::default())).await;
}

#[tokio::test]
async fn s3_keeps_the_contract() {
    let Some(side) = Side::s3().await else { return };
    let Side::S3 { objects, .. } = &side else { return };
    let nowhere = objects.read("no-such-bucket", "a", None).await;
    assert!(matches!(nowhere, Err(ObjectError::Refused { .. })), "{nowhere:?}");
    keeps_the_contract(side).await;
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_said() {
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("free").port();
    let network = Arc::new(NetworkTransport::new(Duration::from_secs(5)).expect("a client"));
    let clock = Arc::new(ports::clock::ManualClock::at(integration_tests::world::morning()));
    let objects = S3Objects::for_emulator(&format!("http://127.0.0.1:{port}"), network, clock);
    let error = objects.read(BUCKET, "a", None).await;
    assert!(matches!(error, Err(ObjectError::Unavailable { .. })), "{error:?}");
}
