//! The commands as a user runs them: what they print, and how they end.

#![expect(clippy::expect_used, reason = "helpers of tests, which fail by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn connector(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_connector")).args(arguments).current_dir(root()).output().expect("it runs")
}

fn out(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}

#[test]
fn the_demo_shows_all_acts_and_ends_well() {
    let output = connector(&["demo"]);
    let shown = out(&output).to_lowercase();
    assert_eq!(code(&output), 0, "{shown}");
    for part in ["joiner", "mover", "leaver", "audit log", "salesforce calls: 0\n", "permission sets"] {
        assert!(shown.contains(part), "{part} is missing:\n{shown}");
    }
}

#[test]
fn wrong_use_ends_with_2() {
    for arguments in
        [&["fly"][..], &["audit"], &["import", "x.xml"], &["serve", "--listen", "0.0.0.0:0", "--simulated-org"]]
    {
        let output = connector(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", out(&output));
    }
}

#[test]
fn check_tells_every_problem_by_its_place() {
    assert_eq!(code(&connector(&["check", "--config", "infra/config"])), 0);
    let folder = tempfile::tempdir().expect("a folder");
    for file in ["connector.yaml", "account.yaml", "rules.yaml"] {
        std::fs::copy(root().join("infra/config").join(file), folder.path().join(file)).expect("copied");
    }
    let rules = folder.path().join("rules.yaml");
    let broken = std::fs::read_to_string(&rules)
        .expect("readable")
        .replace("when: contract.department", "wen: contract.departmnt");
    std::fs::write(&rules, broken).expect("writable");
    let output = connector(&["check", "--config", text(folder.path())]);
    let shown = out(&output);
    assert_eq!(code(&output), 1, "{shown}");
    assert!(shown.contains("rules.yaml:") && shown.contains("wen"), "{shown}");
    assert!(shown.contains("connector.yaml:") && shown.contains("sources/exact-synergy.yaml"), "{shown}");
}

/// Imports a file of people into a simulated org that is kept in `data`; answers the report.
fn import(file: &Path, data: &Path) -> (i32, Value) {
    let arguments = [
        "import",
        "--source",
        "exact-synergy",
        text(file),
        "--simulated-org",
        "--wait",
        "--json",
        "--data",
        text(data),
    ];
    let output = connector(&arguments);
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic_with(&output, &error));
    (code(&output), report)
}

#[expect(clippy::panic, reason = "a test whose command prints no JSON has failed")]
fn panic_with(output: &Output, error: &serde_json::Error) -> Value {
    panic!("{error}: {}", out(output))
}

fn calls(report: &Value) -> u64 {
    report["outcome"]["salesforceCalls"].as_u64().expect("a count of calls")
}

#[test]
fn the_same_file_again_costs_no_call_and_a_changed_one_only_its_persons() {
    let data = tempfile::tempdir().expect("a folder");
    let file = root().join("tests/fixtures/exact-synergy/example.xml");
    let (ended, first) = import(&file, data.path());
    assert_eq!(ended, 0, "{first}");
    assert!(calls(&first) > 10, "{first}");
    let (ended, second) = import(&file, data.path());
    assert_eq!((ended, calls(&second)), (0, 0), "{second}");
    let parked = connector(&["parked", "--data", text(data.path())]);
    assert_eq!(code(&parked), 0, "{}", out(&parked));
    let whole = connector(&["verify-audit", "--data", text(data.path())]);
    assert_eq!(code(&whole), 0, "{}", out(&whole));
}

#[test]
fn the_evidence_of_630_employees_goes_through() {
    let Some(evidence) = std::env::var_os("EVIDENCE_DIR") else {
        println!("skipped: EVIDENCE_DIR is not set");
        return;
    };
    let data = tempfile::tempdir().expect("a folder");
    let file = PathBuf::from(evidence).join("exact-synergy/example.xml");
    let (ended, first) = import(&file, data.path());
    assert_eq!(ended, 0, "{first}");
    let told = first.to_string();
    assert!(told.contains("630"), "{told}");
    let (ended, second) = import(&file, data.path());
    assert_eq!((ended, calls(&second)), (0, 0), "{second}");

    // Ten people get another department: the first one of each tenth employee.
    let text = std::fs::read_to_string(&file).expect("readable");
    let mut employees: Vec<String> = text.split_inclusive("</Medewerker>").map(str::to_owned).collect();
    for n in 0..10 {
        employees[n * 10] = employees[n * 10].replacen("<Loonverdeling_Afdeling>", "<Loonverdeling_Afdeling>X", 1);
    }
    let edited = data.path().join("edited.xml");
    std::fs::write(&edited, employees.concat()).expect("writable");
    let (ended, third) = import(&edited, data.path());
    assert_eq!(ended, 0, "{third}");
    // One write for each of them; the rest is the log-in, the catalog and one look-up.
    assert_eq!(third["outcome"]["salesforceCallsByKind"]["scim-update"], 10, "{third}");
    assert!(calls(&third) <= 20, "{third}");
}

#[cfg(unix)]
#[test]
fn secrets_that_others_can_read_are_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let secrets = folder.path().join("secrets.yaml");
    std::fs::write(&secrets, "salesforce: { flow: hidden-flow }\n").expect("writable");
    std::fs::set_permissions(&secrets, std::fs::Permissions::from_mode(0o644)).expect("ours");
    let data = folder.path().join("data");
    let output = connector(&[
        "serve",
        "--config",
        "infra/config",
        "--secrets",
        text(&secrets),
        "--data",
        text(&data),
        "--listen",
        "127.0.0.1:0",
    ]);
    let shown = out(&output);
    assert_eq!(code(&output), 1, "{shown}");
    assert!(shown.contains("600") && !shown.contains("hidden-flow"), "{shown}");
}
