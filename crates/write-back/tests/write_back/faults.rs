//! Every single call of a run fails, loses its answer or is the last one of the process; then a clean run brings AFAS and
//! what is remembered to the same end.

use crate::support::{World, person, wish};
use ports::faults::Fault;
use source_emulators::{Breakage, When};
use write_back::{Answer, Wish};

/// One joins, one changes, one leaves.
async fn world() -> World {
    let world = World::of(3);
    for n in ["2", "3"] {
        world.want(n, wish(n, &format!("old{n}@example.test"))).await;
    }
    world.run().await;
    world.want("1", wish("1", "new1@example.test")).await;
    world.want("2", wish("2", "new2@example.test")).await;
    world.want("3", Answer::Wanted(Wish::Leave, None)).await;
    world.afas.emulator.take_updated();
    world.faults.clear();
    world
}

async fn check(world: &World, case: &str) {
    for (number, mail) in [("1", "new1@example.test"), ("2", "new2@example.test"), ("3", "")] {
        for column in ["Email_werk", "Email_werk_gebruiker", "UPN"] {
            assert_eq!(world.column(number, column), mail, "{case}: {column} of {number}");
        }
        let state = world.write_backs.of(&person(number)).await.unwrap();
        assert_eq!(
            (state.intent, state.stuck, state.lease, state.wanted),
            (None, None, None, None),
            "{case}: {number}"
        );
        // Two records, each change told once.
        let changes = if number == "1" { 2 } else { 4 };
        assert_eq!(state.log.len(), changes, "{case}: the log of {number}: {:?}", state.log);
        let last: Vec<_> = state.log.iter().rev().take(2).map(|change| change.delivery.after["EmAd"].clone()).collect();
        assert!(last.iter().all(|after| after.as_deref().unwrap_or_default() == mail), "{case}: {last:?}");
    }
    // Each write reached AFAS once: nothing was sent that was there already.
    assert_eq!(world.afas.emulator.take_updated().len(), 6, "{case}");
}

#[tokio::test]
async fn whatever_call_fails_the_end_is_the_same() {
    let clean = world().await;
    clean.run().await;
    let calls = clean.faults.calls();
    check(&clean, "clean").await;
    assert!(calls.iter().filter(|call| **call == "http.send").count() == 12, "{calls:?}");
    for fault in [Fault::FailBefore, Fault::LoseReply, Fault::StopBefore, Fault::StopAfter] {
        for (at, call) in calls.iter().enumerate() {
            let case = format!("{fault:?} at {at} ({call})");
            let world = world().await;
            world.faults.plan(at, fault);
            let stopped = tokio::select! {
                biased;
                () = world.faults.stopped() => true,
                _ = world.try_run() => false,
            };
            assert_eq!(stopped, matches!(fault, Fault::StopBefore | Fault::StopAfter), "{case}");
            world.faults.clear();
            // Past every lease and gap, twice for the order in which they end.
            for _ in 0..2 {
                world.pass(3600);
                world.run().await;
            }
            check(&world, &case).await;
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_is_read_again_and_told_as_recovered() {
    let world = World::of(1);
    world.want("1", wish("1", "jan@example.test")).await;
    // A page for people, and nothing written.
    world.afas.break_at(When::once("connectors/KnEmployee", 1), Breakage::Html);
    assert_eq!(world.run().await.stuck, 1);
    world.afas.heal();
    world.pass(300);
    world.run().await;
    assert_eq!(world.column("1", "Email_werk"), "jan@example.test");

    let world = World::of(1);
    world.want("1", wish("1", "jan@example.test")).await;
    world.afas.break_at(When::once("connectors/KnEmployee", 1), Breakage::Never);
    let report = world.run().await;
    assert_eq!((report.stuck, report.stopped), (1, None));
    let state = world.write_backs.of(&person("1")).await.unwrap();
    assert!(state.intent.is_some());
    // It did take effect, as far as AFAS is concerned.
    world.set("1", "Email_werk", "jan@example.test");
    world.afas.heal();
    world.pass(300);
    world.run().await;
    let log = world.write_backs.of(&person("1")).await.unwrap().log;
    assert_eq!(log.iter().map(|change| change.recovered).collect::<Vec<_>>(), [true, false]);
}

#[tokio::test]
async fn a_wish_that_goes_back_while_the_answer_is_unclear_is_written_all_the_same() {
    let world = World::of(1);
    world.want("1", wish("1", "a@example.test")).await;
    world.run().await;
    world.want("1", wish("1", "b@example.test")).await;
    // The call for the employee takes effect, its answer is lost.
    let put = {
        world.faults.clear();
        let probe = World::of(1);
        probe.want("1", wish("1", "a@example.test")).await;
        probe.run().await;
        probe.want("1", wish("1", "b@example.test")).await;
        probe.faults.clear();
        probe.run().await;
        probe.faults.calls().iter().enumerate().filter(|(_, call)| **call == "http.send").nth(1).unwrap().0
    };
    world.faults.plan(put, Fault::LoseReply);
    world.run().await;
    world.faults.clear();
    assert_eq!(world.column("1", "Email_werk"), "b@example.test");
    world.want("1", wish("1", "a@example.test")).await;
    world.run().await;
    assert_eq!(world.column("1", "Email_werk"), "a@example.test");
}

#[tokio::test]
async fn a_system_that_never_answers_stops_the_run() {
    let world = World::of(20);
    for n in 1..=20 {
        world.want(&n.to_string(), wish(&n.to_string(), &format!("{n}@example.test"))).await;
    }
    world.afas.break_at(When::from("", 1), Breakage::Never);
    let report = world.run().await;
    assert_eq!((report.looked, report.stuck), (5, 5));
    assert!(report.stopped.is_some());
    assert_eq!(world.calls().len(), 5);
}
