//! A joiner in AFAS and the account in a real directory, read by the deployed stack, become one person.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use integration_tests::ministack::Ministack;
use integration_tests::world::{ACCOUNT, CONNECTOR};
use salesforce_simulator::Org;
use serde_json::Value;
use source_emulators::afas::Employee;

use crate::sources::{SOURCES, Sources};
use crate::{STACK, built, run, until, user};

/// Whom AFAS knows has the directory's address and no other.
const MAIL: &str =
    "{ value: \"has(person.custom.afasUser) ? person.accounts.ad.mail : person.contact.email\", required: true }";

/// Writes a configuration with both sources in it.
pub(crate) fn configure(sources: &Sources, config: &Path) {
    sources.write_definitions(config);
    std::fs::write(config.join("connector.yaml"), format!("{CONNECTOR}{SOURCES}")).expect("writable");
    let mail = ACCOUNT.lines().find(|line| line.trim().starts_with("Email: ")).expect("it has one");
    std::fs::write(config.join("account.yaml"), ACCOUNT.replace(mail, &format!("    Email: {MAIL}")))
        .expect("writable");
}

/// Puts the secrets of both sources where the stack looks for them.
pub(crate) async fn put_secrets(sources: &Sources, ministack: &Ministack) {
    for (name, secret) in sources.secrets() {
        ministack.put_secret(STACK, name, &secret.to_string()).await;
    }
}

/// Whom AFAS knows from the start.
pub(crate) fn joiner() -> Employee {
    Employee { manager: String::new(), ..Employee::new("1002", "Jan", "Vries", "SALES") }
}

/// The schedule has both sources read, and she joins; then her address changes, and she leaves.
pub(crate) async fn comes_and_goes(sources: &Sources, ministack: &Ministack, org: &Arc<Mutex<Org>>, folder: &Path) {
    let joined = until("the account of both", || user(org, "1002").filter(|user| user.active)).await;
    assert_eq!((joined.text("Email"), joined.text("LastName")), ("Jan@corp.example.test", "Vries"));

    sources.change_in_directory("Jan de Vries", &["replace: mail\nmail: jan.jansen@corp.example.test"]);
    let report = sync("ad", ministack, folder);
    assert_eq!((&report["complete"], &report["everything"]), (&true.into(), &false.into()), "{report}");
    assert_eq!(report["changed"], 1, "{report}");
    until("the new address", || user(org, "1002").filter(|user| user.text("Email") == "jan.jansen@corp.example.test"))
        .await;

    sources.employ(&[Employee { end: "2026-01-31".to_owned(), ..joiner() }]);
    let report = sync("afas", ministack, folder);
    assert_eq!((&report["complete"], &report["changed"]), (&true.into(), &1.into()), "{report}");
    let left = until("the leaver of AFAS", || user(org, "1002").filter(|user| !user.active)).await;
    assert_eq!((&left.id, left.text("Email")), (&joined.id, "jan.jansen@corp.example.test"));
}

/// Has the stack read a source; what it reports of the records.
fn sync(source: &str, ministack: &Ministack, folder: &Path) -> Value {
    let arguments = ["sync", source, "--stack", STACK, "--wait", "--json"];
    let printed = run(Command::new(built("connector")).args(arguments), ministack, folder);
    let report: Value = serde_json::from_str(&printed).expect("a report");
    report["records"].clone()
}
