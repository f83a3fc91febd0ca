//! Wrong use and wrong configuration.

use std::fs;

use crate::common::{change, connector, copy, example_config, example_export, root, run};

#[test]
fn wrong_use_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let export = example_export();
    let export = export.to_str().unwrap();
    for arguments in [
        &["frobnicate"][..],
        &["retry"],
        &["audit"],
        &["audit", "a\nb"],
        &["serve"],
        &["serve", "--simulated-org", "--listen", "0.0.0.0:0"],
        &["import", "--source", "exact-synergy", export],
        &["import", "--source", "exact-synergy", export, "--simulated-org"],
        &["import", "--source", "nobody", export, "--simulated-org", "--wait"],
        &["import", "--source", "hr", export, "--simulated-org", "--wait"],
        &["import", "--source", "exact-synergy", export, "--wait", "--stack", "prod"],
        &["preflight"],
        &["preflight", "--secrets", "none.yaml"],
    ] {
        let ran = run(folder.path(), arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {ran:?}");
        assert!(!ran.stderr.is_empty() && ran.stdout.is_empty(), "{arguments:?}: {ran:?}");
    }
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none(), "wrong use left something behind");
}

#[test]
fn a_command_without_a_store_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["audit", "1"][..], &["parked"], &["verify-audit"], &["retry", "--all"]] {
        let ran = run(folder.path(), arguments);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.stderr.contains("there is no store in .connector"), "{ran:?}");
    }
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
}

#[test]
fn the_example_configuration_passes() {
    let ran = run(&root(), &["check", "--config", "infra/config"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    assert!(ran.stdout.starts_with("0 errors"), "{ran:?}");
}

#[test]
fn every_problem_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    copy(&example_config(), &config);
    change(&config.join("rules.yaml"), "    profile: Service User", "    profil: Service User");
    change(&config.join("rules.yaml"), "contract.fte >= 0.5", "contract.fde >= 0.5");
    change(&config.join("sources/exact-synergy.yaml"), "  id: row.Strooknummer\n", "  id: rw.Strooknummer\n");
    let ran = run(folder.path(), &["check", "--config", "config"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    for (file, text) in
        [("rules.yaml", "profil:"), ("rules.yaml", "contract.fde"), ("sources/exact-synergy.yaml", "rw.Strooknummer")]
    {
        let path = config.join(file);
        let line = fs::read_to_string(path).unwrap().lines().position(|line| line.contains(text)).unwrap() + 1;
        let expected = format!("config/{file}:{line}:");
        assert!(ran.stdout.contains(&expected), "{expected} is not in:\n{}", ran.stdout);
    }
    let json = run(folder.path(), &["check", "--config", "config", "--json"]).json();
    assert!(json["errors"].as_u64().unwrap() >= 3, "{json}");
    // No other command takes it.
    let export = example_export();
    let import = ["import", "--source", "exact-synergy", export.to_str().unwrap(), "--config", "config"];
    let ran = run(folder.path(), &import);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("rules.yaml:") && ran.stderr.contains("connector check"), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn a_secrets_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let secrets = folder.path().join("secrets.yaml");
    fs::write(&secrets, "hr-webhook: { key: whsec_dGhyb3ctYXdheSBrZXkgZm9yIHRlc3RzIG9ubHkh }\n").unwrap();
    let body = root().join("tests/events/person-upserted.json");
    let arguments = ["sign", "--source", "hr", "--secrets", "secrets.yaml", body.to_str().unwrap()];
    for (mode, code) in [(0o644, 1), (0o640, 1), (0o600, 0)] {
        fs::set_permissions(&secrets, fs::Permissions::from_mode(mode)).unwrap();
        let ran = run(folder.path(), &arguments);
        assert_eq!(ran.code, code, "{mode:o}: {ran:?}");
        assert!(code == 0 || ran.stderr.contains("chmod 600"), "{ran:?}");
        assert!(!ran.stderr.contains("dGhyb3ct") && !ran.stdout.contains("dGhyb3ct"), "{ran:?}");
    }
    fs::set_permissions(&secrets, fs::Permissions::from_mode(0o644)).unwrap();
    let serve = ["serve", "--secrets", "secrets.yaml", "--simulated-org", "--listen", "127.0.0.1:0"];
    assert_eq!(run(folder.path(), &serve).code, 1);
    assert!(!folder.path().join(".connector").exists());
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = connector(folder.path()).arg("demo").stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
