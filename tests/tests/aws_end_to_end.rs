//! AWS, end to end: the template itself deployed to ministack, the built binaries run by it, a signed webhook in, the
//! account in the simulated org, correlation and audit in DynamoDB, a poison message in the dead letters; and where there
//! is a domain controller, a joiner out of two sources that the schedule reads.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests, which fail by panicking")]

#[path = "aws_end_to_end/one_person.rs"]
mod one_person;
#[path = "one_person/sources.rs"]
mod sources;
#[path = "../../crates/active-directory/tests/support/mod.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "shared with the tests of active-directory, which use all of it")]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use integration_tests::ministack::{Ministack, REGION, installed, tools};
use integration_tests::world::{ACCOUNT, CONNECTOR, HR_KEY, RULES, person};
use ports::{Clock, HttpTransport, QueueName, SystemClock};
use salesforce_simulator::Org;
use salesforce_simulator::server::Server;
use serde_json::{Value, json};
use storage::aws::AwsClients;

use crate::sources::Sources;

const STACK: &str = "e2e";
const FUNCTIONS: [&str; 4] = ["webhook", "sync", "mapping", "salesforce-writer"];
/// The slowest step is a dead letter: five receives with pauses between them.
const PATIENCE: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_deployed_template_turns_a_webhook_into_an_account() {
    if !installed("sam/bin/sam") {
        return;
    }
    let Some(ministack) = Ministack::start().await else { return };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let org = Arc::new(Mutex::new(Org::sample(clock.now())));
    let _server = Server::start(org.clone(), 0, true, clock.clone()).await.expect("a free port");
    let salesforce = org.lock().expect("not poisoned").jwt_secret();

    let sources = Sources::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    lay_out(folder.path(), sources.as_ref());
    ministack.put_secret(STACK, "salesforce", &salesforce.to_string()).await;
    if let Some(sources) = &sources {
        sources.employ(&[one_person::joiner()]);
        one_person::put_secrets(sources, &ministack).await;
    }
    deploy(&ministack, folder.path());
    ministack.put_secret(STACK, "salesforce", &salesforce.to_string()).await;
    ministack.put_secret(STACK, "hr-webhook", &json!({ "key": HR_KEY }).to_string()).await;

    // A joiner.
    let url = webhook_url(&ministack).await;
    let mut joiner = person("100023", "Jan", "Vries", "SALES", None);
    assert_eq!(send(&url, &joiner, &*clock, false).await, StatusCode::UNAUTHORIZED);
    assert_eq!(send(&url, &joiner, &*clock, true).await, StatusCode::ACCEPTED);
    let created = until("the account", || user(&org, "100023").filter(|user| user.groups.contains("All_Staff"))).await;
    assert!(created.active);
    assert_eq!(created.role.as_deref(), Some("SalesEMEA"));
    assert!(created.permission_sets.contains("Sales_Cloud_User"), "{:?}", created.permission_sets);

    // Correlation and audit, as they lie in DynamoDB.
    let account =
        until_stored(&ministack, "accounts", "person#100023", "account", |body| body["applied"]["M"].is_object()).await;
    assert_eq!(account["correlation"]["M"]["user"]["S"], created.id.as_str());
    let audit = until_stored(&ministack, "audit", "person#100023", "000000000001", |_| true).await;
    assert_eq!(audit["entries"]["L"][0]["M"]["operation"]["M"]["do"]["S"], "create");

    // An operator looks at the deployed stack.
    let log =
        run(Command::new(built("connector")).args(["audit", "100023", "--stack", STACK]), &ministack, folder.path());
    assert!(log.contains("Sales_Cloud_User") && log.contains("whole"), "{log}");
    let parked = run(Command::new(built("connector")).args(["parked", "--stack", STACK]), &ministack, folder.path());
    assert!(!parked.contains("100023"), "{parked}");

    // A leaver.
    joiner["contracts"][0]["endDate"] = json!("2026-01-31");
    assert_eq!(send(&url, &joiner, &*clock, true).await, StatusCode::ACCEPTED);
    let gone =
        until("the leaver", || user(&org, "100023").filter(|user| !user.active && user.permission_sets.is_empty()))
            .await;
    assert_eq!(gone.id, created.id);

    if let Some(sources) = &sources {
        one_person::comes_and_goes(sources, &ministack, &org, folder.path()).await;
    }

    // A poison message ends with the dead letters and holds nobody up.
    let queue = AwsClients::for_emulator(STACK, ministack.endpoint()).queue(clock.clone());
    ports::Queue::send(&queue, QueueName::PersonEvents, &["poison".to_owned()]).await.expect("sent");
    assert_eq!(
        send(&url, &person("100024", "Piet", "Berg", "SERVICE", None), &*clock, true).await,
        StatusCode::ACCEPTED
    );
    until("the next joiner", || user(&org, "100024").filter(|user| user.active)).await;
    let mut dead = 0;
    for _ in 0..PATIENCE.as_secs() {
        dead = ports::Queue::depth(&queue, QueueName::PersonEvents).await.expect("readable").dead;
        if dead > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(dead, 1, "{}", ministack.log());
}

/// The template with the binaries that the test build made, where `sam deploy` looks for built functions.
fn lay_out(folder: &Path, sources: Option<&Sources>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    std::fs::copy(root.join("template.yaml"), folder.join("template.yaml")).expect("the template");
    for function in FUNCTIONS {
        let target = folder.join("functions").join(function);
        std::fs::create_dir_all(&target).expect("a folder");
        let built = built(function);
        let bootstrap = target.join("bootstrap");
        std::fs::copy(&built, &bootstrap)
            .unwrap_or_else(|error| panic!("{}: {error}; `tests/run` builds it", built.display()));
        // Debug information is ten times the program; where there is no `strip` it is only slower.
        drop(Command::new("strip").arg(&bootstrap).status());
    }
    let config = folder.join("infra/config");
    std::fs::create_dir_all(&config).expect("a folder");
    for (name, text) in [("connector.yaml", CONNECTOR), ("account.yaml", ACCOUNT), ("rules.yaml", RULES)] {
        std::fs::write(config.join(name), text).expect("writable");
    }
    if let Some(sources) = sources {
        one_person::configure(sources, &config);
    }
}

fn built(function: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this test has a path");
    test.ancestors().nth(2).expect("target/debug").join(function)
}

fn deploy(ministack: &Ministack, folder: &Path) {
    let config = folder.join("infra/config");
    let parameters = [
        "--parameter-overrides".to_owned(),
        "Architecture=x86_64".to_owned(),
        // As often as it can be. Without the quotes sam ends the value at the blank.
        "PullSchedule=\"rate(1 minute)\"".to_owned(),
        format!("ConfigurationFolder={}", config.display()),
    ];
    run(
        Command::new(tools("sam/bin/sam"))
            .args(["deploy", "--stack-name", STACK, "--resolve-s3", "--capabilities", "CAPABILITY_IAM"])
            .args(["--no-confirm-changeset", "--region", REGION])
            .args(parameters),
        ministack,
        folder,
    );
    // ministack hands a parameter's number on as text, and its poller stumbles over it; AWS does not.
    let fix = "import boto3\nc = boto3.client('lambda')\nfor e in c.list_event_source_mappings()['EventSourceMappings']:\n    \
               if e.get('ScalingConfig'): c.update_event_source_mapping(UUID=e['UUID'], ScalingConfig={'MaximumConcurrency': 2})";
    run(Command::new(tools("ministack/bin/python")).args(["-c", fix]), ministack, folder);
}

/// What the command printed; it must have succeeded.
fn run(command: &mut Command, ministack: &Ministack, folder: &Path) -> String {
    let output = command
        .current_dir(folder)
        .env("AWS_ENDPOINT_URL", ministack.endpoint())
        .env("AWS_REGION", REGION)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("SAM_CLI_TELEMETRY", "0")
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; `tests/run` installs it"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}:\n{}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

async fn webhook_url(ministack: &Ministack) -> String {
    let answer = ministack.get(&format!("/2021-10-31/functions/{STACK}-webhook/url")).await;
    let url = answer["FunctionUrl"].as_str().unwrap_or_else(|| panic!("no Function URL in {answer}"));
    let id = url.trim_start_matches("https://").split('.').next().unwrap_or_default();
    // The URL's own host can't be resolved here; ministack answers for it under this path.
    format!("{}/_aws/lambda-url/{id}", ministack.endpoint())
}

/// Sends an event as HR does; with a wrong signature unless `honest`.
async fn send(url: &str, person: &Value, clock: &dyn Clock, honest: bool) -> StatusCode {
    let body = json!({ "type": "person.upserted", "timestamp": clock.now(), "data": person }).to_string();
    let (id, sent) = (format!("msg-{}", clock.now().as_microsecond()), clock.now().as_second());
    let signed = if honest { body.clone() } else { format!("{body} ") };
    let signature = standardwebhooks::Webhook::new(HR_KEY)
        .and_then(|key| key.sign(&id, sent, signed.as_bytes()))
        .expect("signable");
    let request = Request::post(format!("{}/webhook/hr", url.trim_end_matches('/')))
        .header("content-type", "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", sent)
        .header("webhook-signature", signature)
        .body(Bytes::from(body))
        .expect("a request");
    let transport = http_client::NetworkTransport::new(Duration::from_secs(30)).expect("a client");
    transport.send(request).await.expect("an answer").status()
}

fn user(org: &Arc<Mutex<Org>>, federation_id: &str) -> Option<salesforce_simulator::UserView> {
    org.lock().expect("not poisoned").users_with("FederationIdentifier", federation_id).into_iter().next()
}

async fn until<T>(what: &str, mut seen: impl FnMut() -> Option<T>) -> T {
    for _ in 0..PATIENCE.as_millis() / 200 {
        if let Some(seen) = seen() {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("{what} did not come within {PATIENCE:?}");
}

async fn until_stored(ministack: &Ministack, table: &str, pk: &str, sk: &str, ready: impl Fn(&Value) -> bool) -> Value {
    let key = json!({ "TableName": format!("{STACK}-{table}"), "Key": { "pk": { "S": pk }, "sk": { "S": sk } } });
    for _ in 0..PATIENCE.as_secs() {
        let answer = ministack.call("DynamoDB_20120810.GetItem", &key).await;
        let body = &answer["Item"]["body"]["M"];
        if body.is_object() && ready(body) {
            return body.clone();
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    panic!("{table} has no {pk} {sk} after {PATIENCE:?}");
}
