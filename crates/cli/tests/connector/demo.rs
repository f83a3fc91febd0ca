//! The demo and the benchmark, as a user runs them.

use crate::common::run;

#[test]
fn the_demo_shows_a_joiner_a_mover_and_a_leaver() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(folder.path(), &["demo"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for expected in [
        "1. Joiners.",
        "+permission sets Report_Builder, Sales_Cloud_User",
        "2. A mover.",
        "-permission sets Report_Builder, Sales_Cloud_User",
        "3. A leaver.",
        "user active → inactive",
        "Salesforce calls: 0",
        "no record was changed, added or removed",
    ] {
        assert!(ran.stdout.contains(expected), "{expected:?} is not in:\n{}", ran.stdout);
    }
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "the demo left something behind");
}

#[test]
fn the_demo_speaks_to_machines_too() {
    let folder = tempfile::tempdir().unwrap();
    let shown = run(folder.path(), &["demo", "--json"]).json();
    assert_eq!(shown["acts"].as_array().unwrap().len(), 3);
    assert_eq!(shown["callsOfTheRepetition"], 0);
    assert_eq!(shown["audit"]["whole"], true);
}

#[test]
fn joiners_cost_hardly_more_than_a_call_each() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(folder.path(), &["bench", "--persons", "120", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let measured = ran.json();
    let calls = |run: usize| measured["runs"][run]["calls"].as_u64().unwrap();
    // A login, the catalog in eight calls, the schema; for each batch a look-up and what goes by hundreds: roles,
    // licences, groups. For 1,000 joiners it is 1,050.
    assert!((120..=120 + 20).contains(&calls(0)), "{measured}");
    assert_eq!(calls(1), 0, "{measured}");
    // By Apex REST: a login, a look-up and a write.
    assert_eq!(measured["runs"].as_array().unwrap().len(), 12, "{measured}");
    for run in 6..12 {
        assert!(calls(run) <= 3, "{measured}");
    }
}
