//! An AFAS environment of the emulator, a store, and wishes that are set by hand; every port passes one fault layer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::{Cause, PersonId, SourceName};
use jiff::Timestamp;
use ports::clock::ManualClock;
use ports::faults::{Faults, Faulty};
use ports::secrets::SecretString;
use ports::{Clock as _, HttpTransport, SecretError, SecretName, Secrets, Store, StoreError};
use records::WriteBacks;
use records::write_back::Held;
use source_emulators::afas::{self, Employee};
use source_emulators::{Emulator as _, InProcess};
use storage::Embedded;
use write_back::{Afas, Answer, OnLeaving, Report, Run, Section, Settings, UpdateConnector, Wish, Wishes};

pub(crate) const TOKEN: &str = "<token><version>1</version><data>0123</data></token>";
pub(crate) const USERS: &str = "T4E_HelloID_Users_v2";

/// All that a run needs.
pub(crate) struct World {
    pub(crate) afas: Arc<InProcess<afas::Afas>>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) write_backs: WriteBacks,
    pub(crate) wishes: Wanted,
    pub(crate) secret: Arc<Mutex<String>>,
    pub(crate) on_leaving: OnLeaving,
    runs: Mutex<u32>,
}

/// What is wanted, by person; nobody else exists.
#[derive(Default)]
pub(crate) struct Wanted(pub(crate) Mutex<BTreeMap<PersonId, Answer>>);

#[async_trait]
impl Wishes for Wanted {
    async fn of(&self, person: &PersonId) -> Result<Answer, StoreError> {
        Ok(self.0.lock().unwrap().get(person).cloned().unwrap_or(Answer::Wanted(Wish::Leave, None)))
    }
}

struct OneSecret(Arc<Mutex<String>>);

#[async_trait]
impl Secrets for OneSecret {
    async fn read(&self, _: &SecretName) -> Result<SecretString, SecretError> {
        Ok(SecretString::from(self.0.lock().unwrap().clone()))
    }

    async fn read_fresh(&self, name: &SecretName) -> Result<SecretString, SecretError> {
        self.read(name).await
    }
}

pub(crate) fn person(id: &str) -> PersonId {
    PersonId::parse(id).unwrap()
}

/// An employee's mail address, and the user's address and name.
pub(crate) fn wish(number: &str, mail: &str) -> Answer {
    let value = |value: &str| Some(value.to_owned()).filter(|value| !value.is_empty());
    let employee = Held { key: number.to_owned(), fields: [("EmAd".to_owned(), value(mail))].into() };
    let fields = [("EmAd".to_owned(), value(mail)), ("Upn".to_owned(), value(mail))];
    let user = Held { key: format!("12345.{number}"), fields: fields.into() };
    let records = [(UpdateConnector::KnEmployee, employee), (UpdateConnector::KnUser, user)];
    let day = jiff::civil::date(2026, 6, 1);
    Answer::Wanted(Wish::Hold(records.into()), Some(Cause::Date { day }))
}

pub(crate) fn settings() -> Settings {
    let section = |key: &str, companion: &str, columns: &[(&str, &str)]| Section {
        connector: USERS.to_owned(),
        key: key.to_owned(),
        companion: companion.to_owned(),
        columns: columns.iter().map(|(field, column)| ((*field).to_owned(), (*column).to_owned())).collect(),
    };
    Settings {
        address: "https://12345.rest.afas.online/ProfitRestServices".to_owned(),
        secret: SecretName::parse("afas").unwrap(),
        employee: Some(section("Medewerker", "Persoonsnummer", &[("EmAd", "Email_werk")])),
        user: Some(section("Gebruiker", "DisplayName", &[("EmAd", "Email_werk_gebruiker"), ("Upn", "UPN")])),
    }
}

impl World {
    /// An environment with employees `1` to `n`, nobody of whom has a mail address.
    pub(crate) fn of(employees: usize) -> Self {
        let emulator = afas::Afas::new("12345", TOKEN);
        let employees: Vec<_> =
            (1..=employees).map(|n| Employee::new(&n.to_string(), "Jan", &format!("Vries{n}"), "OPS")).collect();
        let mut rows = afas::users(&employees);
        for row in &mut rows {
            for column in ["Email_werk", "Email_werk_gebruiker", "UPN"] {
                row[column] = serde_json::Value::Null;
            }
        }
        emulator.publish(USERS, rows);
        emulator.allow_updates(&["KnEmployee", "KnUser"]);
        let clock = Arc::new(ManualClock::at("2026-06-01T08:00:00Z".parse().unwrap()));
        let faults = Arc::new(Faults::default());
        let embedded: Arc<dyn Store> = Arc::new(Embedded::in_memory(Arc::clone(&clock) as Arc<_>).unwrap());
        let store: Arc<dyn Store> = Arc::new(Faulty::new(embedded, Arc::clone(&faults)));
        let write_backs = WriteBacks::new(store, SourceName::parse("afas").unwrap());
        let secret = Arc::new(Mutex::new(serde_json::json!({ "token": TOKEN }).to_string()));
        Self {
            afas: Arc::new(InProcess::new(emulator)),
            clock,
            faults,
            write_backs,
            wishes: Wanted::default(),
            secret,
            on_leaving: OnLeaving::Clear,
            runs: Mutex::default(),
        }
    }

    pub(crate) async fn want(&self, id: &str, answer: Answer) {
        self.wishes.0.lock().unwrap().insert(person(id), answer);
        self.write_backs.want(&person(id), self.clock.now()).await.unwrap();
    }

    pub(crate) fn client_with(&self, settings: Settings) -> Afas {
        let inner: Arc<dyn HttpTransport> = Arc::clone(&self.afas) as Arc<_>;
        let transport: Arc<dyn HttpTransport> = Arc::new(Faulty::new(inner, Arc::clone(&self.faults)));
        let secrets = Arc::new(OneSecret(Arc::clone(&self.secret)));
        Afas::new(settings, transport, secrets, Arc::new(Patient)).unwrap()
    }

    pub(crate) fn client(&self) -> Afas {
        self.client_with(settings())
    }

    /// A run that may last for an hour.
    pub(crate) async fn try_run(&self) -> Result<Report, StoreError> {
        let token = {
            let mut runs = self.runs.lock().unwrap();
            *runs += 1;
            format!("run-{runs}")
        };
        let deadline = self.clock.now().saturating_add(Duration::from_secs(3600)).unwrap();
        let afas = self.client();
        let run = Run {
            afas: &afas,
            write_backs: &self.write_backs,
            wishes: &self.wishes,
            clock: &*self.clock,
            on_leaving: self.on_leaving,
            token: &token,
            deadline,
        };
        write_back::run(&run).await
    }

    pub(crate) async fn run(&self) -> Report {
        self.try_run().await.unwrap()
    }

    /// A column of an employee; empty for nothing.
    pub(crate) fn column(&self, number: &str, column: &str) -> String {
        let mut found = String::new();
        self.afas.emulator.edit(USERS, |rows| {
            let row = rows.iter().find(|row| row["Medewerker"] == number).unwrap();
            found = row[column].as_str().unwrap_or_default().to_owned();
        });
        found
    }

    pub(crate) fn set(&self, number: &str, column: &str, value: &str) {
        self.afas.emulator.edit(USERS, |rows| {
            let row = rows.iter_mut().find(|row| row["Medewerker"] == number).unwrap();
            row[column] = value.into();
        });
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Methods and statuses of the calls since this was last asked.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.afas.take_log().iter().map(|asked| format!("{} {}", asked.method, asked.status)).collect()
    }
}

/// Never reaches a time limit, but for a call that is never answered.
struct Patient;

#[async_trait]
impl ports::Clock for Patient {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    async fn sleep(&self, _: Duration) {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
}

/// Whether the emulator serves the host that the settings name.
#[test]
fn the_emulator_is_the_one_of_the_settings() {
    assert!(World::of(1).afas.emulator.serves("12345.rest.afas.online"));
}
