//! An employer with AFAS Profit, and what its tests ask.

use std::sync::Arc;
use std::time::Duration;

use integration_tests::world::{ACCOUNT, RULES, World, morning, source_name};
use ports::{Clock as _, HttpTransport};
use records::sync_state::RunReport;
use salesforce_simulator::{Org, UserView};
use serde_json::json;
use source_emulators::InProcess;
use source_emulators::afas::{self, Afas, Employee};
use sync::Task;

pub(crate) const TOKEN: &str =
    "<token><version>1</version><data>0000000000000000000000000000000000000000</data></token>";
pub(crate) const USERS: &str = "T4E_HelloID_Users_v2";
pub(crate) const EMPLOYMENTS: &str = "T4E_HelloID_Employments_v2";
pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

/// A shipped definition.
pub(crate) fn shipped(name: &str) -> String {
    let path = format!("{}/../infra/config/sources/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("it is shipped")
}

/// The secret that a definition names.
pub(crate) fn secret_of(definition: &str) -> &str {
    let line = definition.lines().find_map(|line| line.trim().strip_prefix("secret: "));
    line.expect("it names a secret")
}

/// A connector that reads its persons from AFAS.
pub(crate) struct Employer {
    pub(crate) world: World,
    pub(crate) afas: Arc<InProcess<Afas>>,
}

impl Employer {
    /// With so many employees, and whatever else stands beside the source's definition.
    pub(crate) fn with(staff: &[Employee], settings: &str, change: impl Fn(String) -> String) -> Self {
        Self::configured(staff, settings, "", change)
    }

    /// As [`with`](Self::with), with more configuration.
    pub(crate) fn configured(
        staff: &[Employee],
        settings: &str,
        more: &str,
        change: impl Fn(String) -> String,
    ) -> Self {
        let system = Afas::new("12345", TOKEN);
        publish(&system, staff);
        let afas = Arc::new(InProcess::new(system));
        let definition = change(shipped("afas").replace("size: 1000", "size: 3"));
        let connector = format!(
            "organisation: {{ timeZone: Europe/Amsterdam }}\nsalesforce: {{ secret: salesforce }}\nsources:\n  - {{ \
             name: afas, role: authoritative, http: {{ definition: sources/afas.yaml }}, every: 15m{settings} }}\n{more}"
        );
        let secret = (secret_of(&definition).to_owned(), json!({ "token": TOKEN }));
        let files = [
            ("connector.yaml", connector.as_str()),
            ("account.yaml", ACCOUNT),
            ("rules.yaml", RULES),
            ("sources/afas.yaml", definition.as_str()),
        ];
        let transport = afas.clone() as Arc<dyn HttpTransport>;
        let world =
            World::with_sources(Org::sample(morning()), &files, [(secret.0.as_str(), secret.1)], Some(transport));
        Self { world, afas }
    }

    /// With the usual employees.
    pub(crate) fn new() -> Self {
        Self::with(&afas::organisation(), "", |definition| definition)
    }

    /// Gives AFAS other employees.
    pub(crate) fn employs(&self, staff: &[Employee]) {
        publish(&self.afas.emulator, staff);
    }

    /// Reads AFAS and lets the pipeline work.
    pub(crate) async fn read(&self) -> RunReport {
        let report = self.read_only().await;
        self.world.quiet().await;
        report
    }

    /// Reads AFAS.
    pub(crate) async fn read_only(&self) -> RunReport {
        let task = Task::Pull { source: Some(source_name("afas")), everything: false };
        let report = self.world.pipeline.sync.run(&task).await.unwrap_or_else(|error| panic!("{error}"));
        report.pull.expect("it was read")
    }

    /// What the schedule and the queues do after a while.
    pub(crate) async fn pass(&self, duration: Duration) -> usize {
        self.world.clock.sleep(duration).await;
        let task = Task::Pull { source: None, everything: false };
        let report = self.world.pipeline.sync.run(&task).await.unwrap_or_else(|error| panic!("{error}"));
        self.world.quiet().await;
        report.sources
    }

    /// The user of an employee.
    pub(crate) fn user(&self, number: &str) -> Option<UserView> {
        let users = self.world.org.org().users_with("FederationIdentifier", number);
        assert!(users.len() < 2, "{} users for {number}", users.len());
        users.into_iter().next()
    }

    /// Whether an employee can log in.
    pub(crate) fn is_in(&self, number: &str) -> bool {
        self.user(number).is_some_and(|user| user.active && !user.frozen)
    }

    /// How many employees can log in.
    pub(crate) fn count(&self, staff: &[Employee]) -> usize {
        staff.iter().filter(|employee| self.is_in(&employee.number)).count()
    }
}

fn publish(afas: &Afas, staff: &[Employee]) {
    afas.publish(USERS, afas::users(staff));
    afas.publish(EMPLOYMENTS, afas::employments(staff));
    afas.publish("T4E_HelloID_Positions_v2", Vec::new());
    let tree = [("DIR", "", "100001"), ("SALES", "DIR", "100023"), ("INSIDE", "SALES", ""), ("OPS", "DIR", "100001")];
    afas.publish("T4E_HelloID_OrganizationalUnits_v2", afas::units(&tree));
}

/// So many employees of the sales department.
pub(crate) fn sellers(count: usize) -> Vec<Employee> {
    let one = |n: usize| Employee::new(&format!("2{n:05}"), &format!("N{n}"), &format!("Seller{n}"), "SALES");
    (0..count).map(one).collect()
}
