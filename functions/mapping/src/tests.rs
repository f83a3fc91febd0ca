//! Mapping with embedded storage: what persons' keys do to accounts.

use domain::{AttributeValue, Person, RecordId, Snapshot, SnapshotContent, UserField};
use ports::Store;
use ports::clock::ManualClock;
use ports::faults::{Faults, Faulty};
use records::joins::UnplacedAccount;
use records::{Unplaced, WakeUp, Why, keys};
use serde_json::{Value, json};
use storage::Embedded;

use super::*;

const CONFIGURATION: &str = "\
organisation: { timeZone: Europe/Amsterdam }
salesforce: { secret: salesforce }
sources:
  - { name: hr, role: authoritative, webhook: { secret: hr-webhook } }
  - name: ad
    role: dependent
    webhook: { secret: ad-webhook }
    join:
      - { account: account.employeeId, person: person.id }
      - { account: lower(account.mail), person: lower(person.contact.email) }
account:
  correlate: [FederationIdentifier]
  attributes:
    FederationIdentifier: person.id
    Username: slug(nick) + '@example.com'
    Email: first(person.accounts.ad.mail, slug(nick) + '@example.com')
    LastName: family
rules: [{ name: All, profile: Standard User }]
";

struct World {
    mapping: Mapping,
    embedded: Arc<Embedded>,
    clock: Arc<ManualClock>,
    faults: Arc<Faults>,
}

fn person(id: &str) -> PersonId {
    PersonId::parse(id).unwrap()
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::at("2026-03-02T08:00:00Z".parse().unwrap()));
        let embedded = Arc::new(Embedded::in_memory(clock.clone()).unwrap());
        let faults = Arc::new(Faults::default());
        let store: Arc<dyn Store> = Arc::new(Faulty::new(embedded.clone() as Arc<dyn Store>, faults.clone()));
        let mapping = Mapping {
            people: People::new(store.clone()),
            joins: Joins::new(store.clone()),
            accounts: Accounts::new(store),
            queue: embedded.clone(),
            clock: clock.clone(),
            configuration: configured(CONFIGURATION),
        };
        Self { mapping, embedded, clock, faults }
    }

    fn now(&self) -> Timestamp {
        self.clock.advance(Duration::from_secs(1));
        self.clock.now()
    }

    async fn hr(&self, id: &str, content: SnapshotContent) {
        let now = self.now();
        let snapshot = Snapshot {
            source: SourceName::parse("hr").unwrap(),
            record: RecordId::parse(id).unwrap(),
            person: person(id),
            observed_at: now,
            event: None,
            content,
        };
        self.mapping.people.ingest(&snapshot, true, now).await.unwrap();
    }

    /// HR tells of a person, who is mapped.
    async fn hears(&self, id: &str, email: &str) {
        let record = json!({
            "id": id, "name": { "nickName": "Jan", "familyName": "Vries" }, "contact": { "email": email },
            "contracts": [{ "id": "c1", "startDate": "2026-01-01" }]
        });
        self.hr(id, SnapshotContent::Person(Box::new(Person::from_json(&record).unwrap()))).await;
        self.map(id).await;
    }

    /// The directory tells of an account; answers the persons to wake.
    async fn place(&self, record: &str, account: Value) -> Vec<PersonId> {
        let (now, Value::Object(account)) = (self.now(), account) else { panic!("an object") };
        let source = SourceName::parse("ad").unwrap();
        let keys = self.mapping.configuration.account_keys(&source, &account);
        let record = RecordId::parse(record).unwrap();
        let told = UnplacedAccount { source, record, account, observed_at: now, event: None };
        self.mapping.joins.place(&told, &keys, now).await.unwrap()
    }

    async fn map(&self, id: &str) {
        assert_eq!(self.mapping.person(&person(id)).await.unwrap(), Disposition::Done);
    }

    /// Takes all messages for mapping.
    async fn woken(&self) -> Vec<String> {
        let mut woken = Vec::new();
        loop {
            let deliveries = self.embedded.receive(QueueName::PersonEvents, 10, Duration::from_secs(30)).await.unwrap();
            if deliveries.is_empty() {
                woken.sort();
                return woken;
            }
            for delivery in deliveries {
                woken.push(WakeUp::decode(&delivery.body).unwrap().person.to_string());
                self.embedded.delete(QueueName::PersonEvents, &delivery.receipt).await.unwrap();
            }
        }
    }

    /// The mail address that the person's Salesforce account is to have.
    async fn email(&self, id: &str) -> String {
        let desired = self.mapping.people.load(&person(id)).await.unwrap().desired.unwrap().value;
        match desired.account.attributes.get(&UserField::Email) {
            Some(AttributeValue::Value(Some(email))) => email.clone(),
            other => panic!("{other:?}"),
        }
    }

    async fn unplaced(&self) -> Vec<(String, Why)> {
        let unplaced = self.mapping.joins.unplaced().await.unwrap();
        unplaced.into_iter().map(|Unplaced { record, why, .. }| (record.to_string(), why)).collect()
    }

    async fn unmapped(&self) -> usize {
        let mut listed = 0;
        for shard in 0..keys::SHARDS {
            listed += self.mapping.people.listed(keys::UNMAPPED, shard, None, None).await.unwrap().0.len();
        }
        listed
    }
}

fn configured(text: &str) -> Arc<Configuration> {
    let files = [("all.yaml".to_owned(), text.to_owned())];
    Arc::new(Configuration::parse(&files).unwrap_or_else(|problems| panic!("{problems}")))
}

const OWN: &str = "jan@example.com";

#[tokio::test]
async fn a_person_who_comes_gets_the_account_that_waits_in_one_mapping() {
    let world = World::new();
    assert!(world.place("r", json!({ "employeeId": "7", "mail": "ad@example.com" })).await.is_empty());
    assert_eq!(world.unplaced().await, [("r".to_owned(), Why::NoPerson)]);
    world.hears("7", OWN).await;
    assert_eq!(world.email("7").await, "ad@example.com");
    assert!(world.woken().await.is_empty() && world.unplaced().await.is_empty());
    assert_eq!(world.unmapped().await, 0);
}

#[tokio::test]
async fn an_account_that_comes_wakes_its_person() {
    let world = World::new();
    world.hears("7", "Jan.de.Vries@example.com").await;
    assert_eq!(world.email("7").await, OWN);
    let account = json!({ "mail": "jan.de.vries@EXAMPLE.com" });
    assert_eq!(world.place("r", account).await, [person("7")]);
    world.map("7").await;
    assert_eq!(world.email("7").await, "jan.de.vries@EXAMPLE.com");
}

#[tokio::test]
async fn keys_that_did_not_change_cost_nothing() {
    let world = World::new();
    world.hears("7", OWN).await;
    world.place("r", json!({ "employeeId": 7 })).await;
    world.map("7").await;
    world.faults.clear();
    world.map("7").await;
    assert_eq!(world.faults.calls(), ["store.query", "store.get"]);
}

#[tokio::test]
async fn others_whose_accounts_change_are_woken() {
    let world = World::new();
    world.hears("7", "shared@example.com").await;
    world.place("r", json!({ "mail": "shared@example.com" })).await;
    world.map("7").await;
    assert_eq!(world.email("7").await, "shared@example.com");
    // Now two persons have the address: it is nobody's, and the first is mapped again.
    world.hears("8", "shared@example.com").await;
    assert_eq!(world.woken().await, ["7"]);
    assert_eq!(world.unplaced().await, [("r".to_owned(), Why::SeveralPersons(vec![person("7"), person("8")]))]);
    world.map("7").await;
    assert_eq!((world.email("7").await, world.email("8").await), (OWN.to_owned(), OWN.to_owned()));
    // HR corrects the first.
    world.hears("7", "other@example.com").await;
    assert_eq!(world.woken().await, ["8"]);
    world.map("8").await;
    assert_eq!((world.email("8").await.as_str(), world.unmapped().await), ("shared@example.com", 0));
}

#[tokio::test]
async fn a_person_whom_hr_removes_has_no_keys() {
    let world = World::new();
    world.hears("7", "mail@example.com").await;
    world.place("r", json!({ "mail": "mail@example.com" })).await;
    world.map("7").await;
    world.hr("7", SnapshotContent::Removed).await;
    world.map("7").await;
    assert_eq!(world.unplaced().await, [("r".to_owned(), Why::NoPerson)]);
    // The same human under another id has it.
    world.hears("8", "mail@example.com").await;
    assert_eq!(world.email("8").await, "mail@example.com");
}

#[tokio::test]
async fn two_accounts_of_one_person_are_told() {
    let world = World::new();
    world.hears("7", OWN).await;
    for record in ["r", "s"] {
        world.place(record, json!({ "employeeId": "7", "mail": "ad@example.com" })).await;
    }
    world.map("7").await;
    let problem = world.mapping.people.load(&person("7")).await.unwrap().problem.unwrap().value;
    assert_eq!(problem.problems[0].code, "ambiguous-account");
}

#[tokio::test]
async fn another_configuration_keeps_accounts_where_their_new_keys_put_them() {
    let mut world = World::new();
    world.hears("7", "mail@example.com").await;
    world.place("r", json!({ "employeeId": "7", "mail": "ad@example.com" })).await;
    world.map("7").await;
    let by_upper_case = CONFIGURATION.replace("account.employeeId", "upper(account.employeeId)");
    world.mapping.configuration = configured(&by_upper_case);
    world.map("7").await;
    assert_eq!(world.email("7").await, "ad@example.com");
    world.mapping.configuration = configured(&by_upper_case.replace("person: person.id", "person: person.custom.id"));
    world.map("7").await;
    assert_eq!(world.email("7").await, OWN);
    assert_eq!(world.unplaced().await, [("r".to_owned(), Why::NoPerson)]);
}
