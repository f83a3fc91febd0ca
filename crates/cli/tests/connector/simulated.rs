//! `connector serve --simulated-org` over real sockets: what it answers, how it stops, that the command it prints works,
//! and that the org which it keeps survives kills.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::common::{Server, run};

/// The headers that `connector sign` makes for a body.
fn signed(folder: &Path, body: &str) -> Vec<(String, String)> {
    let file = folder.join("body.json");
    std::fs::write(&file, body).unwrap();
    let (file, secrets) = (file.to_str().unwrap(), ".connector/secrets.yaml");
    let headers = run(folder, &["sign", "--json", "--source", "hr", "--secrets", secrets, file]).json();
    let headers = headers.as_object().unwrap().clone();
    headers.into_iter().map(|(name, value)| (name, value.as_str().unwrap().to_owned())).collect()
}

fn joiner(number: usize) -> Value {
    json!({
        "type": "person.upserted",
        "timestamp": "2026-01-05T08:00:00Z",
        "data": {
            "id": format!("p{number}"),
            "name": { "givenName": "Person", "familyName": format!("Number{number}") },
            "contracts": [{ "id": "c", "startDate": "2020-01-01", "type": "permanent", "fte": 1.0,
                            "department": { "id": "SALES", "name": "Sales" }, "location": { "id": "AMS", "name": "A" } }]
        }
    })
}

#[test]
fn every_request_gets_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let body = joiner(1).to_string();
    let headers = signed(folder.path(), &body);
    assert_eq!(server.send("POST", "/webhook/hr", &headers, body.as_bytes()).0, 202);
    assert_eq!(server.send("POST", "/webhook/hr", &headers[..1], body.as_bytes()).0, 401);
    assert_eq!(server.send("POST", "/webhook/hr", &headers, b"{}").0, 401);
    assert_eq!(server.send("POST", "/webhook/nobody", &headers, body.as_bytes()).0, 404);
    assert_eq!(server.send("GET", "/webhook/hr", &[], b"").0, 405);
    assert_eq!(server.send("GET", "/elsewhere", &[], b"").0, 404);
    let large = vec![b' '; 1024 * 1024 + 1];
    let (status, answer) = server.send("POST", "/webhook/hr", &headers, &large);
    assert_eq!((status, answer["error"].as_str().unwrap().contains("1048576")), (413, true), "{answer}");
    server.wait_until_quiet();
    // The store belongs to the server as long as it runs.
    let busy = run(folder.path(), &["parked"]);
    assert_eq!(busy.code, 1);
    assert!(busy.stderr.contains("stop `connector serve` first"), "{busy:?}");
    assert_eq!(server.signal("-TERM").code(), Some(0));
    let log = run(folder.path(), &["audit", "p1", "--json"]).json();
    assert_eq!(log["records"].as_array().unwrap().len(), 1, "{log}");
}

#[test]
fn the_printed_curl_command_works() {
    let folder = tempfile::tempdir().unwrap();
    if Command::new("curl").arg("--version").output().is_err() {
        println!("left out: there is no curl");
        return;
    }
    let server = Server::start(folder.path());
    assert!(server.started["webhooks"][0]["throwAwayKey"].as_str().unwrap().starts_with("whsec_"));
    let command = server.started["curl"].as_str().unwrap();
    let output = Command::new("sh").args(["-c", command]).current_dir(folder.path()).output().unwrap();
    let answer = String::from_utf8_lossy(&output.stdout);
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer} {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_kept_org_and_the_store_agree_after_kills() {
    const PERSONS: usize = 150;
    let folder = tempfile::tempdir().unwrap();
    let body = Value::Array((0..PERSONS).map(joiner).collect()).to_string();
    let first = Server::start(folder.path());
    let headers = signed(folder.path(), &body);
    assert_eq!(first.send("POST", "/webhook/hr", &headers, body.as_bytes()).0, 202);
    let mut server = Some(first);
    // Killed again and again, each time a little later in the work.
    for users in [1, PERSONS / 4, PERSONS / 2] {
        wait_for_users(folder.path(), users);
        assert_eq!(server.take().and_then(|server| server.signal("-KILL").signal()), Some(9));
        server = Some(Server::start(folder.path()));
    }
    wait_for_users(folder.path(), PERSONS);
    // The batches in hand are finished before it stops; what else was cut off is picked up by the next start.
    let verdict = (0..20).find_map(|_| {
        let running = server.take().unwrap_or_else(|| Server::start(folder.path()));
        assert_eq!(running.signal("-TERM").code(), Some(0));
        let verdict = run(folder.path(), &["verify-audit", "--json"]).json();
        (verdict["records"].as_u64().unwrap() >= PERSONS as u64).then_some(verdict)
    });
    let verdict = verdict.expect("twenty starts did not finish the work");
    assert_eq!((&verdict["persons"], &verdict["broken"]), (&PERSONS.into(), &json!([])), "{verdict}");
    assert_eq!(run(folder.path(), &["parked"]).code, 0);
    // Had a create been done twice, the second user would have another name, for the first would be taken.
    for number in [0, 7, PERSONS / 2, PERSONS - 1] {
        let then = run(folder.path(), &["audit", &format!("p{number}"), "--at", "2999-01-01", "--json"]).json();
        assert_eq!(then["active"], true, "{then}");
        assert_eq!(then["fields"]["Username"], format!("person.number{number}@example.com"), "{then}");
    }
}

/// Waits until the org has been asked for so many users.
fn wait_for_users(folder: &Path, users: usize) {
    for _ in 0..6000 {
        let text = std::fs::read_to_string(folder.join(".connector/simulated-org.jsonl")).unwrap_or_default();
        if text.matches("/Users\"").count() >= users {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the org was not asked for {users} users within a minute");
}
