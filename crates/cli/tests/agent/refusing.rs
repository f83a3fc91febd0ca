//! What it says where something is wrong. No directory is needed.

use std::io::{BufRead as _, BufReader};
use std::time::Duration;

use serde_json::Value;

use crate::site::{Site, terminate};
use crate::support::certificates;

const KEY: &str = "whsec_dGhyb3ctYXdheSBrZXkgZm9yIHRlc3RzIG9ubHkh";
const TO: &str = "https://connector.example.com/webhook/entra";

/// With a directory at an address where nobody listens.
fn site(to: &str) -> Site {
    let ca = certificates::issue(&["127.0.0.1".to_owned()]).ca;
    let site = Site::new("ldaps://127.0.0.1:1", &ca, to);
    site.secrets("x", KEY);
    site
}

#[test]
fn nothing_goes_over_the_network_unencrypted() {
    let ran = site("http://connector.example.com/webhook/entra").once(&[]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("https is demanded"), "{ran:?}");
}

#[test]
fn a_missing_secret_is_told_before_anything_is_read() {
    let site = site(TO);
    let ran = site.once(&["--key-secret", "other-webhook"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("other-webhook"), "{ran:?}");
    assert!(ran.stdout.is_empty());
}

#[test]
fn a_folder_is_for_one_directory() {
    let site = site(TO);
    assert_eq!(site.once(&[]).code, 1);
    let path = site.path().join("ad.yaml");
    let text = std::fs::read_to_string(&path).unwrap().replace("DC=corp", "DC=other");
    std::fs::write(&path, text).unwrap();
    let ran = site.once(&[]);
    assert!(ran.stderr.contains("give it a folder of its own"), "{ran:?}");
}

#[test]
fn a_directory_out_of_reach_is_told_and_tried_again() {
    let site = site(TO);
    let report = site.report(&[], 1);
    assert!(report["fault"].as_str().unwrap().contains("can't be reached"), "{report}");
    assert_eq!((&report["complete"], &report["sent"]), (&false.into(), &0.into()));

    let mut service = site.start();
    let mut lines = BufReader::new(service.stderr.take().unwrap()).lines().map_while(Result::ok);
    let failed = lines.find_map(|line| {
        let line: Value = serde_json::from_str(&line).unwrap();
        (line["event"] == "agent.failed").then_some(line)
    });
    let failed = failed.unwrap();
    assert_eq!(failed["wait_s"], 10);
    assert!(!failed.to_string().contains("\"x\""), "{failed}");
    // Two can't work with one folder.
    let ran = site.once(&[]);
    assert!(ran.stderr.contains("another agent runs with this folder"), "{ran:?}");
    // It waits for its next round now, and stops at once.
    let begun = std::thread::spawn(move || terminate(service));
    for _ in 0..100 {
        if begun.is_finished() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(begun.is_finished() && begun.join().unwrap(), "it did not stop within 5 s");
}
