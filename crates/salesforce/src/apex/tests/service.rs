//! A scripted accounts service, and work for it.

use std::sync::LazyLock;

use domain::{ActualUser, Operation, SalesforceUserId, UserField};
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::testing::{Answer, Asked, Client, answer, client_by, secret, token};
use crate::write::{Done, Work};
use crate::{Salesforce, WritePath};

const SCHEMA: &str = include_str!("../../../../../infra/salesforce/contract/accounts-v1.schema.json");

/// The form of one kind of message.
pub(super) fn form(name: &str) -> Validator {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let schema = json!({"$schema": schema["$schema"], "$defs": schema["$defs"], "$ref": format!("#/$defs/{name}")});
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

fn check(name: &str, message: &Value) {
    static FORMS: LazyLock<[(&str, Validator); 4]> = LazyLock::new(|| {
        ["lookupRequest", "lookupAnswer", "accountsRequest", "accountsAnswer"].map(|name| (name, form(name)))
    });
    let (_, form) = FORMS.iter().find(|(known, _)| *known == name).unwrap();
    let faults: Vec<_> = form.iter_errors(message).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{name}: {faults:?}\n{message:#}");
}

/// A client of an org whose accounts service is this script.
pub(super) fn service(script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Client {
    client_by(WritePath::Apex, vec![secret("hidden")], move |asked| {
        if asked.is_login() {
            return token("t1");
        }
        match asked.path.strip_prefix("/services/apexrest/connector/v1/") {
            Some("lookup") => check("lookupRequest", &asked.body),
            Some("accounts") if asked.method == "POST" => check("accountsRequest", &asked.body),
            Some("accounts") => {}
            _ => panic!("no call of this write path: {} {}", asked.method, asked.path),
        }
        script(asked)
    })
}

/// The answer to a request to write, with this for each of its persons.
pub(super) fn accounts(asked: &Asked, person: impl FnMut(&Value) -> Value) -> Answer {
    let persons: Vec<_> = persons(asked).iter().map(person).collect();
    let message = json!({"version": 1, "persons": persons});
    check("accountsAnswer", &message);
    answer(200, &message)
}

pub(super) fn lookup(users: &[Value], asked: &Asked, found: impl Fn(&Value) -> Vec<String>) -> Answer {
    let persons: Vec<_> =
        persons(asked).iter().map(|person| json!({"ref": person["ref"], "users": found(person)})).collect();
    let message = json!({"version": 1, "persons": persons, "users": users});
    check("lookupAnswer", &message);
    answer(200, &message)
}

pub(super) fn persons(asked: &Asked) -> &[Value] {
    asked.body["persons"].as_array().unwrap()
}

/// Everything that a person's share asks for.
pub(super) fn items(person: &Value) -> Vec<String> {
    let names = |part: &str| person[part].as_object().into_iter().flat_map(Map::keys).cloned().collect::<Vec<_>>();
    let mut items: Vec<String> = person.get("userId").is_none().then(|| "create".to_owned()).into_iter().collect();
    items.extend(["fields", "candidates"].iter().flat_map(|part| names(part)).map(|name| format!("field:{name}")));
    items.extend(names("links"));
    items.extend(["active", "frozen"].into_iter().filter(|part| person.get(*part).is_some()).map(str::to_owned));
    for part in ["add", "remove"] {
        let list = person[part].as_array().into_iter().flatten();
        items.extend(list.map(|one| format!("{part}:{}:{}", text(&one["kind"]), text(&one["name"]))));
    }
    items
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// All of a person's share is done, but for what `result` says otherwise.
pub(super) fn answered(person: &Value, result: impl Fn(&str) -> Option<Value>) -> Value {
    let results: Vec<Value> = items(person)
        .into_iter()
        .map(|item| {
            let mut told = result(&item).unwrap_or_else(|| json!({"status": "done"}));
            told["item"] = item.into();
            told
        })
        .collect();
    let key = person["match"][0]["value"].as_str().unwrap_or("0").to_owned();
    let user = person.get("userId").cloned().unwrap_or_else(|| json!(id(key.parse().unwrap_or_default())));
    let given: Map<_, _> = person["candidates"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(field, values)| (field.clone(), values[0].clone()))
        .collect();
    json!({"ref": person["ref"], "userId": user, "created": person.get("userId").is_none(), "given": given,
        "results": results})
}

pub(super) fn done(person: &Value) -> Value {
    answered(person, |_| None)
}

pub(super) fn failed(code: &str, message: &str, fields: &[&str]) -> Value {
    json!({"status": "failed", "error": {"statusCode": code, "message": message, "fields": fields}})
}

/// Salesforce's form of an error of a whole call.
pub(super) fn refusal(status: u16, code: &str, message: &str) -> Answer {
    answer(status, &json!([{"errorCode": code, "message": message}]))
}

pub(super) fn id(number: usize) -> SalesforceUserId {
    SalesforceUserId::parse(&format!("005{number:012}")).unwrap()
}

pub(super) fn set(field: UserField, after: &str) -> Operation {
    Operation::SetField { field, before: None, after: Some(after.to_owned()) }
}

pub(super) fn grant(text: &str) -> Operation {
    Operation::Grant { entitlement: text.parse().unwrap(), expires: None }
}

pub(super) fn revoke(text: &str) -> Operation {
    Operation::Revoke { entitlement: text.parse().unwrap() }
}

/// Changes to a user that is there.
pub(super) fn change(number: usize, operations: Vec<Operation>) -> Work {
    Work { user: Some(id(number)), actual: Some(actual(number)), operations, ..Work::default() }
}

/// A user that has and is what no test asks for, so that everything is to be done.
pub(super) fn actual(number: usize) -> ActualUser {
    let has = ["permissionSet:Old", "publicGroup:Old", "permissionSetGroup:Old"];
    let assignment = |text: &&str| domain::Assignment {
        entitlement: text.parse().unwrap(),
        id: id(number).as_id().clone(),
        expires: None,
    };
    ActualUser { assignments: has.iter().map(assignment).collect(), ..ActualUser::bare(id(number), true) }
}

pub(super) fn create(number: usize, entitlements: &[&str]) -> Work {
    let fields = [
        (UserField::Username, format!("u{number}@sample.example")),
        (UserField::LastName, format!("L{number}")),
        (UserField::EmployeeNumber, number.to_string()),
    ];
    Work {
        operations: vec![Operation::Create {
            active: true,
            fields: fields.into(),
            entitlements: entitlements.iter().map(|text| text.parse().unwrap()).collect(),
            expirations: [].into(),
        }],
        correlate: vec![(UserField::EmployeeNumber, number.to_string())],
        ..Work::default()
    }
}

pub(super) async fn apply_one(salesforce: &Salesforce, work: Work) -> Done {
    salesforce.apply(vec![work]).await.remove(0)
}
