//! A running domain controller, stopped with its value.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use super::certificates::{self, Certificates};
use super::domain;

pub(crate) struct Controller {
    folder: TempDir,
    process: Child,
    address: String,
    /// The authority that signed its certificate.
    pub(crate) ca: String,
}

impl Controller {
    /// Starts a controller on a copy of the domain.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn start() -> Result<Self, String> {
        let address = address();
        let names = [address.clone()];
        Self::start_with(&address, certificates::issue(&names))
    }

    /// Starts a controller whose certificate is for another host.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn start_for_another_host() -> Result<Self, String> {
        Self::start_with(&address(), certificates::issue(&["dc9.corp.example.test".to_owned()]))
    }

    fn start_with(address: &str, certificates: Certificates) -> Result<Self, String> {
        let template = domain::template()?;
        // Samba can't use other ports, and these need a right; on an address of its own they are free.
        for port in [389, 636] {
            TcpListener::bind((address, port)).map_err(|error| format!("port {port} of {address}: {error}"))?;
        }
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        copy(&template, folder.path()).map_err(|error| error.to_string())?;
        domain::configure(folder.path(), address)?;
        for (name, text) in
            [("ca.pem", &certificates.ca), ("dc.pem", &certificates.certificate), ("dc.key", &certificates.key)]
        {
            let path = folder.path().join(name);
            fs::write(&path, text).map_err(|error| error.to_string())?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(|error| error.to_string())?;
        }
        let process = Command::new("samba")
            .arg("-s")
            .arg(domain::configuration(folder.path()))
            .args(["-i", "-M", "single", "--debuglevel=1"])
            // It ends when this pipe does, so also with a test that was killed.
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut controller = Self { folder, process, address: address.to_owned(), ca: certificates.ca };
        controller.wait()?;
        Ok(controller)
    }

    fn wait(&mut self) -> Result<(), String> {
        for _ in 0..300 {
            if [389, 636].iter().all(|port| TcpStream::connect((self.address.as_str(), *port)).is_ok()) {
                return Ok(());
            }
            if let Ok(Some(status)) = self.process.try_wait() {
                let log = fs::read_to_string(self.folder.path().join("log.samba")).unwrap_or_default();
                return Err(format!("samba ended with {status}: {log}"));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err("samba does not listen after 30 s".to_owned())
    }

    pub(crate) fn ldaps(&self) -> String {
        format!("ldaps://{}", self.address)
    }

    pub(crate) fn start_tls(&self) -> String {
        format!("ldap://{}", self.address)
    }

    /// An address where nobody listens.
    pub(crate) fn nobody(&self) -> String {
        format!("ldaps://{}:1", self.address)
    }

    /// Changes the domain by LDIF with `changetype`.
    pub(crate) fn change(&self, ldif: &str) {
        domain::change(self.folder.path(), "ldbmodify", ldif, &[]).unwrap();
    }

    pub(crate) fn stop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A loopback address for one controller of this process alone, as far as process ids tell.
fn address() -> String {
    static CONTROLLERS: AtomicU32 = AtomicU32::new(0);
    let (id, controller) = (std::process::id(), CONTROLLERS.fetch_add(1, Ordering::Relaxed));
    format!("127.{}.{}.{}", 77 + controller % 100, id / 250 % 250, id % 250 + 2)
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    fs::set_permissions(to, fs::metadata(from)?.permissions())?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
