//! The recorded and documented error bodies, from the folder that EVIDENCE_DIR names: each must be sorted into the class
//! that its collector noted. The folder is not part of this repository; without it the tests say that they are skipped.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail like tests")]

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use ports::clock::ManualClock;
use ports::random::SeededRandom;
use ports::{Class, HttpTransport, SecretError, SecretName, Secrets, TransportError};
use salesforce::{Salesforce, SalesforceError, Settings, WritePath};
use secrecy::SecretString;
use serde_json::{Value, json};

fn evidence(file: &str) -> Option<Value> {
    let Some(folder) = std::env::var_os("EVIDENCE_DIR") else {
        println!("skipped: EVIDENCE_DIR is not set");
        return None;
    };
    let text = std::fs::read_to_string(PathBuf::from(folder).join("salesforce").join(file)).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

fn read(status: u16, body: &str) -> SalesforceError {
    SalesforceError::from_answer(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes())
}

fn fits(noted: &str, error: &SalesforceError) -> bool {
    let is_person = error.class() == Class::NeedsPerson;
    match noted.split([' ', ';', ',', ':']).next().unwrap() {
        "reauth" => matches!(error, SalesforceError::LoginRefused(_)),
        "back" => matches!(error, SalesforceError::LimitReached { .. }),
        "fatal" => matches!(error, SalesforceError::Unusable(_)),
        "conflict" => matches!(error, SalesforceError::Taken { .. }),
        "treat" => matches!(error, SalesforceError::AssignedAlready(_)),
        "capacity" | "permanent" | "bug" => matches!(error, SalesforceError::Refused(_)) && is_person,
        "retry" if noted.contains("jitter") => matches!(error, SalesforceError::Busy { .. }),
        "retry" if noted.contains("smaller") => matches!(error, SalesforceError::TooMuch(_)),
        "retry" => matches!(error, SalesforceError::Unavailable { .. }),
        other => panic!("the evidence notes a class that this test does not know: {other}"),
    }
}

#[test]
fn every_rest_error_body_is_sorted_as_noted() {
    let Some(evidence) = evidence("errors/rest_error_bodies.json") else { return };
    let entries = evidence["bodies"].as_array().unwrap();
    for entry in entries {
        let body = entry["body_text"].as_str().map_or_else(|| entry["body"].to_string(), str::to_owned);
        let error = read(u16::try_from(entry["status"].as_u64().unwrap()).unwrap(), &body);
        let noted = entry["class"].as_str().unwrap();
        assert!(fits(noted, &error), "{noted}: {body} was sorted as {error:?}");
    }
    println!("{} bodies", entries.len());
}

#[test]
fn scim_error_bodies_need_a_person() {
    for file in ["scim/v2_error_missing_profile_409.json", "scim/v2_error_malformed_payload.json"] {
        let Some(evidence) = evidence(file) else { return };
        let status = u16::try_from(evidence["status"].as_u64().unwrap_or(500)).unwrap();
        let error = read(status, &evidence["body"].to_string());
        assert_eq!(error.class(), Class::NeedsPerson, "{file}: {error:?}");
        assert!(!error.reason().code.starts_with("HTTP"), "{file}: its code is read");
    }
    let Some(evidence) = evidence("scim/v2_pilot_error_strings.json") else { return };
    let texts = ["create_or_put_collected_into_one_409", "patch_400"].map(|list| evidence[list].as_array().unwrap());
    for text in texts.into_iter().flatten() {
        let body = json!({"schemas": "[]", "detail": text, "status": 400});
        assert_eq!(read(400, &body.to_string()).class(), Class::NeedsPerson, "{text}");
    }
}

struct Always(u16, String);

#[async_trait::async_trait]
impl HttpTransport for Always {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        Ok(Response::builder().status(self.0).body(self.1.clone().into()).unwrap())
    }
}

struct App;

#[async_trait::async_trait]
impl Secrets for App {
    async fn read(&self, _: &SecretName) -> Result<SecretString, SecretError> {
        let secret = json!({"flow": "client-credentials", "clientId": "a", "clientSecret": "b", "loginUrl": "https://org.my.salesforce.com"});
        Ok(SecretString::from(secret.to_string()))
    }
}

#[tokio::test]
async fn every_refusal_of_the_token_endpoint_is_systemic() {
    let Some(evidence) = evidence("oauth/errors.json") else { return };
    for entry in evidence["errors"].as_array().unwrap() {
        let status = u16::try_from(entry["status"].as_u64().unwrap()).unwrap();
        let settings = Settings {
            secret: SecretName::parse("salesforce").unwrap(),
            api_version: "v66.0".to_owned(),
            concurrent_writes: 1,
            path: WritePath::Scim,
            welcome_mail: false,
        };
        let clock = Arc::new(ManualClock::at("2026-06-01T08:00:00Z".parse().unwrap()));
        let transport = Arc::new(Always(status, entry["body"].to_string()));
        let client = Salesforce::new(settings, transport, Arc::new(App), clock, Arc::new(SeededRandom::new(1)));
        let error = client.connect().await.unwrap_err();
        assert_eq!(error.class(), Class::Systemic, "{entry}");
        match entry["retry"].as_str() {
            Some("later") => assert!(matches!(error, SalesforceError::LimitReached { .. }), "{error:?}"),
            _ => assert!(matches!(error, SalesforceError::LoginRefused(_)), "{error:?}"),
        }
    }
}
