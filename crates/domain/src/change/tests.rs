use proptest::prelude::*;

use super::*;
use crate::account::Assignment;
use crate::audit::Outcome;
use crate::{SalesforceId, SalesforceUserId};

fn entitlement(text: &str) -> Entitlement {
    text.parse().unwrap()
}

fn desired(status: AccountStatus, entitlements: &[&str]) -> DesiredAccount {
    DesiredAccount {
        status,
        attributes: BTreeMap::from([
            (
                UserField::Username,
                AttributeValue::Candidates { values: vec!["j@x.com".into(), "j2@x.com".into()], follow: false },
            ),
            (UserField::Department, AttributeValue::Value(Some("Sales".into()))),
            (UserField::Title, AttributeValue::Value(None)),
        ]),
        entitlements: entitlements.iter().map(|text| (entitlement(text), vec!["rule".to_owned()])).collect(),
        ..DesiredAccount::unwanted("")
    }
}

fn user(active: bool) -> ActualUser {
    ActualUser {
        id: SalesforceUserId::parse("005000000000001").unwrap(),
        active,
        fields: BTreeMap::from([(UserField::Username, "J@X.com".into()), (UserField::Department, "Sales".into())]),
        profile: Some(EntitlementName::parse("Standard User").unwrap()),
        role: None,
        assignments: Vec::new(),
    }
}

/// Carries out operations as an org would that refuses nothing.
fn apply(actual: Option<ActualUser>, operations: &[Operation]) -> Option<ActualUser> {
    let mut actual = actual;
    for operation in operations {
        if let Operation::Create { active, fields, entitlements } = operation {
            let mut made = ActualUser { fields: fields.clone(), profile: None, ..user(*active) };
            entitlements.iter().for_each(|entitlement| give(&mut made, entitlement));
            actual = Some(made);
            continue;
        }
        let user = actual.as_mut().expect("only a create works on nobody");
        match operation {
            Operation::Activate => user.active = true,
            Operation::Deactivate => user.active = false,
            Operation::SetField { field, after, .. } => match after {
                Some(after) => drop(user.fields.insert(*field, after.clone())),
                None => drop(user.fields.remove(field)),
            },
            Operation::Replace { kind: EntitlementKind::Profile, after, .. } => user.profile.clone_from(after),
            Operation::Replace { after, .. } => user.role.clone_from(after),
            Operation::Grant { entitlement } => give(user, entitlement),
            Operation::Revoke { entitlement } => user.assignments.retain(|a| a.entitlement != *entitlement),
            Operation::Create { .. } | Operation::Correlate { .. } => {}
        }
    }
    actual
}

fn give(user: &mut ActualUser, entitlement: &Entitlement) {
    match entitlement.kind {
        EntitlementKind::Profile => user.profile = Some(entitlement.name.clone()),
        EntitlementKind::Role => user.role = Some(entitlement.name.clone()),
        _ => user
            .assignments
            .push(Assignment { entitlement: entitlement.clone(), id: SalesforceId::parse("0Pa000000000001").unwrap() }),
    }
}

#[test]
fn a_joiner_is_created_whole() {
    let want = desired(AccountStatus::Enabled, &["profile:Standard User", "permissionSet:A"]);
    let change = diff(&want, None, &BTreeSet::new());
    let [Operation::Create { active: true, fields, entitlements }] = change.operations.as_slice() else {
        panic!("{change:?}")
    };
    assert_eq!(fields[&UserField::Username], "j@x.com");
    assert!(!fields.contains_key(&UserField::Title));
    assert_eq!(entitlements.len(), 2);
}

#[test]
fn nobody_is_created_for_somebody_who_should_not_have_an_account() {
    assert!(diff(&desired(AccountStatus::Unwanted, &[]), None, &BTreeSet::new()).is_empty());
}

#[test]
fn a_leaver_is_shut_out_first_and_keeps_what_others_gave() {
    let mut leaver = user(true);
    give(&mut leaver, &entitlement("permissionSet:Ours"));
    give(&mut leaver, &entitlement("permissionSet:Theirs"));
    let owned = BTreeSet::from([entitlement("permissionSet:Ours")]);
    let change = diff(&desired(AccountStatus::Unwanted, &[]), Some(&leaver), &owned);
    assert_eq!(
        change.operations,
        [Operation::Deactivate, Operation::Revoke { entitlement: entitlement("permissionSet:Ours") }]
    );
}

#[test]
fn a_user_name_once_given_stays_unless_it_follows() {
    let mut want = desired(AccountStatus::Enabled, &[]);
    let other = |follow| AttributeValue::Candidates { values: vec!["new@x.com".into()], follow };
    want.attributes.insert(UserField::Username, other(false));
    assert!(diff(&want, Some(&user(true)), &BTreeSet::new()).is_empty());
    want.attributes.insert(UserField::Username, other(true));
    let change = diff(&want, Some(&user(true)), &BTreeSet::new());
    assert!(matches!(change.operations.as_slice(), [Operation::SetField { field: UserField::Username, .. }]));
}

#[test]
fn a_role_that_somebody_else_gave_stays_and_ours_goes() {
    let mut actual = user(true);
    actual.role = Some(EntitlementName::parse("CEO").unwrap());
    let want = desired(AccountStatus::Enabled, &[]);
    assert!(diff(&want, Some(&actual), &BTreeSet::new()).is_empty());
    let change = diff(&want, Some(&actual), &BTreeSet::from([entitlement("role:CEO")]));
    assert!(matches!(
        change.operations.as_slice(),
        [Operation::Replace { kind: EntitlementKind::Role, after: None, .. }]
    ));
}

#[test]
fn what_a_lost_answer_did_is_read_from_the_org() {
    let grant = Operation::Grant { entitlement: entitlement("permissionSet:A") };
    let mut actual = user(true);
    assert_eq!(settle(&grant, Some(&actual)), Outcome::NotDone);
    give(&mut actual, &entitlement("permissionSet:A"));
    assert_eq!(settle(&grant, Some(&actual)), Outcome::Done);
    assert_eq!(settle(&grant, None), Outcome::NotDone);
    assert_eq!(
        owned_after(&BTreeSet::new(), [(&grant, &Outcome::Done)]),
        BTreeSet::from([entitlement("permissionSet:A")])
    );
    assert_eq!(owned_after(&BTreeSet::new(), [(&grant, &Outcome::NotDone)]), BTreeSet::new());
}

fn some_entitlements() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(
        vec![
            "profile:Standard User",
            "role:CEO",
            "permissionSet:A",
            "permissionSet:B",
            "publicGroup:G",
            "permissionSet:C",
        ],
        0..=6,
    )
}

fn some_status() -> impl Strategy<Value = AccountStatus> {
    prop_oneof![Just(AccountStatus::Unwanted), Just(AccountStatus::Prepared), Just(AccountStatus::Enabled)]
}

proptest! {
    #[test]
    fn diff_then_apply_leaves_nothing_to_do(
        status in some_status(), wanted in some_entitlements(), held in some_entitlements(),
        ours in some_entitlements(), exists: bool, active: bool,
    ) {
        let want = desired(status, &wanted);
        let start = exists.then(|| {
            let mut start = user(active);
            held.iter().for_each(|text| give(&mut start, &entitlement(text)));
            start
        });
        // What we own we once gave, so it was there; it may have been taken away since.
        let owned: BTreeSet<_> = if exists { ours.iter().map(|text| entitlement(text)).collect() } else { BTreeSet::new() };
        let change = diff(&want, start.as_ref(), &owned);
        let end = apply(start.clone(), &change.operations);
        let results: Vec<_> = change.operations.iter().map(|operation| (operation, settle(operation, end.as_ref()))).collect();
        prop_assert!(results.iter().all(|(_, outcome)| *outcome == Outcome::Done), "{:?}", results);
        let owned = owned_after(&owned, results.iter().map(|(operation, outcome)| (*operation, outcome)));
        prop_assert!(diff(&want, end.as_ref(), &owned).is_empty());

        // Nothing that somebody else gave is lost, and nothing of ours remains that no rule gives.
        if let (Some(start), Some(end)) = (&start, &end) {
            for assignment in &start.assignments {
                let ours_before = ours.iter().any(|text| entitlement(text) == assignment.entitlement);
                prop_assert_eq!(
                    end.has(&assignment.entitlement),
                    !ours_before || want.entitlements.contains_key(&assignment.entitlement)
                );
            }
        }
        if status == AccountStatus::Enabled {
            prop_assert!(end.is_some_and(|user| user.active));
        } else {
            prop_assert!(end.is_none_or(|user| !user.active));
        }
    }
}
