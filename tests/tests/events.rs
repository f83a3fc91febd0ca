//! The example events in tests/events are what Lambda really sends, and the script beside them signs as the standard says.

use std::path::{Path, PathBuf};
use std::process::Command;

use aws_lambda_events::event::lambda_function_urls::LambdaFunctionUrlRequest;
use aws_lambda_events::event::sqs::SqsEvent;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

/// The base64 of `0123456789abcdef0123456789abcdef`.
const KEY: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("events")
}

#[test]
fn queue_events_are_what_lambda_sends() {
    let person = serde_json::json!({"person": "100023"});
    for (file, queue, records, body) in [
        ("mapping.json", "person-events", 1, &person),
        ("mapping-poison.json", "person-events", 2, &person),
        ("salesforce-writer.json", "changes", 1, &person),
        ("salesforce-writer-urgent.json", "urgent-changes", 1, &person),
        ("sync-reads.json", "source-reads", 1, &serde_json::json!({"source": "afas"})),
    ] {
        let event: SqsEvent = serde_json::from_slice(&std::fs::read(folder().join(file)).unwrap()).unwrap();
        assert_eq!(event.records.len(), records, "{file}");
        for record in &event.records {
            assert!(record.message_id.is_some() && record.receipt_handle.is_some(), "{file}");
            assert!(record.event_source_arn.as_ref().unwrap().ends_with(&format!("-{queue}")), "{file}");
        }
        let sent: Value = serde_json::from_str(event.records[0].body.as_ref().unwrap()).unwrap();
        assert_eq!(sent, *body, "{file}");
    }
}

#[test]
fn the_script_signs_a_function_url_event() {
    let body = folder().join("person-upserted.json");
    let event: LambdaFunctionUrlRequest = serde_json::from_slice(&sign(&["--event"], &body)).unwrap();
    assert_eq!(event.raw_path.as_deref(), Some("/webhook/hr"));
    assert!(event.is_base64_encoded);
    let sent = STANDARD.decode(event.body.unwrap()).unwrap();
    assert_eq!(sent, std::fs::read(&body).unwrap());
    let webhook = standardwebhooks::Webhook::new(KEY).unwrap();
    webhook.verify(&sent, &event.headers).unwrap();

    let mut other = sent;
    other[0] = b'[';
    webhook.verify(&other, &event.headers).unwrap_err();
}

#[test]
fn the_script_prints_a_command_for_curl() {
    let body = folder().join("person-removed.json");
    let command = String::from_utf8(sign(&["--source", "afas", "--url", "http://127.0.0.1:9/"], &body)).unwrap();
    assert!(command.starts_with("curl -i http://127.0.0.1:9/webhook/afas "), "{command}");
    // The shell gives back what it was given.
    let printed = command.replace("curl -i", "printf '%s\\n'");
    let words = Command::new("bash").args(["-c", &printed]).output().unwrap().stdout;
    let headers: HeaderMap = String::from_utf8(words)
        .unwrap()
        .lines()
        .filter_map(|word| word.split_once(": "))
        .map(|(name, value)| (HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap()))
        .collect();
    standardwebhooks::Webhook::new(KEY).unwrap().verify(&std::fs::read(&body).unwrap(), &headers).unwrap();
}

/// What the script prints about a body file.
#[cfg(test)]
fn sign(arguments: &[&str], body: &Path) -> Vec<u8> {
    let script = Command::new(folder().join("sign")).args(arguments).arg(body).env("WEBHOOK_SECRET", KEY).output();
    let output = script.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "bash and openssl are needed (Debian: apt-get install openssl): {errors}");
    output.stdout
}
