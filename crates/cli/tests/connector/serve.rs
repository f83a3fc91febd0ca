//! `connector serve` as a process: it answers webhooks, stops when told, and converges after being killed at any moment.
//! The simulated org runs in the test, so that it outlives the connector.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_client::NetworkTransport;
use ports::{Clock, HttpTransport, SystemClock};
use salesforce_simulator::Org;
use salesforce_simulator::server::Server;
use serde_json::{Value, json};

const KEY: &str = "whsec_dGhyb3ctYXdheSBrZXkgZm9yIHRlc3RzIG9ubHkh";

struct Connector {
    process: Child,
    address: String,
}

impl Connector {
    fn start(folder: &Path) -> Self {
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/config");
        let mut process = Command::new(env!("CARGO_BIN_EXE_connector"))
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(config)
            .arg("--secrets")
            .arg(folder.join("secrets.yaml"))
            .arg("--data")
            .arg(folder.join("data"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the connector starts");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let listening = lines.find_map(|line| {
            let line = line.ok()?;
            let address = line.strip_prefix("Listening on ")?.split_whitespace().next()?.to_owned();
            Some(address)
        });
        // Whoever stops reading would stop the connector at its next line.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address: listening.expect("it says where it listens") }
    }

    async fn send(&self, path: &str, body: &str, key: Option<&str>) -> StatusCode {
        let now = SystemClock.now();
        let mut request = Request::post(format!("{}{path}", self.address)).header("content-type", "application/json");
        if let Some(key) = key {
            let (id, sent) = (format!("msg-{}", now.as_nanosecond()), now.as_second());
            let signer = standardwebhooks::Webhook::new(key).expect("a key");
            let signature = signer.sign(&id, sent, body.as_bytes()).expect("signable");
            request = request
                .header("webhook-id", id)
                .header("webhook-timestamp", sent)
                .header("webhook-signature", signature);
        }
        let request = request.body(Bytes::from(body.to_owned())).expect("a request");
        let transport = NetworkTransport::new(Duration::from_secs(20)).expect("a client");
        transport.send(request).await.map_or(StatusCode::BAD_GATEWAY, |answer| answer.status())
    }

    fn signal(&self, signal: &str) {
        let killed = Command::new("kill").args([signal, &self.process.id().to_string()]).status();
        assert!(killed.expect("kill is there").success());
    }
}

impl Drop for Connector {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// A folder with the secrets of an org.
fn folder(org: &Mutex<Org>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let salesforce = org.lock().expect("not poisoned").jwt_secret();
    let secrets = json!({ "salesforce": salesforce, "hr-webhook": { "key": KEY }, "entra-webhook": { "key": KEY } });
    let path = folder.path().join("secrets.yaml");
    std::fs::write(&path, secrets.to_string()).expect("writable");
    #[cfg(unix)]
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("ours");
    folder
}

fn joiners(count: usize) -> Value {
    let event = |n: usize| {
        json!({ "type": "person.upserted", "timestamp": SystemClock.now(), "data": {
            "id": format!("k{n}"), "name": { "nickName": format!("Nick{n}"), "familyName": "Vries" },
            "contracts": [{ "id": "c", "startDate": "2020-01-01", "department": { "id": "SALES", "name": "Sales" },
                            "location": { "id": "AMS", "name": "Amsterdam" } }] } })
    };
    (0..count).map(event).collect()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1200 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what} did not come within a minute");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_are_answered_and_a_signal_ends_it() {
    let org = Arc::new(Mutex::new(Org::sample(SystemClock.now())));
    let _server = Server::start(org.clone(), 0, false, Arc::new(SystemClock)).await.expect("a free port");
    let folder = folder(&org);
    let mut connector = Connector::start(folder.path());
    let body = joiners(1).to_string();
    assert_eq!(connector.send("/webhook/hr", &body, None).await, StatusCode::UNAUTHORIZED);
    assert_eq!(connector.send("/webhook/nobody", &body, Some(KEY)).await, StatusCode::NOT_FOUND);
    let large = " ".repeat(1024 * 1024 + 1);
    assert_eq!(connector.send("/webhook/hr", &large, Some(KEY)).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(connector.send("/webhook/hr", &body, Some(KEY)).await, StatusCode::ACCEPTED);
    until("the account", || !org.lock().expect("not poisoned").users_with("FederationIdentifier", "k0").is_empty())
        .await;
    connector.signal("-TERM");
    assert!(connector.process.wait().expect("it ends").success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_it_converges() {
    const PERSONS: usize = 12;
    let org = Arc::new(Mutex::new(Org::sample(SystemClock.now())));
    let _server = Server::start(org.clone(), 0, false, Arc::new(SystemClock)).await.expect("a free port");
    let folder = folder(&org);
    let mut connector = Connector::start(folder.path());
    assert_eq!(connector.send("/webhook/hr", &joiners(PERSONS).to_string(), Some(KEY)).await, StatusCode::ACCEPTED);
    let mutations = || org.lock().expect("not poisoned").journal().len();
    for _ in 0..6 {
        let before = mutations();
        until("the next mutation", || mutations() > before || all_there(&org, PERSONS)).await;
        connector.signal("-KILL");
        drop(connector);
        connector = Connector::start(folder.path());
    }
    until("all accounts", || all_there(&org, PERSONS)).await;
    let org = org.lock().expect("not poisoned");
    for n in 0..PERSONS {
        assert_eq!(org.users_with("FederationIdentifier", &format!("k{n}")).len(), 1, "one account for each");
    }
}

/// Whether every person has an account with all that the rules give.
fn all_there(org: &Mutex<Org>, persons: usize) -> bool {
    let org = org.lock().expect("not poisoned");
    (0..persons).all(|n| {
        let users = org.users_with("FederationIdentifier", &format!("k{n}"));
        users.first().is_some_and(|user| {
            user.active
                && user.role.as_deref() == Some("SalesNL")
                && user.permission_sets.contains("Sales_Cloud_User")
                && user.groups.contains("Sales_NL")
        })
    })
}
