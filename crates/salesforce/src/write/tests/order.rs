//! What waits for what, and what fails alone.

use super::*;

#[tokio::test]
async fn permission_sets_that_spoil_a_create_follow_it_each_for_itself() {
    let client = org(|asked| match asked.path.contains("/scim/") {
        true if asked.body["entitlements"].as_array().unwrap().len() > 1 => answer(
            409,
            &json!({"schemas": "[]", "status": 409, "detail":
                "Insert failed. First exception on row 0; first error: FIELD_INTEGRITY_EXCEPTION, Can't assign it: []"}),
        ),
        true => echo(asked),
        false => rows(asked, |record| match record["PermissionSetId"].as_str() {
            Some("0PS000000000003GAA") => failed("FIELD_INTEGRITY_EXCEPTION", "Can't assign it"),
            _ => fine(record),
        }),
    });
    let given = ["profile:Standard User", "permissionSet:Reports", "permissionSet:Tools"];
    let done = client.salesforce.apply(vec![create(1, &given)]).await.remove(0);
    let [(Operation::Create { entitlements, .. }, Outcome::Done), (Operation::Grant { entitlement, .. }, outcome)] =
        done.outcomes.as_slice()
    else {
        panic!("{done:?}")
    };
    assert_eq!((entitlements.len(), entitlement.to_string().as_str()), (2, "permissionSet:Tools"));
    assert!(matches!(outcome, Outcome::Failed { code, .. } if code == "FIELD_INTEGRITY_EXCEPTION"));
    assert_eq!(client.org.count(|asked| asked.path.contains("/scim/")), 2);
}

#[tokio::test]
async fn a_set_that_needs_a_licence_or_ends_on_a_day_waits_until_the_user_is_there() {
    let client = org(|asked| if asked.path.contains("/scim/") { echo(asked) } else { rows(asked, fine) });
    let mut work = create(
        1,
        &[
            "profile:Standard User",
            "permissionSet:acme__Console",
            "permissionSet:Reports",
            "permissionSetLicense:ConsoleUser",
        ],
    );
    if let Operation::Create { expirations, .. } = &mut work.operations[0] {
        expirations.insert("permissionSet:Reports".parse().unwrap(), "2026-06-30".parse().unwrap());
    }
    let done = client.salesforce.apply(vec![work]).await.remove(0);
    let [(Operation::Create { entitlements, expirations, .. }, Outcome::Done)] = done.outcomes.as_slice() else {
        panic!("{done:?}")
    };
    assert_eq!((entitlements.len(), expirations.len()), (4, 1));
    let bodies = client.org.asked().into_iter().filter(|asked| asked.method == "POST" && !asked.is_login());
    let bodies: Vec<_> = bodies.map(|asked| asked.body).collect();
    assert_eq!(bodies[0]["entitlements"], json!([{"value": "00e000000000001AAA"}]));
    assert_eq!(bodies[1]["records"][0]["PermissionSetLicenseId"], "0PL000000000001GAA");
    let dated: Vec<_> =
        bodies[2]["records"].as_array().unwrap().iter().filter_map(|record| record.get("ExpirationDate")).collect();
    assert_eq!((bodies.len(), dated), (3, vec![&json!("2026-06-30T23:59:59.000Z")]));
}

#[tokio::test]
async fn what_can_t_be_taken_is_not_given_anew() {
    let reports: Entitlement = "permissionSet:Reports".parse().unwrap();
    let assignment = domain::Assignment {
        entitlement: reports.clone(),
        id: domain::SalesforceId::parse("0Pa000000000007").unwrap(),
        expires: "2026-06-30".parse().ok(),
    };
    for refused in [false, true] {
        let client = org(move |asked| match asked.method.as_str() {
            "DELETE" if refused => answer(200, &json!([failed("INSUFFICIENT_ACCESS_OR_READONLY", "no")])),
            "DELETE" => answer(200, &json!([fine(&json!(0))])),
            _ => rows(asked, fine),
        });
        let mut work =
            change(1, vec![Operation::Revoke { entitlement: reports.clone() }, grant("permissionSet:Reports")]);
        work.actual.as_mut().unwrap().assignments.push(assignment.clone());
        let done = client.salesforce.apply(vec![work]).await.remove(0);
        let failures = done.outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Failed { .. })).count();
        assert_eq!(failures, if refused { 2 } else { 0 }, "{done:?}");
        let given = client.org.count(|asked| asked.method == "POST" && asked.path.contains("/composite/"));
        assert_eq!(given, usize::from(!refused), "it is there already, but not as it should be");
    }
}

#[tokio::test]
async fn logins_that_a_call_refuses_as_a_whole_are_frozen_one_by_one() {
    let client = org(|asked| match asked.soql() {
        Some(soql) if soql.contains("FROM UserLogin ") => {
            let login = |number| json!({"Id": format!("0Yw{number:012}"), "UserId": id(number), "IsFrozen": false});
            records(&(1..=3).map(login).collect::<Vec<_>>())
        }
        _ if asked.path.contains("/composite/") => {
            answer(400, &json!([{"errorCode": "INVALID_TYPE_FOR_OPERATION", "message": "no UserLogin here"}]))
        }
        _ => text(204, ""),
    });
    for together in [1, 0] {
        let before = client.org.asked().len();
        let work = (1..=3).map(|number| change(number, vec![Operation::Freeze])).collect();
        assert!(all_done(&client.salesforce.apply(work).await));
        let asked = client.org.asked().split_off(before);
        let count = |part: &str| asked.iter().filter(|asked| asked.path.contains(part)).count();
        assert_eq!((count("/composite/"), count("/sobjects/UserLogin/")), (together, 3), "learnt");
    }
    let asked = client.org.asked().pop().unwrap();
    assert_eq!((asked.method.as_str(), asked.body), ("PATCH", json!({"IsFrozen": true})));
}

#[tokio::test]
async fn nobody_is_let_in_when_the_profile_that_was_meant_is_not_there() {
    let client = org(echo);
    let profile = Operation::Replace {
        kind: EntitlementKind::Profile,
        before: None,
        after: EntitlementName::parse("Restricted").ok(),
    };
    let mut work = change(1, vec![set(UserField::Title, "T"), profile, Operation::Activate, Operation::Unfreeze]);
    let actual = work.actual.as_mut().unwrap();
    (actual.active, actual.frozen) = (false, true);
    let done = client.salesforce.apply(vec![work]).await.remove(0);
    assert_eq!(done.outcomes[0].1, Outcome::Done);
    for (operation, outcome) in &done.outcomes[1..] {
        assert!(matches!(outcome, Outcome::Failed { code, .. } if code == "unknown-entitlement"), "{operation:?}");
    }
}
