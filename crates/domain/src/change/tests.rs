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
        fields: BTreeMap::from([(UserField::Username, "J@X.com".into()), (UserField::Department, "Sales".into())]),
        profile: Some(EntitlementName::parse("Standard User").unwrap()),
        ..ActualUser::bare(user_id("005000000000001"), active)
    }
}

fn user_id(text: &str) -> SalesforceUserId {
    SalesforceUserId::parse(text).unwrap()
}

fn owning(owned: &[&str]) -> Known {
    Known { owned: owned.iter().map(|text| entitlement(text)).collect(), ..Known::default() }
}

/// Carries out operations as an org would that refuses nothing.
fn apply(actual: Option<ActualUser>, operations: &[Operation]) -> Option<ActualUser> {
    let mut actual = actual;
    for operation in operations {
        if let Operation::Create { active, fields, entitlements, expirations } = operation {
            let mut made = ActualUser { fields: fields.clone(), profile: None, ..user(*active) };
            entitlements.iter().for_each(|e| give_until(&mut made, e, expirations.get(e).copied()));
            actual = Some(made);
            continue;
        }
        let user = actual.as_mut().expect("only a create works on nobody");
        match operation {
            Operation::Activate => user.active = true,
            Operation::Deactivate => user.active = false,
            Operation::Freeze => user.frozen = true,
            Operation::Unfreeze => user.frozen = false,
            Operation::SetLink { link, after, .. } => match after {
                Some(after) => drop(user.links.insert(*link, after.clone())),
                None => drop(user.links.remove(link)),
            },
            Operation::SetField { field, after, .. } => match after {
                Some(after) => drop(user.fields.insert(*field, after.clone())),
                None => drop(user.fields.remove(field)),
            },
            Operation::Replace { kind: EntitlementKind::Profile, after, .. } => user.profile.clone_from(after),
            Operation::Replace { after, .. } => user.role.clone_from(after),
            Operation::Grant { entitlement, expires } => give_until(user, entitlement, *expires),
            Operation::Revoke { entitlement } => {
                user.assignments.retain(|a| a.entitlement != *entitlement);
                user.features
                    .retain(|name| entitlement.kind != EntitlementKind::FeatureLicense || *name != entitlement.name);
            }
            Operation::Create { .. } | Operation::Correlate { .. } | Operation::Uncorrelate { .. } => {}
        }
    }
    actual
}

fn give(user: &mut ActualUser, entitlement: &Entitlement) {
    give_until(user, entitlement, None);
}

fn give_until(user: &mut ActualUser, entitlement: &Entitlement, expires: Option<Date>) {
    match entitlement.kind {
        EntitlementKind::FeatureLicense => drop(user.features.insert(entitlement.name.clone())),
        EntitlementKind::Profile => user.profile = Some(entitlement.name.clone()),
        EntitlementKind::Role => user.role = Some(entitlement.name.clone()),
        _ => user.assignments.push(Assignment {
            entitlement: entitlement.clone(),
            id: SalesforceId::parse("0Pa000000000001").unwrap(),
            expires,
        }),
    }
}

#[test]
fn a_joiner_is_created_whole() {
    let want = desired(AccountStatus::Enabled, &["profile:Standard User", "permissionSet:A"]);
    let change = diff(&want, None, &Known::default());
    let [Operation::Create { active: true, fields, entitlements, .. }] = change.operations.as_slice() else {
        panic!("{change:?}")
    };
    assert_eq!(fields[&UserField::Username], "j@x.com");
    assert!(!fields.contains_key(&UserField::Title));
    assert_eq!(entitlements.len(), 2);
}

#[test]
fn nobody_is_created_for_somebody_who_should_not_have_an_account() {
    assert!(diff(&desired(AccountStatus::Unwanted, &[]), None, &Known::default()).is_empty());
}

#[test]
fn a_leaver_is_shut_out_first_and_keeps_what_others_gave() {
    let mut leaver = user(true);
    give(&mut leaver, &entitlement("permissionSet:Ours"));
    give(&mut leaver, &entitlement("permissionSet:Theirs"));
    let known = owning(&["permissionSet:Ours"]);
    let revoke = Operation::Revoke { entitlement: entitlement("permissionSet:Ours") };
    let steps = [
        (AccountStatus::Frozen, vec![Operation::Freeze]),
        (AccountStatus::Inactive, vec![Operation::Freeze, Operation::Deactivate]),
        (AccountStatus::Unwanted, vec![Operation::Freeze, Operation::Deactivate, revoke]),
    ];
    for (status, operations) in steps {
        assert_eq!(diff(&desired(status, &[]), Some(&leaver), &known).operations, operations);
        assert!(diff(&desired(status, &[]), None, &known).is_empty());
    }
}

#[test]
fn a_user_name_once_given_stays_unless_it_follows() {
    let mut want = desired(AccountStatus::Enabled, &[]);
    let other = |follow| AttributeValue::Candidates { values: vec!["new@x.com".into()], follow };
    want.attributes.insert(UserField::Username, other(false));
    assert!(diff(&want, Some(&user(true)), &Known::default()).is_empty());
    want.attributes.insert(UserField::Username, other(true));
    let change = diff(&want, Some(&user(true)), &Known::default());
    assert!(matches!(change.operations.as_slice(), [Operation::SetField { field: UserField::Username, .. }]));
}

#[test]
fn a_role_that_somebody_else_gave_stays_and_ours_goes() {
    let mut actual = user(true);
    actual.role = Some(EntitlementName::parse("CEO").unwrap());
    let want = desired(AccountStatus::Enabled, &[]);
    assert!(diff(&want, Some(&actual), &Known::default()).is_empty());
    let change = diff(&want, Some(&actual), &owning(&["role:CEO"]));
    assert!(matches!(
        change.operations.as_slice(),
        [Operation::Replace { kind: EntitlementKind::Role, after: None, .. }]
    ));
}

#[test]
fn what_a_lost_answer_did_is_read_from_the_org() {
    let grant = Operation::Grant { entitlement: entitlement("permissionSet:A"), expires: None };
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

#[test]
fn modes_decide_on_what_others_gave() {
    let mut actual = user(true);
    ["permissionSet:Ours", "permissionSet:Theirs", "queue:Ours", "queue:Theirs"]
        .iter()
        .for_each(|text| give(&mut actual, &entitlement(text)));
    let known = owning(&["permissionSet:Ours", "queue:Ours"]);
    let changes = |mode| {
        let mut want = desired(AccountStatus::Enabled, &["queue:New"]);
        want.ownership = BTreeMap::from([(EntitlementKind::PermissionSet, mode), (EntitlementKind::Queue, mode)]);
        diff(&want, Some(&actual), &known).operations
    };
    let revoke = |text| Operation::Revoke { entitlement: entitlement(text) };
    let grant = || Operation::Grant { entitlement: entitlement("queue:New"), expires: None };
    assert_eq!(changes(Ownership::Own), [revoke("permissionSet:Ours"), revoke("queue:Ours"), grant()]);
    assert_eq!(
        changes(Ownership::Exact),
        [
            revoke("permissionSet:Ours"),
            revoke("permissionSet:Theirs"),
            revoke("queue:Ours"),
            revoke("queue:Theirs"),
            grant()
        ]
    );
    assert_eq!(changes(Ownership::AddOnly), [grant()]);
    assert_eq!(changes(Ownership::Observe), []);
}

#[test]
fn an_assignment_with_another_last_day_is_made_again() {
    let mut actual = user(true);
    give(&mut actual, &entitlement("permissionSetGroup:G"));
    let mut want = desired(AccountStatus::Enabled, &["permissionSetGroup:G"]);
    let day = jiff::civil::date(2026, 12, 31);
    want.expirations.insert(entitlement("permissionSetGroup:G"), day);
    let group = entitlement("permissionSetGroup:G");
    assert_eq!(
        diff(&want, Some(&actual), &owning(&["permissionSetGroup:G"])).operations,
        [Operation::Revoke { entitlement: group.clone() }, Operation::Grant { entitlement: group, expires: Some(day) }]
    );
    // What somebody else gave keeps its own last day.
    assert!(diff(&want, Some(&actual), &Known::default()).is_empty());
}

#[test]
fn a_link_waits_for_the_other_user_and_an_empty_one_is_cleared() {
    let boss = PersonId::parse("boss").unwrap();
    let mut want = desired(AccountStatus::Enabled, &[]);
    want.links = BTreeMap::from([(UserLink::Manager, Some(boss.clone())), (UserLink::DelegatedApprover, None)]);
    let mut actual = user(true);
    assert!(diff(&want, Some(&actual), &Known::default()).is_empty());
    let id = user_id("005000000000009");
    let known = Known { users: BTreeMap::from([(boss, id.clone())]), ..Known::default() };
    let set = Operation::SetLink { link: UserLink::Manager, before: None, after: Some(id.clone()) };
    assert_eq!(diff(&want, Some(&actual), &known).operations, [set]);
    actual.links = BTreeMap::from([(UserLink::Manager, id.clone()), (UserLink::DelegatedApprover, id.clone())]);
    let clear = Operation::SetLink { link: UserLink::DelegatedApprover, before: Some(id), after: None };
    assert_eq!(diff(&want, Some(&actual), &known).operations, [clear]);
}

#[test]
fn what_a_person_shut_by_hand_stays_shut() {
    let mut actual = user(true);
    actual.frozen = true;
    let known = Known { shut_by_hand: true, ..Known::default() };
    let want = desired(AccountStatus::Enabled, &[]);
    assert!(diff(&want, Some(&actual), &known).is_empty());
    assert_eq!(diff(&want, Some(&actual), &Known::default()).operations, [Operation::Unfreeze]);
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
            "permissionSetGroup:P",
            "permissionSetLicense:L",
            "queue:Q",
            "featureLicense:UserPermissionsMarketingUser",
        ],
        0..=10,
    )
}

fn some_status() -> impl Strategy<Value = AccountStatus> {
    prop_oneof![
        Just(AccountStatus::Unwanted),
        Just(AccountStatus::Inactive),
        Just(AccountStatus::Frozen),
        Just(AccountStatus::Prepared),
        Just(AccountStatus::Enabled)
    ]
}

proptest! {
    #[test]
    fn diff_then_apply_leaves_nothing_to_do(
        status in some_status(), wanted in some_entitlements(), held in some_entitlements(),
        ours in some_entitlements(), exists: bool, active: bool, frozen: bool, exact: bool,
    ) {
        let mut want = desired(status, &wanted);
        if exact {
            want.ownership = EntitlementKind::ALL.into_iter().map(|kind| (kind, Ownership::Exact)).collect();
        }
        let start = exists.then(|| {
            let mut start = ActualUser { frozen, ..user(active) };
            held.iter().for_each(|text| give(&mut start, &entitlement(text)));
            start
        });
        // What we own we once gave, so it was there; it may have been taken away since.
        let owned: BTreeSet<_> = if exists { ours.iter().map(|text| entitlement(text)).collect() } else { BTreeSet::new() };
        let change = diff(&want, start.as_ref(), &Known { owned: owned.clone(), ..Known::default() });
        let end = apply(start.clone(), &change.operations);
        let results: Vec<_> = change.operations.iter().map(|operation| (operation, settle(operation, end.as_ref()))).collect();
        prop_assert!(results.iter().all(|(_, outcome)| *outcome == Outcome::Done), "{:?}", results);
        let owned = owned_after(&owned, results.iter().map(|(operation, outcome)| (*operation, outcome)));
        let known = Known { owned, ..Known::default() };
        prop_assert!(diff(&want, end.as_ref(), &known).is_empty());

        // Nothing that somebody else gave is lost, and nothing of ours remains that no rule gives; in `exact`, nothing
        // at all remains that no rule gives. A leaver's account keeps everything until it is stripped.
        if let (Some(start), Some(end)) = (&start, &end) {
            let kept = matches!(status, AccountStatus::Frozen | AccountStatus::Inactive);
            for held in start.several() {
                let takes = exact || ours.iter().any(|text| entitlement(text) == held);
                prop_assert_eq!(end.has(&held), kept || !takes || want.entitlements.contains_key(&held));
            }
        }
        if status == AccountStatus::Enabled {
            prop_assert!(end.is_some_and(|user| user.is_usable()));
        } else {
            prop_assert!(end.is_none_or(|user| !user.is_usable()));
        }
    }
}
