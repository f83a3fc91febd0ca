//! Entra ID: `entra-groups.yaml` (groups of users), and the rule of the document that reads them.

use std::borrow::Cow;

use expression::{Expression, Scope};
use ports::Class;
use serde_json::{Value, json};
use source_emulators::entra::Entra;
use source_emulators::{Breakage, When};
use sources::{End, Record, Step, Want};

use crate::entra::{TENANT, fill};
use crate::support::{Read, World, record, shipped};

const DOCUMENT: &str = include_str!("../../../../docs/SOURCES.md");

/// The shipped definition over the tenant that `entra.yaml` is tested with, and some groups.
pub(crate) fn world() -> World<Entra> {
    of(&shipped("entra-groups"))
}

fn of(yaml: &str) -> World<Entra> {
    let secret = json!({ "clientId": "app", "clientSecret": "hidden" });
    let world = World::new(yaml, secret, |clock| Entra::new(TENANT, "app", "hidden", clock));
    let entra = &world.system.emulator;
    fill(entra);
    entra.put_group("g-sales", json!({ "displayName": "SF-Sales" }), &["id1", "g-inside", "id2", "device1"]);
    entra.put_group("g-inside", json!({ "displayName": "Inside" }), &["id3", "guest", "g-deep"]);
    entra.put_group("g-deep", json!({ "displayName": "Deep" }), &["id4", "id1", "g-inside"]);
    entra.put_group("g-admin", json!({ "displayName": "SF-Support" }), &["id2"]);
    entra.put_group("g-void", json!({ "displayName": "sf-void" }), &[]);
    entra.put_group("g-team", json!({ "displayName": "SF-Team", "securityEnabled": false }), &["id1", "id5"]);
    entra.put_group("g-other", json!({ "displayName": "Others of SF-" }), &["id1"]);
    world
}

/// The persons with the names of their groups.
fn groups(read: &Read) -> Vec<(String, Value)> {
    read.accounts().into_iter().map(|(_, person, account)| (person.to_owned(), account["groups"].clone())).collect()
}

fn expected() -> Vec<(String, Value)> {
    let sales = json!(["SF-Sales"]);
    let all = [
        ("1", sales.clone()),
        ("2", json!(["SF-Sales", "SF-Support"])),
        ("3", sales.clone()),
        ("4", sales),
        ("5", json!([])),
    ];
    all.map(|(person, groups)| (format!("10000{person}"), groups)).to_vec()
}

#[tokio::test]
async fn users_have_the_names_of_their_groups_nested_ones_too() {
    for interrupted in [false, true] {
        let mut world = world();
        world.interrupted = interrupted;
        let read = world.everything().await;
        assert_eq!(groups(&read), expected());
        let (user, _, account) = &read.accounts()[1];
        assert_eq!(
            (*user, &account["id"], &account["groupIds"]),
            ("id2", &json!("id2"), &json!(["g-sales", "g-admin"]))
        );
        assert_eq!(account["userPrincipalName"], "u2@example.test");
        // The room is nobody's, and in no group.
        let room = read.records.iter().find_map(|found| match found {
            Record::Unowned { account, .. } => Some(account),
            _ => None,
        });
        assert_eq!(room.unwrap()["groups"], json!([]));
        let present = read.present().unwrap();
        assert!(present.contains(&record("room")) && !present.contains(&record("guest")));
        // Everything again, also where changes are asked for: the same, as long as nothing changes.
        let again = world.read(Some(read.outcome.state), Want::Changes).await;
        assert_eq!(again.records, read.records);
    }
}

#[tokio::test]
async fn there_is_one_request_for_each_group() {
    let world = world();
    world.system.emulator.page(999);
    assert_eq!(groups(&world.everything().await), expected());
    let log = world.system.take_log();
    let asked: Vec<&str> =
        log.iter().filter_map(|asked| asked.path.strip_prefix("graph.microsoft.com/v1.0/")).collect();
    let members = |group: &str| format!("groups/{group}/transitiveMembers/microsoft.graph.user");
    assert_eq!(asked, ["groups", &members("g-sales"), &members("g-admin"), &members("g-void"), "users"]);
}

#[tokio::test]
async fn the_prefix_may_hold_a_quote() {
    let world = of(&shipped("entra-groups").replace("prefix: SF-", "prefix: \"O'Neil & \""));
    world.system.emulator.put_group("g-neil", json!({ "displayName": "O'Neil & Sons" }), &["id5"]);
    let read = world.everything().await;
    assert_eq!(groups(&read)[4].1, json!(["O'Neil & Sons"]));
    assert_eq!(groups(&read)[0].1, json!([]));
}

#[tokio::test]
async fn who_leaves_a_group_or_the_tenant_is_seen_by_the_next_read() {
    let world = world();
    let first = world.everything().await;
    let entra = &world.system.emulator;
    entra.put_group("g-sales", json!({ "displayName": "SF-Sales" }), &["id1"]);
    entra.put_group("g-void", json!({ "displayName": "sf-void" }), &["id5"]);
    entra.remove("id2", "changed");
    let read = world.read(Some(first.outcome.state), Want::Changes).await;
    let found: Vec<Value> = groups(&read).into_iter().map(|(_, groups)| groups).collect();
    assert_eq!(found, [json!(["SF-Sales"]), json!([]), json!([]), json!(["sf-void"])]);
    assert!(!read.present().unwrap().contains(&record("id2")));
}

#[tokio::test]
async fn a_group_that_is_deleted_meanwhile_ends_the_read_and_the_next_one_heals() {
    let world = world();
    let first = world.everything().await;
    let mut run = world.source.start(Some(first.outcome.state), Want::Changes, ports::Clock::now(&*world.clock));
    // Two pages of groups, then three of the first group's members.
    run.step(&world.ports).await;
    run.step(&world.ports).await;
    world.system.emulator.remove_group("g-admin");
    let outcome = loop {
        match run.step(&world.ports).await {
            Step::Going(records) => assert!(records.is_empty()),
            Step::Wait(..) => panic!("there is nothing to wait for"),
            Step::Done(outcome) => break outcome,
        }
    };
    let End::Incomplete(fault) = &outcome.end else { panic!("it is incomplete") };
    assert_eq!(fault.to_string(), "stream members, page 4: the source answers 404 (Request_ResourceNotFound)");
    let read = world.read(Some(outcome.state), Want::Changes).await;
    let left: Vec<_> = expected().into_iter().map(|(person, groups)| (person, without(groups, "SF-Support"))).collect();
    assert_eq!(groups(&read), left);
}

fn without(mut groups: Value, name: &str) -> Value {
    groups.as_array_mut().unwrap().retain(|group| group != name);
    groups
}

#[tokio::test]
async fn a_404_that_passes_takes_no_group_from_anybody() {
    let world = world();
    let first = world.everything().await;
    world.system.break_at(When::once("g-sales/transitiveMembers", 1), Breakage::Status(404));
    let broken = world.read(Some(first.outcome.state), Want::Changes).await;
    assert_eq!(broken.fault().to_string(), "stream members, page 1: the source answers 404");
    assert_eq!(groups(&world.read(Some(broken.outcome.state), Want::Changes).await), expected());
}

#[tokio::test]
async fn without_the_permission_for_groups_nothing_is_read() {
    let world = world();
    world.system.emulator.forbid_groups();
    let fault = world.everything().await.fault().clone();
    assert_eq!(fault.to_string(), "stream groups, page 1: the source answers 403 (Authorization_RequestDenied)");
    assert_eq!(fault.class(), Class::NeedsPerson);
}

#[tokio::test]
async fn no_groups_and_groups_without_members_are_taken_for_a_fault() {
    let yaml = shipped("entra-groups");
    let other = of(&yaml.replace("prefix: SF-", "prefix: XX-"));
    assert_eq!(other.everything().await.fault().to_string(), "stream groups, page 1: there are no rows");

    let empty = |yaml: &str| {
        let world = of(yaml);
        for (id, name) in [("g-sales", "SF-Sales"), ("g-admin", "SF-Support")] {
            world.system.emulator.put_group(id, json!({ "displayName": name }), &["device1"]);
        }
        world
    };
    let told = empty(&yaml).everything().await.fault().to_string();
    assert!(told.starts_with("stream members, page ") && told.ends_with(": there are no rows"), "{told}");
    let allowed = empty(&yaml.replace("    for: groups\n", "    for: groups\n    mayBeEmpty: true\n"));
    assert!(groups(&allowed.everything().await).iter().all(|(_, groups)| *groups == json!([])));
}

#[tokio::test]
async fn the_person_may_be_left_to_the_configuration() {
    let world = of(&shipped("entra-groups").replace("  person: row.employeeId\n", ""));
    let read = world.everything().await;
    assert_eq!((read.accounts().len(), read.outcome.report.unowned), (0, 6));
}

#[tokio::test]
async fn the_rule_of_the_document_holds_for_members_and_for_nobody_else() {
    let line = DOCUMENT.lines().find(|line| line.contains("in person.accounts['entra-groups'].groups")).unwrap();
    let when: String = serde_saphyr::from_str::<Value>(line.trim()).unwrap()["when"].as_str().unwrap().to_owned();
    let rule = Expression::compile(&when).unwrap();
    let holds = |accounts: Value| {
        let person = json!({ "id": "100001", "accounts": accounts });
        rule.as_bool(&Scope::new().with("person", Cow::Owned(person))).unwrap()
    };
    let read = world().everything().await;
    let of_each: Vec<bool> =
        read.accounts().into_iter().map(|(_, _, account)| holds(json!({ "entra-groups": account }))).collect();
    assert_eq!(of_each, [true, true, true, true, false]);
    // Without the account, and with one of another source only.
    assert!(!holds(json!({})) && !holds(json!({ "entra": { "groups": ["SF-Sales"] } })));
}
