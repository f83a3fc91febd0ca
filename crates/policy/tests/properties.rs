//! Properties of decisions on arbitrary persons: always a decision, always the same, whatever the order of the contracts,
//! and stable until the day that was foretold.

#![cfg(test)]

use std::sync::LazyLock;

use domain::contract::shift;
use domain::{AccountStatus, DesiredAccount, Merged, Person};
use jiff::civil::{Date, date};
use policy::{Configuration, Decision, Earlier};
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
  leaver: { deactivate: 5d, strip: 12d }
  links: { manager: contract.custom.number, delegatedApprover: contract.title.name }
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
  - { name: Sales, when: contract.department.id == 'S' && contract.fte >= 0.5, profile: Standard User, role: Sales, permissionSets: [A, B], permissionSetGroups: [G], queues: [Q], expires: contract.endDate }
  - { name: Help, when: \"contract.department.id in ['H', 'S']\", profile: Service User, publicGroups: [Help] }
  - { name: Longest, when: 'contract.endDate == null || contract.endDate > addDays(contract.startDate, 50)', permissionSets: [B, C], expires: 'addDays(contract.startDate, 40)' }
  - { name: All, profile: Minimum Access }
ownership: { permissionSets: exact }
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

fn merged(person: &Person) -> Merged {
    Merged::Present { person: Box::new(person.clone()), ambiguous: Vec::new() }
}

struct Decided {
    account: DesiredAccount,
    leaving_since: Option<Date>,
    changes_on: Option<Date>,
    problems: usize,
}

impl Decided {
    /// What the next decision knows of this one.
    fn earlier(&self) -> Earlier {
        Earlier::new(self.account.status, self.leaving_since)
    }
}

fn decide(merged: &Merged, earlier: Earlier, day: Date) -> Decided {
    match POLICY.policy.decide(merged, earlier, day) {
        Decision::Account { account, leaving_since, changes_on, problems } => {
            Decided { account: *account, leaving_since, changes_on, problems: problems.len() }
        }
        Decision::Wait => panic!("a person who was there is decided on"),
    }
}

fn earlier() -> impl Strategy<Value = Earlier> {
    prop_oneof![
        Just(Earlier::Unknown),
        Just(Earlier::NeverWanted),
        Just(Earlier::Wanted),
        (0_i64..400).prop_map(|day| Earlier::Leaving(shift(date(2025, 12, 1), day)))
    ]
}

/// How much is taken away.
fn step(status: AccountStatus) -> Option<u8> {
    match status {
        AccountStatus::Frozen => Some(1),
        AccountStatus::Inactive => Some(2),
        AccountStatus::Unwanted => Some(3),
        AccountStatus::Prepared | AccountStatus::Enabled => None,
    }
}

proptest! {
    #[test]
    fn decisions_are_total_deterministic_and_free_of_order(
        person in person(), earlier in earlier(), day in 0_i64..400, turn in 0_usize..4,
    ) {
        let day = shift(date(2025, 12, 1), day);
        let first = decide(&merged(&person), earlier, day);
        prop_assert_eq!(
            POLICY.policy.decide(&merged(&person), earlier, day),
            POLICY.policy.decide(&merged(&person), earlier, day)
        );

        let mut turned = person.clone();
        if !turned.contracts.is_empty() {
            let by = turn % turned.contracts.len();
            turned.contracts.rotate_left(by);
        }
        let same = decide(&merged(&turned), earlier, day);
        prop_assert!(first.account.same_target(&same.account), "{:?}\n{:?}", first.account, same.account);
        prop_assert_eq!(first.account.why, same.account.why);
        prop_assert_eq!((first.changes_on, first.leaving_since), (same.changes_on, same.leaving_since));
    }

    #[test]
    fn nothing_changes_before_the_foretold_day(
        person in person(), earlier in earlier(), edge in any::<prop::sample::Index>(), days in -20_i64..20,
    ) {
        // Near a first or last day, where something may happen.
        let contracts = person.contracts.iter();
        let edges: Vec<_> = contracts.flat_map(|c| [Some(c.start_date), c.end_date]).flatten().collect();
        let today = shift(if edges.is_empty() { date(2026, 1, 1) } else { *edge.get(&edges) }, days);
        let merged = merged(&person);
        let first = decide(&merged, earlier, today);
        let end = first.changes_on.unwrap_or_else(|| shift(today, 60));
        prop_assert!(end > today);
        let mut day = shift(today, 1);
        while day < end {
            let later = decide(&merged, first.earlier(), day);
            prop_assert!(first.account.same_target(&later.account), "{} and {}:\n{:?}\n{:?}", today, day, first.account, later.account);
            prop_assert_eq!(first.leaving_since, later.leaving_since);
            day = shift(day, 1);
        }
    }

    #[test]
    fn without_news_a_leaver_only_loses(person in person(), removed: bool, earlier in earlier(), day in 0_i64..300) {
        let mut today = shift(date(2026, 1, 1), day);
        let at = today.at(12, 0, 0, 0).in_tz("Europe/Amsterdam").unwrap().timestamp();
        let merged = if removed { Merged::Removed { at } } else { merged(&person) };
        let mut before = decide(&merged, earlier, today);
        for _ in 0..60 {
            today = shift(today, 1);
            let now = decide(&merged, before.earlier(), today);
            // A new contract ends the steps; a person who is blocked is no leaver.
            if let (Some(since), Some(still)) = (before.leaving_since, now.leaving_since) {
                prop_assert_eq!(since, still);
                prop_assert!(step(before.account.status) <= step(now.account.status), "{:?} {:?}", before.account, now.account);
            }
            // Nobody is a leaver who had nothing to lose, and then nothing is given back.
            if before.earlier() == Earlier::NeverWanted && step(now.account.status).is_some() && !person.blocked {
                prop_assert_eq!(now.account.status, AccountStatus::Unwanted);
            }
            before = now;
        }
    }

    #[test]
    fn only_what_can_expire_has_a_last_day_and_it_is_given_until_then(person in person(), day in 0_i64..400) {
        let today = shift(date(2025, 12, 1), day);
        let account = decide(&merged(&person), Earlier::Wanted, today).account;
        for (entitlement, last) in &account.expirations {
            prop_assert!(entitlement.kind.can_expire() && *last >= today);
            prop_assert!(account.entitlements.contains_key(entitlement));
        }
        prop_assert_eq!(account.ownership.len(), 1);
        prop_assert!(!account.links.values().flatten().any(|other| *other == person.id));
    }

    #[test]
    fn an_account_that_is_shut_demands_nothing(person in person(), earlier in earlier(), day in 0_i64..400) {
        let Decided { account, problems, .. } = decide(&merged(&person), earlier, shift(date(2025, 12, 1), day));
        if step(account.status).is_some() {
            prop_assert!(problems == 0 && account.attributes.is_empty() && account.entitlements.is_empty());
            prop_assert!(account.links.is_empty() && account.expirations.is_empty());
        } else if problems == 0 {
            prop_assert!(account.single(domain::EntitlementKind::Profile).is_some());
            for field in domain::UserField::ALL.iter().filter(|field| field.is_required()) {
                prop_assert!(account.attributes.contains_key(field));
            }
        }
    }
}
