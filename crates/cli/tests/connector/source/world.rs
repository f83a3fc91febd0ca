//! A configuration with a source of each sort, and emulators of systems behind a server on this machine.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use serde_json::{Value, json};
use source_emulators::Emulator;
use source_emulators::afas::{self, Afas};
use tempfile::TempDir;

use crate::common::{Ran, change, copy, example_config, run};

const TOKEN: &str = "<token><version>1</version><data>0000000000000000000000000000000000000000</data></token>";
pub(super) const TENANT: &str = "00000000-0000-0000-0000-000000000000";

/// A configuration with a source of each sort, and a file with their secrets.
pub(super) struct World {
    pub(super) folder: TempDir,
}

impl World {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self { folder };
        copy(&example_config(), &world.config());
        let sources = "  - name: afas\n    role: authoritative\n    http: { definition: sources/afas.yaml }\n    every: 1h\n  \
                       - name: exact-online\n    role: authoritative\n    http: { definition: sources/exact-online.yaml }\n  \
                       - name: entra\n    role: dependent\n    http: { definition: sources/entra.yaml }\n    every: 15m\n";
        let path = world.config().join("connector.yaml");
        let text = fs::read_to_string(&path).unwrap();
        let (before, entra) = text.split_once("  - name: entra\n").unwrap();
        // The example has it as a webhook.
        let after: Vec<_> = entra.lines().skip_while(|line| line.starts_with("    ")).collect();
        fs::write(&path, format!("{before}{sources}{}\n", after.join("\n"))).unwrap();
        world.secrets(&json!({
            "afas-source": { "token": TOKEN },
            "entra-source": { "clientId": "app", "clientSecret": "Hush-hush" },
            "exact-online-source": { "clientId": "app", "clientSecret": "Hush-hush", "refreshToken": "Hush-hush" },
        }));
        world
    }

    /// With the emulator of AFAS behind a server.
    pub(super) fn with_afas() -> Self {
        let emulator = Afas::new("12345", TOKEN);
        let staff = afas::organisation();
        emulator.publish("T4E_HelloID_Users_v2", afas::users(&staff));
        emulator.publish("T4E_HelloID_Employments_v2", afas::employments(&staff));
        emulator.publish("T4E_HelloID_Positions_v2", afas::positions(&[(&staff[4], &["SALES", "OPS"])]));
        let tree =
            [("DIR", "", "100001"), ("SALES", "DIR", "100023"), ("INSIDE", "SALES", ""), ("OPS", "DIR", "100001")];
        emulator.publish("T4E_HelloID_OrganizationalUnits_v2", afas::units(&tree));
        let address = serve(emulator, "afas.example.test", "afas.example.test");
        let world = Self::new();
        world.edit("afas", "https://${settings.environment}.afas.online", &format!("http://{address}"));
        world
    }

    pub(super) fn config(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    pub(super) fn edit(&self, definition: &str, from: &str, to: &str) {
        change(&self.config().join(format!("sources/{definition}.yaml")), from, to);
    }

    pub(super) fn secrets(&self, secrets: &Value) {
        let path = self.folder.path().join("secrets.yaml");
        fs::write(&path, secrets.to_string()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Tries a source; whatever comes of it, no secret is told and nothing is left behind.
    pub(super) fn test(&self, arguments: &[&str]) -> Ran {
        let secrets = ["--config", "config", "--secrets", "secrets.yaml"];
        let ran = run(self.folder.path(), &[&["source", "test"], arguments, &secrets].concat());
        for secret in ["<data>", "Hush-hush", "PHRva2Vu"] {
            assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{ran:?}");
        }
        let left: Vec<_> = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.iter().all(|name| name == "config" || name == "secrets.yaml"), "{left:?}");
        ran
    }
}

/// Serves an emulator on a free port of this machine; requests for tokens go to its host for these. Links in its answers
/// lead here.
pub(super) fn serve(emulator: impl Emulator + 'static, host: &'static str, login: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let emulator = Arc::new(emulator);
    let answer = move |request: Request| {
        let emulator = emulator.clone();
        async move {
            let (mut parts, body) = request.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap();
            let to = if parts.uri.path().contains("/oauth2/") { login } else { host };
            parts.uri = format!("https://{to}{}", parts.uri).parse().unwrap();
            let answer = emulator.handle(&http::Request::from_parts(parts, body));
            let here = |body: bytes::Bytes| {
                let text = String::from_utf8_lossy(&body).into_owned();
                Body::from(text.replace(&format!("https://{host}"), &format!("http://{address}")))
            };
            answer.map(here)
        }
    };
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, axum::Router::new().fallback(answer)).await.unwrap();
        });
    });
    address
}

/// An address where nothing listens.
pub(super) fn closed() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
