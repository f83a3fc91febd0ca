//! Personio: `personio.yaml`.

use std::time::Duration;

use jiff::civil::date;
use serde_json::json;
use source_emulators::personio::{Personio, employee};

use crate::support::{World, shipped};

/// The shipped definition with small pages over a small company.
pub(crate) fn world() -> World<Personio> {
    let yaml = shipped("personio").replace("size: 100", "size: 2");
    World::new(&yaml, json!({ "clientId": "app", "clientSecret": "hidden" }), |clock| {
        let personio = Personio::new("app", "hidden", clock);
        personio.edit(|employees| {
            employees.push(employee(1, "Alexandra", "Berg", None, ""));
            employees.push(employee(2, "Milan", "Kovac", Some(1), ""));
            employees.push(employee(3, "Ines", "Weber", Some(1), "2026-06-30"));
            employees.push(employee(4, "Tom", "Lang", Some(3), ""));
        });
        personio
    })
}

#[tokio::test]
async fn employees_become_persons() {
    let world = world();
    let read = world.everything().await;
    assert_eq!(read.persons().len(), 4);
    let contract = &read.person("3").contracts[0];
    assert_eq!((contract.start_date, contract.end_date), (date(2014, 11, 9), Some(date(2026, 6, 30))));
    assert_eq!((contract.hours_per_week, contract.manager.as_ref().unwrap().id.as_deref()), (Some(40.0), Some("1")));
    assert_eq!(contract.department.as_ref().unwrap().id.as_deref(), Some("9"));
    assert!(read.person("1").contracts[0].manager.is_none());
    // The total ends it: no page is asked for in vain.
    let queries: Vec<_> = world.system.take_log().into_iter().map(|asked| asked.query).collect();
    assert_eq!(queries, ["", "offset=0&limit=2", "offset=2&limit=2"]);
}

#[tokio::test]
async fn a_number_of_rows_that_does_not_fit_ends_the_read() {
    for (from, told) in [
        (1, "the source says 5 rows, 4 were read"),
        (2, "the source changed while it was read: the number of its rows is another than on the page before"),
    ] {
        let world = world();
        let more = |document: &mut serde_json::Value| document["metadata"]["total_elements"] = json!(5);
        world
            .system
            .break_at(source_emulators::When::from("employees", from), source_emulators::Breakage::Change(more));
        assert!(world.everything().await.fault().to_string().ends_with(told), "{told}");
    }
}

#[tokio::test]
async fn the_session_is_renewed_when_its_day_is_over() {
    let world = world();
    let mut run = world.source.start(None, sources::Want::Everything, ports::Clock::now(&*world.clock));
    run.step(&world.ports).await;
    world.clock.advance(Duration::from_secs(5 * 3600));
    let mut last = run.step(&world.ports).await;
    while !matches!(last, sources::Step::Done(_)) {
        last = run.step(&world.ports).await;
    }
    assert_eq!(world.system.take_log().iter().filter(|asked| asked.path.ends_with("/auth")).count(), 1);
    world.secrets.set(json!({ "clientId": "app", "clientSecret": "wrong" }));
    let told = world.everything().await.fault().to_string();
    assert_eq!(told, "stream employees, page 1: logging in: the answer is 403");
}
