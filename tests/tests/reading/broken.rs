//! Reads that fail: midway at the source, or midway in our own calls. Nobody is removed, the report says what happened,
//! and the next read heals.

use std::time::Duration;

use integration_tests::world::source_name;
use ports::faults::Fault;
use serde_json::{Value, json};
use source_emulators::afas::{self, Employee};
use source_emulators::{Breakage, When};
use sync::Task;

use crate::employer::{EMPLOYMENTS, Employer, USERS};

const MINUTE: Duration = Duration::from_secs(60);

/// Ways of failing in the middle of a list.
fn ways() -> Vec<(&'static str, Breakage)> {
    let text = |text: &str| text.to_owned();
    vec![
        ("status 400", Breakage::Status(400)),
        ("status 401", Breakage::Status(401)),
        ("status 403", Breakage::Status(403)),
        ("status 404", Breakage::Status(404)),
        ("status 418", Breakage::Status(418)),
        ("status 429", Breakage::Status(429)),
        ("status 500", Breakage::Status(500)),
        ("status 502", Breakage::Status(502)),
        ("status 503", Breakage::Status(503)),
        ("status 504", Breakage::Status(504)),
        ("a numbered refusal", Breakage::Refusal(500, json!({ "externalMessage": "no", "errorNumber": -1 }))),
        ("asked to wait", Breakage::RetryAfter(429, text("7200"))),
        ("not sent", Breakage::NotSent),
        ("answer lost", Breakage::Lost),
        ("body cut", Breakage::Cut),
        ("body cut, and its header says so", Breakage::CutWithLength),
        ("no body", Breakage::NoBody),
        ("HTML", Breakage::Html),
        ("HTML that says it is JSON", Breakage::HtmlAsJson),
        ("another content type", Breakage::Type(text("text/plain"))),
        ("another shape", Breakage::OtherShape(json!({ "value": [] }))),
        ("a list in place of a document", Breakage::OtherShape(json!([]))),
        ("null rows", Breakage::OtherShape(json!({ "skip": 0, "take": 3, "rows": null }))),
        ("rows that are no objects", Breakage::OtherShape(json!({ "skip": 0, "take": 3, "rows": [1, 2] }))),
        ("garbage", Breakage::Garbage),
        ("a redirect", Breakage::Redirect(text("https://elsewhere.example/rows"))),
        ("no rows", Breakage::Change(|body| body["rows"] = json!([]))),
        ("a page that is one short", Breakage::Change(one_short)),
        ("a page that was there before", Breakage::Repeat),
        ("rows without a key", Breakage::Change(without_key)),
        ("another size of page", Breakage::Change(|body| body["take"] = json!(1))),
    ]
}

fn one_short(body: &mut Value) {
    if let Some(rows) = body["rows"].as_array_mut() {
        rows.remove(0);
    }
}

fn without_key(body: &mut Value) {
    for row in body["rows"].as_array_mut().into_iter().flatten() {
        row.as_object_mut().map(|row| row.remove("Medewerker"));
    }
}

#[tokio::test]
async fn whatever_breaks_midway_removes_nobody_and_heals() {
    let staff = afas::organisation();
    let mut bigger = staff.clone();
    bigger.push(Employee::new("100070", "Noor", "Wit", "SALES"));
    for (stream, page) in [(USERS, 1), (USERS, 2), (EMPLOYMENTS, 1), (EMPLOYMENTS, 3)] {
        for (way, breakage) in ways() {
            if page == 1 && matches!(breakage, Breakage::Repeat) {
                continue; // Nothing was there before.
            }
            let employer = Employer::new();
            employer.read().await;
            let before = employer.count(&staff);
            assert_eq!(before, 5);
            employer.employs(&bigger);
            // A row that is left out of every page is not there.
            let when = if way == "a page that is one short" { When::once } else { When::from };
            employer.afas.break_at(when(stream, page), breakage);
            employer.world.pass(15 * MINUTE);
            let report = employer.read().await;
            let told = format!("{way}, page {page} of {stream}: {report:?}");
            assert!(employer.afas.heal(), "nothing was broken: {told}");
            assert_eq!(employer.count(&staff), before, "{told}");
            assert_eq!((report.absent, report.removed), (0, 0), "{told}");
            assert!(!report.complete && report.fault.is_some() || report.unfinished || report.refused > 0, "{told}");
            // By itself, as soon as the source is asked again.
            employer.pass(3 * 60 * MINUTE).await;
            assert!(employer.is_in("100070"), "not healed after {told}");
            assert_eq!(employer.count(&staff), before, "{told}");
        }
    }
}

#[tokio::test]
async fn a_fault_at_any_call_of_a_read_is_made_good_by_the_next() {
    let mut points = 0;
    for fault in [Fault::FailBefore, Fault::LoseReply, Fault::StopBefore, Fault::StopAfter] {
        for call in 0.. {
            let mut employer = Employer::new();
            employer.world.faults.plan(call, fault);
            let task = Task::Pull { source: Some(source_name("afas")), everything: false };
            let faults = employer.world.faults.clone();
            {
                let read = employer.world.pipeline.sync.run(&task);
                tokio::select! {
                    biased;
                    () = faults.stopped() => {}
                    _ = read => {}
                }
            }
            let calls = faults.calls().len();
            faults.clear();
            employer.world.restart();
            if calls <= call {
                break;
            }
            points += 1;
            // The next turn, once the lock of a process that stopped has ended; the sweep finds lost wake-ups.
            employer.pass(16 * MINUTE).await;
            employer.world.pass(16 * MINUTE);
            employer.world.pipeline.sync.run(&Task::Sweep).await.expect("nothing fails");
            employer.world.quiet().await;
            let told = format!("{fault:?} at call {call}");
            for number in ["100001", "100023", "100052", "100031", "100060"] {
                assert!(employer.is_in(number), "{number} after {told}");
            }
            assert!(employer.world.pipeline.sync.state.last_report(&source_name("afas")).await.is_ok(), "{told}");
        }
    }
    assert!(points > 100, "{points} points");
}
