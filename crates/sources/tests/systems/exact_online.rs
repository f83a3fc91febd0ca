//! Exact Online: `exact-online.yaml`.

use std::time::Duration;

use jiff::civil::date;
use ports::Class;
use serde_json::json;
use source_emulators::exact_online::{ExactOnline, employee, employment, placement};
use source_emulators::{Breakage, When};
use sources::{Step, Want};

use crate::support::{World, shipped};

/// The shipped definition over a small division.
pub(crate) fn world() -> World<ExactOnline> {
    let secret = json!({ "clientId": "app", "clientSecret": "hidden", "refreshToken": "first" });
    World::new(&shipped("exact-online"), secret, |clock| {
        let exact = ExactOnline::new(123_456, "app", "hidden", "first", clock);
        exact.page(2);
        exact.put(
            "payroll/Employees",
            vec![
                employee(1, "Anna", "", "Bakker", None),
                employee(23, "Jan", "de", "Vries", Some(1)),
                employee(52, "Piet", "'t", "Hart", Some(1)),
                employee(60, "Omar", "", "Amrani", Some(23)),
                employee(99, "Eva", "", "Smit", None),
            ],
        );
        exact.put(
            "payroll/Employments",
            vec![
                employment(1, 1, "2015-01-01", ""),
                employment(2, 23, "2020-01-01", "2023-12-31"),
                employment(3, 23, "2024-01-01", ""),
                employment(4, 52, "2024-01-01", "2025-10-31"),
                employment(5, 60, "2024-01-01", ""),
            ],
        );
        exact.put(
            "payroll/EmploymentOrganizations",
            vec![
                placement(1, 1, "DIR", "2015-01-01", ""),
                placement(2, 3, "SALES", "2024-01-01", "2024-12-31"),
                placement(3, 3, "SERVICE", "2025-01-01", ""),
            ],
        );
        exact
    })
}

#[tokio::test]
async fn employees_become_persons() {
    let read = world().everything().await;
    assert_eq!((read.persons().len(), read.outcome.report.left_out), (4, 1));
    let vries = read.person("23");
    assert_eq!((vries.name.display().as_str(), &vries.custom["code"]), ("Jan de Vries", &json!("23")));
    let contracts: Vec<_> = vries
        .contracts
        .iter()
        .map(|contract| {
            let department = contract.department.as_ref().and_then(|department| department.id.as_deref());
            (contract.start_date, contract.end_date, department)
        })
        .collect();
    assert_eq!(
        contracts,
        [
            (date(2020, 1, 1), Some(date(2023, 12, 31)), None),
            (date(2024, 1, 1), Some(date(2024, 12, 31)), Some("SALES")),
            (date(2025, 1, 1), None, Some("SERVICE")),
        ]
    );
    assert_eq!(vries.contracts[0].manager.as_ref().unwrap().id.as_deref(), Some("1"));
    assert!(read.person("1").contracts[0].manager.is_none());
}

#[tokio::test]
async fn the_refresh_token_that_replaces_a_used_one_is_stored_before_anything_else() {
    let mut world = world();
    world.interrupted = true;
    world.everything().await.complete();
    assert_eq!(world.system.emulator.issued(), 1, "resumed runs use the same access token");
    let stored = world.tokens.stored.lock().unwrap().values().next().unwrap().clone();
    assert!(stored.contains("refresh-1"));
    // The next run within the token's life asks for none; later ones use the stored one.
    world.everything().await.complete();
    assert_eq!(world.system.emulator.issued(), 1);
    for issued in 2..5 {
        world.clock.advance(Duration::from_secs(3600));
        world.everything().await.complete();
        assert_eq!(world.system.emulator.issued(), issued);
    }
}

#[tokio::test]
async fn a_token_that_can_not_be_stored_is_not_used() {
    let world = world();
    *world.tokens.refuses.lock().unwrap() = true;
    let fault = world.everything().await.fault().clone();
    let told = "stream employees, page 1: the new refresh token could not be stored: the store is closed";
    assert_eq!((fault.to_string().as_str(), fault.class()), (told, Class::Ambiguous));
    assert!(world.system.take_log().iter().all(|asked| asked.path.ends_with("oauth2/token")));
}

#[tokio::test]
async fn a_refresh_token_that_no_longer_works_needs_a_person_who_connects_anew() {
    let world = world();
    world.everything().await.complete();
    world.clock.advance(Duration::from_secs(3600));
    world.system.emulator.connect_anew("second");
    let fault = world.everything().await.fault().clone();
    assert_eq!(fault.to_string(), "stream employees, page 1: logging in: the answer is 400 (invalid_grant)");
    assert_eq!(fault.class(), Class::NeedsPerson);
    // The new one is put into the secret: it takes over from what is stored.
    world.secrets.set(json!({ "clientId": "app", "clientSecret": "hidden", "refreshToken": "second" }));
    world.everything().await.complete();
}

#[tokio::test]
async fn a_token_that_ends_during_the_read_is_replaced() {
    let world = world();
    let mut run = world.source.start(None, Want::Everything, ports::Clock::now(&*world.clock));
    run.step(&world.ports).await;
    world.clock.advance(Duration::from_secs(590));
    let end = loop {
        if let Step::Done(outcome) = run.step(&world.ports).await {
            break outcome.end;
        }
    };
    assert!(matches!(end, sources::End::Complete { .. }));
    assert_eq!(world.system.emulator.issued(), 2);
}

#[tokio::test]
async fn the_budget_of_calls_is_kept() {
    let world = world();
    world.system.emulator.page(1);
    let employees: Vec<_> = (1..=200).map(|n| employee(n, "Anna", "", "Bakker", None)).collect();
    world.system.emulator.put("payroll/Employees", employees);
    let before = ports::Clock::now(&*world.clock);
    world.everything().await.complete();
    let log = world.system.take_log();
    assert!(log.len() > 200 && log.iter().all(|asked| asked.status == 200));
    assert!(ports::Clock::now(&*world.clock).duration_since(before).as_secs() >= 180);

    let yaml = shipped("exact-online").replace("perDay: 5000", "perDay: 5");
    let world = World { source: crate::support::parse(&yaml), ..crate::exact_online::world() };
    let read = world.everything().await;
    let told = read.fault().to_string();
    assert_eq!(
        told, "stream employments, page 3: the budget of calls is used up for 57600 seconds",
        "08:00 to midnight"
    );
    let state = read.outcome.state;
    let read = world.read(Some(state), Want::Everything).await;
    assert!(read.fault().to_string().starts_with("stream employees, page 1: the budget"), "the day's calls are kept");
}

#[tokio::test]
async fn what_is_refused_is_asked_once() {
    let world = world();
    world.system.break_at(When::from("Employments", 1), Breakage::Status(403));
    assert_eq!(world.everything().await.fault().to_string(), "stream employments, page 1: the source answers 403");
    assert_eq!(world.system.take_log().iter().filter(|asked| asked.status == 403).count(), 1);
}
