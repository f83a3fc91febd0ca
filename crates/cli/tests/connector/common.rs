//! Running the binary as a user does.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use serde_json::Value;

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The example configuration.
pub(crate) fn example_config() -> PathBuf {
    root().join("infra/config")
}

/// The example export.
pub(crate) fn example_export() -> PathBuf {
    root().join("tests/fixtures/exact-synergy/example.xml")
}

/// A command of `connector`, in a folder of its own.
pub(crate) fn connector(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_connector"));
    command.current_dir(folder).env_remove("CONNECTOR_LOG").stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Ran {
    Ran::of(connector(folder).args(arguments).output().unwrap())
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code.
    pub(crate) code: i32,
    /// Its result.
    pub(crate) stdout: String,
    /// Its errors and logs.
    pub(crate) stderr: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The result of a run with `--json`.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Copies a folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Changes the first place where a file has a text.
pub(crate) fn change(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from:?} is not in {}", path.display());
    std::fs::write(path, text.replacen(from, to, 1)).unwrap();
}

/// `connector serve` in the background, on a free port; killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// What it printed at the start.
    pub(crate) started: Value,
}

impl Server {
    /// Starts it with the simulated org and waits until it listens.
    pub(crate) fn start(folder: &Path) -> Self {
        let arguments = ["serve", "--json", "--simulated-org", "--listen", "127.0.0.1:0"];
        let mut child = connector(folder).args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut text = String::new();
        // Pretty-printed JSON: its last line is the first that is a closing brace alone.
        while !text.ends_with("\n}\n") {
            let line = lines.next().expect("serve ended before it listened").unwrap();
            text.push_str(&line);
            text.push('\n');
        }
        Self { child, started: serde_json::from_str(&text).unwrap() }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        self.started["listening"].as_str().unwrap()
    }

    /// Sends a request; answers status and body.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> (u16, Value) {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.address());
        head.push_str(&format!("content-length: {}\r\n", body.len()));
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or_default())
    }

    /// Waits until nothing waits.
    pub(crate) fn wait_until_quiet(&self) {
        for _ in 0..600 {
            let (status, health) = self.send("GET", "/health", &[], b"");
            assert_eq!(status, 200);
            let waiting = health["waiting"].as_object().unwrap();
            if waiting.values().all(|messages| messages == 0) {
                assert_eq!(health["deadLetters"], 0, "{health}");
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("serve is not quiet after a minute");
    }

    /// Sends a signal and waits for the end.
    pub(crate) fn signal(mut self, signal: &str) -> ExitStatus {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        self.child.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
