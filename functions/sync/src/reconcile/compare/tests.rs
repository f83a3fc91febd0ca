use std::collections::BTreeSet;

use domain::{Applied, Assignment, AttributeValue, DesiredAccount, EntitlementName, SalesforceId};
use jiff::Timestamp;

use super::*;

fn user_id() -> SalesforceUserId {
    SalesforceUserId::parse("005000000000001").unwrap()
}

fn entitlement(text: &str) -> Entitlement {
    text.parse().unwrap()
}

fn desired() -> DesiredState {
    let account = DesiredAccount {
        status: AccountStatus::Enabled,
        attributes: BTreeMap::from([
            (UserField::Department, AttributeValue::Value(Some("Sales".into()))),
            (UserField::Username, AttributeValue::Candidates { values: vec!["new@example.com".into()], follow: false }),
        ]),
        entitlements: BTreeMap::from([(entitlement("permissionSet:Ours"), vec!["rule".to_owned()])]),
        ..DesiredAccount::unwanted("")
    };
    DesiredState {
        person: PersonId::parse("p").unwrap(),
        version: 3,
        account,
        cause: domain::Cause::Drift,
        leaving_since: None,
        changes_on: None,
        policy: String::new(),
    }
}

fn record() -> AccountRecord {
    AccountRecord {
        applied: Some(Applied {
            version: 3,
            at: Timestamp::UNIX_EPOCH,
            active: Some(true),
            username: Some("old@example.com".into()),
            frozen: false,
            shut_by_hand: false,
            owned: BTreeSet::from([entitlement("permissionSet:Ours")]),
        }),
        ..AccountRecord::default()
    }
}

fn has(user: &mut ActualUser, text: &str) {
    let id = SalesforceId::parse("0Pa000000000001").unwrap();
    user.assignments.push(Assignment { entitlement: entitlement(text), id, expires: None });
}

fn actual() -> ActualUser {
    let mut user = ActualUser::bare(user_id(), true);
    user.fields.insert(UserField::Department, "Sales".into());
    user.fields.insert(UserField::Username, "OLD@example.com".into());
    has(&mut user, "permissionSet:Ours");
    user
}

fn found(change: impl FnOnce(&mut ActualUser)) -> Vec<(DriftKind, String, bool)> {
    let mut user = actual();
    change(&mut user);
    let drifts = compare(&desired(), &record(), &user, &BTreeMap::new());
    drifts.into_iter().map(|drift| (drift.kind, drift.what, drift.undo.is_some())).collect()
}

#[test]
fn what_was_left_as_it_was_is_no_drift() {
    assert_eq!(found(|_| ()), []);
}

#[test]
fn every_change_by_hand_is_told_by_its_kind() {
    let is = |kind, what: &str, undo| vec![(kind, what.to_owned(), undo)];
    let department = |user: &mut ActualUser| drop(user.fields.insert(UserField::Department, "Other".into()));
    assert_eq!(found(department), is(DriftKind::Fields, "Department", true));
    let renamed = |user: &mut ActualUser| drop(user.fields.insert(UserField::Username, "x@example.com".into()));
    assert_eq!(found(renamed), is(DriftKind::Renamed, "Username", false));
    assert_eq!(found(|user| user.frozen = true), is(DriftKind::Shut, "IsFrozen", true));
    assert_eq!(found(|user| user.active = false), is(DriftKind::Shut, "IsActive", true));
    let removed = |user: &mut ActualUser| user.assignments.clear();
    assert_eq!(found(removed), is(DriftKind::EntitlementsRemoved, "permissionSet:Ours", true));
    let added = |user: &mut ActualUser| has(user, "queue:Theirs");
    assert_eq!(found(added), is(DriftKind::EntitlementsAdded, "queue:Theirs", false));
    let role = |user: &mut ActualUser| user.role = EntitlementName::parse("CEO").ok();
    assert_eq!(found(role), is(DriftKind::EntitlementsAdded, "role:CEO", false));
}

#[test]
fn in_exact_an_addition_can_be_undone_and_an_opened_leaver_is_told() {
    let mut want = desired();
    want.account.ownership.insert(EntitlementKind::Queue, Ownership::Exact);
    let mut user = actual();
    has(&mut user, "queue:Theirs");
    let drifts = compare(&want, &record(), &user, &BTreeMap::new());
    assert!(matches!(drifts.as_slice(), [Drift { kind: DriftKind::EntitlementsAdded, undo: Some(_), .. }]));

    let mut leaver = desired();
    leaver.account = DesiredAccount { status: AccountStatus::Frozen, ..DesiredAccount::unwanted("") };
    let drifts = compare(&leaver, &record(), &actual(), &BTreeMap::new());
    assert!(matches!(drifts.as_slice(), [Drift { kind: DriftKind::Opened, undo: Some(Operation::Freeze), .. }]));
}

#[test]
fn a_person_who_is_not_at_rest_is_left_to_the_writer() {
    let mut behind = record();
    behind.applied.as_mut().unwrap().version = 2;
    let mut user = actual();
    user.frozen = true;
    assert_eq!(compare(&desired(), &behind, &user, &BTreeMap::new()), []);
    assert_eq!(compare(&desired(), &AccountRecord::default(), &user, &BTreeMap::new()), []);
}
