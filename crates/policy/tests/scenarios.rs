//! Golden scenarios with the example configuration's account and rules: what is decided for a person on the days of a
//! story. The snapshots are there to be read.

#![cfg(test)]

use std::collections::BTreeMap;

use domain::{AttributeValue, Merged, Person};
use jiff::civil::Date;
use policy::{Configuration, Decision, Earlier};
use serde_json::{Value, json};

const CONNECTOR: &str = "\
organisation: { timeZone: Europe/Amsterdam, locale: nl_NL, language: nl_NL }
salesforce: { secret: salesforce }
sources:
  - { name: hr, role: authoritative, webhook: { secret: hr-webhook } }
  - { name: entra, role: dependent, webhook: { secret: entra-webhook } }
";

fn configuration() -> Configuration {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    Configuration::parse(&[
        file("connector.yaml", CONNECTOR),
        file("account.yaml", include_str!("../../../infra/config/account.yaml")),
        file("rules.yaml", include_str!("../../../infra/config/rules.yaml")),
    ])
    .unwrap_or_else(|problems| panic!("{problems}"))
}

fn jan(contracts: &Value) -> Value {
    json!({
        "id": "100023",
        "name": { "givenName": "Johannes", "nickName": "Jan", "familyName": "Vries", "familyNamePrefix": "de" },
        "contracts": contracts,
        "accounts": { "entra": { "mail": "j.devries@example.com" } }
    })
}

fn sales(start: &str, end: &Value) -> Value {
    json!({ "id": "c-1", "startDate": start, "endDate": end, "fte": 1.0, "department": { "id": "SALES", "name": "Sales" },
            "title": { "name": "Account manager" }, "location": { "id": "AMS" }, "employer": { "id": "01" },
            "manager": { "id": "100001" } })
}

fn service(id: &str, start: &str, end: &Value, fte: f64) -> Value {
    json!({ "id": id, "startDate": start, "endDate": end, "fte": fte, "department": { "id": "SERVICE", "name": "Service" },
            "title": { "name": "Service desk" }, "employer": { "id": "02" } })
}

/// Day after day as it is mapped, each knowing what was decided before. The decision of the first day in full; of the others what differs from the day before, `~` for what is gone.
fn story(person: &Value, days: &[&str]) -> BTreeMap<String, Value> {
    let configuration = configuration();
    let mut before = json!({});
    let mut earlier = Earlier::Unknown;
    let mut story = BTreeMap::new();
    for day in days {
        let today: Date = day.parse().unwrap();
        let person = Box::new(Person::from_json(person).unwrap());
        let merged = Merged::Present { person, ambiguous: Vec::new() };
        let decision = configuration.policy.decide(&merged, earlier, today);
        if let Decision::Account { account, leaving_since, .. } = &decision {
            earlier = Earlier::new(account.status, *leaving_since);
        }
        let now = view(&decision);
        story.insert((*day).to_owned(), difference(&before, &now));
        before = now;
    }
    story
}

fn difference(before: &Value, now: &Value) -> Value {
    let (Value::Object(before), Value::Object(now)) = (before, now) else { return now.clone() };
    let names: std::collections::BTreeSet<_> = before.keys().chain(now.keys()).collect();
    let differs = names.into_iter().filter(|name| before.get(*name) != now.get(*name));
    let value = |name: &String| match (before.get(name), now.get(name)) {
        (Some(before), Some(now)) => difference(before, now),
        (_, now) => json!(now),
    };
    differs.map(|name| (name.clone(), value(name))).collect()
}

fn view(decision: &Decision) -> Value {
    let Decision::Account { account, leaving_since, changes_on, problems } = decision else { return json!("wait") };
    let attribute = |value: &AttributeValue| match value {
        AttributeValue::Value(value) => json!(value),
        AttributeValue::Candidates { values, .. } if values.len() > 3 => {
            json!(format!("first free of {}, … {}", values[..3].join(", "), values[values.len() - 1]))
        }
        AttributeValue::Candidates { values, .. } => json!(format!("first free of {}", values.join(", "))),
    };
    let attributes: BTreeMap<_, _> =
        account.attributes.iter().map(|(field, value)| (field.api_name(), attribute(value))).collect();
    let entitlements: BTreeMap<_, _> =
        account.entitlements.iter().map(|(entitlement, rules)| (entitlement.to_string(), rules.join(", "))).collect();
    let correlate: BTreeMap<_, _> = account.correlate.iter().map(|(field, value)| (field.api_name(), value)).collect();
    let expirations: BTreeMap<_, _> =
        account.expirations.iter().map(|(entitlement, day)| (entitlement.to_string(), day)).collect();
    let links: BTreeMap<_, _> = account.links.iter().map(|(link, person)| (link.as_str(), person)).collect();
    let mut view = json!({
        "status": account.status, "why": account.why, "changesOn": changes_on, "attributes": attributes,
        "entitlements": entitlements, "correlate": correlate,
        "problems": problems.iter().map(|problem| format!("{}: {}", problem.code, problem.message)).collect::<Vec<_>>(),
        "leavingSince": leaving_since, "links": links, "expirations": expirations, "ownership": account.ownership,
    });
    // What is not there is not shown.
    if let Some(view) = view.as_object_mut() {
        view.retain(|name, value| {
            !["leavingSince", "links", "expirations", "ownership"].contains(&name.as_str())
                || !(value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty))
        });
    }
    view
}

#[test]
fn joiner() {
    let person = jan(&json!([sales("2026-12-01", &Value::Null)]));
    insta::assert_yaml_snapshot!(story(&person, &["2026-12-01"]));
}

#[test]
fn pre_hire() {
    let person = jan(&json!([sales("2026-12-01", &Value::Null)]));
    insta::assert_yaml_snapshot!(story(&person, &["2026-11-16", "2026-11-17", "2026-11-30", "2026-12-01"]));
}

#[test]
fn mover() {
    let contracts = json!([sales("2025-01-01", &json!("2026-11-30")), service("c-2", "2026-12-01", &Value::Null, 1.0)]);
    insta::assert_yaml_snapshot!(story(&jan(&contracts), &["2026-11-30", "2026-12-01"]));
}

#[test]
fn leaver() {
    let person = jan(&json!([sales("2025-01-01", &json!("2026-11-30"))]));
    insta::assert_yaml_snapshot!(story(&person, &["2026-11-30", "2026-12-01", "2026-12-08", "2026-12-31"]));
}

#[test]
fn rehire() {
    let contracts = json!([sales("2025-01-01", &json!("2026-06-30")), service("c-2", "2026-12-01", &Value::Null, 0.8)]);
    insta::assert_yaml_snapshot!(story(
        &jan(&contracts),
        &["2026-06-30", "2026-07-01", "2026-07-08", "2026-07-31", "2026-11-17", "2026-12-01"]
    ));
}

#[test]
fn two_contracts() {
    let contracts = json!([
        service("c-2", "2026-01-01", &Value::Null, 0.4),
        { "id": "c-1", "startDate": "2025-01-01", "endDate": "2026-12-31", "fte": 0.6, "location": { "id": "BER" },
          "department": { "id": "SALES", "name": "Sales" }, "title": { "name": "Account manager" } }
    ]);
    insta::assert_yaml_snapshot!(story(&jan(&contracts), &["2026-12-31", "2027-01-01"]));
}

#[test]
fn blocked() {
    let mut person = jan(&json!([sales("2025-01-01", &Value::Null)]));
    let open = story(&person, &["2026-11-24"]);
    person["blocked"] = json!(true);
    let shut = story(&person, &["2026-11-24"]);
    insta::assert_yaml_snapshot!(difference(&json!(open), &json!(shut)));
}

#[test]
fn no_mail_address_anywhere() {
    let person = json!({
        "id": "4711", "name": { "nickName": "Anaïs", "familyName": "Hölzl", "familyNamePrefix": "von" },
        "contracts": [service("101-2001-04-01", "2001-04-01", &Value::Null, 1.0)]
    });
    insta::assert_yaml_snapshot!(story(&person, &["2026-11-24"]));
}

#[test]
fn temporary_staff() {
    let mut contract = sales("2026-12-01", &json!("2026-12-31"));
    contract["type"] = json!("temporary");
    insta::assert_yaml_snapshot!(story(&jan(&json!([contract])), &["2026-12-01", "2027-01-01"]));
}
