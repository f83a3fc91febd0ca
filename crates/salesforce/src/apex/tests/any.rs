//! Whatever is asked fits the schema; whatever answer the schema allows is read.

use std::collections::BTreeSet;
use std::sync::Mutex;

use domain::{Entitlement, EntitlementKind, EntitlementName, Operation, UserField, UserLink};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::service::{accounts, change, create, done, form, id, items, persons, service};
use crate::testing::answer;
use crate::write::{Done, Work};

const SEVERAL: &[EntitlementKind] = &[
    EntitlementKind::PermissionSet,
    EntitlementKind::PermissionSetGroup,
    EntitlementKind::PermissionSetLicense,
    EntitlementKind::PublicGroup,
    EntitlementKind::Queue,
    EntitlementKind::FeatureLicense,
];

fn entitlement() -> impl Strategy<Value = Entitlement> {
    let name = select(vec!["A", "B", "acme__C", "Old", "D: e"]);
    (select(SEVERAL), name).prop_map(|(kind, name)| Entitlement::new(kind, EntitlementName::parse(name).unwrap()))
}

fn operation() -> impl Strategy<Value = Operation> {
    let value = proptest::option::of("\\PC{0,12}");
    let day = proptest::option::of((2026_i16..2100, 1_i8..=12, 1_i8..=28));
    let day = day.prop_map(|day| day.map(|(year, month, day)| jiff::civil::date(year, month, day)));
    let user = proptest::option::of(1_usize..9).prop_map(|number| number.map(id));
    let name =
        proptest::option::of("[A-Za-z ]{1,9}x").prop_map(|name| name.map(|name| EntitlementName::parse(name).unwrap()));
    let single = select(vec![EntitlementKind::Profile, EntitlementKind::Role]);
    prop_oneof![
        (select(UserField::ALL), value).prop_map(|(field, after)| Operation::SetField { field, before: None, after }),
        (select(&UserLink::ALL[..]), user).prop_map(|(link, after)| Operation::SetLink { link, before: None, after }),
        (single, name).prop_map(|(kind, after)| Operation::Replace { kind, before: None, after }),
        (entitlement(), day).prop_map(|(entitlement, expires)| Operation::Grant { entitlement, expires }),
        entitlement().prop_map(|entitlement| Operation::Revoke { entitlement }),
        select(vec![Operation::Freeze, Operation::Unfreeze, Operation::Activate, Operation::Deactivate]),
    ]
}

fn work() -> impl Strategy<Value = Work> {
    let candidates = proptest::collection::vec("[a-c\u{1}]{0,3}", 0..4);
    let shares = (proptest::collection::vec(operation(), 0..8), candidates, any::<bool>(), 1_usize..99);
    shares.prop_map(|(operations, candidates, new, number)| {
        let mut work =
            if new { create(number, &["profile:A", "queue:B", "permissionSet:Old"]) } else { change(number, vec![]) };
        let mut seen = BTreeSet::new();
        work.operations.extend(operations.into_iter().filter(|operation| seen.insert(format!("{operation:?}"))));
        if !candidates.is_empty() {
            work.candidates = [(UserField::Username, candidates)].into();
        }
        work
    })
}

fn run(salesforce: &crate::Salesforce, work: Vec<Work>) -> Vec<Done> {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(salesforce.apply(work))
}

/// Everything asked has an outcome, and what is not done has a reason.
fn is_complete(work: &Work, done: &Done) -> Result<(), TestCaseError> {
    prop_assert!(done.outcomes.len() >= work.operations.len(), "{work:?}\n{done:?}");
    let all = done.outcomes.iter().all(|(_, outcome)| *outcome == domain::Outcome::Done);
    prop_assert_eq!(all, done.error.is_none());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_request_fits_the_schema(work in proptest::collection::vec(work(), 1..5)) {
        // The scripted service holds every request to it.
        let client = service(|asked| accounts(asked, done));
        let done = run(&client.salesforce, work.clone());
        for (work, done) in work.iter().zip(&done) {
            is_complete(work, done)?;
        }
    }

    #[test]
    fn every_answer_that_the_schema_allows_is_read(work in work(), whims in proptest::collection::vec(any::<(u8, u8)>(), 40)) {
        let form = form("accountsAnswer");
        let whims = Mutex::new(whims.into_iter().cycle());
        let asked_of = work.clone();
        let client = service(move |asked| {
            let mut whim = || whims.lock().unwrap().next().unwrap();
            let persons: Vec<_> = persons(asked).iter().map(|person| anything(person, &mut whim)).collect();
            let message = json!({"version": 1, "persons": persons});
            assert!(form.is_valid(&message), "{message:#}");
            answer(200, &message)
        });
        is_complete(&asked_of, &run(&client.salesforce, vec![work])[0])?;
    }

    #[test]
    fn every_user_that_the_schema_allows_is_read(
        users in subsequence((1_usize..9).collect::<Vec<_>>(), 0..4),
        role in proptest::option::of(".{0,300}"),
        name in ".{1,20}",
        day in select(vec!["2027-01-31", "9999-12-31", "0000-01-01", "2027-02-30"]),
        checksum in "[0-9A-Za-z]{3}",
    ) {
        let user = |number: &usize| json!({
            "id": id(*number), "active": true, "frozen": true, "fields": {"LastName": "", "Email": role.clone().unwrap_or_default()},
            "profile": role, "role": role, "manager": format!("{}{checksum}", &id(3).as_str()[..15]), "delegatedApprover": null,
            "entitlements": [{"kind": "queue", "name": name, "expires": day}, {"kind": "featureLicense", "name": name}],
        });
        let shown: Vec<_> = users.iter().map(user).collect();
        let ids: Vec<_> = users.iter().map(|number| json!(id(*number))).collect();
        let client = service(move |_| answer(200, &json!({"version": 1, "persons": [{"ref": "0", "users": ids}], "users": shown})));
        let wanted = crate::directory::Wanted { user: Some(id(1)), keys: Vec::new() };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        // Read or refused as a whole, never half.
        if let Ok(found) = runtime.block_on(client.salesforce.lookup(&[wanted])) {
            prop_assert_eq!(found[0].len(), usize::from(users.contains(&1)));
        }
    }
}

/// An answer for a person, of the right form and of any content.
fn anything(person: &Value, whim: &mut impl FnMut() -> (u8, u8)) -> Value {
    const CODES: [&str; 8] = [
        "UNABLE_TO_LOCK_ROW",
        "DUPLICATE_USERNAME",
        "DUPLICATE_VALUE",
        "UNKNOWN_NAME",
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "SEVERAL_USERS",
        "",
        "nonsense",
    ];
    let mut results = Vec::new();
    for item in items(person) {
        let (kind, code) = whim();
        let code = CODES[usize::from(code) % CODES.len()];
        let message = if kind % 2 == 0 { "Apex CPU time limit exceeded" } else { "words" };
        let error = json!({"statusCode": code, "message": message, "fields": ["Title", "not a field"]});
        match kind % 7 {
            0 => {}
            1 => results.push(json!({"item": item, "status": "skipped"})),
            2 => results.push(json!({"item": item, "status": "failed", "error": error})),
            3 => results.push(json!({"item": item, "status": "failed"})),
            4 => results.push(json!({"item": item, "status": "already", "error": error})),
            _ => results.push(json!({"item": item, "status": "done"})),
        }
    }
    let (user, reference) = whim();
    let user = match user % 5 {
        0 => Value::Null,
        1 => json!(id(77)),
        _ => person.get("userId").cloned().unwrap_or(json!(id(7))),
    };
    let reference = if reference % 9 == 0 { json!("other") } else { person["ref"].clone() };
    json!({"ref": reference, "userId": user, "created": results.len() % 2 == 0,
        "given": {"Username": "", "CommunityNickname": "x"}, "results": results})
}
