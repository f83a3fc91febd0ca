//! A webhook on embedded storage, with one source that is configured by the test.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use domain::{PersonId, Snapshot};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, Request, StatusCode};
use jiff::Timestamp;
use policy::Configuration;
use ports::clock::ManualClock;
use ports::secrets::SecretString;
use ports::{Queue as _, QueueName, SecretError, SecretName, Secrets};
use records::People;
use sha2::Sha256;
use storage::Embedded;
use webhook::Webhook;

pub(crate) const KEY: &str = "a-key-of-the-sender";
pub(crate) const NOW: &str = "2026-03-01T12:00:00Z";

/// How persons come out of a body: a list `people` or a single one.
pub(crate) const DEFINITION: &str = "\
file: { format: json, rows: people }
person: { id: row.id, name: { familyName: row.name } }
contracts: { id: row.id, startDate: row.start }
";

/// A key that was added a moment ago.
pub(crate) const NEWER: &str = "a-newer-key-of-the-sender";

/// Remembers the key of before.
struct Keys;

#[async_trait]
impl Secrets for Keys {
    async fn read(&self, _: &SecretName) -> Result<SecretString, SecretError> {
        Ok(format!("{{\"key\":\"{KEY}\"}}").into())
    }

    async fn read_fresh(&self, _: &SecretName) -> Result<SecretString, SecretError> {
        Ok(format!("{{\"keys\":[\"{KEY}\",\"{NEWER}\"]}}").into())
    }
}

pub(crate) struct World {
    pub(crate) webhook: Webhook,
    pub(crate) store: Arc<Embedded>,
    pub(crate) clock: Arc<ManualClock>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl World {
    /// `source` is what the source `hr` has beside its name and role, in YAML's flow form.
    pub(crate) fn new(source: &str) -> Self {
        let connector = format!(
            "organisation: {{ timeZone: UTC }}\nsalesforce: {{ secret: salesforce }}\nsources:\n  - {{ name: hr, role: \
             authoritative, {source} }}\naccount: {{ correlate: [FederationIdentifier], attributes: {{ FederationIdentifier: \
             person.id, Username: \"nick + '@example.com'\", Email: person.contact.email, LastName: family }} }}\n"
        );
        let files = [("connector.yaml", connector.as_str()), ("sources/hr.yaml", DEFINITION)];
        let files: Vec<_> = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        let configuration = Configuration::parse(&files).unwrap_or_else(|problems| panic!("{problems}"));
        let clock = Arc::new(ManualClock::at(NOW.parse().unwrap()));
        let store = Arc::new(Embedded::in_memory(clock.clone()).unwrap());
        let webhook =
            Webhook::new(store.clone(), store.clone(), Arc::new(Keys), clock.clone(), Arc::new(configuration));
        Self { webhook, store, clock }
    }

    pub(crate) async fn send(&self, request: Request<Bytes>) -> Answer {
        let (parts, body) = self.webhook.handle(&request).await.into_parts();
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// The status of a JSON body with one header.
    pub(crate) async fn post(&self, header: (&str, &str), body: &str) -> u16 {
        let request = Request::post("/webhook/hr").header("content-type", "application/json; charset=utf-8");
        let request = request.header(header.0, header.1).body(Bytes::from(body.to_owned())).unwrap();
        self.send(request).await.status.as_u16()
    }

    pub(crate) async fn waiting(&self, queue: QueueName) -> u64 {
        self.store.depth(queue).await.unwrap().messages
    }

    pub(crate) async fn snapshot(&self, person: &str) -> Option<Snapshot> {
        let data = People::new(self.store.clone()).load(&PersonId::parse(person).unwrap()).await.unwrap();
        data.snapshots.into_iter().next().map(|stored| stored.value)
    }

    pub(crate) fn at(&self, time: &str) {
        self.clock.set(time.parse::<Timestamp>().unwrap());
    }
}

/// A hexadecimal signature.
pub(crate) fn signature(text: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap().chain_update(text);
    hex::encode(mac.finalize().into_bytes())
}
