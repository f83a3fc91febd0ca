//! Two sources, one person: HR by AFAS, the account by Entra ID.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use integration_tests::world::{ACCOUNT, CONNECTOR, RULES, World, morning, person, source_name};
use ports::clock::ManualClock;
use ports::{Clock, HttpTransport, TransportError};
use records::sync_state::RunReport;
use salesforce_simulator::Org;
use serde_json::json;
use source_emulators::InProcess;
use source_emulators::afas::{self, Afas, Employee};
use source_emulators::entra::Entra;
use sync::Task;

use crate::employer::{EMPLOYMENTS, TOKEN, USERS, secret_of, shipped};

const TENANT: &str = "11111111-2222-4333-8444-555555555555";
const MINUTE: Duration = Duration::from_secs(60);

/// The way to both.
struct Both {
    afas: InProcess<Afas>,
    entra: InProcess<Entra>,
}

#[async_trait]
impl HttpTransport for Both {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        match request.uri().host() {
            Some(host) if host.ends_with(".afas.online") => self.afas.send(request).await,
            _ => self.entra.send(request).await,
        }
    }
}

struct Company {
    world: World,
    systems: Arc<Both>,
}

impl Company {
    fn new(join: &str) -> Self {
        Self::with(join, |definition| definition)
    }

    fn with(join: &str, change: impl Fn(String) -> String) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(morning()));
        let systems = Arc::new(Both {
            afas: InProcess::new(Afas::new("12345", TOKEN)),
            entra: InProcess::new(Entra::new(TENANT, "client", "hunter2", clock)),
        });
        let afas = shipped("afas");
        let mut entra = change(shipped("entra").replace("00000000-0000-0000-0000-000000000000", TENANT));
        let mut sources =
            vec!["{ name: afas, role: authoritative, http: { definition: sources/afas.yaml } }".to_owned()];
        if join.is_empty() {
            sources.push("{ name: entra, role: dependent, http: { definition: sources/entra.yaml } }".to_owned());
        } else {
            entra = entra.replace("  person: row.employeeId\n", "");
            let keys = format!(
                "{{ name: entra, role: dependent, http: {{ definition: sources/entra.yaml }}, join: [{join}] }}"
            );
            sources.push(keys);
        }
        let connector = format!(
            "organisation: {{ timeZone: Europe/Amsterdam }}\nsalesforce: {{ secret: salesforce }}\nsources:\n  - {}\n",
            sources.join("\n  - ")
        );
        let account = ACCOUNT.replace(
            "coalesce(person.accounts.entra.mail, person.contact.email)",
            "{ value: person.accounts.entra.mail, required: true }",
        );
        let files = [
            ("connector.yaml", connector.as_str()),
            ("account.yaml", account.as_str()),
            ("rules.yaml", RULES),
            ("sources/afas.yaml", afas.as_str()),
            ("sources/entra.yaml", entra.as_str()),
        ];
        let secrets = [
            (secret_of(&afas), json!({ "token": TOKEN })),
            (secret_of(&entra), json!({ "clientId": "client", "clientSecret": "hunter2" })),
        ];
        let transport = systems.clone() as Arc<dyn HttpTransport>;
        Self { world: World::with_sources(Org::sample(morning()), &files, secrets, Some(transport)), systems }
    }

    fn hires(&self, employee: &Employee) {
        let afas = &self.systems.afas.emulator;
        let one = std::slice::from_ref(employee);
        afas.edit(USERS, |rows| rows.extend(afas::users(one)));
        afas.edit(EMPLOYMENTS, |rows| rows.extend(afas::employments(one)));
        afas.publish("T4E_HelloID_Positions_v2", Vec::new());
        afas.publish("T4E_HelloID_OrganizationalUnits_v2", afas::units(&[("SALES", "", "")]));
    }

    fn account(&self, id: &str, employee: &str, mail: &str) {
        let employee = if employee.is_empty() { json!(null) } else { json!(employee) };
        let properties = json!({
            "userPrincipalName": mail, "mail": mail, "displayName": mail, "accountEnabled": true, "userType": "Member",
            "employeeId": employee, "department": null, "companyName": null, "onPremisesSyncEnabled": null
        });
        self.systems.entra.emulator.put(id, properties);
    }

    async fn read(&self, source: &str, everything: bool) -> RunReport {
        self.world.pass(MINUTE);
        let task = Task::Pull { source: Some(source_name(source)), everything };
        let report = self.world.pipeline.sync.run(&task).await.unwrap_or_else(|error| panic!("{error}"));
        self.world.quiet().await;
        let report = report.pull.expect("it was read");
        assert!(report.complete, "{report:?}");
        report
    }

    fn mail(&self, number: &str) -> Option<String> {
        let users = self.world.org.org().users_with("FederationIdentifier", number);
        users.first().map(|user| user.text("Email").to_owned())
    }
}

fn seller(number: &str) -> Employee {
    Employee { start: "2026-01-01".into(), ..Employee::new(number, "Noor", "Wit", "SALES") }
}

#[tokio::test]
async fn a_person_waits_for_its_account_and_takes_the_address_from_it() {
    let company = Company::new("");
    company.hires(&seller("100070"));
    company.account("e0", "", "nobody@example.test");
    company.read("entra", false).await;
    company.read("afas", false).await;
    assert_eq!(company.mail("100070"), None, "no account yet");
    company.account("e1", "100070", "noor@example.test");
    let report = company.read("entra", false).await;
    assert!(!report.everything, "{report:?}");
    assert_eq!(company.mail("100070").as_deref(), Some("noor@example.test"));
    company.account("e1", "100070", "noor.wit@example.test");
    assert_eq!(company.read("entra", false).await.changed, 1);
    assert_eq!(company.mail("100070").as_deref(), Some("noor.wit@example.test"));
    assert_eq!(company.read("entra", true).await.changed, 0);
}

#[tokio::test]
async fn an_account_that_names_nobody_any_more_is_held_until_it_does_again() {
    let company = Company::with("", |definition| definition.replace("absence: leaver", "absence: hold"));
    company.hires(&seller("100070"));
    company.account("e1", "100070", "noor@example.test");
    company.read("entra", false).await;
    company.read("afas", false).await;
    let held = async || company.world.pipeline.sync.reads.held(&source_name("entra")).await.expect("readable").len();
    company.account("e1", "", "noor@example.test");
    // By a read of changes and by one of everything alike.
    assert_eq!(company.read("entra", false).await.held, 1);
    assert_eq!(held().await, 1);
    company.read("entra", true).await;
    assert_eq!(held().await, 1);
    assert_eq!(company.mail("100070").as_deref(), Some("noor@example.test"));
    company.account("e1", "100070", "noor@example.test");
    let report = company.read("entra", false).await;
    assert!(!report.everything, "{report:?}");
    assert_eq!(held().await, 0, "nobody decides on one who is there");
}

#[tokio::test]
async fn an_account_is_joined_by_keys_whenever_it_comes() {
    let keys = "{ account: account.employeeId, person: person.id }, \
                { account: lower(account.mail), person: lower(person.contact.email) }";
    let company = Company::new(keys);
    // The account first, by its address; AFAS says noor.wit@example.test.
    company.account("e1", "", "Noor.Wit@example.test");
    company.read("entra", false).await;
    company.hires(&seller("100070"));
    company.read("afas", false).await;
    assert_eq!(company.mail("100070").as_deref().map(str::to_lowercase).as_deref(), Some("noor.wit@example.test"));
    // The person first.
    company.hires(&Employee { start: "2026-01-01".into(), ..Employee::new("100071", "Omar", "Zwart", "SALES") });
    company.read("afas", false).await;
    assert_eq!(company.mail("100071"), None);
    company.account("e2", "100071", "omar@example.test");
    let report = company.read("entra", false).await;
    let unplaced = company.world.pipeline.sync.joins.unplaced().await.expect("readable");
    assert_eq!(company.mail("100071").as_deref(), Some("omar@example.test"), "{report:?} {unplaced:?}");
    // The account goes to somebody else by the stronger key.
    company.account("e2", "100072", "omar@example.test");
    company.hires(&Employee { start: "2026-01-01".into(), ..Employee::new("100072", "Olga", "Groen", "SALES") });
    company.read("entra", false).await;
    company.read("afas", false).await;
    assert_eq!(company.mail("100072").as_deref(), Some("omar@example.test"));
}

#[tokio::test]
async fn an_account_that_is_sent_is_joined_by_keys_too() {
    let connector = CONNECTOR.replace(
        "{ name: entra, role: dependent, webhook: { secret: hr-webhook } }",
        "{ name: entra, role: dependent, webhook: { secret: hr-webhook }, join: [{ account: account.upn, person: \
         person.contact.email }] }",
    );
    let files = [("connector.yaml", connector.as_str()), ("account.yaml", ACCOUNT), ("rules.yaml", RULES)];
    let mut world = World::configured(Org::sample(morning()), &files);
    let mail = |world: &World| {
        let users = world.org.org().users_with("FederationIdentifier", "7");
        users.first().map(|user| user.text("Email").to_owned())
    };
    let account = |address: &str| json!({ "upn": "7@example.com", "mail": address });
    let data = json!({ "record": "g-1", "account": account("noor@corp.example.com") });
    let event = world.upsert(&data);
    let request = world.signed("entra", &event);
    assert_eq!(world.post(&request).await.status(), StatusCode::ACCEPTED);
    world.quiet().await;
    world.hr_says(&person("7", "Noor", "Wit", "SALES", None)).await;
    assert_eq!(mail(&world).as_deref(), Some("noor@corp.example.com"));
    world.pass(MINUTE);
    let gone = json!({ "type": "person.removed", "timestamp": world.clock.now(), "data": { "record": "g-1" } });
    let request = world.signed("entra", &gone);
    assert_eq!(world.post(&request).await.status(), StatusCode::ACCEPTED);
    world.quiet().await;
    assert_eq!(mail(&world).as_deref(), Some("7@example.com"), "without the account the address is HR's");
}
