//! AFAS behind a port and a real domain controller, with the definitions by which the built binaries read them.

use std::path::Path;
use std::sync::Arc;

use integration_tests::emulator_server::EmulatorServer;
use serde_json::{Value, json};
use source_emulators::Emulator as _;
use source_emulators::afas::{self, Afas, Employee};

use crate::support::{Controller, controller, seed};

const TOKEN: &str = "<token><version>1</version><data>1111111111111111111111111111111111111111</data></token>";

/// Both sources, as the configuration lists them.
pub(crate) const SOURCES: &str = "
  - { name: afas, role: authoritative, http: { definition: sources/afas.yaml }, every: 5m }
  - { name: ad, role: dependent, activeDirectory: { definition: sources/ad.yaml } }
";

/// A running AFAS and a running directory.
pub(crate) struct Sources {
    pub(crate) directory: Controller,
    afas: Arc<Afas>,
    server: EmulatorServer,
}

impl Sources {
    /// `None` where there is no domain controller.
    pub(crate) async fn start() -> Option<Self> {
        let directory = controller()?;
        let afas = Arc::new(Afas::new("12345", TOKEN));
        let emulator = afas.clone();
        let server = EmulatorServer::start(move |request| emulator.handle(request)).await.expect("a free port");
        Some(Self { directory, afas, server })
    }

    /// Whom AFAS knows from now on.
    pub(crate) fn employ(&self, staff: &[Employee]) {
        self.afas.publish("T4E_HelloID_Users_v2", afas::users(staff));
        self.afas.publish("T4E_HelloID_Employments_v2", afas::employments(staff));
        self.afas.publish("T4E_HelloID_Positions_v2", Vec::new());
        let tree = [("DIR", "", ""), ("SALES", "DIR", "")];
        self.afas.publish("T4E_HelloID_OrganizationalUnits_v2", afas::units(&tree));
    }

    /// Changes an entry of the directory's people.
    pub(crate) fn change_in_directory(&self, name: &str, changes: &[&str]) {
        self.directory.change(&seed::modify(&format!("CN={name},OU=People"), changes));
    }

    /// Writes both definitions into a folder of configuration.
    pub(crate) fn write_definitions(&self, config: &Path) {
        let folder = config.join("sources");
        std::fs::create_dir_all(&folder).expect("a folder");
        for (name, text) in [("afas.yaml", self.afas_definition()), ("ad.yaml", self.directory_definition())] {
            std::fs::write(folder.join(name), text).expect("writable");
        }
    }

    /// The secrets that the definitions name, and what is in them.
    pub(crate) fn secrets(&self) -> [(&'static str, Value); 2] {
        [
            ("afas-source", json!({ "token": TOKEN })),
            ("ad-source", json!({ "bindDn": seed::READER, "password": seed::PASSWORD })),
        ]
    }

    /// The shipped definition, but for the address and the name of the secret.
    fn afas_definition(&self) -> String {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/config/sources/afas.yaml");
        let mut text = std::fs::read_to_string(shipped).expect("it is shipped");
        for (key, value) in
            [("base", format!("{}/ProfitRestServices", self.server.url())), ("secret", "afas-source".to_owned())]
        {
            let start = text.find(&format!("\n  {key}: ")).expect("the definition has it") + 1;
            let end = start + text[start..].find('\n').expect("a whole line");
            text.replace_range(start..end, &format!("  {key}: {value}"));
        }
        text
    }

    fn directory_definition(&self) -> String {
        let (server, domain) = (self.directory.ldaps(), seed::DOMAIN);
        let ca: String = self.directory.ca.lines().map(|line| format!("    {line}\n")).collect();
        format!(
            "active-directory:\n  secret: ad-source\n  servers: [{server}]\n  base: \"OU=People,{domain}\"\n  join: \
             employeeID\n  absence: leaver\n  ca: |\n{ca}"
        )
    }
}
