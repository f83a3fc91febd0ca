//! Calls of the accounts service, with every request and every answer held against the contract's schema.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jsonschema::Validator;
use salesforce_simulator::{Object, Org};
use serde_json::{Value as Json, json};

use crate::client::{Answer, Client, start};

const PATH: &str = "/services/apexrest/connector/v1";

static SCHEMA: LazyLock<Json> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/salesforce/contract/accounts-v1.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
});

/// The forms of the contract. Several fit a body with no persons, so each call names the one that it means.
static FORMS: LazyLock<BTreeMap<&str, Validator>> = LazyLock::new(|| {
    ["serviceAnswer", "lookupRequest", "lookupAnswer", "accountsRequest", "accountsAnswer", "refusal"]
        .into_iter()
        .map(|form| {
            let name = format!("#/$defs/{form}");
            let schema = json!({ "$schema": SCHEMA["$schema"], "$ref": name, "$defs": SCHEMA["$defs"] });
            (form, jsonschema::options().should_validate_formats(true).build(&schema).unwrap())
        })
        .collect()
});

pub(crate) fn check(form: &str, body: &Json) {
    let errors: Vec<String> = FORMS[form].iter_errors(body).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{form}: {errors:?} in {body:#}");
}

pub(crate) fn fits(form: &str, body: &Json) -> bool {
    FORMS[form].is_valid(body)
}

/// What came of one person.
#[derive(Debug)]
pub(crate) struct Told(pub(crate) Json);

impl Told {
    /// The status of one item.
    pub(crate) fn status(&self, item: &str) -> &str {
        self.result(item)["status"].as_str().unwrap()
    }

    /// The code of a failed item.
    pub(crate) fn code(&self, item: &str) -> &str {
        let result = self.result(item);
        assert_eq!(result["status"], "failed", "{item}: {result}");
        result["error"]["statusCode"].as_str().unwrap()
    }

    fn result(&self, item: &str) -> &Json {
        let results = self.0["results"].as_array().unwrap();
        results.iter().find(|result| result["item"] == item).unwrap_or_else(|| panic!("no {item} in {:#}", self.0))
    }

    /// Every item with its status, in order.
    pub(crate) fn all(&self) -> Vec<(&str, &str)> {
        let results = self.0["results"].as_array().unwrap();
        results.iter().map(|result| (result["item"].as_str().unwrap(), result["status"].as_str().unwrap())).collect()
    }

    pub(crate) fn user(&self) -> &str {
        self.0["userId"].as_str().unwrap()
    }
}

impl Client {
    pub(crate) fn accounts_raw(&mut self, body: &Json) -> Answer {
        let answer = self.call("POST", &format!("{PATH}/accounts"), body.clone());
        check(if answer.status == 200 { "accountsAnswer" } else { "refusal" }, &answer.body);
        answer
    }

    /// Changes of several persons, in a call that must be answered.
    pub(crate) fn accounts(&mut self, persons: &[Json]) -> Vec<Told> {
        self.accounts_with(&json!({ "version": 1, "persons": persons }))
    }

    pub(crate) fn accounts_with(&mut self, body: &Json) -> Vec<Told> {
        check("accountsRequest", body);
        let answer = self.accounts_raw(body);
        assert_eq!(answer.status, 200, "{:#}", answer.body);
        let told: Vec<Told> = answer.body["persons"].as_array().unwrap().iter().cloned().map(Told).collect();
        let asked: Vec<&Json> = body["persons"].as_array().unwrap().iter().map(|person| &person["ref"]).collect();
        assert_eq!(told.iter().map(|told| &told.0["ref"]).collect::<Vec<_>>(), asked);
        told
    }

    /// Changes of one person.
    pub(crate) fn account(&mut self, person: Json) -> Told {
        self.accounts(&[person]).pop().unwrap()
    }

    pub(crate) fn lookup_raw(&mut self, body: &Json) -> Answer {
        let answer = self.call("POST", &format!("{PATH}/lookup"), body.clone());
        check(if answer.status == 200 { "lookupAnswer" } else { "refusal" }, &answer.body);
        answer
    }

    /// A lookup that must be answered: ids by person, and the users.
    pub(crate) fn look_up(&mut self, persons: &Json) -> Json {
        let body = json!({ "version": 1, "persons": persons });
        check("lookupRequest", &body);
        let answer = self.lookup_raw(&body);
        assert_eq!(answer.status, 200, "{:#}", answer.body);
        answer.body
    }

    /// One user as the service shows it.
    pub(crate) fn shown(&mut self, username: &str) -> Json {
        let id = self.id(Object::User, username);
        let body = self.look_up(&json!([{ "ref": "1", "userId": id }]));
        assert_eq!(body["persons"], json!([{ "ref": "1", "users": [id] }]));
        body["users"][0].clone()
    }
}

/// A new person whom the org accepts.
pub(crate) fn newcomer(reference: &str, username: &str) -> Json {
    json!({
        "ref": reference,
        "fields": {
            "Username": username,
            "LastName": "Jansen",
            "Email": username,
            "Alias": "jansen",
            "TimeZoneSidKey": "Europe/Amsterdam",
            "LocaleSidKey": "nl_NL",
            "EmailEncodingKey": "UTF-8",
            "LanguageLocaleKey": "nl_NL",
        },
        "links": { "profile": "Standard User" },
        "active": true,
    })
}

/// The sample org after these steps of its administrator.
pub(crate) fn arranged(steps: impl FnOnce(&mut Org)) -> Client {
    let mut org = Org::sample(start());
    steps(&mut org);
    Client::of(org)
}
