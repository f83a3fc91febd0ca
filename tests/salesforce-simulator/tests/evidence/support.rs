//! Reading the evidence, calling the org, comparing shapes.

use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use salesforce_simulator::{CLIENT_ID, CLIENT_SECRET, INTEGRATION_USERNAME, Object, Org, Outcome, TEST_PRIVATE_KEY};
use serde_json::{Value as Json, json};

/// A file of the evidence; nothing when there is none at hand.
pub(crate) fn evidence(name: &str) -> Option<Json> {
    let Some(folder) = std::env::var_os("EVIDENCE_DIR") else {
        println!("skipped: EVIDENCE_DIR is not set");
        return None;
    };
    let path = std::path::Path::new(&folder).join("salesforce").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}")))
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Json,
}

pub(crate) struct Caller {
    pub(crate) org: Org,
    pub(crate) token: String,
}

impl Caller {
    pub(crate) fn new() -> Self {
        let start: Timestamp = "2026-03-02T08:00:00Z".parse().unwrap();
        let mut caller = Self { org: Org::sample(start), token: String::new() };
        caller.token = caller.grant(&credentials()).body["access_token"].as_str().unwrap().to_owned();
        caller
    }

    pub(crate) fn send(&mut self, method: &str, path: &str, kind: &str, body: Bytes) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", kind)
            .body(body)
            .unwrap();
        let Outcome::Answer(answer) = self.org.handle(&request).outcome else { panic!("no answer") };
        let (parts, body) = answer.into_parts();
        let body = if body.is_empty() { Json::from("") } else { serde_json::from_slice(&body).unwrap() };
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub(crate) fn grant(&mut self, form: &str) -> Answer {
        self.send("POST", "/services/oauth2/token", "application/x-www-form-urlencoded", Bytes::from(form.to_owned()))
    }

    pub(crate) fn call(&mut self, method: &str, path: &str, body: &Json) -> Answer {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        self.send(method, path, "application/json", body)
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.call("GET", path, &Json::Null)
    }

    pub(crate) fn query(&mut self, soql: &str) -> Answer {
        let soql = percent_encoding::utf8_percent_encode(soql, percent_encoding::NON_ALPHANUMERIC);
        self.get(&format!("/services/data/v63.0/query?q={soql}"))
    }

    pub(crate) fn id(&self, object: Object, name: &str) -> String {
        self.org.id_of(object, name).unwrap().as_str().to_owned()
    }

    pub(crate) fn user(&self) -> Json {
        json!({
            "Username": "eva@example.com", "LastName": "Jansen", "Email": "eva@example.com", "Alias": "ejansen",
            "TimeZoneSidKey": "Europe/Amsterdam", "LocaleSidKey": "nl_NL", "EmailEncodingKey": "UTF-8",
            "LanguageLocaleKey": "nl_NL", "ProfileId": self.id(Object::Profile, "Standard User"),
        })
    }
}

pub(crate) fn credentials() -> String {
    format!("grant_type=client_credentials&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}")
}

pub(crate) fn assertion(caller: &Caller, changes: &Json) -> String {
    let mut claims = json!({
        "iss": CLIENT_ID, "sub": INTEGRATION_USERNAME, "aud": "https://login.salesforce.com",
        "exp": caller.org.now().as_second() + 120,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let key = EncodingKey::from_rsa_pem(TEST_PRIVATE_KEY.as_bytes()).unwrap();
    let jwt = encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap();
    format!("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={jwt}")
}

/// Whether the keys of objects and the types of values are the same; null fits every type.
pub(crate) fn same_shape(evidence: &Json, ours: &Json, place: &str) {
    match (evidence, ours) {
        (Json::Null, _) | (_, Json::Null) => {}
        (Json::Object(theirs), Json::Object(mine)) => {
            let keys = |map: &serde_json::Map<String, Json>| map.keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(theirs), keys(mine), "keys at {place}");
            for (name, value) in theirs {
                same_shape(value, &mine[name], &format!("{place}.{name}"));
            }
        }
        (Json::Array(theirs), Json::Array(mine)) => {
            if let Some(first) = theirs.first() {
                for value in mine {
                    same_shape(first, value, &format!("{place}[]"));
                }
            }
        }
        _ => assert_eq!(kind(evidence), kind(ours), "type at {place}"),
    }
}

/// Whether what we say is a part of what was recorded, by keys and types.
pub(crate) fn part_of_shape(evidence: &Json, ours: &Json, place: &str) {
    match (evidence, ours) {
        (Json::Null, _) | (_, Json::Null) => {}
        (Json::Object(theirs), Json::Object(mine)) => {
            for (name, value) in mine {
                let known = theirs.get(name).unwrap_or_else(|| panic!("{place}.{name} is not in the evidence"));
                part_of_shape(known, value, &format!("{place}.{name}"));
            }
        }
        (Json::Array(theirs), Json::Array(mine)) => {
            if let Some(first) = theirs.first() {
                for value in mine {
                    part_of_shape(first, value, &format!("{place}[]"));
                }
            }
        }
        _ => assert_eq!(kind(evidence), kind(ours), "type at {place}"),
    }
}

pub(crate) fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

pub(crate) fn recorded(file: &Json) -> &Json {
    file["calls"].as_array().unwrap().last().unwrap().get("response").unwrap()
}
