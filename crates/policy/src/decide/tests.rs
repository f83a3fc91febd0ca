use domain::{AccountStatus, AttributeValue, Entitlement, Merged, Person, SourceName, UserField};
use jiff::civil::{Date, date};
use serde_json::{Value, json};

use super::*;
use crate::Configuration;

mod leaving;
mod parts;

const BASE: &str = "\
organisation: { timeZone: Europe/Amsterdam }
salesforce: { secret: salesforce }
sources:
  - { name: hr, role: authoritative, webhook: { secret: hr-webhook } }
  - { name: entra, role: dependent, webhook: { secret: entra-webhook } }
";

const ACCOUNT: &str = "\
account:
  access: { daysBeforeStart: 1, daysAfterEnd: 2 }
  create: { daysBeforeStart: 14 }
  correlate: [FederationIdentifier, Username]
  attributes:
    FederationIdentifier: { value: person.custom.sso, required: false }
    Username: { candidates: [\"slug(nick) + '@example.com'\", \"slug(nick) + '.' + slug(family) + '@example.com'\", person.custom.user] }
    Email: person.accounts.entra.mail
    LastName: family
    Title: contract.title.name
";

const RULES: &str = "\
rules:
  - { name: Sales, when: contract.department.id == 'S', profile: Standard User, role: SalesEMEA, permissionSets: [A, B] }
  - { name: Help, when: contract.department.id == 'H', profile: Service User, permissionSets: [B] }
  - { name: All, profile: Standard User, publicGroups: [All_Staff] }
";

fn policy(account: &str, rules: &str) -> Policy {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    Configuration::parse(&[file("a.yaml", BASE), file("b.yaml", account), file("c.yaml", rules)])
        .unwrap_or_else(|problems| panic!("{problems}"))
        .policy
}

fn person(change: impl FnOnce(&mut Value)) -> Person {
    let mut person = json!({
        "id": "7",
        "name": { "nickName": "Jan", "familyName": "Vries", "familyNamePrefix": "de" },
        "contracts": [{ "id": "c1", "startDate": "2026-03-01", "endDate": "2026-06-30", "department": { "id": "S" } }],
        "accounts": { "entra": { "mail": "jan@example.com" } },
        "custom": { "sso": "jan-sso" }
    });
    change(&mut person);
    Person::from_json(&person).unwrap()
}

struct Decided {
    account: DesiredAccount,
    leaving_since: Option<Date>,
    changes_on: Option<Date>,
    problems: Vec<String>,
}

fn decide(policy: &Policy, person: Person, today: Date) -> Decided {
    decide_after(policy, person, Earlier::Unknown, today)
}

fn decide_after(policy: &Policy, person: Person, earlier: Earlier, today: Date) -> Decided {
    let merged = Merged::Present { person: Box::new(person), ambiguous: Vec::new() };
    decided(policy.decide(&merged, earlier, today))
}

fn decided(decision: Decision) -> Decided {
    let Decision::Account { account, leaving_since, changes_on, problems } = decision else { panic!("no decision") };
    let problems = problems.into_iter().map(|problem| format!("{}: {}", problem.code, problem.message)).collect();
    Decided { account: *account, leaving_since, changes_on, problems }
}

fn entitlements(account: &DesiredAccount) -> Vec<String> {
    account.entitlements.iter().map(|(entitlement, rules)| format!("{entitlement} by {}", rules.join("+"))).collect()
}

#[test]
fn all_active_contracts_give_and_the_primary_decides() {
    let policy = policy(ACCOUNT, RULES);
    let two = |fte: (f64, f64)| {
        person(|p| {
            p["contracts"] = json!([
                { "id": "c1", "startDate": "2026-01-01", "fte": fte.0, "department": { "id": "S" } },
                { "id": "c2", "startDate": "2026-01-01", "fte": fte.1, "department": { "id": "H" } },
                { "id": "c3", "startDate": "2020-01-01", "endDate": "2021-01-01", "department": { "id": "H" } }
            ]);
        })
    };
    let sales = decide(&policy, two((0.6, 0.4)), date(2026, 4, 1)).account;
    assert_eq!(
        entitlements(&sales),
        [
            "profile:Standard User by Sales+All",
            "role:SalesEMEA by Sales",
            "permissionSet:A by Sales",
            "permissionSet:B by Sales+Help",
            "publicGroup:All_Staff by All"
        ]
    );
    assert_eq!(sales.why.0, "active by contract c1, c2; profile Standard User goes before Service User of rule `Help`");
    let help = decide(&policy, two((0.4, 0.6)), date(2026, 4, 1)).account;
    assert_eq!(entitlements(&help)[0], "profile:Service User by Help");
    assert_eq!(
        help.why.0,
        "active by contract c1, c2; profile Service User goes before Standard User of rule `All`, Standard User of rule `Sales`"
    );
}

#[test]
fn among_contracts_in_their_last_days_the_weightier_decides() {
    let policy = policy(ACCOUNT, RULES);
    let between = person(|p| {
        p["contracts"] = json!([
            { "id": "c1", "startDate": "2025-01-01", "endDate": "2026-03-31", "fte": 0.4, "department": { "id": "S" } },
            { "id": "c2", "startDate": "2025-01-01", "endDate": "2026-03-31", "fte": 0.6, "department": { "id": "H" } },
            { "id": "c3", "startDate": "2026-05-01" }
        ]);
    });
    let account = decide(&policy, between, date(2026, 4, 1)).account;
    assert_eq!(entitlements(&account)[0], "profile:Service User by Help");
}

#[test]
fn defaults_fill_what_salesforce_demands() {
    let account = decide(&policy(ACCOUNT, RULES), person(|_| {}), date(2026, 4, 1)).account;
    let value = |field| match &account.attributes[&field] {
        AttributeValue::Value(value) => value.clone().unwrap(),
        AttributeValue::Candidates { .. } => panic!("a value"),
    };
    assert_eq!(value(UserField::TimeZoneSidKey), "Europe/Amsterdam");
    assert_eq!(value(UserField::LocaleSidKey), "en_US");
    assert_eq!(value(UserField::EmailEncodingKey), "UTF-8");
    assert_eq!(account.attributes[&UserField::Title], AttributeValue::Value(None));
    for field in UserField::ALL.iter().filter(|field| field.is_required()) {
        assert!(account.attributes.contains_key(field), "{field:?}");
    }
    let script = person(|p| p["name"] = json!({ "familyName": "\u{e000}", "nickName": "\u{e001}" }));
    let account = decide(&policy(ACCOUNT, RULES), script, date(2026, 4, 1)).account;
    assert_eq!(
        account.attributes[&UserField::Alias],
        AttributeValue::Candidates { values: vec!["7".into()], follow: false }
    );
}

#[test]
fn what_stands_in_the_way_is_told_with_the_account() {
    let policy = policy(ACCOUNT, "rules: [{ name: Few, when: contract.fte > 0.5, profile: P }]");
    let found = decide(
        &policy,
        person(|p| {
            p["accounts"] = json!({});
            p["custom"] = json!({});
            p["name"] = json!({ "familyName": "x".repeat(81), "nickName": "\u{e000}" });
            p["contracts"][0]["title"] = json!({ "name": "a\tb" });
        }),
        date(2026, 4, 1),
    );
    assert_eq!(
        found.problems,
        [
            "invalid-attribute: Title holds a control character",
            "invalid-attribute: Username does not have the form of a mail address; ascii() and slug() make letters that one may hold",
            "missing-attribute: Email has no value; the person has no account of source `entra` that can be used",
            "missing-attribute: FederationIdentifier has no value, and without a unique key no account is made for the person",
            "no-profile: no rule gives a profile, and a Salesforce user can't be without one",
            "too-long: LastName has 81 characters, Salesforce takes 80; truncate() shortens a value",
            "too-long: Username has 94 characters, Salesforce takes 80; truncate() shortens a value",
        ]
    );
    assert_eq!(found.account.status, AccountStatus::Enabled);
}

#[test]
fn ambiguous_accounts_stand_in_the_way() {
    let merged =
        Merged::Present { person: Box::new(person(|_| {})), ambiguous: vec![SourceName::parse("entra").unwrap()] };
    let found = decided(policy(ACCOUNT, RULES).decide(&merged, Earlier::Unknown, date(2026, 4, 1)));
    assert_eq!(found.problems.len(), 1);
    assert!(found.problems[0].starts_with("ambiguous-account: several accounts of source `entra`"));
}

#[test]
fn an_expression_that_fails_holds_the_person_back() {
    let account = ACCOUNT.replace("account:\n", "account:\n  when: person.custom.level > 3\n");
    let policy =
        policy(&account, "rules: [{ name: A, when: contract.custom.level > 3, profile: P }, { name: B, profile: Q }]");
    let odd = person(|p| {
        p["custom"]["level"] = json!("high");
        p["contracts"][0]["custom"] = json!({ "level": "low" });
    });
    let found = decide(&policy, odd.clone(), date(2026, 4, 1));
    assert_eq!(
        found.problems,
        [
            "expression-failed: b.yaml:2:29: account.when fails: `>` does not work on a text and a number",
            "expression-failed: c.yaml:1:48: the rule `A` fails: `>` does not work on a text and a number"
        ]
    );
    assert_eq!(decide(&policy, odd, date(2026, 12, 1)).account.status, AccountStatus::Unwanted);
}

#[test]
fn what_reads_today_is_looked_at_every_day() {
    let rules = "rules: [{ name: Seniors, when: 'daysBetween(contract.startDate, today) > 30', role: R }, { name: All, profile: P }]";
    let policy = policy(ACCOUNT, rules);
    let on = |day| decide(&policy, person(|_| {}), day).changes_on;
    assert_eq!(on(date(2026, 4, 1)), Some(date(2026, 4, 2)));
    assert_eq!(on(date(2026, 1, 1)), Some(date(2026, 2, 15)));
    assert_eq!(on(date(2026, 12, 1)), None);
}

#[test]
fn the_entitlements_that_are_named_have_their_places() {
    let named = policy(ACCOUNT, RULES).entitlements_named();
    let place = |entitlement: &str| named[&entitlement.parse::<Entitlement>().unwrap()].to_string();
    assert_eq!(named.len(), 6);
    assert_eq!(place("permissionSet:B"), "c.yaml:2:118");
    assert_eq!(place("profile:Service User"), "c.yaml:3:65");
}
