//! When there is an account, and how it ends.

use super::*;

#[test]
fn windows_are_inclusive_and_their_edges_foretold() {
    use AccountStatus::{Enabled, Frozen, Inactive, Prepared, Unwanted};
    let policy = policy(ACCOUNT, RULES);
    for (day, status, changes_on) in [
        (date(2026, 2, 14), Unwanted, Some(date(2026, 2, 15))),
        (date(2026, 2, 15), Prepared, Some(date(2026, 2, 28))),
        (date(2026, 2, 27), Prepared, Some(date(2026, 2, 28))),
        (date(2026, 2, 28), Enabled, Some(date(2026, 3, 1))),
        (date(2026, 3, 1), Enabled, Some(date(2026, 7, 1))),
        (date(2026, 7, 2), Enabled, Some(date(2026, 7, 3))),
        (date(2026, 7, 3), Frozen, Some(date(2026, 7, 10))),
        (date(2026, 7, 10), Inactive, Some(date(2026, 8, 2))),
        (date(2026, 8, 2), Unwanted, None),
    ] {
        let found = decide(&policy, person(|_| {}), day);
        assert_eq!((found.account.status, found.changes_on), (status, changes_on), "{day}");
        assert!(found.problems.is_empty(), "{:?}", found.problems);
    }
}

#[test]
fn who_is_not_there_is_waited_for_or_let_go() {
    let policy = policy(ACCOUNT, RULES);
    assert_eq!(policy.decide(&Merged::Waiting, Earlier::Wanted, date(2026, 4, 1)), Decision::Wait);
    let removed = |earlier| {
        let merged = Merged::Removed { at: "2026-03-31T23:00:00Z".parse().unwrap() };
        let removed = decided(policy.decide(&merged, earlier, date(2026, 4, 3)));
        (removed.account.status, removed.leaving_since, removed.changes_on)
    };
    let day = |month, day| Some(date(2026, month, day));
    assert_eq!(removed(Earlier::Unknown), (AccountStatus::Unwanted, None, None));
    assert_eq!(removed(Earlier::NeverWanted), (AccountStatus::Unwanted, None, None));
    assert_eq!(removed(Earlier::Wanted), (AccountStatus::Frozen, day(4, 1), day(4, 8)));
    assert_eq!(removed(Earlier::Leaving(date(2026, 3, 20))), (AccountStatus::Inactive, day(3, 20), day(4, 19)));
    let none = decide(&policy, person(|p| p["contracts"] = json!([])), date(2026, 4, 1));
    assert_eq!((none.account.status, none.changes_on), (AccountStatus::Unwanted, None));
    assert_eq!(none.account.why.0, "there is no contract");
}

#[test]
fn a_blocked_person_keeps_the_account_without_access() {
    let policy = policy(ACCOUNT, RULES);
    let blocked = || person(|p| p["blocked"] = json!(true));
    let found = decide(&policy, blocked(), date(2026, 4, 1));
    assert_eq!((found.account.status, found.leaving_since), (AccountStatus::Frozen, None));
    assert_eq!(found.account.why.0, "the person is blocked; the account is kept, frozen");
    assert!(found.account.entitlements.is_empty() && found.account.attributes.is_empty());
    assert_eq!(found.account.correlate.len(), 2);
    let prepared = decide(&policy, blocked(), date(2026, 2, 20));
    assert_eq!(prepared.account.status, AccountStatus::Prepared);
    assert_eq!(prepared.account.why.0, "the person is blocked; the account is prepared, inactive");
    assert_eq!(entitlements(&prepared.account), ["profile:Standard User by Sales+All"]);
    assert_eq!(decide(&policy, blocked(), date(2026, 9, 1)).account.status, AccountStatus::Unwanted);
}

#[test]
fn nothing_stands_in_the_way_of_a_leaver() {
    let policy = policy(ACCOUNT, RULES);
    let merged = Merged::Present {
        person: Box::new(person(|p| {
            p["accounts"] = json!({});
            p["name"] = json!({ "familyName": "\u{e000}" });
        })),
        ambiguous: vec![SourceName::parse("entra").unwrap()],
    };
    let found = decided(policy.decide(&merged, Earlier::Wanted, date(2026, 12, 1)));
    assert_eq!(found.account.status, AccountStatus::Unwanted);
    assert!(found.problems.is_empty() && found.account.attributes.is_empty() && found.account.entitlements.is_empty());
    assert_eq!(found.account.correlate, [(UserField::FederationIdentifier, "jan-sso".into())]);
    assert_eq!(found.account.why.0, "the last contract ended on 2026-06-30");
}

#[test]
fn account_when_shuts_out() {
    let account = ACCOUNT.replace("account:\n", "account:\n  when: person.custom.kind == 'staff'\n");
    let found = decide(&policy(&account, RULES), person(|_| {}), date(2026, 4, 1));
    assert_eq!(
        (found.account.status, found.account.why.0.as_str()),
        (AccountStatus::Unwanted, "account.when does not hold")
    );
}

#[test]
fn the_steps_are_as_configured() {
    use AccountStatus::{Frozen, Inactive, Unwanted};
    let with = |leaver: &str| policy(&format!("{ACCOUNT}  leaver: {leaver}\n"), RULES);
    let steps =
        |policy: &Policy| [3, 4, 5, 6].map(|day| decide(policy, person(|_| {}), date(2026, 7, day)).account.status);
    assert_eq!(steps(&with("{ deactivate: 1d, strip: 2d }")), [Frozen, Inactive, Unwanted, Unwanted]);
    assert_eq!(
        steps(&with("{ freeze: immediately, deactivate: immediately, strip: 3d }")),
        [Inactive, Inactive, Inactive, Unwanted]
    );
    assert_eq!(steps(&with("{ deactivate: 0d, strip: immediately }")), [Unwanted; 4]);
    assert_eq!(steps(&with("{ deactivate: 2d, strip: 2d }")), [Frozen, Frozen, Unwanted, Unwanted]);
    let frozen = decide(&with("{}"), person(|_| {}), date(2026, 7, 3)).account;
    assert_eq!(frozen.why.0, "the last contract ended on 2026-06-30; inactive from 2026-07-10");
}

#[test]
fn steps_count_from_the_data_and_else_from_the_decision_before() {
    use AccountStatus::{Frozen, Inactive, Unwanted};
    let policy = policy(&ACCOUNT.replace("account:\n", "account:\n  when: person.custom.kind == 'staff'\n"), RULES);
    let shut_out = |earlier, today| {
        let found = decide_after(&policy, person(|_| {}), earlier, today);
        (found.account.status, found.leaving_since)
    };
    let (april, may) = (date(2026, 4, 1), date(2026, 5, 1));
    assert_eq!(shut_out(Earlier::Unknown, april), (Unwanted, None));
    assert_eq!(shut_out(Earlier::NeverWanted, april), (Unwanted, None));
    assert_eq!(shut_out(Earlier::Wanted, april), (Frozen, Some(april)));
    assert_eq!(shut_out(Earlier::Leaving(april), date(2026, 4, 8)), (Inactive, Some(april)));
    assert_eq!(shut_out(Earlier::Leaving(april), may), (Unwanted, Some(april)));
    // After the end of the contract its day counts, unless the steps had begun before.
    let (end, after) = (date(2026, 7, 3), date(2026, 7, 5));
    assert_eq!(shut_out(Earlier::Wanted, after), (Frozen, Some(end)));
    assert_eq!(shut_out(Earlier::Leaving(april), after), (Unwanted, Some(april)));
    assert_eq!(shut_out(Earlier::NeverWanted, after), (Unwanted, None));
}
