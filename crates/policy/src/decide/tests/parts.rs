//! User names, last days, links and modes.

use super::*;

#[test]
fn the_latest_last_day_counts_and_none_goes_before_all() {
    let rules = "\
rules:
  - { name: Trial, permissionSets: [A, B], permissionSetGroups: [G], queues: [Q], expires: contract.custom.trial }
  - { name: Other, permissionSets: [B], expires: \"'2026-05-01'\" }
  - { name: Open, when: contract.custom.open == true, permissionSets: [A] }
  - { name: All, profile: Standard User, expires: contract.endDate, permissionSets: [C] }
";
    let policy = policy(ACCOUNT, rules);
    let on = |custom: Value, today| {
        let found = decide(&policy, person(|p| p["contracts"][0]["custom"] = custom), today);
        let days: Vec<_> = found.account.expirations.iter().map(|(e, day)| format!("{} {day}", e.name)).collect();
        assert!(found.account.expirations.keys().all(|e| found.account.entitlements.contains_key(e)));
        (days.join(", "), entitlements(&found.account).len(), found.changes_on, found.problems)
    };
    let day = date(2026, 4, 1);
    let until = |month, day| Some(date(2026, month, day));
    let trial = || json!({ "trial": "2026-04-15" });
    assert_eq!(
        on(trial(), day),
        ("A 2026-04-15, B 2026-05-01, C 2026-06-30, G 2026-04-15".into(), 6, until(4, 16), vec![])
    );
    // After the last day it is not given, but for what can't expire.
    assert_eq!(on(trial(), date(2026, 4, 16)), ("B 2026-05-01, C 2026-06-30".into(), 4, until(5, 2), vec![]));
    assert_eq!(on(json!({}), day), ("C 2026-06-30".into(), 6, until(5, 2), vec![]));
    assert_eq!(on(json!({ "trial": "2026-04-15", "open": true }), day).0, "B 2026-05-01, C 2026-06-30, G 2026-04-15");
    // In the days after the end of the contract its last day is over.
    assert_eq!(on(trial(), date(2026, 7, 1)).0, "");
    let (_, given, _, problems) = on(json!({ "trial": "15-04-2026" }), day);
    assert_eq!(
        (given, problems),
        (4, vec!["invalid-date: c.yaml:2:92: `expires` of the rule `Trial` fails: it gives no date; one as 2026-12-31 is needed here".into()])
    );
}

#[test]
fn links_name_other_persons_by_the_primary_contract() {
    use domain::UserLink::{DelegatedApprover, Manager};
    let links = "  links: { manager: \"first(contract.manager.id, contract.department.managerId)\", delegatedApprover: contract.custom.approver }\n";
    let policy = policy(&format!("{ACCOUNT}{links}"), RULES);
    let of = |change: &dyn Fn(&mut Value), today| decide(&policy, person(|p| change(&mut p["contracts"][0])), today);
    let boss = || Some(domain::PersonId::parse("boss").unwrap());
    let found = of(&|c| c["manager"] = json!({ "id": "boss" }), date(2026, 4, 1));
    assert_eq!(found.account.links, [(Manager, boss()), (DelegatedApprover, None)].into());
    let prepared = of(&|c| c["department"]["managerId"] = json!("boss"), date(2026, 2, 20));
    assert_eq!(prepared.account.links[&Manager], boss());
    let own = of(&|c| c["manager"] = json!({ "id": "7" }), date(2026, 4, 1));
    assert_eq!(own.account.links[&Manager], None);
    assert!(
        own.account.why.0.ends_with("; manager would be the person itself and is left empty"),
        "{}",
        own.account.why.0
    );
    let wrong = of(&|c| c["custom"] = json!({ "approver": "a\nb" }), date(2026, 4, 1));
    assert_eq!(
        wrong.problems,
        [
            "invalid-link: b.yaml:11:101: account.links.delegatedApprover fails: it gives no valid person id: it holds a control character"
        ]
    );
    assert!(of(&|_| {}, date(2026, 7, 3)).account.links.is_empty());
}

#[test]
fn ownership_goes_with_every_decision() {
    use domain::{EntitlementKind, Ownership};
    let policy =
        policy(ACCOUNT, &format!("ownership: {{ role: addOnly, permissionSets: exact, queues: own }}\n{RULES}"));
    let modes =
        [(EntitlementKind::Role, Ownership::AddOnly), (EntitlementKind::PermissionSet, Ownership::Exact)].into();
    for day in [date(2026, 1, 1), date(2026, 2, 20), date(2026, 4, 1), date(2026, 7, 4), date(2027, 1, 1)] {
        assert_eq!(decide(&policy, person(|_| {}), day).account.ownership, modes);
    }
    let removed = Merged::Removed { at: "2026-04-01T00:00:00Z".parse().unwrap() };
    assert_eq!(decided(policy.decide(&removed, Earlier::Wanted, date(2026, 4, 1))).account.ownership, modes);
}

#[test]
fn the_ending_of_user_names_counts_in_their_length() {
    let base = BASE.replace("secret: salesforce }", "secret: salesforce, usernameSuffix: .uat }");
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let numbered = ACCOUNT.replace("person.custom.user]", "person.custom.user], numbered: false");
    let names = |account: &str, nick: &str| {
        let files = [file("a.yaml", &base), file("b.yaml", account), file("c.yaml", RULES)];
        let policy = Configuration::parse(&files).unwrap_or_else(|problems| panic!("{problems}")).policy;
        let found = decide(&policy, person(|p| p["name"]["nickName"] = json!(nick)), date(2026, 4, 1)).account;
        let list = |field| match found.attributes.get(&field) {
            Some(AttributeValue::Candidates { values, .. }) => values.clone(),
            _ => Vec::new(),
        };
        let key = found.correlate.into_iter().find(|(field, _)| *field == UserField::Username);
        (list(UserField::Username), list(UserField::CommunityNickname), key.map(|(_, value)| value))
    };
    let (users, nicknames, key) = names(ACCOUNT, "Jan");
    assert_eq!(users[..3], ["jan@example.com.uat", "jan.de-vries@example.com.uat", "jan2@example.com.uat"]);
    assert_eq!((nicknames[0].as_str(), key.as_deref()), ("jan", Some("jan@example.com.uat")));
    let (users, nicknames, _) = names(&numbered, "Jan");
    assert_eq!((users.len(), nicknames.len()), (2, 10));
    // 64 letters and @example.com.uat make 80: the longest that fits.
    let (users, ..) = names(ACCOUNT, &"x".repeat(64));
    assert_eq!((users[0].len(), users.len()), (80, 9));
    assert!(users[1].starts_with("xxx") && users[1].ends_with("x2@example.com.uat") && users[1].len() == 80);
    assert!(names(&numbered, &"x".repeat(65)).0.is_empty());
}

#[test]
fn candidates_are_told_apart_and_numbered() {
    let policy = policy(ACCOUNT, RULES);
    let same = person(|p| p["custom"]["user"] = json!("JAN@example.com"));
    let account = decide(&policy, same, date(2026, 4, 1)).account;
    let AttributeValue::Candidates { values, follow: false } = &account.attributes[&UserField::Username] else {
        panic!("candidates")
    };
    assert_eq!(values.len(), 10);
    assert_eq!(values[..4], ["jan@example.com", "jan.de-vries@example.com", "jan2@example.com", "jan3@example.com"]);
    let AttributeValue::Candidates { values, .. } = &account.attributes[&UserField::CommunityNickname] else {
        panic!("candidates")
    };
    assert_eq!(values[..3], ["jan", "jan.de-vries", "jan2"]);
    assert_eq!(
        account.attributes[&UserField::Alias],
        AttributeValue::Candidates { values: vec!["jdevries".into()], follow: false }
    );
    assert_eq!(
        account.correlate,
        [(UserField::FederationIdentifier, "jan-sso".into()), (UserField::Username, "jan@example.com".into())]
    );

    let long = person(|p| p["name"]["nickName"] = json!("x".repeat(68)));
    let account = decide(&policy, long, date(2026, 4, 1)).account;
    let AttributeValue::Candidates { values, .. } = &account.attributes[&UserField::Username] else {
        panic!("candidates")
    };
    assert_eq!(values.len(), 9);
    assert!(values.iter().all(|value| value.len() == 80), "{values:?}");
}
