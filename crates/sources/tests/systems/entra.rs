//! Entra ID: `entra.yaml` (accounts) and `entra-people.yaml` (persons).

use std::time::Duration;

use jiff::civil::date;
use ports::Class;
use serde_json::json;
use source_emulators::entra::Entra;
use source_emulators::{Breakage, When, keys};
use sources::{Mode, Record, Want};

use crate::support::{World, record, shipped};

pub(crate) const TENANT: &str = "00000000-0000-0000-0000-000000000000";

pub(crate) fn fill(entra: &Entra) {
    let user = |n: u32| {
        json!({ "userPrincipalName": format!("u{n}@example.test"), "mail": format!("u{n}@example.test"),
        "displayName": format!("User {n}"), "givenName": "U", "surname": format!("Ser{n}"), "accountEnabled": true,
        "employeeId": format!("10000{n}"), "userType": "Member", "createdDateTime": "2026-05-14T17:25:33Z",
        "businessPhones": [] })
    };
    for n in 1..=5 {
        entra.put(&format!("id{n}"), user(n));
    }
    entra.put("id2", json!({ "manager": "id1", "department": "Sales" }));
    entra.put("guest", json!({ "userPrincipalName": "g#EXT#@example.test", "userType": "Guest", "employeeId": "9" }));
    entra.put(
        "room",
        json!({ "userPrincipalName": "room@example.test", "userType": "Member", "accountEnabled": false,
        "createdDateTime": "2026-05-14T17:25:33Z", "businessPhones": [] }),
    );
    entra.page(2);
}

/// The shipped definition of accounts over a small tenant.
pub(crate) fn world() -> World<Entra> {
    let secret = json!({ "clientId": "app", "clientSecret": "hidden" });
    let world = World::new(&shipped("entra"), secret, |clock| Entra::new(TENANT, "app", "hidden", clock));
    fill(&world.system.emulator);
    world
}

/// The shipped definition of persons over the same.
pub(crate) fn people() -> World<Entra> {
    let secret = json!({ "clientId": "app", "privateKey": keys::PRIVATE, "certificate": keys::CERTIFICATE });
    let world = World::new(&shipped("entra-people"), secret, |clock| Entra::new(TENANT, "app", "hidden", clock));
    fill(&world.system.emulator);
    world
}

#[tokio::test]
async fn users_become_accounts_of_persons() {
    let read = world().everything().await;
    let accounts = read.accounts();
    let keys: Vec<_> = accounts.iter().map(|(record, person, _)| (*record, *person)).collect();
    assert_eq!(keys, [("id1", "100001"), ("id2", "100002"), ("id3", "100003"), ("id4", "100004"), ("id5", "100005")]);
    assert_eq!(accounts[1].2["userPrincipalName"], "u2@example.test");
    assert_eq!(accounts[1].2["managerEmployeeId"], "100001");
    assert_eq!(accounts[0].2["managerEmployeeId"], json!(null));
    assert_eq!(accounts[0].2["department"], json!(null));
    let report = &read.outcome.report;
    assert_eq!(
        (report.present, report.unowned, report.left_out),
        (6, 1, 1),
        "the room is nobody's, the guest left out"
    );
    let present = read.present().unwrap();
    assert!(present.contains(&record("room")) && !present.contains(&record("guest")));
    let unowned = read.records.iter().find(|found| matches!(found, Record::Unowned { .. })).unwrap();
    let Record::Unowned { record: room, account } = unowned else { panic!("it is nobody's") };
    assert_eq!((room.as_str(), &account["userPrincipalName"]), ("room", &json!("room@example.test")));
}

#[tokio::test]
async fn users_become_persons_with_a_certificate() {
    let world = people();
    let read = world.everything().await;
    assert_eq!(read.persons().len(), 5);
    let person = read.person("id2");
    assert_eq!(person.name.display(), "U Ser2");
    let contract = &person.contracts[0];
    assert_eq!(contract.start_date, date(2026, 5, 14));
    assert_eq!(contract.manager.as_ref().unwrap().id.as_deref(), Some("id1"));
    assert!(read.person("id1").contracts[0].manager.is_none() && !person.blocked);
    world.system.emulator.put("id2", json!({ "accountEnabled": false, "employeeHireDate": "2026-07-01T00:00:00Z" }));
    let read = world.read(Some(read.outcome.state), Want::Changes).await;
    assert_eq!(read.persons().len(), 1);
    assert!(read.person("id2").blocked);
    assert_eq!(read.person("id2").contracts[0].start_date, date(2026, 7, 1));
}

#[tokio::test]
async fn changes_are_read_past_empty_pages_and_objects_that_come_twice() {
    for interrupted in [false, true] {
        let mut world = world();
        world.interrupted = interrupted;
        let first = world.everything().await;
        assert_eq!(first.outcome.mode, Mode::Full);
        let entra = &world.system.emulator;
        entra.put("id1", json!({ "mail": null }));
        entra.put("id3", json!({ "department": "Service" }));
        entra.put(
            "id6",
            json!({ "userPrincipalName": "u6@example.test", "employeeId": "100006", "userType": "Member" }),
        );
        entra.put("id2", json!({ "userType": "Guest" }));
        entra.remove("id4", "changed");
        entra.remove("id5", "deleted");
        let read = world.read(Some(first.outcome.state), Want::Changes).await;
        assert_eq!(read.outcome.mode, Mode::Changes);
        let accounts = read.accounts();
        let changed: Vec<_> = accounts.iter().map(|(record, _, fields)| (*record, &fields["mail"])).collect();
        assert_eq!(changed, [("id1", &json!(null)), ("id3", &json!("u3@example.test")), ("id6", &json!(null))]);
        let others: Vec<_> = read.records.iter().filter(|r| !matches!(r, Record::Present { .. })).cloned().collect();
        assert_eq!(
            others,
            [Record::Removed(record("id4")), Record::Removed(record("id5")), Record::LeftOut(record("id2"))]
        );
        assert!(read.present().is_none(), "changes prove no absence");
        // Nothing new: the same link again gives nothing.
        let read = world.read(Some(read.outcome.state), Want::Changes).await;
        assert!(read.accounts().is_empty() && read.records.is_empty());
        // A user who was restored from the bin comes again.
        entra.put("id4", json!({}));
        let read = world.read(Some(read.outcome.state), Want::Changes).await;
        assert_eq!(read.accounts().len(), 1);
    }
}

#[tokio::test]
async fn a_user_whose_number_is_taken_away_is_there_and_nobodys() {
    let world = world();
    let first = world.everything().await;
    world.system.emulator.put("id1", json!({ "employeeId": null }));
    world.system.emulator.put("room", json!({ "userType": "Guest" }));
    let read = world.read(Some(first.outcome.state), Want::Changes).await;
    let [Record::Unowned { record: user, account }, Record::LeftOut(room)] = read.records.as_slice() else {
        panic!("{:?}", read.records)
    };
    assert_eq!((user.as_str(), &account["mail"], room.as_str()), ("id1", &json!("u1@example.test"), "room"));
    assert_eq!((read.outcome.report.present, read.outcome.report.unowned), (1, 1));
}

#[tokio::test]
async fn a_definition_may_leave_the_person_to_the_configuration() {
    let yaml = shipped("entra").replace("  person: row.employeeId\n", "");
    let world = World { source: crate::support::parse(&yaml), ..world() };
    let read = world.everything().await;
    assert!(read.accounts().is_empty());
    assert_eq!((read.outcome.report.unowned, read.present().unwrap().len()), (6, 6));
}

#[tokio::test]
async fn a_change_made_while_everything_is_read_is_in_the_next_changes() {
    let world = world();
    let mut run = world.source.start(None, Want::Everything, "2026-06-01T08:00:00Z".parse().unwrap());
    run.step(&world.ports).await;
    run.step(&world.ports).await;
    world.system.emulator.put("id1", json!({ "mail": "new@example.test" }));
    let state = loop {
        if let sources::Step::Done(outcome) = run.step(&world.ports).await {
            break outcome.state;
        }
    };
    let read = world.read(Some(state), Want::Changes).await;
    assert_eq!(read.accounts()[0].2["mail"], "new@example.test");
}

#[tokio::test]
async fn a_link_that_is_too_old_leads_to_everything_and_finds_who_vanished() {
    for lost in [false, true] {
        let world = world();
        let first = world.everything().await;
        world.system.emulator.forget("id3");
        let mut state = serde_json::to_value(&first.outcome.state).unwrap();
        if lost {
            state["link"] = json!("https://graph.microsoft.com/v1.0/users/delta?$deltatoken=unknown");
        } else {
            // A month in which the connector did not run, but for the daily full read.
            world.clock.advance(Duration::from_secs(8 * 24 * 3600));
            state["fullAt"] = json!(ports::Clock::now(&*world.clock));
        }
        let read = world.read(Some(serde_json::from_value(state).unwrap()), Want::Changes).await;
        assert!(read.outcome.report.resynced);
        assert_eq!(read.outcome.mode, Mode::Full);
        assert_eq!(read.accounts().len(), 4);
        assert!(!read.present().unwrap().contains(&record("id3")));
    }
}

#[tokio::test]
async fn everything_is_read_again_after_a_day_and_with_another_definition() {
    let world = world();
    let first = world.everything().await;
    world.clock.advance(Duration::from_secs(25 * 3600));
    let read = world.read(Some(first.outcome.state.clone()), Want::Changes).await;
    assert_eq!(read.outcome.mode, Mode::Full);
    let other = crate::support::parse(&(shipped("entra") + "# other\n"));
    let world = World { source: other, ..world };
    assert_eq!(world.read(Some(read.outcome.state), Want::Changes).await.outcome.mode, Mode::Full);
}

#[tokio::test]
async fn throttling_is_heeded() {
    let world = world();
    world.system.break_at(When::once("/v1.0/users?", 2), Breakage::RetryAfter(429, "10".to_owned()));
    let before = ports::Clock::now(&*world.clock);
    assert_eq!(world.everything().await.accounts().len(), 5);
    let waited = ports::Clock::now(&*world.clock).duration_since(before).as_secs();
    assert!((10..=12).contains(&waited), "{waited}");

    world.system.break_at(When::from("/v1.0/users?", 2), Breakage::RetryAfter(429, "10".to_owned()));
    let fault = world.everything().await.fault().clone();
    assert_eq!(fault.to_string(), "stream users, page 2: the source answers 429");
    assert_eq!(fault.class(), Class::RetryAfter(Duration::from_secs(10)));
}

#[tokio::test]
async fn tokens_end_and_are_renewed_once() {
    let world = world();
    let first = world.everything().await;
    let logins = |log: &[source_emulators::Asked]| log.iter().filter(|asked| asked.path.contains("oauth2")).count();
    assert_eq!(logins(&world.system.take_log()), 1);
    // Rejected in the middle.
    let mut run = world.source.start(None, Want::Everything, ports::Clock::now(&*world.clock));
    run.step(&world.ports).await;
    world.system.emulator.end_tokens();
    while !matches!(run.step(&world.ports).await, sources::Step::Done(_)) {}
    let log = world.system.take_log();
    assert_eq!((logins(&log), log.iter().filter(|asked| asked.status == 401).count()), (2, 1));
    // Its life is over in the middle: no call is made with it.
    let mut run = world.source.start(Some(first.outcome.state), Want::Everything, ports::Clock::now(&*world.clock));
    run.step(&world.ports).await;
    world.clock.advance(Duration::from_secs(3550));
    while !matches!(run.step(&world.ports).await, sources::Step::Done(_)) {}
    let log = world.system.take_log();
    assert_eq!((logins(&log), log.iter().filter(|asked| asked.status == 401).count()), (2, 0));
}

#[tokio::test]
async fn a_refused_log_in_is_told_without_the_secret() {
    let world = world();
    world.secrets.set(json!({ "clientId": "app", "clientSecret": "wrong-and-hidden" }));
    let fault = world.everything().await.fault().clone();
    assert_eq!(fault.to_string(), "stream users, page 1: logging in: the answer is 401 (invalid_client)");
    assert_eq!(fault.class(), Class::NeedsPerson);
    assert!(!format!("{fault:?}").contains("hidden"));
    let world = people();
    for (field, value, told) in [
        ("privateKey", "none", "secret entra-source is malformed: privateKey: it is no RSA private key in PEM form"),
        ("certificate", "none", "secret entra-source is malformed: certificate: it is no certificate in PEM form"),
        ("clientId", "other", "logging in: the answer is 401 (invalid_client)"),
    ] {
        let mut secret = json!({ "clientId": "app", "privateKey": keys::PRIVATE, "certificate": keys::CERTIFICATE });
        secret[field] = json!(value);
        world.secrets.set(secret);
        assert_eq!(world.everything().await.fault().to_string(), format!("stream users, page 1: {told}"));
    }
}

#[tokio::test]
async fn a_user_who_vanishes_between_list_and_rereading_is_left_to_the_next_read() {
    let world = world();
    let first = world.everything().await;
    world.system.emulator.put("id1", json!({}));
    world.system.emulator.put("id2", json!({}));
    world.system.break_at(When::once("users/id1", 1), Breakage::Status(404));
    let read = world.read(Some(first.outcome.state), Want::Changes).await;
    assert_eq!(read.accounts().len(), 1);
    assert_eq!(read.accounts()[0].0, "id2");
}
