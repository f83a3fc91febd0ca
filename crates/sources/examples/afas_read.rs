//! How a read of 100,000 employees of AFAS, with their contracts, goes through the shipped definition: time, requests and
//! peak memory. `cargo run --release -p sources --example afas_read [EMPLOYEES]`. The emulator makes its rows when they
//! are asked for, so the memory is the reader's; the time holds the emulator's share, which is told.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use domain::SnapshotContent;
use ports::clock::SystemClock;
use ports::random::SystemRandom;
use ports::{HttpTransport, SecretError, SecretName, Secrets, TransportError};
use secrecy::SecretString;
use source_emulators::InProcess;
use source_emulators::afas::Generated;
use sources::{End, HttpSource, NoTokens, Ports, Record, Step, Want};

const DEFINITION: &str = include_str!("../../../infra/config/sources/afas.yaml");

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
    nanos: std::sync::atomic::AtomicU64,
}

#[async_trait]
impl HttpTransport for Timed {
    async fn send(&self, request: http::Request<bytes::Bytes>) -> Result<http::Response<bytes::Bytes>, TransportError> {
        let started = now();
        let answer = self.inner.send(request).await;
        let nanos = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, std::sync::atomic::Ordering::Relaxed);
        answer
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let employees = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let source = match HttpSource::parse("afas.yaml", DEFINITION) {
        Ok(source) => source,
        Err(problems) => return println!("{problems:?}"),
    };
    let transport = Arc::new(Timed { inner: InProcess::new(Generated::new(employees)), nanos: 0.into() });
    let ports = Ports {
        transport: transport.clone(),
        secrets: Arc::new(Token),
        tokens: Arc::new(NoTokens),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
    };
    println!("{employees} employees; {} MB at the start", megabytes("VmRSS"));
    let mut known: HashMap<String, String> = HashMap::new();
    for read in ["first read", "unchanged read"] {
        transport.nanos.store(0, std::sync::atomic::Ordering::Relaxed);
        let started = now();
        let mut run = source.start(None, Want::Everything, ports::Clock::now(&SystemClock));
        let (mut persons, mut contracts, mut changed, mut saved) = (0, 0, 0, None);
        let outcome = loop {
            match run.step(&ports).await {
                Step::Going(records) => {
                    if !records.is_empty() && saved.is_none() && read == "unchanged read" {
                        saved = Some(run.save().len());
                    }
                    for record in records {
                        let Record::Present { record, content, .. } = record else { continue };
                        let SnapshotContent::Person(person) = &*content else { continue };
                        (persons, contracts) = (persons + 1, contracts + person.contracts.len());
                        let digest = domain::digest::digest(&content);
                        changed += usize::from(known.get(record.as_str()) != Some(&digest));
                        known.insert(record.into(), digest);
                    }
                }
                Step::Wait(time, fault) => println!("waits {} s: {fault}", time.as_secs()),
                Step::Done(outcome) => break outcome,
            }
        };
        let seconds = started.elapsed().as_secs_f64();
        let emulator = transport.nanos.load(std::sync::atomic::Ordering::Relaxed) as f64 / 1e9;
        if let End::Incomplete(fault) = &outcome.end {
            return println!("{read}: incomplete: {fault}");
        }
        println!(
            "{read:15} {persons} persons, {contracts} contracts, {changed} changed  {} requests  {seconds:.1} s, {emulator:.1} s of \
             them in the emulator  peak {} MB{}",
            outcome.report.requests,
            megabytes("VmHWM"),
            saved.map(|bytes| format!("  saved run {:.1} MB", bytes as f64 / 1e6)).unwrap_or_default(),
        );
    }
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
