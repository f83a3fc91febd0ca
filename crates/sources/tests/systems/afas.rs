//! AFAS Profit: `afas.yaml`.

use jiff::civil::date;
use ports::Class;
use serde_json::{Value, json};
use source_emulators::afas::{self, Afas, Employee};
use source_emulators::{Breakage, When};
use sources::{Absence, Record, Want};

use crate::support::{World, record, shipped};

const TOKEN: &str = "<token><version>1</version><data>0000000000000000000000000000000000000000</data></token>";
const USERS: &str = "T4E_HelloID_Users_v2";
const EMPLOYMENTS: &str = "T4E_HelloID_Employments_v2";
const POSITIONS: &str = "T4E_HelloID_Positions_v2";
const UNITS: &str = "T4E_HelloID_OrganizationalUnits_v2";

/// The shipped definition with small pages, and the organisation of the emulator.
pub(crate) fn world() -> World<Afas> {
    let yaml = shipped("afas").replace("size: 1000", "size: 3");
    World::new(&yaml, json!({ "token": TOKEN }), |_| {
        let afas = Afas::new("12345", TOKEN);
        let staff = afas::organisation();
        afas.publish(USERS, afas::users(&staff));
        afas.publish(EMPLOYMENTS, afas::employments(&staff));
        afas.publish(POSITIONS, afas::positions(&[(&staff[4], &["SALES", "OPS"])]));
        let tree =
            [("DIR", "", "100001"), ("SALES", "DIR", "100023"), ("INSIDE", "SALES", ""), ("OPS", "DIR", "100001")];
        afas.publish(UNITS, afas::units(&tree));
        afas
    })
}

#[tokio::test]
async fn employees_become_persons() {
    let world = world();
    let read = world.everything().await;
    assert_eq!(read.persons().len(), 6);
    let vries = read.person("100023");
    assert_eq!(vries.name.display(), "Jan de Vries");
    assert_eq!(vries.contact.email.as_deref(), Some("jan.vries@example.test"));
    let contract = &vries.contracts[0];
    assert_eq!((contract.start_date, contract.end_date), (date(2024, 1, 1), None));
    assert_eq!((contract.fte, contract.hours_per_week, contract.sequence), (Some(1.0), Some(40.0), Some(1)));
    let department = contract.department.as_ref().unwrap();
    assert_eq!((department.id.as_deref(), department.manager_id.as_deref()), (Some("SALES"), Some("100023")));
    assert_eq!(contract.custom["departmentPath"], json!(["SALES", "DIR"]));
    assert_eq!(contract.manager.as_ref().unwrap().id.as_deref(), Some("100001"));
    assert!(read.person("100001").contracts[0].manager.is_none());
    assert_eq!(read.person("100052").name.display(), "Piet 't Hart - Smit");
    assert_eq!(read.person("100052").contracts[0].end_date, Some(date(2026, 10, 31)));
    assert_eq!(read.person("100044").name.display(), "Zoë Øster");
    assert_eq!(world.source.absence(), Absence::Leaver);
    let present = read.present().unwrap();
    assert_eq!(present.len(), 6);
    assert!(present.contains(&record("100023")) && !present.contains(&record("100099")));
}

#[tokio::test]
async fn each_position_is_a_contract_and_the_employment_gives_what_it_lacks() {
    let read = world().everything().await;
    let berg = read.person("100031");
    let contracts: Vec<_> = berg
        .contracts
        .iter()
        .map(|contract| {
            let department = contract.department.as_ref().unwrap();
            (department.id.as_deref().unwrap(), department.manager_id.as_deref(), contract.percentage, contract.fte)
        })
        .collect();
    assert_eq!(
        contracts,
        [("SALES", Some("100023"), Some(50.0), Some(1.0)), ("OPS", Some("100001"), Some(50.0), Some(1.0))]
    );
    assert_eq!(berg.contracts[0].manager.as_ref().unwrap().id.as_deref(), Some("100023"));
    assert_ne!(berg.contracts[0].id, berg.contracts[1].id);
}

#[tokio::test]
async fn it_asks_as_afas_advises() {
    let world = world();
    let read = world.everything().await;
    let log = world.system.take_log();
    assert_eq!(read.outcome.report.requests, log.len() as u64);
    let queries: Vec<_> =
        log.iter().filter(|asked| asked.path.ends_with(USERS)).map(|asked| asked.query.as_str()).collect();
    assert_eq!(
        queries,
        [
            "orderbyfieldids=Medewerker&skip=0&take=3",
            "orderbyfieldids=Medewerker&skip=2&take=3",
            "orderbyfieldids=Medewerker&skip=4&take=3",
            // The page before was short: this one holds its last row alone, so it was the last.
            "orderbyfieldids=Medewerker&skip=5&take=3",
        ]
    );
    assert!(log.iter().all(|asked| asked.status == 200 && asked.query.contains("orderbyfieldids=")));
}

#[tokio::test]
async fn a_page_that_is_full_is_not_taken_for_the_last() {
    let world = world();
    // Five users: pages of three with one overlapping end exactly at the fifth.
    world.system.emulator.edit(USERS, |rows| drop(rows.pop()));
    assert_eq!(world.everything().await.persons().len(), 5);
}

#[tokio::test]
async fn an_interrupted_run_gives_the_same() {
    let mut world = world();
    let whole = world.everything().await;
    world.interrupted = true;
    let pieces = world.everything().await;
    assert_eq!(whole.records, pieces.records);
    assert_eq!(whole.outcome.report, pieces.outcome.report);
    assert_eq!(whole.present().unwrap().len(), pieces.present().unwrap().len());
}

#[tokio::test]
async fn nobody_is_taken_as_gone_when_rows_move_during_the_read() {
    for gone in ["100001", "100023"] {
        let world = world();
        let mut run = world.source.start(None, Want::Everything, "2026-06-01T08:00:00Z".parse().unwrap());
        // The first page is read, then a row before its end disappears: all that follow move up by one.
        run.step(&world.ports).await;
        world.system.emulator.edit(USERS, |rows| rows.retain(|row| row["Medewerker"] != gone));
        let end = loop {
            if let sources::Step::Done(outcome) = run.step(&world.ports).await {
                break outcome.end;
            }
        };
        let sources::End::Incomplete(fault) = end else { panic!("{gone}: complete") };
        assert_eq!(
            fault.to_string(),
            "stream users, page 2: the source changed while it was read: a page does not begin where the one before ended"
        );
        assert_eq!(fault.class(), Class::Retry);
    }
}

#[tokio::test]
async fn without_an_order_the_read_fails_and_does_not_lose_people() {
    let world = world();
    let yaml = shipped("afas")
        .replace("size: 1000, overlap: true", "size: 3")
        .replace("    query: { orderbyfieldids: Medewerker }\n", "");
    let source = crate::support::parse(&yaml);
    let world = World { source, ..world };
    let read = world.everything().await;
    assert_eq!(
        read.fault().to_string(),
        "stream users, page 2: the source changed while it was read: a row came on an earlier page already"
    );
}

#[tokio::test]
async fn refusals_are_told_and_only_what_heals_is_tried_again() {
    let world = world();
    let number =
        json!({ "externalMessage": "Jan de Vries is unknown", "errorNumber": -2147220469, "profitLogReference": "0" });
    for (breakage, told, class, tries) in [
        (Breakage::Refusal(500, number), "the source answers 500 (-2147220469)", Class::NeedsPerson, 1),
        (Breakage::Status(403), "the source answers 403", Class::NeedsPerson, 1),
        (Breakage::Status(404), "the source answers 404", Class::NeedsPerson, 1),
        (Breakage::Status(401), "the source answers 401", Class::NeedsPerson, 2),
        (Breakage::Status(500), "the source answers 500", Class::RetryAfter(std::time::Duration::from_secs(300)), 4),
    ] {
        world.system.take_log();
        world.system.break_at(When::from(EMPLOYMENTS, 2), breakage);
        let read = world.everything().await;
        let fault = read.fault();
        assert_eq!(fault.to_string(), format!("stream employments, page 2: {told}"));
        assert_eq!(fault.class(), class);
        let broken = world.system.take_log().iter().filter(|asked| asked.status >= 400).count();
        assert_eq!(broken, tries, "{told}");
        world.system.heal();
    }
    assert_eq!(world.everything().await.persons().len(), 6);
}

#[tokio::test]
async fn maintenance_is_waited_for_or_ends_the_read() {
    let world = world();
    world.system.emulator.maintenance(Some(7200));
    let read = world.everything().await;
    assert_eq!(read.fault().to_string(), "stream users, page 1: the source answers 503");
    assert!(matches!(read.fault().class(), Class::RetryAfter(after) if after.as_secs() == 7200));

    // Two minutes: the run waits and goes on.
    world.system.break_at(When::once(POSITIONS, 1), Breakage::Refusal(503, json!({ "retry_after": 120 })));
    world.system.emulator.maintenance(None);
    assert_eq!(world.everything().await.persons().len(), 6);
    assert!(world.system.heal());
}

#[tokio::test]
async fn a_wrong_token_is_told_once_and_a_new_one_is_taken() {
    let world = world();
    world.secrets.set(json!({ "token": "<token>old</token>" }));
    let read = world.everything().await;
    assert_eq!(read.fault().to_string(), "stream users, page 1: the source answers 401");
    world.secrets.set(json!({ "other": 1 }));
    let told = world.everything().await.fault().to_string();
    assert_eq!(told, "stream users, page 1: secret afas-source is malformed: token is missing");
    world.secrets.set(json!({ "token": TOKEN }));
    assert_eq!(world.everything().await.persons().len(), 6);
}

#[tokio::test]
async fn empty_streams_prove_nothing() {
    for (connector, stream) in [(USERS, "users"), (EMPLOYMENTS, "employments"), (UNITS, "units")] {
        let world = world();
        world.system.emulator.edit(connector, Vec::clear);
        let told = world.everything().await.fault().to_string();
        assert_eq!(told, format!("stream {stream}, page 1: there are no rows"));
    }
    let world = world();
    world.system.emulator.edit(POSITIONS, Vec::clear);
    assert_eq!(world.everything().await.persons().len(), 6);
}

#[tokio::test]
async fn a_row_that_can_not_be_used_stops_nobody_else_and_is_not_gone() {
    let world = world();
    let edit = |rows: &mut Vec<Value>| {
        rows[1]["Begindatum_functie"] = json!("2024-02-30T00:00:00Z");
        rows[2].as_object_mut().unwrap().remove("FTE");
    };
    world.system.emulator.edit(EMPLOYMENTS, edit);
    let read = world.everything().await;
    assert_eq!(read.persons().len(), 4);
    let refused: Vec<_> = read
        .records
        .iter()
        .filter_map(|record| match record {
            Record::Refused(refused) => Some(refused.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(
        refused,
        [
            "row 2, record 100023: contracts[0].startDate: it is no date and time",
            "row 5, record 100052: contracts[0].fte: there is no FTE in item"
        ]
    );
    assert!(read.present().unwrap().contains(&record("100023")));
}

#[tokio::test]
async fn a_circle_in_the_hierarchy_ends_the_walk_and_is_counted() {
    let world = world();
    let tree = [("DIR", "INSIDE", ""), ("SALES", "DIR", ""), ("INSIDE", "SALES", ""), ("OPS", "NONE", "")];
    world.system.emulator.publish(UNITS, afas::units(&tree));
    let read = world.everything().await;
    assert_eq!(read.person("100023").contracts[0].custom["departmentPath"], json!(["SALES", "DIR", "INSIDE"]));
    assert_eq!(read.person("100060").contracts[0].custom["departmentPath"], json!(["OPS"]));
    assert_eq!(read.outcome.report.circles, 5);
}

#[tokio::test]
async fn who_has_no_employment_is_left_out_and_counts_as_absent() {
    let world = world();
    let more = Employee::new("100099", "Eva", "Smit", "OPS");
    world.system.emulator.edit(USERS, |rows| rows.extend(afas::users(&[more])));
    let read = world.everything().await;
    assert_eq!((read.persons().len(), read.outcome.report.left_out), (6, 1));
    assert!(!read.present().unwrap().contains(&record("100099")));
}

#[tokio::test]
async fn a_query_that_is_too_long_is_not_sent() {
    let world = world();
    let yaml =
        shipped("afas").replace("orderbyfieldids: Medewerker", &format!("orderbyfieldids: \"{}\"", "x,".repeat(1100)));
    let world = World { source: crate::support::parse(&yaml), ..world };
    let told = world.everything().await.fault().to_string();
    assert!(told.starts_with("stream users, page 1: the request can't be made: its query has 22"), "{told}");
    assert!(world.system.take_log().is_empty());
}
