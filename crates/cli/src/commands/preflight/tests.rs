//! The checks, each provoked in a simulated org, and what they say.

mod org;
mod store;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;
use ports::clock::ManualClock;
use salesforce_simulator::InProcess;
use serde_json::Value;

use super::finding::{Finding, Level};
use super::*;
use crate::output::Report as _;

const NOW: &str = "2026-03-02T08:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/config")
}

/// An org, a configuration and perhaps a store, before the checks.
struct Stage {
    transport: InProcess,
    files: Vec<(String, String)>,
    secret: Value,
    waiting: Option<Waiting>,
    deep: bool,
}

impl Stage {
    /// The sample org, with a second administrator, and the example configuration: all is well but for what the org can't
    /// tell.
    fn new() -> Self {
        let org = Org::sample_builder(now()).user("second@sample.example", "System Administrator", &[]);
        Self::of(org.build().unwrap())
    }

    fn of(mut org: Org) -> Self {
        permit(&mut org).unwrap();
        let secret = org.jwt_secret();
        let clock = Arc::new(ManualClock::at(now()));
        let transport = InProcess::new(Arc::new(Mutex::new(org))).with_clock(clock);
        let file = |name: &str| (name.to_owned(), std::fs::read_to_string(example().join(name)).unwrap());
        let files = ["account.yaml", "connector.yaml", "rules.yaml", "sources/exact-synergy.yaml"].map(file);
        Self { transport, files: files.to_vec(), secret, waiting: None, deep: false }
    }

    fn org(&self) -> MutexGuard<'_, Org> {
        self.transport.org()
    }

    /// Changes the configuration.
    fn change(mut self, from: &str, to: &str) -> Self {
        let found = self.files.iter_mut().find(|(_, text)| text.contains(from));
        let (_, text) = found.unwrap_or_else(|| panic!("{from:?} is nowhere"));
        *text = text.replacen(from, to, 1);
        self
    }

    fn configuration(&self) -> Configuration {
        Configuration::parse(&self.files).unwrap()
    }

    async fn topics(&self) -> Vec<Topic> {
        let configuration = self.configuration();
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(now()));
        let secrets = Layered::over(None).unwrap();
        let secrets = match &self.secret {
            Value::Null => secrets,
            secret => secrets.with(configuration.salesforce.secret.clone(), secret),
        };
        let secrets: Arc<dyn Secrets> = Arc::new(secrets);
        let samples = Samples::collect(&configuration, Some(&example()), self.waiting.as_ref(), now());
        let login = Login::read(&*secrets, &configuration.salesforce.secret).await;
        let org = client(&configuration, Arc::new(self.transport.clone()), secrets, clock);
        let facts = Facts::read(&org, login, &configuration.salesforce, self.deep).await;
        let plan = Plan { configuration: &configuration, samples: &samples, waiting: self.waiting.as_ref() };
        topics(&plan, &facts)
    }

    /// All that is not well.
    async fn troubles(&self) -> Vec<Finding> {
        let findings = self.topics().await.into_iter().flat_map(|topic| topic.findings);
        findings.filter(|finding| matches!(finding.level, Level::Fails | Level::Warning)).collect()
    }

    /// The only trouble that there is.
    #[track_caller]
    fn only(troubles: &[Finding], level: Level, part: &str) -> Finding {
        let [trouble] = troubles else { panic!("{troubles:#?}") };
        assert_eq!(trouble.level, level, "{trouble:#?}");
        assert!(trouble.what.contains(part), "{part:?} is not in {trouble:#?}");
        assert!(trouble.help.as_ref().is_some_and(|help| !help.is_empty()), "{trouble:#?}");
        trouble.clone()
    }

    async fn fails(&self, part: &str) -> Finding {
        Self::only(&self.troubles().await, Level::Fails, part)
    }

    async fn warns(&self, part: &str) -> Finding {
        Self::only(&self.troubles().await, Level::Warning, part)
    }
}

#[tokio::test]
async fn all_is_well_and_nothing_is_written() {
    for api in ["scim", "apex"] {
        let mut stage = Stage::new().change("  secret: salesforce\n", &format!("  secret: salesforce\n  api: {api}\n"));
        stage.deep = true;
        let before = stage.org().journal().len();
        assert_eq!(stage.troubles().await, [], "{api}");
        let org = stage.org();
        assert_eq!(org.journal().len(), before);
        assert!(org.calls().keys().all(|call| !call.contains("POST")), "{:?}", org.calls());
        assert!(org.call_count() < 30, "{:?}", org.calls());
    }
}

#[tokio::test]
async fn a_writing_request_gets_no_further_than_this_command() {
    let stage = Stage::new();
    let before = stage.org().call_count();
    let guarded = ReadOnly::new(Arc::new(stage.transport.clone()));
    for (method, path) in [("POST", "/services/scim/v2/Users"), ("PATCH", "/services/oauth2/token"), ("DELETE", "/x")] {
        let request = http::Request::builder().method(method).uri(format!("https://sample.my.salesforce.com{path}"));
        let sent = guarded.send(request.body(bytes::Bytes::new()).unwrap()).await;
        assert!(matches!(sent, Err(ports::TransportError::NotSent { .. })), "{sent:?}");
    }
    assert_eq!(stage.org().call_count(), before);
}

#[tokio::test]
async fn the_report_is_a_list_with_places() {
    let stage = Stage::new().change("Expense_Approver", "Expence_Approver");
    let shown = Shown::new(stage.topics().await, Some(Path::new("config")));
    assert!(shown.fails());
    let text = shown.human();
    let lines = "  FAILS    the org has no permission set `Expence_Approver`\n           config/rules.yaml:32:22\n           \
                 → it has `Expense_Approver`; names count with their case\n";
    assert!(text.contains(lines), "{text}");
    assert!(text.starts_with("Connection\n  ok       logged in to https://"), "{text}");
    assert!(text.ends_with("1 failure, 0 warnings. Nothing was written."), "{text}");
    let json = serde_json::to_value(&shown).unwrap();
    assert_eq!(json["failures"], 1);
    let names = json["topics"].as_array().unwrap().iter().find(|topic| topic["topic"] == "Names in the rules").unwrap();
    assert_eq!(names["findings"][0]["file"], "config/rules.yaml");
    assert_eq!(names["findings"][0]["level"], "fails");
}
