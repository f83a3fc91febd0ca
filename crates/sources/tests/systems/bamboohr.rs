//! BambooHR: `bamboohr.yaml`, and its data sets, whose pages are asked for in the body.

use std::time::Duration;

use jiff::civil::date;
use serde_json::json;
use source_emulators::bamboohr::{BambooHr, employee};
use sources::{Mode, Want};

use crate::support::{NOW, World, record, shipped};

/// The shipped definition over a small company.
pub(crate) fn world() -> World<BambooHr> {
    World::new(&shipped("bamboohr"), json!({ "apiKey": "key" }), |_| {
        let bamboo = BambooHr::new("example", "key");
        let before = "2026-05-01T08:00:00Z".parse().unwrap();
        bamboo.put(before, employee(4, "Charlotte", "Abbott", "6", ""));
        bamboo.put(before, employee(5, "Ashley", "Adams", "4", ""));
        bamboo.put(before, employee(6, "Jennifer", "Caldwell", "", ""));
        bamboo.put(before, employee(7, "Shannon", "Anderson", "6", "2026-04-30"));
        bamboo
    })
}

#[tokio::test]
async fn employees_become_persons_those_who_have_left_included() {
    let read = world().everything().await;
    assert_eq!(read.persons().len(), 4);
    let abbott = read.person("4");
    let contract = &abbott.contracts[0];
    assert_eq!((contract.start_date, contract.end_date), (date(2025, 3, 3), None));
    assert_eq!(contract.manager.as_ref().unwrap().id.as_deref(), Some("6"));
    assert_eq!(read.person("7").contracts[0].end_date, Some(date(2026, 4, 30)));
    assert!(read.person("6").contracts[0].manager.is_none());
}

#[tokio::test]
async fn changes_are_asked_for_by_time_with_an_overlap() {
    let world = world();
    let first = world.everything().await;
    world.clock.advance(Duration::from_secs(3600));
    // Five minutes before the first read began, and seen late.
    world.system.emulator.put("2026-06-01T07:55:00Z".parse().unwrap(), json!({ "id": "5", "jobTitle": "Lead" }));
    world.system.emulator.remove("6");
    let read = world.read(Some(first.outcome.state), Want::Changes).await;
    assert_eq!((read.outcome.mode, read.persons().len()), (Mode::Changes, 1));
    assert_eq!(read.person("5").contracts[0].title.as_ref().unwrap().name.as_deref(), Some("Lead"));
    assert!(read.present().is_none(), "who was deleted is found by a read of everything");
    // Nothing changed since: an empty answer is no fault in a read of changes.
    let read = world.read(Some(read.outcome.state), Want::Changes).await;
    assert!(read.persons().is_empty());
    world.clock.advance(Duration::from_secs(24 * 3600));
    let read = world.read(Some(read.outcome.state), Want::Changes).await;
    assert_eq!(read.outcome.mode, Mode::Full);
    assert!(!read.present().unwrap().contains(&record("6")));
}

#[tokio::test]
async fn data_sets_are_read_page_by_page() {
    let yaml = shipped("bamboohr");
    let from = yaml.find("    post:").unwrap();
    let to = yaml.find("join:").unwrap();
    let stream = "    post: v2/datasets/employee/data
    body: { fields: [employeeNumber, firstName, lastName, hireDate] }
    rows: data
    key: [fields/employeeNumber]
    paging: { by: page, parameter: page, in: body, sizeParameter: pageSize, size: 3, pages: meta/totalPages }
    total: meta/totalItems

";
    let person = "person:\n  id: row.fields.employeeNumber\n  name: { familyName: row.fields.lastName }\n";
    let yaml = format!("{}{stream}join: {{ rows: employees }}\nabsence: ignore\n{person}", &yaml[..from]);
    assert!(to > from);
    let world = World { source: crate::support::parse(&yaml), ..world() };
    let read = world.everything().await;
    assert_eq!(read.persons().len(), 4);
    assert_eq!(world.system.take_log().len(), 2);
    assert_eq!(read.outcome.mode, Mode::Full);
    assert_eq!(NOW.parse::<jiff::Timestamp>().unwrap(), ports::Clock::now(&*world.clock));
}
