//! What all systems' tests need: the definitions, ports over an emulator, and a caller that drives a read to its end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::{Person, SnapshotContent};
use ports::clock::ManualClock;
use ports::random::SeededRandom;
use ports::{SecretError, SecretName, Secrets};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use source_emulators::{Emulator, InProcess};
use sources::{End, HttpSource, Outcome, Ports, Record, State, Step, TokenStore, Want};

/// The clock's first time.
pub(crate) const NOW: &str = "2026-06-01T08:00:00Z";

/// An emulator and everything around it.
pub(crate) struct World<E> {
    pub(crate) source: HttpSource,
    pub(crate) system: Arc<InProcess<E>>,
    pub(crate) ports: Ports,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) secrets: Arc<Fixed>,
    pub(crate) tokens: Arc<Tokens>,
    /// Saves and resumes the run after each step.
    pub(crate) interrupted: bool,
}

/// What a read gave.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) records: Vec<Record>,
    pub(crate) outcome: Outcome,
}

/// One secret, which can be replaced.
pub(crate) struct Fixed(Mutex<Value>);

/// Tokens in memory, with what was stored; can refuse to store.
#[derive(Default)]
pub(crate) struct Tokens {
    pub(crate) stored: Mutex<BTreeMap<String, String>>,
    pub(crate) refuses: Mutex<bool>,
}

impl Fixed {
    pub(crate) fn set(&self, secret: Value) {
        *self.0.lock().unwrap() = secret;
    }
}

#[async_trait]
impl Secrets for Fixed {
    async fn read(&self, _: &SecretName) -> Result<SecretString, SecretError> {
        Ok(SecretString::from(self.0.lock().unwrap().to_string()))
    }
}

#[async_trait]
impl TokenStore for Tokens {
    async fn load(&self, secret: &SecretName) -> Result<Option<SecretString>, String> {
        Ok(self.stored.lock().unwrap().get(secret.as_str()).map(|token| SecretString::from(token.as_str())))
    }

    async fn store(&self, secret: &SecretName, token: &SecretString) -> Result<(), String> {
        if *self.refuses.lock().unwrap() {
            return Err("the store is closed".to_owned());
        }
        let token = token.expose_secret().to_owned();
        self.stored.lock().unwrap().insert(secret.as_str().to_owned(), token);
        Ok(())
    }
}

/// A shipped definition's text.
pub(crate) fn shipped(name: &str) -> String {
    let path = format!("{}/../../infra/config/sources/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

pub(crate) fn parse(yaml: &str) -> HttpSource {
    match HttpSource::parse("definition.yaml", yaml) {
        Ok(source) => source,
        Err(problems) => {
            panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        }
    }
}

impl<E: Emulator + 'static> World<E> {
    pub(crate) fn new(yaml: &str, secret: Value, system: impl FnOnce(Arc<ManualClock>) -> E) -> Self {
        let clock = Arc::new(ManualClock::at(NOW.parse().unwrap()));
        let system = Arc::new(InProcess::new(system(clock.clone())));
        let secrets = Arc::new(Fixed(Mutex::new(secret)));
        let tokens = Arc::new(Tokens::default());
        let ports = Ports {
            transport: system.clone(),
            secrets: secrets.clone(),
            tokens: tokens.clone(),
            clock: clock.clone(),
            random: Arc::new(SeededRandom::new(7)),
        };
        Self { source: parse(yaml), system, ports, clock, secrets, tokens, interrupted: false }
    }

    /// Reads to the end, waiting as long as the source wants.
    pub(crate) async fn read(&self, state: Option<State>, want: Want) -> Read {
        use ports::Clock as _;
        let mut run = self.source.start(state, want, self.clock.now());
        let mut records = Vec::new();
        loop {
            match run.step(&self.ports).await {
                Step::Going(more) => records.extend(more),
                Step::Wait(time, _) => self.clock.sleep(time).await,
                Step::Done(outcome) => return Read { records, outcome: *outcome },
            }
            if self.interrupted {
                run = self.source.resume(&run.save()).unwrap();
            }
        }
    }

    pub(crate) async fn everything(&self) -> Read {
        self.read(None, Want::Everything).await
    }
}

impl Read {
    /// The persons, of a read that must be complete.
    pub(crate) fn persons(&self) -> Vec<&Person> {
        self.complete();
        self.records
            .iter()
            .filter_map(|record| match record {
                Record::Present { content, .. } => match &**content {
                    SnapshotContent::Person(person) => Some(&**person),
                    _ => None,
                },
                _ => None,
            })
            .collect()
    }

    pub(crate) fn person(&self, id: &str) -> &Person {
        self.persons().into_iter().find(|person| person.id.as_str() == id).unwrap_or_else(|| panic!("there is no {id}"))
    }

    /// Record, person and fields of the accounts.
    pub(crate) fn accounts(&self) -> Vec<(&str, &str, Value)> {
        self.complete();
        self.records
            .iter()
            .filter_map(|record| match record {
                Record::Present { record, person, content } => match &**content {
                    SnapshotContent::Account(fields) => {
                        Some((record.as_str(), person.as_str(), Value::Object(fields.clone())))
                    }
                    _ => None,
                },
                _ => None,
            })
            .collect()
    }

    pub(crate) fn complete(&self) {
        if let End::Incomplete(fault) = &self.outcome.end {
            panic!("the read is incomplete: {fault}");
        }
    }

    /// The fault of a read that must be incomplete and must have handed out nothing.
    pub(crate) fn fault(&self) -> &sources::Fault {
        assert!(self.records.is_empty(), "an incomplete read hands out nothing");
        match &self.outcome.end {
            End::Incomplete(fault) => fault,
            End::Complete { .. } => panic!("the read is complete"),
        }
    }

    /// What the read proves to be there.
    pub(crate) fn present(&self) -> Option<&sources::Present> {
        match &self.outcome.end {
            End::Complete { present } => present.as_ref(),
            End::Incomplete(_) => None,
        }
    }
}

pub(crate) fn record(id: &str) -> domain::RecordId {
    domain::RecordId::parse(id).unwrap()
}
