//! What reading a source costs: 100,000 employees of AFAS with their contracts, through the shipped definition into the
//! embedded store; then the same again; then with 1 % of them changed. Time, peak memory, requests, rows written.
//! `cargo run --release -p integration-tests --example source_sync [EMPLOYEES]`. The emulator makes its rows when they
//! are asked for, in this process: its share of the time is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use async_trait::async_trait;
use domain::SourceName;
use http::{Request, Response};
use policy::Configuration;
use ports::store::{IndexPosition, Item, Page};
use ports::{
    Clock, HttpTransport, Key, SecretError, SecretName, Secrets, Store, StoreError, SystemClock, SystemRandom, Table,
    TransportError, Write, secrets::SecretString,
};
use records::{Accounts, Findings, Joins, People, SourceReads, SyncState};
use source_emulators::InProcess;
use source_emulators::afas::Generated;
use storage::Embedded;
use sync::{Sync, Task};

const DEFINITION: &str = include_str!("../../infra/config/sources/afas.yaml");
const CONNECTOR: &str = "
organisation: { timeZone: Europe/Amsterdam }
salesforce: { secret: salesforce }
sources:
  - { name: afas, role: authoritative, http: { definition: sources/afas.yaml } }
account:
  correlate: [FederationIdentifier]
  attributes:
    FederationIdentifier: person.id
    LastName: family
    Email: person.contact.email
    Username: { candidates: [\"person.id + '@example.com'\"] }
rules:
  - { name: Everybody, when: 'true', profile: Standard User }
";

struct Token;

#[async_trait]
impl Secrets for Token {
    async fn read(&self, _: &SecretName) -> Result<SecretString, SecretError> {
        Ok(SecretString::from(r#"{"token": "made up"}"#))
    }
}

/// Measures the emulator's share.
struct Timed {
    inner: InProcess<Generated>,
    nanos: AtomicU64,
}

#[async_trait]
impl HttpTransport for Timed {
    async fn send(&self, request: Request<bytes::Bytes>) -> Result<Response<bytes::Bytes>, TransportError> {
        let started = now();
        let answer = self.inner.send(request).await;
        self.nanos.fetch_add(u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        answer
    }
}

/// Counts what is written and read.
struct Counted {
    inner: Arc<Embedded>,
    written: AtomicU64,
    read: AtomicU64,
}

#[async_trait]
impl Store for Counted {
    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        self.read.fetch_add(keys.len() as u64, Ordering::Relaxed);
        self.inner.get(keys).await
    }

    async fn query(
        &self,
        table: Table,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<String>, StoreError> {
        let page = self.inner.query(table, partition, prefix, after, limit).await?;
        self.read.fetch_add(page.items.len() as u64, Ordering::Relaxed);
        Ok(page)
    }

    async fn index(
        &self,
        table: Table,
        partition: &str,
        until: Option<&str>,
        after: Option<&IndexPosition>,
        limit: usize,
    ) -> Result<Page<IndexPosition>, StoreError> {
        let page = self.inner.index(table, partition, until, after, limit).await?;
        self.read.fetch_add(page.items.len() as u64, Ordering::Relaxed);
        Ok(page)
    }

    async fn scan(
        &self,
        table: Table,
        after: Option<&(String, String)>,
        limit: usize,
    ) -> Result<Page<(String, String)>, StoreError> {
        self.inner.scan(table, after, limit).await
    }

    async fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        self.written.fetch_add(writes.len() as u64, Ordering::Relaxed);
        self.inner.write(writes).await
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let employees = std::env::args().nth(1).map_or(Ok(100_000), |text| text.parse())?;
    let files = [("connector.yaml", CONNECTOR), ("sources/afas.yaml", DEFINITION)];
    let files: Vec<_> = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let configuration = Configuration::parse(&files).map_err(|problems| problems.to_string())?;
    let folder = tempfile::tempdir()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let embedded = Arc::new(Embedded::open(folder.path().join("connector.redb"), clock.clone())?);
    let counted = Arc::new(Counted { inner: embedded.clone(), written: 0.into(), read: 0.into() });
    let transport = Arc::new(Timed { inner: InProcess::new(Generated::new(employees)), nanos: 0.into() });
    let store: Arc<dyn Store> = counted.clone();
    let random = Arc::new(SystemRandom);
    let sync = Sync {
        people: People::new(store.clone()),
        accounts: Accounts::new(store.clone()),
        write_backs: Vec::new(),
        objects: None,
        state: SyncState::new(store.clone()),
        reads: SourceReads::new(store.clone()),
        joins: Joins::new(store.clone()),
        outside: wiring::sources(store.clone(), transport.clone(), Arc::new(Token), clock.clone(), random.clone()),
        findings: Findings::new(store.clone()),
        salesforce: None,
        queue: embedded,
        clock,
        random,
        configuration: Arc::new(configuration),
        grace: sync::GRACE,
    };
    println!("{employees} employees of AFAS; {} MB at the start\n", megabytes("VmRSS"));
    println!(
        "| read | seconds | of them in the emulator | peak MB | requests | rows written | rows read | persons woken |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for read in ["first", "unchanged", "1 % changed"] {
        if read == "1 % changed" {
            transport.inner.emulator.rename(employees / 100);
        }
        for counter in [&transport.nanos, &counted.written, &counted.read] {
            counter.store(0, Ordering::Relaxed);
        }
        let started = now();
        let task = Task::Pull { source: Some(SourceName::parse("afas")?), everything: false };
        let report = sync.run(&task).await?;
        let pull = report.pull.unwrap_or_default();
        if !pull.complete {
            return Err(format!("the read is not complete: {:?}", pull.fault).into());
        }
        println!(
            "| {read} | {:.1} | {:.1} | {} | {} | {} | {} | {} |",
            started.elapsed().as_secs_f64(),
            transport.nanos.load(Ordering::Relaxed) as f64 / 1e9,
            megabytes("VmHWM"),
            pull.requests,
            counted.written.load(Ordering::Relaxed),
            counted.read.load(Ordering::Relaxed),
            report.mapping,
        );
    }
    Ok(())
}

/// A figure of this process, by Linux.
fn megabytes(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

#[expect(clippy::disallowed_methods, reason = "this measures real time")]
fn now() -> Instant {
    Instant::now()
}
