//! Properties of decisions on arbitrary persons: always a decision, always the same, whatever the order of the contracts,
//! and stable until the day that was foretold.

#![cfg(test)]

use std::sync::LazyLock;

use domain::contract::shift;
use domain::{AccountStatus, DesiredAccount, Merged, Person};
use jiff::civil::{Date, date};
use policy::{Configuration, Decision};
use proptest::prelude::*;
use serde_json::{Value, json};

const CONFIGURATION: &str = "\
organisation: { timeZone: Europe/Amsterdam }
salesforce: { secret: salesforce }
sources: [{ name: hr, role: authoritative, webhook: { secret: hr-webhook } }]
account:
  when: person.contracts.exists(c, c.type != 'external') && !person.custom.barred
  access: { daysBeforeStart: 1, daysAfterEnd: 3 }
  create: { daysBeforeStart: 10 }
  correlate: [FederationIdentifier, EmployeeNumber, Username]
  attributes:
    FederationIdentifier: person.id
    EmployeeNumber: contract.custom.number
    Username: { candidates: [\"slug(nick, '') + '.' + slug(family, '') + '@example.com'\", \"slug(display) + '@example.com'\"] }
    Email: first(person.contact.email, slug(display) + '@example.com')
    FirstName: nick
    LastName: family
    Title: contract.title.name
    Department: \"join(person.contracts.filter(c, c.active).map(c, c.id), ',').size() > 0 ? contract.department.name : null\"
rules:
  - { name: Sales, when: contract.department.id == 'S' && contract.fte >= 0.5, profile: Standard User, role: Sales, permissionSets: [A, B] }
  - { name: Help, when: \"contract.department.id in ['H', 'S']\", profile: Service User, publicGroups: [Help] }
  - { name: Longest, when: 'contract.endDate == null || contract.endDate > addDays(contract.startDate, 50)', permissionSets: [C] }
  - { name: All, profile: Minimum Access }
";

static POLICY: LazyLock<Configuration> = LazyLock::new(|| {
    Configuration::parse(&[("all.yaml".to_owned(), CONFIGURATION.to_owned())])
        .unwrap_or_else(|problems| panic!("{problems}"))
});

fn text() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        "[A-Za-z äöüßøÅ'’-]{0,12}".prop_map(Value::from),
        "[^\u{0}]{0,20}".prop_map(Value::from),
        Just(json!("x".repeat(130))),
    ]
}

fn contract(n: usize) -> impl Strategy<Value = Value> {
    let reference = || {
        prop_oneof![
            Just(Value::Null),
            Just(json!({ "id": "S", "name": "Sales" })),
            Just(json!({ "id": "H" })),
            Just(json!({}))
        ]
    };
    let kind = prop_oneof![Just(Value::Null), Just(json!("external")), Just(json!("permanent"))];
    let end = proptest::option::of(0_i64..120);
    let fte = proptest::option::of(prop_oneof![Just(0.0), Just(0.5), Just(1.0)]);
    let number = prop_oneof![Just(Value::Null), Just(json!(12)), Just(json!("0012")), Just(json!(["x"]))];
    (0_i64..200, end, kind, fte, reference(), text(), number).prop_map(
        move |(start, length, kind, fte, department, title, number)| {
            let start = shift(date(2026, 1, 1), start);
            let mut contract = json!({ "id": format!("c{n}"), "startDate": start, "custom": { "number": number } });
            let end = length.map(|length| shift(start, length));
            for (name, value) in
                [("endDate", json!(end)), ("type", kind), ("fte", json!(fte)), ("department", department)]
            {
                if !value.is_null() {
                    contract[name] = value;
                }
            }
            contract["title"] = json!({ "name": title });
            contract
        },
    )
}

fn person() -> impl Strategy<Value = Person> {
    let contracts = (0_usize..4).prop_flat_map(|count| (0..count).map(contract).collect::<Vec<_>>());
    let custom =
        prop_oneof![4 => Just(json!({})), 1 => Just(json!({ "barred": true })), 1 => Just(json!({ "barred": "yes" }))];
    (contracts, text(), text(), text(), any::<bool>(), custom).prop_filter_map("canonical", |(contracts, nick, family, email, blocked, custom)| {
        let person = json!({ "id": "p1", "name": { "nickName": nick, "familyName": family }, "contact": { "email": email },
                             "contracts": contracts, "blocked": blocked, "custom": custom });
        Person::from_json(&person).ok()
    })
}

fn decide(person: &Person, day: Date) -> (DesiredAccount, Option<Date>, Decision) {
    let merged = Merged::Present { person: Box::new(person.clone()), ambiguous: Vec::new() };
    let decision = POLICY.policy.decide(&merged, day);
    let Decision::Account { account, changes_on, .. } = &decision else { panic!("a present person is decided on") };
    ((**account).clone(), *changes_on, decision)
}

proptest! {
    #[test]
    fn decisions_are_total_deterministic_and_free_of_order(person in person(), day in 0_i64..400, turn in 0_usize..4) {
        let day = shift(date(2025, 12, 1), day);
        let (account, changes_on, decision) = decide(&person, day);
        prop_assert_eq!(&decide(&person, day).2, &decision);

        let mut turned = person.clone();
        if !turned.contracts.is_empty() {
            let by = turn % turned.contracts.len();
            turned.contracts.rotate_left(by);
        }
        let (same, same_change, _) = decide(&turned, day);
        prop_assert!(account.same_target(&same), "{:?}\n{:?}", account, same);
        prop_assert_eq!(account.why, same.why);
        prop_assert_eq!(changes_on, same_change);
    }

    #[test]
    fn nothing_changes_before_the_foretold_day(person in person(), edge in any::<prop::sample::Index>(), days in -20_i64..8) {
        // Near a first or last day, where something may happen.
        let contracts = person.contracts.iter();
        let edges: Vec<_> = contracts.flat_map(|c| [Some(c.start_date), c.end_date]).flatten().collect();
        let today = shift(if edges.is_empty() { date(2026, 1, 1) } else { *edge.get(&edges) }, days);
        let (account, changes_on, _) = decide(&person, today);
        let end = changes_on.unwrap_or_else(|| shift(today, 60));
        prop_assert!(end > today);
        let mut day = shift(today, 1);
        while day < end {
            let (later, _, _) = decide(&person, day);
            prop_assert!(account.same_target(&later), "{} and {}:\n{:?}\n{:?}", today, day, account, later);
            day = shift(day, 1);
        }
    }

    #[test]
    fn an_unwanted_account_demands_nothing(person in person(), day in 0_i64..400) {
        let (account, _, decision) = decide(&person, shift(date(2025, 12, 1), day));
        let Decision::Account { problems, .. } = decision else { unreachable!() };
        if account.status == AccountStatus::Unwanted {
            prop_assert!(problems.is_empty() && account.attributes.is_empty() && account.entitlements.is_empty());
        } else if problems.is_empty() {
            prop_assert!(account.single(domain::EntitlementKind::Profile).is_some());
            for field in domain::UserField::ALL.iter().filter(|field| field.is_required()) {
                prop_assert!(account.attributes.contains_key(field));
            }
        }
    }
}
