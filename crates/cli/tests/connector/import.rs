//! Importing an export, twice, with edits and with bad records; and what the other commands then tell.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use domain::PersonId;
use ports::{Condition, Store as _, SystemClock, Write};

use crate::common::{Ran, change, copy, example_config, example_export, run};
use serde_json::Value;
use storage::Embedded;

fn import(folder: &Path, file: &Path) -> Ran {
    let file = file.to_str().unwrap();
    run(folder, &["import", "--json", "--source", "exact-synergy", file, "--simulated-org", "--wait"])
}

#[test]
fn the_example_ends_as_accounts_and_a_second_import_costs_no_call() {
    let folder = tempfile::tempdir().unwrap();
    let first = import(folder.path(), &example_export());
    assert_eq!(first.code, 0, "{first:?}");
    let first = first.json();
    let records = first["records"]["read"].as_u64().unwrap();
    let outcome = &first["outcome"];
    let created = outcome["created"].as_u64().unwrap();
    assert!(created > 0);
    assert_eq!(outcome["accounts"]["active"], created);
    assert_eq!(created + outcome["accounts"]["absent"].as_u64().unwrap(), records, "{first}");

    let second = import(folder.path(), &example_export()).json();
    assert_eq!((&second["records"]["changed"], &second["outcome"]["salesforceCalls"]), (&0.into(), &0.into()));
    assert_eq!(second["outcome"]["accounts"], outcome["accounts"]);

    let log = run(folder.path(), &["audit", "1003", "--json"]).json();
    // Made, and linked to the manager where that one came later.
    assert!((1..=2).contains(&log["records"].as_array().unwrap().len()), "{log}");
    let then = run(folder.path(), &["audit", "1003", "--at", "2001-01-01", "--json"]).json();
    assert_eq!((&then["user"], &then["records"]), (&Value::Null, &0.into()));
    let now = run(folder.path(), &["audit", "1003", "--at", "2999-01-01", "--json"]).json();
    assert_eq!((&now["active"], &now["fields"]["EmployeeNumber"]), (&true.into(), &"1003".into()));
    let verdict = run(folder.path(), &["verify-audit", "--json"]).json();
    assert_eq!(verdict["broken"], Value::Array(vec![]));
    assert!(verdict["records"].as_u64().unwrap() >= created, "{verdict}");
    assert_eq!(run(folder.path(), &["parked"]).code, 0);
}

#[test]
fn only_edited_records_cost_calls() {
    let folder = tempfile::tempdir().unwrap();
    import(folder.path(), &example_export());
    let text = fs::read_to_string(example_export()).unwrap();
    let edited = folder.path().join("edited.xml");
    fs::write(&edited, text.replacen("<Roepnaam>Marijke<", "<Roepnaam>Marieke<", 1)).unwrap();
    let report = import(folder.path(), &edited).json();
    let outcome = &report["outcome"];
    assert_eq!((&report["records"]["changed"], &outcome["updated"]), (&1.into(), &1.into()), "{report}");
    assert_eq!(outcome["salesforceCallsByKind"]["scim-update"], 1, "{report}");
}

#[test]
fn a_refused_record_is_shown_and_stops_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(example_export()).unwrap();
    let broken = folder.path().join("broken.xml");
    let date = "<Concerndatum>2009-04-01<";
    assert!(text.contains(date));
    fs::write(&broken, text.replacen(date, "<Concerndatum>2009-02-31<", 1)).unwrap();
    let ran = import(folder.path(), &broken);
    assert_eq!(ran.code, 3, "{ran:?}");
    let report = ran.json();
    assert_eq!(report["records"]["refused"], 1);
    let refused = &report["records"]["refusedRecords"][0];
    assert!(refused["error"]["path"].as_str().unwrap().contains("startDate"), "{report}");
    assert!(report["outcome"]["created"].as_u64().unwrap() > 0);
    let parked = run(folder.path(), &["parked"]);
    assert_eq!(parked.code, 3);
    assert!(parked.stdout.contains("startDate") && parked.stdout.contains("exact-synergy"), "{parked:?}");
    // The next good read heals it.
    assert_eq!(import(folder.path(), &example_export()).code, 0);
    assert_eq!(run(folder.path(), &["parked"]).code, 0);
}

#[test]
fn without_wait_nothing_is_written_to_an_org() {
    let folder = tempfile::tempdir().unwrap();
    let (file, config) = (example_export(), example_config());
    let (file, config) = (file.to_str().unwrap(), config.to_str().unwrap());
    let ran = run(folder.path(), &["import", "--json", "--source", "exact-synergy", file, "--config", config]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json()["outcome"], Value::Null);
    assert_eq!(run(folder.path(), &["verify-audit", "--json"]).json()["records"], 0);
    // The next that runs the pipeline carries it out.
    let report = import(folder.path(), &example_export()).json();
    assert_eq!(report["records"]["changed"], 0);
    assert!(report["outcome"]["created"].as_u64().unwrap() > 0, "{report}");
}

#[test]
fn an_org_without_the_profile_parks_persons_and_a_retry_heals_them() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    copy(&example_config(), &config);
    change(&config.join("rules.yaml"), "profile: Minimum Access - Salesforce", "profile: No Such Profile");
    let file = example_export();
    let arguments = ["import", "--source", "exact-synergy", file.to_str().unwrap(), "--simulated-org", "--wait"];
    let with_config = [&arguments[..], &["--config", "config", "--json"]].concat();
    let ran = run(folder.path(), &with_config);
    assert_eq!(ran.code, 3, "{ran:?}");
    let report = ran.json();
    let failed = report["outcome"]["failed"].as_u64().unwrap();
    assert!(failed > 0 && report["outcome"]["created"] == 0, "{report}");
    let parked = run(folder.path(), &["parked"]);
    assert_eq!(parked.code, 3);
    assert!(parked.stdout.contains("unknown-entitlement") && parked.stdout.contains("1001, 1002"), "{parked:?}");
    let audit = run(folder.path(), &["audit", "1001"]);
    assert!(audit.stdout.contains("failed: unknown-entitlement"), "{audit:?}");
    // As long as nothing is corrected a second import does not ask the org again.
    let calls = run(folder.path(), &with_config).json()["outcome"]["salesforceCalls"].clone();
    assert_eq!(calls, 0);
    change(&config.join("rules.yaml"), "profile: No Such Profile", "profile: Minimum Access - Salesforce");
    assert_eq!(run(folder.path(), &["retry", "--all", "--json"]).json()["persons"], failed);
    let healed = run(folder.path(), &with_config);
    assert_eq!((healed.code, &healed.json()["outcome"]["created"]), (0, &failed.into()), "{healed:?}");
}

#[tokio::test]
async fn a_changed_audit_record_is_found() {
    let folder = tempfile::tempdir().unwrap();
    import(folder.path(), &example_export());
    assert_eq!(run(folder.path(), &["verify-audit"]).code, 0);
    {
        let path = folder.path().join(".connector/connector.redb");
        let store = Embedded::open(path, Arc::new(SystemClock)).unwrap();
        let key = records::keys::audit(&PersonId::parse("1003").unwrap(), 1);
        let item = store.get(std::slice::from_ref(&key)).await.unwrap().remove(0).unwrap();
        let mut body = item.body;
        body.insert("why".to_owned(), "somebody's favour".into());
        let when = Condition::Version(item.version);
        store.write(&[Write::Put { key, when, body, index: item.index, expires: None }]).await.unwrap();
    }
    let all = run(folder.path(), &["verify-audit"]);
    assert_eq!(all.code, 1);
    assert!(all.stdout.contains("1003"), "{all:?}");
    let one = run(folder.path(), &["audit", "1003"]);
    assert_eq!(one.code, 1);
    assert!(one.stdout.contains("THE LOG IS NOT WHOLE"), "{one:?}");
    assert_eq!(run(folder.path(), &["verify-audit", "1004"]).code, 0);
}

/// The export of 630 employees, which may not be committed: `EVIDENCE_DIR` names where it lies.
#[test]
fn a_real_export_goes_through_whole() {
    let Some(dir) = std::env::var_os("EVIDENCE_DIR").filter(|dir| !dir.is_empty()) else {
        println!("left out: EVIDENCE_DIR is not set");
        return;
    };
    let export = Path::new(&dir).join("exact-synergy/example.xml");
    let folder = tempfile::tempdir().unwrap();
    let first = import(folder.path(), &export);
    assert_eq!(first.code, 0, "{}", first.stdout);
    let report = first.json();
    let accounts = &report["outcome"]["accounts"];
    let count = |name: &str| accounts[name].as_u64().unwrap();
    assert_eq!(report["records"]["read"], 630);
    assert_eq!(count("active") + count("inactive") + count("absent"), 630, "{report}");
    assert_eq!(report["outcome"]["created"], count("active") + count("inactive"));
    println!("630 records: {accounts}, {} calls", report["outcome"]["salesforceCalls"]);

    let second = import(folder.path(), &export).json();
    assert_eq!(second["outcome"]["salesforceCalls"], 0, "{second}");

    let active = active_persons(folder.path(), &export);
    let chosen: Vec<&String> = active.iter().take(10).collect();
    let edited = folder.path().join("edited.xml");
    fs::write(&edited, with_other_titles(&fs::read_to_string(&export).unwrap(), &chosen)).unwrap();
    let third = import(folder.path(), &edited).json();
    assert_eq!((&third["records"]["changed"], &third["outcome"]["updated"]), (&10.into(), &10.into()), "{third}");
    assert_eq!(third["outcome"]["salesforceCallsByKind"]["scim-update"], 10, "{third}");
    for person in &chosen {
        let log = run(folder.path(), &["audit", person, "--json"]).json();
        assert_eq!(log["records"].as_array().unwrap().len(), 2, "{person}");
    }
    assert_eq!(run(folder.path(), &["verify-audit", "--json"]).json()["records"], count("active") + 10);
}

/// Persons of the export who have an account.
fn active_persons(folder: &Path, export: &Path) -> Vec<String> {
    let text = fs::read_to_string(export).unwrap();
    let ids =
        text.split("<Medewerker>").skip(1).filter_map(|record| between(record, "<Strooknummer>", "</Strooknummer>"));
    let active = |id: &String| run(folder, &["audit", id, "--json"]).code == 0;
    ids.map(str::to_owned).filter(active).take(10).collect()
}

fn with_other_titles(text: &str, persons: &[&String]) -> String {
    let mut records = text.split("<Medewerker>");
    let mut edited = records.next().unwrap().to_owned();
    for record in records {
        edited.push_str("<Medewerker>");
        let id = between(record, "<Strooknummer>", "</Strooknummer>").unwrap_or_default();
        if persons.iter().any(|person| *person == id) {
            let title = between(record, "<Beroep>", "</Beroep>").unwrap();
            edited.push_str(&record.replacen(&format!("<Beroep>{title}<"), "<Beroep>Edited title<", 1));
        } else {
            edited.push_str(record);
        }
    }
    edited
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let rest = text.split_once(before)?.1;
    Some(rest.split_once(after)?.0)
}
