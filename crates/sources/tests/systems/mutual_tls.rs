//! Certificates for TLS: they come from the secret and are presented to the system and to whoever gives its tokens.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use ports::{Class, HttpTransport, IdentityError, TransportError};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use source_emulators::request;
use sources::HttpSource;

use crate::kinds::scripted;

/// A transport whose other side wants a certificate; keeps those that were presented.
struct Demanding {
    inner: Arc<dyn HttpTransport>,
    presented: Option<String>,
    seen: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl HttpTransport for Demanding {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let Some(presented) = &self.presented else {
            let reason = "received fatal alert: CertificateRequired".to_owned();
            return Err(TransportError::Unclear { host: "hr.test".to_owned(), reason });
        };
        self.seen.lock().unwrap().push(format!("{} {presented}", request.uri().path()));
        self.inner.send(request).await
    }

    fn with_identity(&self, pem: &SecretString) -> Result<Arc<dyn HttpTransport>, IdentityError> {
        let pem = pem.expose_secret();
        if !pem.contains("BEGIN CERTIFICATE") || !pem.contains("PRIVATE KEY") {
            return Err(IdentityError::Malformed);
        }
        let presented = Some(format!("{}", pem.lines().filter(|line| line.contains("BEGIN")).count()));
        Ok(Arc::new(Self { inner: self.inner.clone(), presented, seen: self.seen.clone() }))
    }
}

const JOIN: &str = "join: { rows: people }";

fn people(asked: &Request<Bytes>) -> Response<Bytes> {
    match asked.uri().path() {
        "/token" => request::json(200, &json!({ "access_token": "t1", "expires_in": 3600 })),
        _ => request::json(200, &json!([{ "id": 1, "name": "A" }])),
    }
}

async fn seen(auth: &str) -> Result<Vec<String>, sources::Fault> {
    let mut world = scripted(auth, "get: people", JOIN, people);
    let seen = Arc::new(Mutex::new(Vec::new()));
    world.ports.transport = Arc::new(Demanding { inner: world.system.clone(), presented: None, seen: seen.clone() });
    world.interrupted = true;
    let read = world.everything().await;
    if let sources::End::Incomplete(fault) = read.outcome.end {
        return Err(fault);
    }
    let seen = seen.lock().unwrap().clone();
    Ok(seen)
}

#[tokio::test]
async fn the_certificate_is_presented_alone_and_beside_other_signatures() {
    assert_eq!(seen("mutualTls: true").await.unwrap(), ["/api/people 2"]);
    assert_eq!(seen("mutualTls: true, headers: [{ name: X-Key, field: key }]").await.unwrap(), ["/api/people 2"]);
    let token = "mutualTls: true, clientCredentials: { tokenUrl: 'https://login.hr.test/token' }";
    assert_eq!(seen(token).await.unwrap(), ["/token 2", "/api/people 2"]);
}

#[tokio::test]
async fn without_a_certificate_the_system_is_not_reached() {
    let fault = seen("headers: [{ name: X-Key, field: key }]").await.unwrap_err();
    assert!(fault.to_string().contains("CertificateRequired"), "{fault}");
}

#[tokio::test]
async fn what_is_wrong_with_the_certificate_is_told_without_it() {
    let world = scripted("mutualTls: true", "get: people", JOIN, people);
    let fault = world.everything().await.fault().clone();
    let told = "stream people, page 1: the request can't be made: this transport can't present a certificate";
    assert_eq!((fault.to_string().as_str(), fault.class()), (told, Class::NeedsPerson));
    let mut world = scripted("mutualTls: true", "get: people", JOIN, people);
    let inner = world.system.clone();
    world.ports.transport = Arc::new(Demanding { inner, presented: None, seen: Arc::default() });
    for (secret, told) in [
        (json!({ "privateKey": "hidden" }), "secret hr is malformed: certificate is missing"),
        (json!({ "certificate": "hidden" }), "secret hr is malformed: privateKey is missing"),
        (
            json!({ "certificate": "hidden", "privateKey": "hidden" }),
            "secret hr is malformed: certificate, privateKey: it is no certificate with its private key in PEM form",
        ),
    ] {
        world.secrets.set(secret);
        let fault = world.everything().await.fault().clone();
        assert_eq!(fault.to_string(), format!("stream people, page 1: {told}"));
        assert_eq!(fault.class(), Class::Systemic);
    }
}

#[test]
fn the_fields_of_the_secret_are_told() {
    let yaml = "connection: { base: 'https://hr.test' }\nauth: { secret: hr, mutualTls: true }\n\
                streams: [{ name: people, get: people, key: [id] }]\njoin: { rows: people }\nabsence: hold\n\
                person: { id: row.id, name: { familyName: row.name } }\n";
    let about = HttpSource::parse("s.yaml", yaml).unwrap().about();
    assert_eq!((about.signed.as_str(), about.secret_fields.len()), ("a certificate (mutual TLS)", 2));
    let neither = yaml.replace(", mutualTls: true", "");
    assert!(HttpSource::parse("s.yaml", &neither).unwrap_err()[0].reason.contains("or mutualTls"));
}
