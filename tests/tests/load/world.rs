//! A connector as `connector serve` runs it, a large org that is some distance away, and HR with thousands of people.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use domain::AccountRecord;
use http::{Request, StatusCode};
use integration_tests::world::{HR_KEY, morning, person_id};
use jiff::Timestamp;
use local::{Pipeline, Ports, Schedule};
use policy::Configuration;
use ports::random::SeededRandom;
use ports::secrets::SecretString;
use ports::{Clock as _, Queue as _, QueueName, SecretError, SecretName, Secrets};
use salesforce_simulator::{InProcess, Org, Value as OrgValue};
use serde_json::{Value, json};
use storage::Embedded;

use crate::modelled::{Distant, ModelledClock};

/// How long each answer of Salesforce takes.
pub(crate) const LATENCY: Duration = Duration::from_millis(300);

/// Few fields and no roles, so that the test's own computing stays small; the group takes the org-wide lock.
const CONFIGURATION: &str = "
organisation: { timeZone: Europe/Amsterdam }
salesforce: { secret: salesforce, api: API }
sources:
  - { name: hr, role: authoritative, webhook: { secret: hr-webhook } }
account:
  correlate: [FederationIdentifier]
  attributes:
    FederationIdentifier: person.id
    LastName: person.name.familyName
    Email: person.contact.email
    Department: contract.department.name
    Username: { candidates: [\"person.id + '@load.example.com'\"] }
rules:
  - { name: Everybody, profile: Standard User, publicGroups: [All_Staff] }
";

/// Persons in one request of HR.
const BATCH: usize = 250;

struct TestSecrets {
    salesforce: String,
}

#[async_trait::async_trait]
impl Secrets for TestSecrets {
    async fn read(&self, name: &SecretName) -> Result<SecretString, SecretError> {
        match name.as_str() {
            "salesforce" => Ok(self.salesforce.clone().into()),
            _ => Ok(json!({ "key": HR_KEY }).to_string().into()),
        }
    }
}

/// The connector and all around it, in modelled time.
pub(crate) struct World {
    pub(crate) org: InProcess,
    pub(crate) clock: ModelledClock,
    pub(crate) pipeline: Pipeline,
    store: Arc<Embedded>,
}

impl World {
    /// A world that writes by this interface.
    pub(crate) fn new(api: &str) -> Self {
        let files = [("connector.yaml".to_owned(), CONFIGURATION.replace("API", api))];
        let configuration = Configuration::parse(&files).unwrap_or_else(|problems| panic!("{problems}"));
        let clock = ModelledClock::at(morning());
        let mut org = Org::sample(morning());
        org.admin().set_seats("Salesforce", 20_000).expect("a licence");
        org.set_daily_api_limit(1_000_000);
        let secrets = TestSecrets { salesforce: org.jwt_secret().to_string() };
        let org = InProcess::new(Arc::new(Mutex::new(org))).with_clock(Arc::new(clock));
        let store = Arc::new(Embedded::in_memory(Arc::new(clock)).expect("memory can be had"));
        let ports = Ports {
            store: store.clone(),
            queue: store.clone(),
            secrets: Arc::new(secrets),
            transport: Arc::new(Distant { way: org.clone(), latency: LATENCY }),
            sources: Arc::new(org.clone()),
            clock: Arc::new(clock),
            random: Arc::new(SeededRandom::new(7)),
        };
        let pipeline = Pipeline::new(ports, Arc::new(configuration));
        Self { org, clock, pipeline, store }
    }

    /// Serves while the story is told.
    pub(crate) async fn serve_during<T>(&self, story: impl Future<Output = T>) -> T {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let story = async {
            let end = story.await;
            drop(stop);
            end
        };
        let serving = self.pipeline.serve(Schedule::default(), async { drop(stopped.await) });
        futures::join!(story, serving).0
    }

    /// HR sends these persons' records; answers the moment when all were accepted.
    pub(crate) async fn send(&self, persons: &[Value]) -> Timestamp {
        for persons in persons.chunks(BATCH) {
            let event =
                |person: &Value| json!({ "type": "person.upserted", "timestamp": self.clock.now(), "data": person });
            let body: Bytes = Value::from_iter(persons.iter().map(event)).to_string().into();
            let (id, sent) = ("msg-load", self.clock.now().as_second());
            let key = standardwebhooks::Webhook::new(HR_KEY).expect("a key");
            let request = Request::post("/webhook/hr")
                .header("content-type", "application/json")
                .header("webhook-id", id)
                .header("webhook-timestamp", sent)
                .header("webhook-signature", key.sign(id, sent, &body).expect("signable"))
                .body(body)
                .expect("a request");
            let answer = self.pipeline.webhook.handle(&request).await;
            assert_eq!(answer.status(), StatusCode::ACCEPTED, "{:?}", answer.body());
        }
        self.clock.now()
    }

    /// Returns once no queue holds a message.
    pub(crate) async fn settled(&self) {
        while self.left().await > 0 {
            self.clock.sleep(Duration::from_secs(1)).await;
        }
    }

    /// Messages on all queues; none may be a dead letter.
    pub(crate) async fn left(&self) -> u64 {
        let mut left = 0;
        for queue in QueueName::ALL {
            let depth = self.store.depth(queue).await.expect("readable");
            assert_eq!(depth.dead, 0, "dead letters of {}", queue.as_str());
            left += depth.messages;
        }
        left
    }

    /// What the connector remembers of a person's account.
    pub(crate) async fn record(&self, person: &str) -> AccountRecord {
        let records = self.pipeline.writer.accounts.load(&[person_id(person)]).await.expect("readable");
        records.into_iter().next().expect("one for each").value
    }

    /// What became of a person's user since a moment.
    pub(crate) fn shut(&self, person: &str, since: Timestamp) -> Shut {
        let org = self.org.org();
        let users = org.users_with("FederationIdentifier", person);
        let Some(user) = users.first() else { return Shut::NoUser };
        let frozen = OrgValue::from(true);
        let mut freezes = org.journal().iter().filter(|entry| {
            let freezes = entry.fields.get("IsFrozen").is_some_and(|change| change.after == frozen);
            freezes && entry.at >= since && entry.user.as_ref() == Some(&user.id)
        });
        freezes.next().map_or(Shut::Never, |entry| Shut::After(entry.at.duration_since(since).unsigned_abs()))
    }
}

/// What became of a user.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shut {
    /// There is none.
    NoUser,
    /// It can still be used.
    Never,
    /// It was frozen after so long.
    After(Duration),
}

/// A person of HR.
pub(crate) fn person(id: &str, department: &str, end: Option<&str>) -> Value {
    json!({
        "id": id,
        "name": { "familyName": id },
        "contact": { "email": format!("{id}@example.com") },
        "contracts": [{
            "id": "c-1", "startDate": "2026-01-01", "endDate": end, "department": { "id": department, "name": department }
        }]
    })
}

/// The same person, who does not work here any more.
pub(crate) fn leaver(id: &str) -> Value {
    person(id, "SERVICE", Some("2026-02-28"))
}
