//! A company with AFAS, a directory and a Salesforce org, and the built connector between them, run as its user runs it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use integration_tests::world::RULES;
use ports::{Clock as _, SystemClock};
use salesforce_simulator::server::Server;
use salesforce_simulator::{Org, UserView};
use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::sources::{SOURCES, Sources};
use crate::support::seed;

const PATIENCE: Duration = Duration::from_secs(60);

const ACCOUNT: &str = "
account:
  correlate: [FederationIdentifier, EmployeeNumber]
  attributes:
    FederationIdentifier: { value: person.id, required: true }
    EmployeeNumber: person.id
    FirstName: nick
    LastName: family
    Department: contract.department.name
    Email: { value: person.accounts.ad.mail, required: true }
    Username:
      candidates: [\"slug(nick, '') + '.' + slug(family, '') + '@example.com'\"]
";

/// All of it.
pub(crate) struct Company {
    pub(crate) sources: Sources,
    org: Arc<Mutex<Org>>,
    _server: Server,
    folder: TempDir,
}

impl Company {
    /// `None` where there is no domain controller.
    pub(crate) async fn found() -> Option<Self> {
        Self::found_with(SOURCES).await
    }

    /// The same, with sources that are configured otherwise.
    pub(crate) async fn found_with(configured: &str) -> Option<Self> {
        let sources = Sources::start().await?;
        let org = Arc::new(Mutex::new(Org::sample(SystemClock.now())));
        let server = Server::start(org.clone(), 0, false, Arc::new(SystemClock)).await.expect("a free port");
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("config");
        sources.write_definitions(&config);
        let connector = format!(
            "organisation: {{ timeZone: Europe/Amsterdam }}\nsalesforce: {{ secret: salesforce }}\nsources:{configured}"
        );
        for (name, text) in [("connector.yaml", connector.as_str()), ("account.yaml", ACCOUNT), ("rules.yaml", RULES)] {
            std::fs::write(config.join(name), text).expect("writable");
        }
        let mut secrets: Map<String, Value> =
            sources.secrets().into_iter().map(|(name, secret)| (name.to_owned(), secret)).collect();
        secrets.insert("salesforce".to_owned(), org.lock().expect("not poisoned").jwt_secret());
        let path = folder.path().join("secrets.yaml");
        std::fs::write(&path, Value::Object(secrets).to_string()).expect("writable");
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("ours");
        Some(Self { sources, org, _server: server, folder })
    }

    /// `connector`, in a folder of its own.
    fn connector(&self) -> Command {
        let test = std::env::current_exe().expect("this test has a path");
        let program: PathBuf = test.ancestors().nth(2).expect("target/debug").join("connector");
        assert!(program.exists(), "{} is not there; `tests/run` builds it", program.display());
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).env_remove("CONNECTOR_LOG").stdin(Stdio::null());
        command
    }

    /// Runs a command to its end; answers its exit code and what it printed.
    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.connector().arg("--json").args(arguments).output().expect("the connector starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{arguments:?}: {error}\n{}\n{}", text(&output.stdout), text(&output.stderr))
        });
        (output.status.code().unwrap_or(-1), json)
    }

    /// Adds somebody to the directory's people.
    pub(crate) fn add_to_directory(&self, name: &str, login: &str, more: &[&str]) {
        self.sources.directory.change(&seed::new_user(&format!("CN={name},OU=People"), login, more));
    }

    /// Reads a source and carries out what changed, in the company's org; answers the report of a complete read.
    pub(crate) fn sync(&self, source: &str) -> Value {
        self.sync_with(source, &[])
    }

    /// The same with more arguments.
    pub(crate) fn sync_with(&self, source: &str, more: &[&str]) -> Value {
        let arguments = ["sync", source, "--wait", "--config", "config", "--secrets", "secrets.yaml"];
        let (code, report) = self.run(&[&arguments, more].concat());
        assert!([0, 3].contains(&code), "{code}: {report}");
        assert_eq!(report["records"]["complete"], true, "{report}");
        report
    }

    /// Whoever waits, by the person's id: why, as `code: message`.
    pub(crate) fn waiting(&self) -> BTreeMap<String, Vec<String>> {
        let (_, parked) = self.run(&["parked"]);
        let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
        let mut waiting = BTreeMap::<_, Vec<_>>::new();
        for one in ["accounts", "persons"].iter().filter_map(|list| parked[list].as_array()).flatten() {
            let why = format!("{}: {}", text(one, "code"), text(one, "message"));
            waiting.entry(text(one, "person")).or_default().push(why);
        }
        waiting
    }

    /// Starts `connector serve`.
    pub(crate) fn serve(&self) -> Serving {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--config", "config", "--secrets", "secrets.yaml"];
        let mut process = self
            .connector()
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the connector starts");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let listens = lines.any(|line| line.is_ok_and(|line| line.starts_with("Listening on ")));
        assert!(listens, "serve does not listen");
        // Whoever stops reading would stop the connector at its next line.
        std::thread::spawn(move || lines.for_each(drop));
        Serving(process)
    }

    /// A person's user; that there are two is a failure.
    pub(crate) fn user(&self, person: &str) -> Option<UserView> {
        let users = self.org.lock().expect("not poisoned").users_with("FederationIdentifier", person);
        assert!(users.len() < 2, "{} users for {person}", users.len());
        users.into_iter().next()
    }

    /// How many users the org has.
    pub(crate) fn users(&self) -> usize {
        self.org.lock().expect("not poisoned").users().len()
    }

    /// Waits for a person's user to be as it should.
    pub(crate) async fn until(&self, person: &str, ready: impl Fn(&UserView) -> bool) -> UserView {
        for _ in 0..PATIENCE.as_millis() / 100 {
            if let Some(user) = self.user(person).filter(|user| ready(user)) {
                return user;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{person} is not ready after {PATIENCE:?}: {:?}", self.user(person));
    }
}

/// A running `connector serve`; killed when dropped.
pub(crate) struct Serving(Child);

impl Serving {
    /// Stops it as an operator does.
    pub(crate) fn stop(mut self) -> ExitStatus {
        let sent = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        assert!(sent.expect("kill is there").success());
        self.0.wait().expect("it ends")
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
