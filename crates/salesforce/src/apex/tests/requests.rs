use std::collections::BTreeMap;

use domain::{Operation, UserField, UserLink};
use serde_json::{Value, json};

use super::service::{accounts, apply_one, change, create, done, grant, id, persons, revoke, service, set};
use crate::write::Work;

/// What is sent for one person.
async fn sent(work: Work) -> Vec<Value> {
    let client = service(|asked| accounts(asked, done));
    let done = apply_one(&client.salesforce, work).await;
    assert_eq!(done.error, None);
    let calls = client.org.asked().into_iter().filter(|asked| !asked.is_login());
    calls.map(|asked| persons(&asked)[0].clone()).collect()
}

#[tokio::test]
async fn a_joiner_goes_whole_with_candidates_links_and_last_days() {
    let mut work = create(
        7,
        &[
            "profile:Sales User",
            "role:SalesNL",
            "permissionSet:acme__Reports",
            "featureLicense:UserPermissionsMarketingUser",
        ],
    );
    let Operation::Create { expirations, .. } = &mut work.operations[0] else { panic!() };
    expirations.insert("permissionSet:acme__Reports".parse().unwrap(), "2027-01-31".parse().unwrap());
    work.operations.push(Operation::SetLink { link: UserLink::Manager, before: None, after: Some(id(1)) });
    work.candidates = BTreeMap::from([(
        UserField::Username,
        ["x@sample.example", "U7@sample.example", "u7.b@sample.example", "u7.b@SAMPLE.example"]
            .map(str::to_owned)
            .into(),
    )]);
    work.correlate.insert(0, (UserField::Email, "u7@sample.example".to_owned()));
    let expected = json!({
        "ref": "0",
        "match": [{"field": "EmployeeNumber", "value": "7"}],
        "fields": {"LastName": "L7", "EmployeeNumber": "7"},
        "candidates": {"Username": ["u7@sample.example", "u7.b@sample.example"]},
        "links": {"profile": "Sales User", "role": "SalesNL", "manager": id(1)},
        "active": true,
        "add": [
            {"kind": "permissionSet", "name": "acme__Reports", "expires": "2027-01-31"},
            {"kind": "featureLicense", "name": "UserPermissionsMarketingUser"},
        ],
    });
    assert_eq!(sent(work).await, [expected]);
}

#[tokio::test]
async fn a_mover_s_changes_are_named_and_empty_values_clear() {
    let clear = |field| Operation::SetField { field, before: Some("x".to_owned()), after: None };
    let role = |after: Option<&str>| Operation::Replace {
        kind: domain::EntitlementKind::Role,
        before: None,
        after: after.map(|name| domain::EntitlementName::parse(name).unwrap()),
    };
    let mut user = super::service::actual(3);
    user.role = domain::EntitlementName::parse("Old").ok();
    user.frozen = true;
    user.fields = [(UserField::Title, "x".to_owned()), (UserField::Division, "x".to_owned())].into();
    user.links = [(UserLink::DelegatedApprover, id(9))].into();
    let operations = vec![
        set(UserField::LastName, "Müller"),
        clear(UserField::Title),
        set(UserField::Division, ""),
        Operation::SetLink { link: UserLink::DelegatedApprover, before: Some(id(9)), after: None },
        role(None),
        revoke("permissionSet:Old"),
        grant("queue:Hotline"),
        Operation::Unfreeze,
    ];
    let expected = json!({
        "ref": "0",
        "userId": id(3),
        "fields": {"LastName": "Müller", "Title": null, "Division": null},
        "links": {"role": null, "delegatedApprover": null},
        "frozen": false,
        "add": [{"kind": "queue", "name": "Hotline"}],
        "remove": [{"kind": "permissionSet", "name": "Old"}],
    });
    assert_eq!(sent(Work { actual: Some(user), ..change(3, operations) }).await, [expected]);
}

#[tokio::test]
async fn an_assignment_with_another_last_day_is_taken_before_it_is_given_again() {
    let again = Operation::Grant {
        entitlement: "permissionSet:Old".parse().unwrap(),
        expires: Some("2027-01-31".parse().unwrap()),
    };
    let sent = sent(change(3, vec![revoke("permissionSet:Old"), again, grant("queue:Hotline")])).await;
    assert_eq!(sent[0]["remove"], json!([{"kind": "permissionSet", "name": "Old"}]));
    assert_eq!(sent[0]["add"], json!([{"kind": "queue", "name": "Hotline"}]));
    let second = json!({"ref": "0", "userId": id(3),
        "add": [{"kind": "permissionSet", "name": "Old", "expires": "2027-01-31"}]});
    assert_eq!(sent[1..], [second]);
}

#[tokio::test]
async fn the_key_of_a_new_user_is_the_most_trusted_that_it_gets() {
    let key = |correlate: &[(UserField, &str)]| {
        let mut work = create(7, &["profile:Sales User"]);
        let Operation::Create { fields, .. } = &mut work.operations[0] else { panic!() };
        fields.insert(UserField::Email, "u7@sample.example".to_owned());
        fields.insert(UserField::FederationIdentifier, "Fed-7".to_owned());
        work.correlate = correlate.iter().map(|(field, value)| (*field, (*value).to_owned())).collect();
        async { sent(work).await[0]["match"].clone() }
    };
    let federation = (UserField::FederationIdentifier, "Fed-7");
    let number = (UserField::EmployeeNumber, "7");
    let mail = (UserField::Email, "U7@sample.example");
    assert_eq!(key(&[mail, number, federation]).await, json!([{"field": "EmployeeNumber", "value": "7"}]));
    assert_eq!(key(&[federation, number]).await, json!([{"field": "FederationIdentifier", "value": "Fed-7"}]));
    assert_eq!(key(&[mail]).await, json!([{"field": "Email", "value": "U7@sample.example"}]));
    // A key that the user does not get finds nobody, and a weak one beside it may be a stranger's.
    assert_eq!(key(&[(UserField::FederationIdentifier, "fed-7"), mail]).await, Value::Null);
    assert_eq!(key(&[]).await, Value::Null);
}

#[tokio::test]
async fn what_the_org_shows_already_is_not_sent_and_nothing_is_no_call() {
    let mut work = change(3, vec![grant("permissionSet:Old"), set(UserField::Title, "Chief"), Operation::Activate]);
    assert_eq!(sent(work.clone()).await, [json!({"ref": "0", "userId": id(3), "fields": {"Title": "Chief"}})]);
    work.operations.remove(1);
    assert_eq!(sent(work).await, [] as [Value; 0]);
}
