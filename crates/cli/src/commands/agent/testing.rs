//! A world for the agent's tests: the connector's real webhook behind a line that can fail, and a directory of prepared
//! pages.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use active_directory::entry::Entry;
use active_directory::schema::{AttributeKind, Schema, Syntax};
use active_directory::{
    AdError, Bookmark, Change, Definition, Done, FullBecause, Gone, Guid, Kind, Moment, Page, Record, Step,
};
use async_trait::async_trait;
use bytes::Bytes;
use domain::{SecretName, SourceName};
use http::{Request, Response};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ports::clock::ManualClock;
use ports::random::SeededRandom;
use ports::{Clock, HttpTransport, TransportError};
use serde_json::{Value, json};
use storage::Embedded;
use webhook::Webhook;

use super::deliver::Deliver;
use super::report::Report;
use super::round::{Fault, Pages, Round};
use super::state::State;
use crate::secrets::Layered;

pub(super) const KEY: &str = "whsec_dGhyb3ctYXdheSBrZXkgZm9yIHRlc3RzIG9ubHkh";

/// What the line does to a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trouble {
    /// Nothing.
    None,
    /// It does not get through.
    NotSent,
    /// It gets through, and the answer does not.
    Lost,
    /// Somebody on the way answers.
    Status(u16),
}

/// The connector's webhook.
pub(super) struct Inbox {
    webhook: Webhook,
    store: Arc<Embedded>,
    troubles: Mutex<VecDeque<Trouble>>,
    /// What the line does when nothing else is prepared.
    usual: Mutex<Trouble>,
    requests: Mutex<Vec<(String, Value)>>,
}

impl Inbox {
    pub(super) fn prepare(&self, troubles: impl IntoIterator<Item = Trouble>, then: Trouble) {
        *self.troubles.lock().unwrap() = troubles.into_iter().collect();
        *self.usual.lock().unwrap() = then;
    }

    /// The ids and bodies of all requests since this was last asked.
    pub(super) fn requests(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }

    /// The stored records and their persons.
    pub(super) async fn records(&self, source: &str) -> BTreeMap<String, String> {
        let source = SourceName::parse(source).unwrap();
        let records = records::People::new(self.store.clone()).records_of(&source).await.unwrap();
        records.into_iter().map(|(record, person)| (record.to_string(), person.to_string())).collect()
    }
}

#[async_trait]
impl HttpTransport for Inbox {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let id = request.headers()["webhook-id"].to_str().unwrap().to_owned();
        self.requests.lock().unwrap().push((id, serde_json::from_slice(request.body()).unwrap()));
        let prepared = self.troubles.lock().unwrap().pop_front();
        let trouble = prepared.unwrap_or(*self.usual.lock().unwrap());
        let (host, reason) = ("x".to_owned(), "trouble".to_owned());
        match trouble {
            Trouble::NotSent => Err(TransportError::NotSent { host, reason }),
            Trouble::Status(status) => {
                Ok(Response::builder().status(status).header("retry-after", "7").body(Bytes::new()).unwrap())
            }
            Trouble::None => Ok(self.webhook.handle(&request).await),
            Trouble::Lost => {
                self.webhook.handle(&request).await;
                Err(TransportError::Unclear { host, reason })
            }
        }
    }
}

/// The world of an agent.
pub(super) struct World {
    pub(super) clock: Arc<ManualClock>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) definition: Definition,
    pub(super) deliver: Deliver,
    store: Arc<Embedded>,
    source: &'static str,
}

impl World {
    /// An agent that sends accounts, with more lines below `active-directory`.
    pub(super) fn of_accounts(more: &str) -> Self {
        Self::new("entra", more)
    }

    /// An agent of a directory that decides who exists.
    pub(super) fn of_persons(more: &str) -> Self {
        let person =
            "where: row.company == null\nperson:\n  id: row.employeeID\n  name: { familyName: row.displayName }\n";
        Self::new("hr", &format!("{more}{person}"))
    }

    fn new(source: &'static str, more: &str) -> Self {
        let clock = Arc::new(ManualClock::at("2026-01-15T12:00:00Z".parse().unwrap()));
        let secret = |name: &str| (SecretName::parse(name).unwrap(), json!({ "key": KEY }));
        let secrets = ["hr-webhook", "entra-webhook"].map(secret).into_iter();
        let secrets = Arc::new(secrets.fold(Layered::default(), |all, (name, key)| all.with(name, &key)));
        let store = Arc::new(Embedded::in_memory(clock.clone()).unwrap());
        let configuration = crate::example::configuration().unwrap();
        let inbox = Arc::new(Inbox {
            webhook: Webhook::new(store.clone(), store.clone(), secrets.clone(), clock.clone(), configuration),
            store,
            troubles: Mutex::default(),
            usual: Mutex::new(Trouble::None),
            requests: Mutex::default(),
        });
        let deliver = Deliver {
            transport: inbox.clone(),
            secrets,
            clock: clock.clone(),
            random: Arc::new(SeededRandom::new(1)),
            receiver: format!("https://connector.example.com/webhook/{source}").parse().unwrap(),
            key: SecretName::parse(format!("{source}-webhook")).unwrap(),
        };
        let definition = Definition::parse("ad.yaml", &yaml(more)).unwrap();
        let store = Arc::new(Embedded::in_memory(clock.clone()).unwrap());
        Self { clock, inbox, definition, deliver, store, source }
    }

    /// A round as a process does it that has just been started.
    pub(super) async fn round(&self, mut script: Script, confirmed: bool) -> (Report, Option<Fault>) {
        self.clock.advance(std::time::Duration::from_secs(1));
        let mut state = self.state().await;
        let mut round = Round::new(&self.definition, &self.deliver, &mut state, &*self.clock, confirmed);
        let fault = round.run(&mut script).await.err();
        let mut report = round.report;
        report.end(fault.as_ref(), &state, self.clock.now());
        (report, fault)
    }

    /// A round that succeeds.
    pub(super) async fn good(&self, script: Script) -> Report {
        let (report, fault) = self.round(script, false).await;
        assert!(fault.is_none(), "{fault:?}");
        report
    }

    pub(super) async fn state(&self) -> State {
        State::load(self.store.clone()).await.unwrap()
    }

    /// What the connector has, by record: the person.
    pub(super) async fn stored(&self) -> BTreeMap<String, String> {
        self.inbox.records(self.source).await
    }
}

fn yaml(more: &str) -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let ca = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap().pem();
    let ca: String = ca.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "active-directory:\n  secret: ad\n  servers: [ldaps://dc1]\n  base: OU=People,DC=x\n  attributes: [company]\n  \
         ca: |\n{ca}{more}"
    )
}

/// The key of user `n`.
pub(super) fn key(n: u16) -> Guid {
    let mut bytes = [7; 16];
    bytes[..2].copy_from_slice(&n.to_le_bytes());
    Guid::from_bytes(&bytes).unwrap()
}

/// User `n` with these attributes.
pub(super) fn user(n: u16, attributes: &[(&str, &str)]) -> Change {
    const NAMES: [&str; 4] = ["employeeID", "mail", "displayName", "company"];
    let text = AttributeKind { single: true, syntax: Syntax::Text, stored: true };
    let schema = Schema::new(NAMES.map(|name| (name.to_owned(), text)));
    let all = [("userAccountControl", "512")].into_iter().chain(attributes.iter().copied());
    let all = all.map(|(name, value)| (name.to_owned(), vec![value.as_bytes().to_vec()]));
    let guid = ("objectGUID".to_owned(), vec![key(n).as_bytes().to_vec()]);
    let moment = Moment { now: Timestamp::UNIX_EPOCH, zone: TimeZone::UTC };
    let entry = Entry::new(&format!("CN={n},DC=x"), all.chain([guid]));
    Change::Present(Box::new(Record::of(&entry, &NAMES, &schema, &moment).unwrap()))
}

/// User `n`, who is person `p<n>`.
pub(super) fn somebody(n: u16) -> Change {
    user(n, &[("employeeID", &format!("p{n}")), ("displayName", "Somebody")])
}

pub(super) fn deleted(n: u16) -> Change {
    Change::Gone { key: key(n), why: Gone::Deleted }
}

pub(super) fn moved_out(n: u16) -> Change {
    Change::Gone { key: key(n), why: Gone::OutOfScope }
}

pub(super) fn bookmark(cookie: &str) -> Bookmark {
    let bookmark = json!({ "scope": "s", "taken": "2026-01-15T12:00:00Z", "server": "ldaps://dc1",
                           "position": { "dirSync": { "cookie": cookie } } });
    serde_json::from_value(bookmark).unwrap()
}

/// A read of prepared pages. Who is looked at is where `elsewhere` says, or else not among those that are read.
pub(super) struct Script {
    steps: VecDeque<Result<Step, AdError>>,
    elsewhere: BTreeMap<Guid, Change>,
    done: Done,
    pub(super) looked_at: Arc<Mutex<Vec<Guid>>>,
}

impl Script {
    /// A read of everybody, so many users a page.
    pub(super) fn full(users: Vec<Change>, a_page: usize) -> Self {
        Self::new(Kind::Full(FullBecause::First), users, a_page)
    }

    /// A read of what changed.
    pub(super) fn changes(changes: Vec<Change>) -> Self {
        Self::new(Kind::Changes, changes, 50)
    }

    fn new(kind: Kind, mut changes: Vec<Change>, a_page: usize) -> Self {
        let read = changes.iter().filter(|change| matches!(change, Change::Present(_))).count() as u64;
        let mut steps = VecDeque::new();
        while !changes.is_empty() {
            let rest = changes.split_off(a_page.min(changes.len()));
            let changes = std::mem::replace(&mut changes, rest);
            steps.push_back(Ok(Step::Page(Page { changes, ..Page::default() })));
        }
        let done = Done {
            kind,
            read,
            gone: 0,
            refused: 0,
            referrals: Default::default(),
            advice: Default::default(),
            bookmark: Some(bookmark("end")),
        };
        steps.push_back(Ok(Step::Done(Box::new(done.clone()))));
        Self { steps, elsewhere: BTreeMap::new(), done, looked_at: Arc::default() }
    }

    /// The same, where these are told when they are looked at.
    pub(super) fn telling(mut self, changes: impl IntoIterator<Item = Change>) -> Self {
        let keyed = changes.into_iter().map(|change| match &change {
            Change::Present(record) => (record.key, change),
            Change::Gone { key, .. } => (*key, change),
        });
        self.elsewhere = keyed.collect();
        self
    }

    /// The same, which breaks off after so many pages.
    pub(super) fn broken_after(mut self, pages: usize) -> Self {
        self.steps.truncate(pages);
        self.steps.push_back(Err(AdError::Lost { what: "a search", reason: "it broke".to_owned() }));
        self
    }

    /// The same with this advice at the end.
    pub(super) fn advising(mut self, advice: active_directory::Advice) -> Self {
        if let Some(Ok(Step::Done(done))) = self.steps.back_mut() {
            done.advice.insert(advice);
        }
        self
    }

    /// The same with a bookmark on each page.
    pub(super) fn with_bookmarks(mut self) -> Self {
        for (n, step) in self.steps.iter_mut().enumerate() {
            if let Ok(Step::Page(page)) = step {
                page.bookmark = Some(bookmark(&n.to_string()));
            }
        }
        self
    }
}

#[async_trait]
impl Pages for Script {
    async fn next(&mut self) -> Result<Step, AdError> {
        self.steps.pop_front().unwrap_or(Err(AdError::Stopped))
    }

    fn look_at(&mut self, keys: Vec<Guid>) {
        let elsewhere = |key: &Guid| Change::Gone { key: *key, why: Gone::OutOfScope };
        let changes = keys.iter().map(|key| self.elsewhere.get(key).cloned().unwrap_or_else(|| elsewhere(key)));
        self.steps.push_back(Ok(Step::Page(Page { changes: changes.collect(), ..Page::default() })));
        self.steps.push_back(Ok(Step::Done(Box::new(self.done.clone()))));
        self.looked_at.lock().unwrap().extend(keys);
    }
}
