//! From a domain controller to stored snapshots.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::sync::Arc;

use active_directory::Guid;
use domain::SourceName;
use ports::SystemClock;
use records::People;
use serde_json::Value;
use storage::Embedded;

use crate::common::Server;
use crate::site::{Site, terminate};
use crate::support::{controller, seed};

const EVERYBODY: usize = 7 + seed::BULK;

/// The key of the webhook that `serve` made for the built-in configuration's dependent source.
fn key(server: &Server) -> String {
    let hooks = server.started["webhooks"].as_array().unwrap();
    let hook = hooks.iter().find(|hook| hook["source"] == "entra").unwrap();
    hook["throwAwayKey"].as_str().unwrap().to_owned()
}

/// What the connector has stored: records and their persons.
async fn stored(folder: &Path) -> BTreeMap<String, String> {
    let path = folder.join(".connector/connector.redb");
    let people = People::new(Arc::new(Embedded::open(path, Arc::new(SystemClock)).unwrap()));
    let records = people.records_of(&SourceName::parse("entra").unwrap()).await.unwrap();
    records.into_iter().map(|(record, person)| (record.to_string(), person.to_string())).collect()
}

fn counts(report: &Value) -> [u64; 4] {
    ["read", "sent", "unchanged", "removed"].map(|name| report[name].as_u64().unwrap())
}

#[tokio::test]
async fn users_come_change_and_go() {
    let Some(controller) = controller() else { return };
    let connector = tempfile::tempdir().unwrap();
    let server = Server::start(connector.path());
    let to = format!("http://{}/webhook/entra", server.address());
    let site = Site::new(&controller.ldaps(), &controller.ca, &to);
    site.secrets(seed::PASSWORD, &key(&server));

    let report = site.report(&[], 0);
    assert_eq!(counts(&report), [EVERYBODY as u64, EVERYBODY as u64, 0, 0], "{report}");
    assert_eq!((&report["everything"], &report["advice"]), (&true.into(), &Value::Null));
    // Nothing has changed, neither among what changed nor among everybody.
    let report = site.report(&[], 0);
    assert_eq!((counts(&report), &report["everything"]), ([0; 4], &false.into()));
    assert_eq!(counts(&site.report(&["--full"], 0)), [EVERYBODY as u64, 0, EVERYBODY as u64, 0]);

    // A change, a joiner, a delete, and a move out of what is read.
    controller.change(&seed::modify("CN=Jan de Vries,OU=People", &["replace: mail\nmail: jan@corp.example.test"]));
    controller.change(&seed::new_user("CN=New,OU=People", "new", &["employeeID: 1010"]));
    controller.change(&seed::delete("CN=Expired,OU=People"));
    controller.change(&seed::rename("CN=Zoe,OU=People", "CN=Zoe", "OU=Other"));
    let report = site.report(&[], 0);
    assert_eq!((counts(&report), &report["everything"]), ([2, 2, 0, 2], &false.into()), "{report}");
    assert_eq!(counts(&site.report(&[], 0)), [0; 4]);

    // As a service, until it is told to stop.
    controller.change(&seed::delete("CN=Disabled,OU=People"));
    let mut service = site.start();
    let mut lines = BufReader::new(service.stderr.take().unwrap()).lines().map_while(Result::ok);
    let round = lines.by_ref().map(|line| serde_json::from_str::<Value>(&line).unwrap());
    let round = round.into_iter().find(|line| line["event"] == "agent.round").unwrap();
    assert_eq!((&round["complete"], &round["gone"]), (&true.into(), &1.into()), "{round}");
    assert!(terminate(service));

    // A refused password changes nothing, and says so.
    site.secrets("wrong", &key(&server));
    let report = site.report(&[], 1);
    assert!(report["fault"].as_str().unwrap().contains("wrong name or password"), "{report}");
    // It is not tried again with the same file, so that the account is not locked.
    let report = site.report(&[], 1);
    assert!(report["fault"].as_str().unwrap().contains("a short while ago"), "{report}");
    // A refused signature changes nothing either.
    site.secrets(seed::PASSWORD, "whsec_dGhyb3ctYXdheSBrZXkgZm9yIHRlc3RzIG9ubHkh");
    let report = site.report(&["--again"], 1);
    assert_eq!(report["fault"], "the receiver answers 401 Unauthorized", "{report}");
    site.secrets(seed::PASSWORD, &key(&server));
    let left = EVERYBODY as u64 + 1 - 3;
    assert_eq!(counts(&site.report(&[], 0)), [left, left, 0, 0]);

    assert!(server.signal("-TERM").success());
    let stored = stored(connector.path()).await;
    assert_eq!(stored.len() as u64, left);
    let persons: Vec<&str> = stored.values().map(String::as_str).filter(|id| id.starts_with('1')).collect();
    let mut sorted = persons.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, ["1001", "1002", "1004", "1007", "1010"]);
    assert!(stored.keys().all(|record| record.parse::<Guid>().is_ok()));
}
