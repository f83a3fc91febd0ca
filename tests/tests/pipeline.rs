//! The pipeline as its users see it: what happens to people, day by day, through the webhook, the schedules and the
//! simulated org. Every uncertain fact about Salesforce is switched both ways.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests, which fail by panicking")]

use std::time::Duration;

use http::StatusCode;
use integration_tests::world::{ACCOUNT, CONNECTOR, RULES, World, morning, person, person_id};
use ports::{Queue as _, QueueName};
use salesforce_simulator::{Behaviours, Fault, FaultRule, Object, Org, UserView};
use serde_json::{Value, json};
use sync::Task;

const DAY: Duration = Duration::from_secs(24 * 3600);
const MINUTE: Duration = Duration::from_secs(60);

fn user(world: &World, id: &str) -> UserView {
    let users = world.org.org().users_with("FederationIdentifier", id);
    let [user] = users.as_slice() else { panic!("{} users for {id}", users.len()) };
    user.clone()
}

fn nobody(world: &World, id: &str) -> bool {
    world.org.org().users_with("FederationIdentifier", id).is_empty()
}

async fn run(world: &World, task: Task) -> sync::Report {
    let report = world.pipeline.sync.run(&task).await.expect("nothing fails");
    world.quiet().await;
    report
}

async fn parked_code(world: &World) -> Option<String> {
    let parked = world.pipeline.writer.accounts.parked(None, None).await.expect("readable").0;
    parked.into_iter().next().and_then(|(_, record)| Some(record.parked?.reason.code))
}

#[tokio::test]
async fn an_account_is_prepared_enabled_and_ended_by_the_calendar_alone() {
    let mut world = World::new();
    let mut record = person("1", "Jan", "Vries", "SALES", Some("2026-03-31"));
    record["contracts"][0]["startDate"] = json!("2026-03-20");
    world.hr_says(&record).await;
    assert!(nobody(&world, "1"), "18 days ahead is too early");

    world.pass(4 * DAY);
    run(&world, Task::Due).await;
    let prepared = user(&world, "1");
    assert!(!prepared.active && prepared.permission_sets.is_empty(), "{prepared:?}");

    world.pass(14 * DAY);
    run(&world, Task::Due).await;
    let enabled = user(&world, "1");
    assert!(enabled.active && enabled.permission_sets.contains("Sales_Cloud_User"), "{enabled:?}");

    world.pass(11 * DAY);
    run(&world, Task::Due).await;
    assert!(user(&world, "1").active, "the last day still counts");
    world.pass(DAY);
    run(&world, Task::Due).await;
    let ended = user(&world, "1");
    assert!(!ended.active && ended.permission_sets.is_empty() && ended.role.is_none(), "{ended:?}");

    world.salesforce_calls();
    world.pass(30 * DAY);
    assert_eq!(run(&world, Task::Due).await.mapping, 0);
    assert_eq!(world.salesforce_calls(), 0);
}

#[tokio::test]
async fn lost_messages_are_found_by_the_sweep() {
    let mut world = World::new();
    for queue in [QueueName::PersonEvents, QueueName::Changes] {
        let event = world.upsert(&person("1", "Jan", "Vries", "SALES", None));
        let request = world.signed("hr", &event);
        assert_eq!(world.post(&request).await.status(), StatusCode::ACCEPTED);
        if queue == QueueName::Changes {
            let woken = world.embedded.receive(QueueName::PersonEvents, 10, MINUTE).await.expect("readable");
            assert!(world.pipeline.mapping.handle(&woken).await.expect("mapped").is_empty());
            lose(&world, QueueName::PersonEvents).await;
        }
        lose(&world, queue).await;
        world.quiet().await;
        assert!(nobody(&world, "1"));
        world.pass(MINUTE);
    }
    world.pass(15 * MINUTE);
    let report = run(&world, Task::Sweep).await;
    assert!(report.writer + report.mapping > 0, "{report:?}");
    assert!(user(&world, "1").active);
}

async fn lose(world: &World, queue: QueueName) {
    world.pass(10 * MINUTE);
    for delivery in world.embedded.receive(queue, 100, MINUTE).await.expect("readable") {
        world.embedded.delete(queue, &delivery.receipt).await.expect("deletable");
    }
}

#[tokio::test]
async fn a_full_licence_parks_with_growing_gaps_and_heals() {
    let mut world = World::new();
    let used = world.org.org().seats("Salesforce").expect("a licence").0;
    world.org.org().admin().set_seats("Salesforce", used).expect("set");
    world.hr_says(&person("1", "Jan", "Vries", "SALES", None)).await;
    assert_eq!(parked_code(&world).await.as_deref(), Some("LICENSE_LIMIT_EXCEEDED"));
    world.salesforce_calls();
    for _ in 0..10 {
        world.pass(MINUTE);
        run(&world, Task::Sweep).await;
    }
    assert_eq!(world.salesforce_calls(), 0, "no calls in a loop");
    world.pass(6 * MINUTE);
    run(&world, Task::Sweep).await;
    assert!(world.salesforce_calls() > 0, "tried again after a quarter of an hour");
    world.org.org().admin().set_seats("Salesforce", used + 1).expect("set");
    world.pass(61 * MINUTE);
    run(&world, Task::Sweep).await;
    assert!(user(&world, "1").active);
    assert_eq!(parked_code(&world).await, None);
}

#[tokio::test]
async fn a_create_that_appears_late_is_still_known_as_ours() {
    let mut world = World::new();
    world.org.org().faults_mut().add(FaultRule::next(Fault::BadGateway).method("POST").path("/scim/v2/Users"));
    let event = world.upsert(&person("1", "Jan", "Vries", "SALES", None));
    let request = world.signed("hr", &event);
    assert_eq!(world.post(&request).await.status(), StatusCode::ACCEPTED);
    let woken = world.embedded.receive(QueueName::PersonEvents, 10, MINUTE).await.expect("readable");
    assert!(world.pipeline.mapping.handle(&woken).await.expect("mapped").is_empty());
    let woken = world.embedded.receive(QueueName::Changes, 10, MINUTE).await.expect("readable");
    assert_eq!(world.pipeline.writer.handle(QueueName::Changes, &woken).await.expect("no outage").len(), 1);
    assert!(nobody(&world, "1"), "the org has not shown it yet");

    // What the gateway gave up on goes through after all.
    let field = |text: &str| salesforce_simulator::Value::from(text);
    let fields = [("FederationIdentifier", field("1")), ("EmployeeNumber", field("1")), ("LastName", field("Vries"))];
    world.org.org().admin().add_user("jan.vries@example.com", "Standard User", &fields).expect("added");
    for set in ["Sales_Cloud_User", "Report_Builder"] {
        world.org.org().admin().assign("jan.vries@example.com", Object::PermissionSet, set).expect("assigned");
    }
    world.quiet().await;
    assert!(user(&world, "1").active);
    let record = world.pipeline.writer.accounts.load(&[person_id("1")]).await.expect("readable").remove(0).value;
    assert_eq!(record.correlation.map(|correlation| correlation.how), Some(domain::HowCorrelated::Created));
    world.pass(MINUTE);
    world.hr_says(&person("1", "Jan", "Vries", "SALES", Some("2026-02-28"))).await;
    assert!(user(&world, "1").permission_sets.is_empty(), "what we gave is taken back");
}

#[tokio::test]
async fn namesakes_get_a_name_each() {
    let mut world = World::new();
    world.org.org().admin().add_foreign_username("jan.vries2@example.com");
    for id in ["1", "2", "3"] {
        world.hr_says(&person(id, "Jan", "Vries", "SALES", None)).await;
    }
    let names = ["1", "2", "3"].map(|id| user(&world, id).username);
    assert_eq!(names, ["jan.vries@example.com", "jan.vries3@example.com", "jan.vries4@example.com"]);
}

#[tokio::test]
async fn a_user_that_is_there_is_linked_and_keeps_what_others_gave() {
    let mut world = World::new();
    world.hr_says(&person("900001", "Petra", "Bakker", "SALES", None)).await;
    let petra = user(&world, "900001");
    assert_eq!(petra.username, "p.bakker@sample.example", "a name once given stays");
    assert!(petra.permission_sets.contains("Sales_Cloud_User"));
    assert_eq!(world.org.org().users_with("EmployeeNumber", "900001").len(), 1);
}

#[tokio::test]
async fn two_users_with_the_same_number_wait_for_a_person() {
    let mut world = World::new();
    let number = salesforce_simulator::Value::from("900001");
    world
        .org
        .org()
        .admin()
        .add_user("twin@example.com", "Standard User", &[("EmployeeNumber", number)])
        .expect("added");
    let before = world.org.org().users();
    world.hr_says(&person("900001", "Petra", "Bakker", "SALES", None)).await;
    assert_eq!(parked_code(&world).await.as_deref(), Some("ambiguous-match"));
    assert_eq!(world.org.org().users(), before);
}

#[tokio::test]
async fn a_dependent_account_that_comes_first_waits() {
    let mut world = World::new();
    let event = json!({
        "type": "person.upserted", "timestamp": world.upsert(&json!({}))["timestamp"],
        "data": { "id": "1", "record": "entra-guid-1", "account": { "mail": "jan@corp.example.com" } }
    });
    let request = world.signed("entra", &event);
    assert_eq!(world.post(&request).await.status(), StatusCode::ACCEPTED);
    world.quiet().await;
    assert_eq!(world.salesforce_calls(), 0);
    world.hr_says(&person("1", "Jan", "Vries", "SALES", None)).await;
    assert_eq!(user(&world, "1").text("Email"), "jan@corp.example.com");
}

#[tokio::test]
async fn a_removed_person_is_shut_out_and_can_come_back() {
    let mut world = World::new();
    world.hr_says(&person("1", "Jan", "Vries", "SALES", None)).await;
    world.pass(MINUTE);
    let removed =
        json!({ "type": "person.removed", "timestamp": world.upsert(&json!({}))["timestamp"], "data": { "id": "1" } });
    let request = world.signed("hr", &removed);
    assert_eq!(world.post(&request).await.status(), StatusCode::ACCEPTED);
    world.quiet().await;
    assert!(!user(&world, "1").active);
    world.pass(MINUTE);
    world.hr_says(&person("1", "Jan", "Vries", "SALES", None)).await;
    assert!(user(&world, "1").active);
}

#[tokio::test]
async fn problems_never_keep_a_person_in() {
    let mut world = World::new();
    world.hr_says(&person("1", "Jan", "Vries", "SALES", None)).await;
    world.pass(MINUTE);
    let mut postponed = person("1", "Jan", &"x".repeat(120), "SALES", None);
    postponed["contracts"][0]["startDate"] = json!("2026-03-09");
    world.hr_says(&postponed).await;
    let shut_out = user(&world, "1");
    assert!(shut_out.frozen, "{shut_out:?}");
    assert_eq!(shut_out.text("LastName"), "Vries", "what can't be computed stays as it was");
    let problems = world.pipeline.writer.people.problems(None).await.expect("readable").0;
    assert_eq!(problems.len(), 1);
}

#[tokio::test]
async fn new_rules_reach_everybody_and_cost_only_whom_they_change() {
    let mut world = World::new();
    for (id, department) in [("1", "SALES"), ("2", "SERVICE"), ("3", "SERVICE")] {
        world.hr_says(&person(id, &format!("Nick{id}"), "Vries", department, None)).await;
    }
    run(&world, Task::Sweep).await;
    let rules = RULES.replace("[Sales_Cloud_User, Report_Builder]", "[Sales_Cloud_User, Expense_Approver]");
    world.reconfigure(&[("connector.yaml", CONNECTOR), ("account.yaml", ACCOUNT), ("rules.yaml", &rules)]);
    world.org.org().reset_calls();
    assert_eq!(run(&world, Task::Sweep).await.mapping, 3);
    let sets = user(&world, "1").permission_sets;
    assert!(sets.contains("Expense_Approver") && !sets.contains("Report_Builder"), "{sets:?}");
    let written = |calls: &std::collections::BTreeMap<String, u64>| -> u64 {
        calls.iter().filter(|(kind, _)| kind.contains("collections") || kind.contains("scim")).map(|(_, n)| n).sum()
    };
    let calls = world.org.org().calls().clone();
    assert_eq!(written(&calls), 2, "one set given, one taken: {calls:?}");
    assert_eq!(run(&world, Task::Sweep).await.mapping, 0);
}

#[tokio::test]
async fn every_uncertain_fact_of_salesforce_may_be_either_way() {
    for (name, behaviours) in Behaviours::variants() {
        let mut org = Org::sample(morning());
        *org.behaviours_mut() = behaviours;
        let mut world = World::with_org(org);
        let check = |world: &World, sets: &[&str], what: &str| {
            let user = user(world, "1");
            let wanted: std::collections::BTreeSet<_> = sets.iter().map(|set| (*set).to_owned()).collect();
            assert_eq!(user.permission_sets, wanted, "{what} with {name}");
            assert_eq!(user.active, !sets.is_empty(), "{what} with {name}");
            user
        };
        world.hr_says(&person("1", "Jan", "Vries", "SALES", None)).await;
        let joined = check(&world, &["Report_Builder", "Sales_Cloud_User"], "joiner");
        assert_eq!(joined.role.as_deref(), Some("SalesEMEA"), "{name}");
        assert_eq!(joined.text("Alias"), "jvries", "{name}");
        assert_eq!(joined.text("TimeZoneSidKey"), "Europe/Amsterdam", "{name}");
        assert_eq!(joined.text("EmailEncodingKey"), "UTF-8", "{name}");
        world.pass(MINUTE);
        world.hr_says(&person("1", "Jan", "Vries", "SERVICE", None)).await;
        let moved = check(&world, &["Report_Builder", "Service_Cloud_User"], "mover");
        assert_eq!((moved.role.as_deref(), moved.text("Department")), (Some("ServiceEMEA"), "service"), "{name}");
        world.pass(MINUTE);
        world.hr_says(&person("1", "Jan", "Vries", "SERVICE", Some("2026-02-28"))).await;
        check(&world, &[], "leaver");
        assert_eq!(parked_code(&world).await, None, "{name}");
        world.pass(MINUTE);
        world.salesforce_calls();
        world.hr_says(&person("1", "Jan", "Vries", "SERVICE", Some("2026-02-28"))).await;
        assert_eq!(world.salesforce_calls(), 0, "{name}");
    }
}

#[tokio::test]
async fn secrets_that_are_wrong_stop_the_batch_and_name_what_is_wrong() {
    for (secret, place) in [
        (json!({ "flow": "jwt-bearer" }), "loginUrl"),
        (json!({ "flow": "password", "clientId": "a", "loginUrl": "https://a.my.salesforce.com" }), "flow"),
        (Value::from("text"), "salesforce"),
    ] {
        let mut world = World::new();
        world.set_salesforce_secret(&secret);
        let event = world.upsert(&person("1", "Jan", "Vries", "SALES", None));
        let request = world.signed("hr", &event);
        assert_eq!(world.post(&request).await.status(), StatusCode::ACCEPTED);
        let quiet = world.pipeline.run_until_quiet(60 * MINUTE, &|_| ()).await.expect("the queue gives up");
        assert_eq!(quiet.dead, 1, "with the dead letters, where an alarm looks");
        let told = quiet.trouble.unwrap_or_default();
        assert!(told.contains("secret salesforce") && told.contains(place), "{place}: {told}");
        assert_eq!(world.salesforce_calls(), 0);
        assert_eq!(
            world.pipeline.writer.accounts.load(&[person_id("1")]).await.expect("readable")[0].value.parked,
            None
        );
    }
}

const STAFF: &str = "
file: { format: csv }
where: row.kind != 'external'
person:
  id: row.id
  name: { nickName: row.nick, familyName: row.family }
contracts:
  id: row.id
  startDate: row.start
  department: { id: row.department }
";

/// A world whose people come from a file, and a file of so many people.
fn file_world() -> World {
    let sources = "  - { name: staff, role: authoritative, file: { definition: sources/staff.yaml } }\n";
    let account =
        ACCOUNT.replace("coalesce(person.accounts.entra.mail, person.contact.email)", "person.id + '@example.com'");
    let files = [
        ("connector.yaml", &*format!("{CONNECTOR}{sources}")),
        ("account.yaml", &*account),
        ("rules.yaml", RULES),
        ("sources/staff.yaml", STAFF),
    ];
    World::configured(Org::sample(morning()), &files)
}

async fn import(world: &World, rows: &[String]) -> records::sync_state::RunReport {
    let text = format!("id,kind,nick,family,start,department\n{}\n", rows.join("\n"));
    let file = std::io::Cursor::new(text.into_bytes());
    let source = integration_tests::world::source_name("staff");
    let report = world.pipeline.sync.import(&source, file, &|_, _| ()).await.expect("readable");
    world.quiet().await;
    report.pull.expect("a read of a source")
}

#[tokio::test]
async fn a_file_costs_calls_for_those_who_changed_and_a_bad_row_stops_nobody() {
    let world = file_world();
    let row = |n: usize, department: &str| format!("{n},internal,Nick{n},Vries,2026-01-01,{department}");
    let mut rows: Vec<_> = (1..=40).map(|n| row(n, "SALES")).collect();
    rows[4] = "5,internal,Nick5,Vries,2026-02-30,SALES".to_owned();
    rows[9] = "10,external,Nick10,Vries,2026-01-01,SALES".to_owned();
    let first = import(&world, &rows).await;
    assert_eq!((first.read, first.changed, first.refused, first.complete), (39, 38, 1, true));
    assert!(nobody(&world, "5") && nobody(&world, "10") && user(&world, "40").active);
    let refused =
        world.pipeline.sync.state.refused(&integration_tests::world::source_name("staff")).await.expect("readable");
    let [refused] = refused.as_slice() else { panic!("{refused:?}") };
    assert_eq!((refused.record.as_str(), refused.error.path.as_str()), ("5", "contracts[0].startDate"));

    world.salesforce_calls();
    world.pass(MINUTE);
    assert_eq!(import(&world, &rows).await.changed, 0);
    assert_eq!(world.salesforce_calls(), 0);

    for n in [20, 21] {
        rows[n - 1] = row(n, "SERVICE");
    }
    rows[4] = row(5, "SALES");
    // Who is left out of a file is not gone: absence removes nobody.
    rows.truncate(30);
    world.pass(MINUTE);
    let before = world.org.org().journal().len();
    assert_eq!(import(&world, &rows).await.changed, 3);
    let touched: std::collections::BTreeSet<_> =
        world.org.org().journal()[before..].iter().filter_map(|entry| entry.user.clone()).collect();
    assert_eq!(touched.len(), 3);
    assert!(user(&world, "5").active && user(&world, "40").active);
    assert!(user(&world, "20").permission_sets.contains("Service_Cloud_User"));
    assert!(
        world
            .pipeline
            .sync
            .state
            .refused(&integration_tests::world::source_name("staff"))
            .await
            .expect("readable")
            .is_empty()
    );
}
