use serde_json::json;

use super::*;
use crate::configuration::Configuration;

const CONNECTOR: &str = "\
organisation: { timeZone: Europe/Amsterdam }
salesforce: { secret: salesforce }
account:
  correlate: [FederationIdentifier]
  attributes:
    FederationIdentifier: person.id
    Username: lower(nick) + '@example.com'
    Email: lower(nick) + '@example.com'
    LastName: family
lookups: { domains: { a: b } }
sources:
  - { name: hr, role: authoritative, webhook: { secret: hr-webhook } }
  - name: ad
    role: dependent
    webhook: { secret: ad-webhook }
    join:
";
const KEYS: &str = "
      - { account: account.employeeId, person: person.id }
      - { account: lower(account.mail), person: lower(person.contact.email) }
      - { account: account.userPrincipalName, person: person.custom.upn }
";

fn parse(connector: &str) -> Result<Configuration, Vec<String>> {
    Configuration::parse(&[("all.yaml".to_owned(), connector.to_owned())])
        .map_err(|problems| problems.0.iter().map(ToString::to_string).collect())
}

fn joined() -> Configuration {
    parse(&format!("{CONNECTOR}{KEYS}")).unwrap()
}

fn refused(keys: &str) -> Vec<String> {
    parse(&format!("{CONNECTOR}{keys}\n")).unwrap_err()
}

fn ad() -> SourceName {
    SourceName::parse("ad").unwrap()
}

fn account(configuration: &Configuration, account: &Value) -> Vec<JoinKey> {
    configuration.account_keys(&ad(), account.as_object().unwrap())
}

fn person(configuration: &Configuration, more: &Value) -> std::collections::BTreeSet<JoinKey> {
    let mut person = json!({ "id": "7", "name": { "familyName": "Vries" } });
    person.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let person = Person::from_json(&person).unwrap();
    configuration.person_keys(Some(&person)).remove(&ad()).unwrap().keys
}

#[test]
fn both_sides_give_the_same_key() {
    let configuration = joined();
    assert!(configuration.joins(&ad()) && !configuration.joins(&SourceName::parse("hr").unwrap()));
    let keys = account(
        &configuration,
        &json!({ "employeeId": 7, "mail": "Jan@Example.com ", "userPrincipalName": "JAN", "other": [] }),
    );
    assert_eq!(keys.len(), 3);
    let of_person = person(&configuration, &json!({ "contact": { "email": "jan@example.com" } }));
    assert_eq!(of_person, keys[..2].iter().cloned().collect());
    // Compared exactly where nothing lowers it, and never with a key of another place.
    assert!(!person(&configuration, &json!({ "custom": { "upn": "jan" } })).contains(&keys[2]));
    assert!(person(&configuration, &json!({ "custom": { "upn": "JAN" } })).contains(&keys[2]));
    assert!(!person(&configuration, &json!({ "custom": { "upn": "jan@example.com" } })).contains(&keys[1]));
}

#[test]
fn absent_blank_and_failing_values_give_no_key() {
    let configuration = joined();
    assert_eq!(account(&configuration, &json!({ "employeeId": " ", "mail": null })), []);
    // A list is no text: the second expression fails, the third still gives its key.
    assert_eq!(account(&configuration, &json!({ "mail": [1], "userPrincipalName": "x" })).len(), 1);
    let nobody = configuration.person_keys(None).remove(&ad()).unwrap();
    assert!(nobody.keys.is_empty());
    let accounts = json!({ "accounts": { "ad": { "mail": "a" } }, "contact": { "email": "" } });
    assert_eq!(person(&configuration, &accounts).len(), 1);
}

#[test]
fn another_join_gives_other_keys_and_another_fingerprint() {
    let (one, other) = (joined(), parse(&format!("{CONNECTOR}{KEYS}").replace("lower(account.mail)", "account.mail")));
    let (other, told) = (other.unwrap(), json!({ "employeeId": "7" }));
    assert_ne!(account(&one, &told), account(&other, &told));
    assert_ne!(one.fingerprint(), other.fingerprint());
    let layout =
        parse(&format!("{CONNECTOR}{KEYS}").replace("account.employeeId,", "'account.employeeId'  ,")).unwrap();
    assert_eq!(account(&one, &told), account(&layout, &told));
    assert_eq!(one.fingerprint(), layout.fingerprint());
    let without = parse(&CONNECTOR.replace("    join:\n", "")).unwrap();
    assert_ne!(one.fingerprint(), without.fingerprint());
    assert!(without.person_keys(None).is_empty());
}

#[test]
fn what_cannot_work_is_refused_in_its_place() {
    assert_eq!(refused("      []"), ["all.yaml:17:7: error: 1 to 10 keys are needed here"]);
    assert_eq!(
        refused("      - { account: account.id, person: person.accounts.ad.id }"),
        ["all.yaml:17:46: error: there is no field `accounts`"]
    );
    assert_eq!(refused("      - { account: account.id, person: today }").len(), 1);
    assert_eq!(refused("      - { account: account.id, person: 'person.contracts[0].active' }").len(), 1);
    assert_eq!(refused("      - { account: person.id, person: person.id }").len(), 1);
    assert_eq!(refused("      - { account: account.id }").len(), 1);
    assert_eq!(refused("      - { account: account.id, person: person.blocked }").len(), 1);
    assert_eq!(refused("      - { account: \"'x'\", person: person.id }").len(), 1);
    assert_eq!(refused("      - { account: account.id, person: person.id, and: 1 }").len(), 1);
    let key = "      - { account: account.id, person: person.id }\n";
    assert_eq!(refused(&key.repeat(2)), ["all.yaml:18:9: error: this key is here twice"]);
    let authoritative = format!("{CONNECTOR}{KEYS}").replace("role: dependent", "role: authoritative");
    assert!(parse(&authoritative).unwrap_err()[0].contains("`join` is for dependent sources"));
}

#[test]
fn check_tries_both_sides() {
    let keys = "\n      - { account: \"split(account.mail, '@')[0]\", person: \"string(100 / person.contracts[0].sequence)\" }\n";
    let configuration = parse(&format!("{CONNECTOR}{keys}")).unwrap();
    let example = crate::check::Example {
        name: "examples/a.json".to_owned(),
        person: json!({
            "id": "7", "name": { "familyName": "Vries" }, "accounts": { "ad": { "mail": [] } },
            "contracts": [{ "id": "1", "startDate": "2026-01-01", "sequence": 0 }]
        }),
    };
    let found = crate::check::examples(&configuration, &[example], jiff::civil::date(2026, 3, 2));
    let errors = found.iter().filter(|finding| finding.severity == crate::Severity::Error);
    let places: Vec<_> = errors.map(|finding| finding.place.to_string()).collect();
    assert_eq!(places, ["all.yaml:18:26", "all.yaml:18:71"], "{found:?}");
}
