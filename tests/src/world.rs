//! A whole connector with everything around it, in one test: simulated org, embedded storage, an HR system that signs
//! its webhooks with a library that is not ours, a clock that is set by hand, and every port behind the fault layer.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that can't have its world has failed")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::{PersonId, SourceName};
use http::{Request, Response, StatusCode};
use jiff::Timestamp;
use local::{Pipeline, Ports};
use policy::Configuration;
use ports::clock::ManualClock;
use ports::faults::{Faults, Faulty};
use ports::random::SeededRandom;
use ports::secrets::SecretString;
use ports::{Clock, HttpTransport, Queue, SecretError, SecretName, Secrets, Store};
use salesforce_simulator::{InProcess, Org};
use serde_json::{Value, json};
use std::sync::Mutex;
use storage::Embedded;

/// The key that HR signs with; a throw-away value.
pub const HR_KEY: &str = "whsec_dGhyb3ctYXdheSBrZXkgZm9yIHRlc3RzIG9ubHkh";

/// The organisation, the org and the sources.
pub const CONNECTOR: &str = "
organisation: { timeZone: Europe/Amsterdam }
salesforce: { secret: salesforce }
sources:
  - { name: hr, role: authoritative, webhook: { secret: hr-webhook } }
  - { name: entra, role: dependent, webhook: { secret: hr-webhook } }
";

/// The account and its fields.
pub const ACCOUNT: &str = "
account:
  create: { daysBeforeStart: 14 }
  leaver: { deactivate: immediately, strip: immediately }
  correlate: [FederationIdentifier, EmployeeNumber, Username]
  attributes:
    FederationIdentifier: person.id
    EmployeeNumber: person.id
    FirstName: person.name.nickName
    LastName: person.name.familyName
    Email: coalesce(person.accounts.entra.mail, person.contact.email)
    Department: contract.department.name
    Username:
      candidates: [\"slug(nick, '') + '.' + slug(family, '') + '@example.com'\"]
";

/// Who is given what.
pub const RULES: &str = "
rules:
  - { name: Everybody, when: 'true', profile: Standard User, publicGroups: [All_Staff] }
  - { name: Sales, when: \"contract.department.id == 'SALES'\", role: SalesEMEA, permissionSets: [Sales_Cloud_User, Report_Builder] }
  - { name: Service, when: \"contract.department.id == 'SERVICE'\", role: ServiceEMEA, permissionSets: [Service_Cloud_User, Report_Builder] }
";

/// Secrets that lie in the test.
struct TestSecrets {
    salesforce: Mutex<String>,
    others: BTreeMap<String, Value>,
}

#[async_trait::async_trait]
impl Secrets for TestSecrets {
    async fn read(&self, name: &SecretName) -> Result<SecretString, SecretError> {
        match name.as_str() {
            "salesforce" => Ok(self.salesforce.lock().expect("not poisoned").clone().into()),
            "hr-webhook" => Ok(json!({ "key": HR_KEY }).to_string().into()),
            other => match self.others.get(other) {
                Some(secret) => Ok(secret.to_string().into()),
                None => Err(SecretError::Missing(name.clone())),
            },
        }
    }
}

/// The connector and all around it.
pub struct World {
    /// The simulated org.
    pub org: InProcess,
    /// Storage and queues.
    pub embedded: Arc<Embedded>,
    /// Time.
    pub clock: Arc<ManualClock>,
    /// The fault layer, around every port.
    pub faults: Arc<Faults>,
    /// The connector's process; replaced when it is stopped.
    pub pipeline: Pipeline,
    configuration: Arc<Configuration>,
    secrets: Arc<TestSecrets>,
    ports: Ports,
    sent: u64,
}

impl World {
    /// A world at eight o'clock in the morning of 2 March 2026, with the sample org.
    pub fn new() -> Self {
        Self::with_org(Org::sample(morning()))
    }

    /// A world with another org.
    pub fn with_org(org: Org) -> Self {
        let files = [("connector.yaml", CONNECTOR), ("account.yaml", ACCOUNT), ("rules.yaml", RULES)];
        Self::configured(org, &files)
    }

    /// A world whose org is written to by that interface: `scim` or `apex`.
    pub fn by(api: &str, org: Org) -> Self {
        let connector = CONNECTOR.replace("secret: salesforce }", &format!("secret: salesforce, api: {api} }}"));
        Self::configured(org, &[("connector.yaml", &connector), ("account.yaml", ACCOUNT), ("rules.yaml", RULES)])
    }

    /// A world with another org and configuration.
    pub fn configured(org: Org, files: &[(&str, &str)]) -> Self {
        Self::with_sources(org, files, [], None)
    }

    /// A world whose sources are reached by a transport, with their secrets.
    pub fn with_sources<const N: usize>(
        org: Org,
        files: &[(&str, &str)],
        secrets: [(&str, Value); N],
        sources: Option<Arc<dyn HttpTransport>>,
    ) -> Self {
        let configuration = parse(files);
        let clock = Arc::new(ManualClock::at(morning()));
        let embedded = Arc::new(Embedded::in_memory(clock.clone()).expect("memory can be had"));
        let others = secrets.into_iter().map(|(name, secret)| (name.to_owned(), secret)).collect();
        let secrets = Arc::new(TestSecrets { salesforce: Mutex::new(org.jwt_secret().to_string()), others });
        let org = InProcess::new(Arc::new(Mutex::new(org))).with_clock(clock.clone());
        let faults = Arc::new(Faults::default());
        let sources = sources.unwrap_or_else(|| Arc::new(org.clone()));
        let ports = Ports {
            store: Arc::new(Faulty::new(embedded.clone() as Arc<dyn Store>, faults.clone())),
            queue: Arc::new(Faulty::new(embedded.clone() as Arc<dyn Queue>, faults.clone())),
            secrets: Arc::new(Faulty::new(secrets.clone() as Arc<dyn Secrets>, faults.clone())),
            transport: Arc::new(Faulty::new(Arc::new(org.clone()) as Arc<dyn HttpTransport>, faults.clone())),
            sources: Arc::new(Faulty::new(sources, faults.clone())),
            clock: clock.clone(),
            random: Arc::new(SeededRandom::new(7)),
        };
        let pipeline = Pipeline::new(ports.clone(), configuration.clone());
        Self { org, embedded, clock, faults, pipeline, configuration, secrets, ports, sent: 0 }
    }

    /// The process is gone; another starts on the same storage.
    pub fn restart(&mut self) {
        self.pipeline = Pipeline::new(self.ports.clone(), self.configuration.clone());
    }

    /// Another process starts, with another configuration.
    pub fn reconfigure(&mut self, files: &[(&str, &str)]) {
        self.configuration = parse(files);
        self.restart();
    }

    /// Exchanges the secret of the org.
    pub fn set_salesforce_secret(&self, secret: &Value) {
        *self.secrets.salesforce.lock().expect("not poisoned") = secret.to_string();
    }

    /// A request with these events, signed by HR now.
    pub fn signed(&mut self, source: &str, body: &Value) -> Request<Bytes> {
        self.signed_bytes(source, body.to_string().into())
    }

    /// A request with any body, signed by HR now.
    pub fn signed_bytes(&mut self, source: &str, body: Bytes) -> Request<Bytes> {
        self.sent += 1;
        let id = format!("msg-{}", self.sent);
        let sent = self.clock.now().as_second();
        let signature =
            standardwebhooks::Webhook::new(HR_KEY).and_then(|key| key.sign(&id, sent, &body)).expect("signable");
        Request::post(format!("/webhook/{source}"))
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", sent)
            .header("webhook-signature", signature)
            .body(body)
            .expect("a request")
    }

    /// Sends a request to the webhook.
    pub async fn post(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.pipeline.webhook.handle(request).await
    }

    /// An event of HR about a person, at this moment.
    pub fn upsert(&self, person: &Value) -> Value {
        json!({ "type": "person.upserted", "timestamp": self.clock.now(), "data": person })
    }

    /// Sends a person's record, which must be accepted, and works until all is quiet.
    pub async fn hr_says(&mut self, person: &Value) {
        let event = self.upsert(person);
        let request = self.signed("hr", &event);
        let response = self.post(&request).await;
        assert_eq!(response.status(), StatusCode::ACCEPTED, "{:?}", response.body());
        self.quiet().await;
    }

    /// Works until all is quiet.
    pub async fn quiet(&self) {
        let limit = Duration::from_secs(6 * 3600);
        self.pipeline.run_until_quiet(limit, &|_| ()).await.unwrap_or_else(|error| panic!("{error}"));
    }

    /// Moves the time forward.
    pub fn pass(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    /// How many calls Salesforce got since this was last asked.
    pub fn salesforce_calls(&self) -> u64 {
        let mut org = self.org.org();
        let calls = org.call_count();
        org.reset_calls();
        calls
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

fn parse(files: &[(&str, &str)]) -> Arc<Configuration> {
    let files: Vec<_> = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    Arc::new(Configuration::parse(&files).unwrap_or_else(|problems| panic!("{problems}")))
}

/// Where all worlds begin.
pub fn morning() -> Timestamp {
    Timestamp::from_second(1_772_434_800).expect("a moment in 2026")
}

/// A person of HR with one contract.
pub fn person(id: &str, nick: &str, family: &str, department: &str, end: Option<&str>) -> Value {
    json!({
        "id": id,
        "name": { "nickName": nick, "familyName": family },
        "contact": { "email": format!("{}@example.com", id.replace(|c: char| !c.is_ascii_alphanumeric(), "-")) },
        "contracts": [{
            "id": "c-1", "startDate": "2026-01-01", "endDate": end, "fte": 1.0,
            "department": { "id": department, "name": department.to_lowercase() }
        }]
    })
}

/// A checked person id.
pub fn person_id(id: &str) -> PersonId {
    PersonId::parse(id).expect("a valid id")
}

/// A checked source name.
pub fn source_name(name: &str) -> SourceName {
    SourceName::parse(name).expect("a valid name")
}
