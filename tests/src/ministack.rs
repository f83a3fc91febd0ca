//! ministack, a server that answers like DynamoDB, SQS, Secrets Manager and more. `tests/run` installs it into
//! `.tools/ministack`; `TOOLS_DIR` names another place.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that can't have its server has failed")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http_client::NetworkTransport;
use ports::HttpTransport;
use ports::http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The region that it speaks for; clients must name the same.
pub const REGION: &str = "eu-west-1";
/// How often a message is received before it is a dead letter, in the queues made here.
pub const MAX_RECEIVES: u32 = 5;
const ACCOUNT: &str = "000000000000";
/// It answers after two seconds on an idle machine.
const START: Duration = Duration::from_secs(60);

/// A running server on a free port of the loopback address. It stops when this is dropped.
pub struct Ministack {
    process: Child,
    endpoint: String,
    http: NetworkTransport,
    folder: TempDir,
}

impl Ministack {
    /// Starts it and waits until it answers. `None`, with a line that says so, when it is not installed or when
    /// `CONNECTOR_QUICK_TESTS` is set.
    ///
    /// # Panics
    /// When it does not start, or when it is not installed and `CI=true`.
    pub async fn start() -> Option<Self> {
        let program = program()?;
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let endpoint = format!("http://127.0.0.1:{port}");
        let log = File::create(folder.path().join("ministack.log")).unwrap();
        let process = Command::new(program)
            .current_dir(folder.path())
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("MINISTACK_HOST", "127.0.0.1")
            .env("MINISTACK_REGION", REGION)
            .env("LAMBDA_EXECUTOR", "local")
            // What it starts itself, such as functions, finds it by these.
            .env("AWS_ENDPOINT_URL", &endpoint)
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let http = NetworkTransport::new(Duration::from_secs(30)).unwrap();
        let mut ministack = Self { process, endpoint, http, folder };
        if tokio::time::timeout(START, ministack.ready()).await.is_err() {
            panic!("ministack does not answer:\n{}", ministack.log());
        }
        Some(ministack)
    }

    /// Where it listens, as `http://127.0.0.1:port`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What it wrote so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("ministack.log")).unwrap_or_default()
    }

    /// Makes the tables and queues of a stack, with the shape that template.yaml gives them.
    pub async fn create_tables_and_queues(&self, stack: &str) {
        for table in ports::Table::ALL {
            self.create_table(&format!("{stack}-{}", table.as_str())).await;
        }
        for queue in ports::QueueName::ALL {
            let name = format!("{stack}-{}", queue.as_str());
            let dead = format!("{name}-dead");
            self.call("AmazonSQS.CreateQueue", &json!({ "QueueName": dead })).await;
            let redrive = json!({
                "deadLetterTargetArn": format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{dead}"),
                "maxReceiveCount": MAX_RECEIVES,
            });
            let attributes = json!({ "RedrivePolicy": redrive.to_string() });
            self.call("AmazonSQS.CreateQueue", &json!({ "QueueName": name, "Attributes": attributes })).await;
        }
    }

    /// Stores a secret, or its new version.
    pub async fn put_secret(&self, stack: &str, name: &str, text: &str) {
        let id = format!("{stack}/{name}");
        let created = self.try_call("secretsmanager.CreateSecret", &json!({ "Name": id, "SecretString": text })).await;
        if created.is_err() {
            self.call("secretsmanager.PutSecretValue", &json!({ "SecretId": id, "SecretString": text })).await;
        }
    }

    /// One call in AWS's JSON protocol, as `DynamoDB_20120810.ListTables`, and its answer.
    ///
    /// # Panics
    /// When the answer is an error.
    pub async fn call(&self, target: &str, body: &Value) -> Value {
        self.try_call(target, body).await.unwrap_or_else(|error| panic!("{target}: {error}"))
    }

    /// The JSON answer to a GET.
    ///
    /// # Panics
    /// When there is none.
    pub async fn get(&self, path: &str) -> Value {
        let request = Request::builder().uri(format!("{}{path}", self.endpoint)).body(Bytes::new()).unwrap();
        let answer = self.http.send(request).await.unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_json::from_slice(answer.body()).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    async fn try_call(&self, target: &str, body: &Value) -> Result<Value, String> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(&self.endpoint)
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.0")
            .body(Bytes::from(body.to_string()))
            .unwrap();
        let answer = self.http.send(request).await.map_err(|error| error.to_string())?;
        let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        if answer.status() == StatusCode::OK { Ok(body) } else { Err(format!("{} {body}", answer.status())) }
    }

    async fn create_table(&self, name: &str) {
        let key = |partition: &str, sort: &str| {
            json!([
                { "AttributeName": partition, "KeyType": "HASH" },
                { "AttributeName": sort, "KeyType": "RANGE" },
            ])
        };
        let strings = ["pk", "sk", "ipk", "isk"].map(|name| json!({ "AttributeName": name, "AttributeType": "S" }));
        let index = json!({
            "IndexName": "by-index", "KeySchema": key("ipk", "isk"), "Projection": { "ProjectionType": "ALL" },
        });
        let table = json!({
            "TableName": name, "BillingMode": "PAY_PER_REQUEST", "KeySchema": key("pk", "sk"),
            "AttributeDefinitions": strings, "GlobalSecondaryIndexes": [index],
        });
        self.call("DynamoDB_20120810.CreateTable", &table).await;
    }

    async fn ready(&mut self) {
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                panic!("ministack stopped with {status}:\n{}", self.log());
            }
            if self.try_call("DynamoDB_20120810.ListTables", &json!({})).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for Ministack {
    fn drop(&mut self) {
        // It may have stopped by itself.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn program() -> Option<PathBuf> {
    installed("ministack/bin/ministack").then(|| tools("ministack/bin/ministack"))
}

/// Whether a tool is there for a test that starts other servers; says so when it is not, or when `CONNECTOR_QUICK_TESTS`
/// is set.
///
/// # Panics
/// When it is not installed and `CI=true`.
pub fn installed(path: &str) -> bool {
    if std::env::var_os("CONNECTOR_QUICK_TESTS").is_some() {
        println!("SKIPPED: quick tests start no other servers");
        return false;
    }
    let there = tools(path).exists();
    assert!(
        there || std::env::var_os("CI").is_none_or(|ci| ci != "true"),
        "{path} is not installed, and with CI=true no test is left out: tests/run installs it",
    );
    if !there {
        println!("SKIPPED: {path} is not installed (tests/run installs it)");
    }
    there
}

/// A tool that `tests/run` installs, by its path within the folder of tools.
pub fn tools(path: &str) -> PathBuf {
    let folder = std::env::var_os("TOOLS_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools"), PathBuf::from);
    // Absolute, for commands that run in another folder.
    folder.canonicalize().unwrap_or(folder).join(path)
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
