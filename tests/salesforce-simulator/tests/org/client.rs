//! A plain caller for these tests: holds an org and a token, sends JSON, gives status and JSON back.

use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use salesforce_simulator::{CLIENT_ID, CLIENT_SECRET, Object, Org, Outcome, Reply};
use serde_json::{Value as Json, json};

/// The moment at which the tests' org begins.
pub(crate) fn start() -> Timestamp {
    "2026-03-02T08:00:00Z".parse().unwrap()
}

/// Status and body of an answer; null for an empty body, a string for what is no JSON.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Json,
}

impl Answer {
    /// The error code of a REST error.
    pub(crate) fn code(&self) -> &str {
        self.body[0]["errorCode"].as_str().unwrap_or_default()
    }

    /// The detail of a SCIM error.
    pub(crate) fn detail(&self) -> &str {
        self.body["detail"].as_str().unwrap_or_default()
    }
}

pub(crate) struct Client {
    pub(crate) org: Org,
    token: String,
}

impl Client {
    pub(crate) fn sample() -> Self {
        Self::of(Org::sample(start()))
    }

    /// Logs in to an org with the sample's client.
    pub(crate) fn of(org: Org) -> Self {
        let mut client = Self { org, token: String::new() };
        client.log_in();
        client.org.reset_calls();
        client
    }

    pub(crate) fn log_in(&mut self) {
        let body = format!("grant_type=client_credentials&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}");
        let answer = self.token(&body);
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        self.token = answer.body["access_token"].as_str().unwrap().to_owned();
    }

    pub(crate) fn token(&mut self, form: &str) -> Answer {
        let request = Request::post("/services/oauth2/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from(form.to_owned()))
            .unwrap();
        read(self.org.handle(&request))
    }

    pub(crate) fn call(&mut self, method: &str, path: &str, body: Json) -> Answer {
        let body = match body {
            Json::Null => Bytes::new(),
            body => Bytes::from(body.to_string()),
        };
        read(self.raw(method, path, body))
    }

    pub(crate) fn raw(&mut self, method: &str, path: &str, body: Bytes) -> Reply {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .body(body)
            .unwrap();
        self.org.handle(&request)
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.call("GET", path, Json::Null)
    }

    /// A call under SCIM.
    pub(crate) fn scim(&mut self, method: &str, path: &str, body: Json) -> Answer {
        self.call(method, &format!("/services/scim/v2{path}"), body)
    }

    /// A call under standard REST.
    pub(crate) fn rest(&mut self, method: &str, path: &str, body: Json) -> Answer {
        self.call(method, &format!("/services/data/v66.0{path}"), body)
    }

    pub(crate) fn soql(&mut self, query: &str) -> Answer {
        let query = encode(query);
        self.rest("GET", &format!("/query?q={query}"), Json::Null)
    }

    /// The records of a query that must succeed.
    pub(crate) fn rows(&mut self, query: &str) -> Vec<Json> {
        let answer = self.soql(query);
        assert_eq!(answer.status, 200, "{query}: {:?}", answer.body);
        answer.body["records"].as_array().unwrap().clone()
    }

    pub(crate) fn id(&self, object: Object, name: &str) -> String {
        self.org.id_of(object, name).unwrap_or_else(|| panic!("no {name}")).as_str().to_owned()
    }

    /// A SCIM body that the org accepts.
    pub(crate) fn scim_user(&self, username: &str) -> Json {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": username,
            "name": { "familyName": "Jansen", "givenName": "Eva" },
            "emails": [{ "type": "work", "primary": true, "value": "eva@example.com" }],
            "entitlements": [{ "value": self.id(Object::Profile, "Standard User") }],
        })
    }

    /// A REST record that the org accepts.
    pub(crate) fn rest_user(&self, username: &str) -> Json {
        json!({
            "Username": username,
            "LastName": "Jansen",
            "Email": "eva@example.com",
            "Alias": "ejansen",
            "TimeZoneSidKey": "Europe/Amsterdam",
            "LocaleSidKey": "nl_NL",
            "EmailEncodingKey": "UTF-8",
            "LanguageLocaleKey": "nl_NL",
            "ProfileId": self.id(Object::Profile, "Standard User"),
        })
    }

    /// Makes a user by REST and gives its id.
    pub(crate) fn made(&mut self, username: &str) -> String {
        let body = self.rest_user(username);
        let answer = self.rest("POST", "/sobjects/User", body);
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        answer.body["id"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

pub(crate) fn read(reply: Reply) -> Answer {
    let Outcome::Answer(answer) = reply.outcome else { panic!("no answer: {:?}", reply.outcome) };
    let (parts, body) = answer.into_parts();
    let json = if body.is_empty() {
        Json::Null
    } else {
        serde_json::from_slice(&body).unwrap_or_else(|_| Json::from(String::from_utf8_lossy(&body)))
    };
    Answer { status: parts.status.as_u16(), headers: parts.headers, body: json }
}

/// Puts further members into a JSON object.
pub(crate) fn with(mut body: Json, more: Json) -> Json {
    let Json::Object(more) = more else { panic!("not an object: {more}") };
    for (name, value) in more {
        body[name] = value;
    }
    body
}
