//! Crash points. One person joins, moves, leaves and comes back. Every call through every port is a point: at each, the
//! call fails before its effect, or takes effect and its reply is lost, or the process stops before or after it and a
//! new one starts. Then all runs clean until quiet, and the promises are checked after every act.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests, which fail by panicking")]

mod promises;

use std::time::Duration;

use http::StatusCode;
use integration_tests::world::{World, morning, person};
use ports::faults::Fault;
use promises::{Expected, check};
use salesforce_simulator::{Object, Org};
use serde_json::Value;

const ID: &str = "o'brien \"7\"";
const NICK: &str = "Jan";
const FAMILY: &str = "Vries";

struct Act {
    name: &'static str,
    record: Value,
    expected: Expected,
}

fn acts() -> Vec<Act> {
    let enabled =
        |role, sets: [&'static str; 2]| Expected { active: true, role: Some(role), permission_sets: sets.to_vec() };
    let sales = || enabled("SalesEMEA", ["Sales_Cloud_User", "Report_Builder"]);
    let service = enabled("ServiceEMEA", ["Service_Cloud_User", "Report_Builder"]);
    let gone = Expected { active: false, role: None, permission_sets: Vec::new() };
    vec![
        Act { name: "joiner", record: person(ID, NICK, FAMILY, "SALES", None), expected: sales() },
        Act { name: "mover", record: person(ID, NICK, FAMILY, "SERVICE", None), expected: service },
        Act { name: "leaver", record: person(ID, NICK, FAMILY, "SERVICE", Some("2026-02-28")), expected: gone },
        Act { name: "rehire", record: person(ID, NICK, FAMILY, "SALES", None), expected: sales() },
    ]
}

/// Plays all acts with one fault; answers how many calls the faulty part made.
async fn play(api: &str, at: usize, fault: Option<Fault>) -> usize {
    let mut world = World::by(api, Org::sample(morning()));
    let mut calls = 0;
    for act in acts() {
        world.pass(Duration::from_secs(60));
        let offset = at.checked_sub(calls);
        match (offset, fault) {
            (Some(offset), Some(fault)) => world.faults.plan(offset, fault),
            _ => world.faults.clear(),
        }
        let event = world.upsert(&act.record);
        let mut accepted = false;
        let mut counted = None;
        for attempt in 0.. {
            assert!(attempt < 20, "{} does not come to rest", act.name);
            let stopped = {
                let faults = world.faults.clone();
                let request = world.signed("hr", &event);
                let run = async {
                    // HR sends until it hears 202, as webhook senders do.
                    if !accepted {
                        accepted = world.post(&request).await.status() == StatusCode::ACCEPTED;
                    }
                    let limit = Duration::from_secs(6 * 3600);
                    accepted && world.pipeline.run_until_quiet(limit, &|_| ()).await.is_ok()
                };
                tokio::select! {
                    biased;
                    () = faults.stopped() => None,
                    done = run => Some(done),
                }
            };
            let made = world.faults.calls().len();
            counted.get_or_insert(made);
            match stopped {
                Some(true) => break,
                // A queue failed, or HR's call did: whoever called tries again, and the fault is over.
                Some(false) => world.faults.clear(),
                None => {
                    world.faults.clear();
                    world.restart();
                    world.pipeline.resume().await.expect("nothing fails any more");
                }
            }
        }
        calls += counted.unwrap_or_default();
        world.faults.clear();
        check(&world, ID, &act.expected, &format!("{} by {api} with {fault:?} at call {at}", act.name)).await;
        if act.name == "joiner" {
            // Somebody gives something by hand; it must survive all that follows.
            let username = world.org.org().users_with("FederationIdentifier", ID)[0].username.clone();
            world.org.org().admin().assign(&username, Object::PermissionSet, "Knowledge_Reader").expect("assignable");
        }
    }
    assert!(no_change_costs_nothing(&mut world).await);
    calls
}

/// Promise 7: HR repeats itself, and Salesforce hears nothing.
async fn no_change_costs_nothing(world: &mut World) -> bool {
    world.salesforce_calls();
    world.pass(Duration::from_secs(60));
    let record = acts().remove(3).record;
    world.hr_says(&record).await;
    world.salesforce_calls() == 0
}

async fn visit(api: &str, fault: Fault) {
    let clean = play(api, usize::MAX, None).await;
    let mut at = 0;
    loop {
        let calls = play(api, at, Some(fault)).await;
        at += 1;
        if at >= calls.max(clean) {
            break;
        }
    }
    println!("crash points: {at} visited by {api} with {fault:?}; a clean run makes {clean} calls");
    assert!(at >= clean && clean > 60, "{at} of {clean}");
}

macro_rules! crash_points {
    ($($name:ident: $api:literal, $fault:ident;)*) => {$(
        #[tokio::test]
        async fn $name() {
            visit($api, Fault::$fault).await;
        }
    )*};
}

crash_points! {
    every_call_may_fail_before_its_effect: "scim", FailBefore;
    every_reply_may_be_lost: "scim", LoseReply;
    the_process_may_stop_before_every_call: "scim", StopBefore;
    the_process_may_stop_after_every_call: "scim", StopAfter;
    by_apex_every_call_may_fail_before_its_effect: "apex", FailBefore;
    by_apex_every_reply_may_be_lost: "apex", LoseReply;
    by_apex_the_process_may_stop_before_every_call: "apex", StopBefore;
    by_apex_the_process_may_stop_after_every_call: "apex", StopAfter;
}
