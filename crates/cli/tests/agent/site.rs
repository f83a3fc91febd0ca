//! A folder with all that an agent needs, and running it there.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{Ran, connector, run};

/// The folder of an agent.
pub(crate) struct Site {
    folder: TempDir,
    to: String,
}

impl Site {
    /// An agent for the directory at this address, which delivers there.
    pub(crate) fn new(server: &str, ca: &str, to: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca: String = ca.lines().map(|line| format!("    {line}\n")).collect();
        let domain = crate::support::seed::DOMAIN;
        let definition = format!(
            "active-directory:\n  secret: ad\n  servers: [{server}]\n  ca: |\n{ca}  \
             base: [\"OU=People,{domain}\", \"OU=Bulk,{domain}\"]\n  absence: leaver\n"
        );
        fs::write(folder.path().join("ad.yaml"), definition).unwrap();
        Self { folder, to: to.to_owned() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes the secrets: the reading account's password, and the webhook's key.
    pub(crate) fn secrets(&self, password: &str, key: &str) {
        let account = json!({ "bindDn": crate::support::seed::READER, "password": password });
        let secrets = json!({ "ad": account, "entra-webhook": { "key": key } });
        let path = self.path().join("secrets.yaml");
        fs::write(&path, secrets.to_string()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn arguments<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let own =
            ["agent", "--definition", "ad.yaml", "--to", &self.to, "--secrets", "secrets.yaml", "--data", "agent"];
        own.into_iter().chain(more.iter().copied()).collect()
    }

    /// One round.
    pub(crate) fn once(&self, more: &[&str]) -> Ran {
        run(self.path(), &self.arguments(&[&["--json", "--once"], more].concat()))
    }

    /// One round that ends with this code; its report.
    pub(crate) fn report(&self, more: &[&str], code: i32) -> Value {
        let ran = self.once(more);
        assert_eq!(ran.code, code, "{ran:?}");
        ran.json()
    }

    /// Starts it for good; its log is piped.
    pub(crate) fn start(&self) -> Child {
        let mut command = connector(self.path());
        command.args(self.arguments(&["--log", "json", "--every", "10s"]));
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

/// Ends a process as a service manager does; answers whether it ended well.
pub(crate) fn terminate(mut child: Child) -> bool {
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    child.wait().unwrap().success()
}
