//! `connector preflight` as a user runs it: over a socket to a simulated org, and without one.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};

use ports::{Clock as _, SystemClock};
use salesforce_simulator::server::Server;
use salesforce_simulator::{Object, Org};

use crate::common::{change, copy, example_config, example_export, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_org_is_compared_with_the_configuration_and_left_as_it_is() {
    let org = Arc::new(Mutex::new(Org::sample(SystemClock.now())));
    permit(&mut org.lock().unwrap());
    let before = org.lock().unwrap().journal().len();
    let _server = Server::start(org.clone(), 0, false, Arc::new(SystemClock)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (config, secrets) = (folder.path().join("config"), folder.path().join("secrets.yaml"));
    copy(&example_config(), &config);
    let secret = org.lock().unwrap().jwt_secret();
    fs::write(&secrets, serde_json::json!({ "salesforce": secret }).to_string()).unwrap();
    fs::set_permissions(&secrets, fs::Permissions::from_mode(0o600)).unwrap();
    let arguments = ["preflight", "--config", "config", "--secrets", "secrets.yaml", "--deep"];
    let ran = run(folder.path(), &arguments);
    // The sample org has one administrator, which is worth a warning and no failure.
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    assert!(ran.stdout.ends_with("0 failures, 1 warning. Nothing was written.\n"), "{ran:?}");

    change(&config.join("rules.yaml"), "Expense_Approver", "Expence_Approver");
    let ran = run(folder.path(), &arguments);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("FAILS    the org has no permission set `Expence_Approver`"), "{ran:?}");
    assert!(ran.stdout.contains("  config/rules.yaml:"), "{ran:?}");
    let json = run(folder.path(), &[&arguments[..], &["--json"]].concat()).json();
    assert_eq!((&json["failures"], &json["warnings"]), (&1.into(), &1.into()), "{json}");

    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "something was left behind: {names:?}");
    assert_eq!(org.lock().unwrap().journal().len(), before);
}

/// A real org has a profile's permissions on the permission set that stands for the profile too.
fn permit(org: &mut Org) {
    for profile in ["System Administrator", "Provisioning Integration"] {
        let set = format!("X{}", org.id_of(Object::Profile, profile).unwrap().short());
        for permission in ["ApiEnabled", "ManageUsers", "ManageInternalUsers", "AssignPermissionSets"] {
            let permission = format!("Permissions{permission}");
            org.admin().set_permission(Object::PermissionSet, &set, &permission, true).unwrap();
        }
    }
}

#[test]
fn a_wrong_log_in_fails_without_telling_the_secret() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = folder.path().join("secrets.yaml");
    let text =
        "salesforce: { flow: client-credentials, loginUrl: 'http://127.0.0.1:9', clientId: key, clientSecret: Hush }";
    fs::write(&secrets, text).unwrap();
    fs::set_permissions(&secrets, fs::Permissions::from_mode(0o600)).unwrap();
    let config = example_config();
    let arguments = ["preflight", "--config", config.to_str().unwrap(), "--secrets", "secrets.yaml"];
    let ran = run(folder.path(), &arguments);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("FAILS    http://127.0.0.1:9 can't be reached"), "{ran:?}");
    assert!(!ran.stdout.contains("Hush") && !ran.stderr.contains("Hush"), "{ran:?}");
}

#[test]
fn a_simulated_org_is_enough_and_the_store_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(folder.path(), &["preflight", "--simulated-org"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("no store, so who waits for a seat is not known"), "{ran:?}");
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none(), "something was left behind");

    let export = example_export();
    let import = ["import", "--source", "exact-synergy", export.to_str().unwrap(), "--simulated-org", "--wait"];
    assert!(matches!(run(folder.path(), &import).code, 0 | 3));
    let before = run(folder.path(), &["verify-audit", "--json"]).json();
    let kept = || fs::read_to_string(folder.path().join(".connector/simulated-org.jsonl")).unwrap();
    let requests = kept();
    let ran = run(folder.path(), &["preflight", "--simulated-org"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let own = kept();
    let own: Vec<_> = own.strip_prefix(&requests).unwrap().lines().collect();
    assert!(matches!(own[..], [log_in] if log_in.contains("/services/oauth2/token")), "{own:?}");
    assert!(ran.stdout.contains("nobody waits to be written"), "{ran:?}");
    assert_eq!(run(folder.path(), &["verify-audit", "--json"]).json(), before);
}
