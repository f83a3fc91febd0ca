mod order;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::{EntitlementKind, EntitlementName};
use futures::FutureExt;
use ports::{Class, Clock};
use serde_json::{Value, json};

use super::*;
use crate::testing::{Answer, Asked, Client, answer, catalog, client, lost, records, text};

fn id(number: usize) -> SalesforceUserId {
    SalesforceUserId::parse(&format!("005{number:012}")).unwrap()
}

fn actual(number: usize) -> ActualUser {
    ActualUser {
        fields: BTreeMap::from([(UserField::LastName, format!("L{number}"))]),
        profile: EntitlementName::parse("Standard User").ok(),
        ..ActualUser::bare(id(number), true)
    }
}

fn change(number: usize, operations: Vec<Operation>) -> Work {
    Work { user: Some(id(number)), actual: Some(actual(number)), operations, ..Work::default() }
}

fn set(field: UserField, after: &str) -> Operation {
    Operation::SetField { field, before: None, after: Some(after.to_owned()) }
}

fn grant(text: &str) -> Operation {
    Operation::Grant { entitlement: text.parse().unwrap(), expires: None }
}

fn create(number: usize, entitlements: &[&str]) -> Work {
    let fields = [(UserField::Username, format!("u{number}@example.com")), (UserField::LastName, format!("L{number}"))];
    Work {
        operations: vec![Operation::Create {
            active: true,
            fields: fields.into(),
            entitlements: entitlements.iter().map(|text| text.parse().unwrap()).collect::<BTreeSet<_>>(),
            expirations: BTreeMap::new(),
        }],
        correlate: vec![(UserField::EmployeeNumber, number.to_string())],
        ..Work::default()
    }
}

/// Answers a SCIM POST or PATCH with what was sent, as Salesforce does.
fn echo(asked: &Asked) -> Answer {
    static NEXT: AtomicUsize = AtomicUsize::new(1000);
    let mut body = asked.body.clone();
    if asked.method == "PATCH" {
        body = body["Operations"][0]["value"].clone();
        body["id"] = asked.path.rsplit('/').next().unwrap().into();
    } else {
        body["id"] = json!(id(NEXT.fetch_add(1, Ordering::SeqCst)));
    }
    answer(200, &body)
}

/// A row for each record of a collections call.
fn rows(asked: &Asked, row: impl Fn(&Value) -> Value) -> Answer {
    answer(200, &asked.body["records"].as_array().unwrap().iter().map(row).collect())
}

fn fine(_: &Value) -> Value {
    json!({"id": "0Pa000000000001", "success": true, "errors": []})
}

fn failed(code: &str, message: &str) -> Value {
    json!({"success": false, "errors": [{"statusCode": code, "message": message, "fields": []}]})
}

fn org(script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Client {
    client(move |asked| catalog(asked).unwrap_or_else(|| script(asked)))
}

fn all_done(done: &[Done]) -> bool {
    done.iter().all(|done| done.error.is_none() && done.outcomes.iter().all(|(_, outcome)| *outcome == Outcome::Done))
}

#[test]
fn apply_can_be_moved_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let client = org(echo);
    is_send(&client.salesforce.apply(Vec::new()));
    is_send(&client.salesforce.lookup(&[]));
}

#[tokio::test]
async fn writes_run_at_once_within_bounds_and_roles_follow_for_all_together() {
    let client = org(|asked| if asked.path.contains("/scim/") { echo(asked) } else { rows(asked, fine) });
    let without = (0..12).map(|number| create(number, &["profile:Standard User"])).collect();
    assert!(all_done(&client.salesforce.apply(without).await));
    assert_eq!(client.org.at_once().most, 7, "the catalog's queries go at once");
    assert_eq!(client.org.count(|asked| asked.path.contains("/composite/")), 0);
    let with_role = (0..250).map(|number| create(number, &["profile:Standard User", "role:CEO"])).collect();
    assert!(all_done(&client.salesforce.apply(with_role).await));
    assert_eq!(client.org.count(|asked| asked.body.get("roles").is_some()), 0);
    assert_eq!(client.org.count(|asked| asked.path.contains("/composite/")), 2, "two hundred a call");
}

#[tokio::test]
async fn two_batches_at_once_take_turns_with_roles() {
    let client = org(|asked| if asked.path.contains("/scim/") { echo(asked) } else { rows(asked, fine) });
    client.salesforce.connect().await.unwrap();
    let batch = |from: usize| {
        let role =
            Operation::Replace { kind: EntitlementKind::Role, before: None, after: EntitlementName::parse("CEO").ok() };
        (from..from + 4).map(|number| change(number, vec![role.clone()])).collect()
    };
    futures::join!(client.salesforce.apply(batch(40)), client.salesforce.apply(batch(50)));
    assert_eq!(client.org.count(|asked| asked.path.contains("/composite/")), 2);
    assert_eq!(client.org.at_once().most_with_role, 1);
}

#[tokio::test]
async fn dropping_the_future_stops_everything() {
    let client = org(echo);
    client.salesforce.connect().await.unwrap();
    let work = (0..20).map(|number| create(number, &["profile:Standard User"])).collect();
    let mut running = Box::pin(client.salesforce.apply(work));
    for _ in 0..3 {
        assert!(running.as_mut().now_or_never().is_none());
        tokio::task::yield_now().await;
    }
    drop(running);
    let asked = client.org.asked().len();
    assert!(client.org.count(|asked| asked.method == "POST" && !asked.is_login()) > 0);
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    assert_eq!(client.org.asked().len(), asked);
}

#[tokio::test]
async fn what_the_answer_does_not_show_is_completed_for_all_in_one_call_each() {
    let client = org(|asked| match asked.path.as_str() {
        "/services/scim/v2/Users" => {
            let number = asked.body["userName"].as_str().unwrap().trim_matches(|c: char| !c.is_ascii_digit());
            answer(201, &json!({"id": id(number.parse().unwrap())}))
        }
        _ => rows(asked, fine),
    });
    let given = ["profile:Standard User", "role:CEO", "permissionSet:Reports", "publicGroup:All_Staff"];
    let done = client.salesforce.apply((1..=5).map(|number| create(number, &given)).collect()).await;
    assert!(all_done(&done), "{done:?}");
    let asked: Vec<_> =
        client.org.asked().into_iter().filter(|asked| asked.path.contains("/composite/sobjects")).collect();
    let methods: Vec<_> = asked.iter().map(|asked| asked.method.as_str()).collect();
    assert_eq!(methods, ["PATCH", "POST", "POST"]);
    assert_eq!(
        asked[0].body["records"][0],
        json!({"attributes": {"type": "User"}, "id": id(1), "LastName": "L1", "Username": "u1@example.com",
            "ProfileId": "00e000000000001AAA", "UserRoleId": "00E000000000001EAA"})
    );
    assert_eq!(
        asked[1].body["records"][0],
        json!({"attributes": {"type": "PermissionSetAssignment"}, "AssigneeId": id(1), "PermissionSetId": "0PS000000000001GAA"})
    );
    assert_eq!(asked[2].body["records"].as_array().unwrap().len(), 5);
    assert_eq!(asked[2].body["allOrNone"], false);
}

#[tokio::test]
async fn a_user_made_in_part_tells_what_it_has_and_what_failed() {
    let client = org(|asked| match asked.path.as_str() {
        "/services/scim/v2/Users" => answer(
            201,
            &json!({"id": id(1), "userName": "U1@example.com", "name": {"familyName": "L1"},
            "entitlements": [{"value": "00e000000000001AAA"}], "active": true}),
        ),
        _ => rows(asked, |_| failed("FIELD_INTEGRITY_EXCEPTION", "licence does not allow")),
    });
    let done =
        client.salesforce.apply(vec![create(1, &["profile:Standard User", "permissionSet:Reports"])]).await.remove(0);
    let [
        (Operation::Create { active: true, entitlements, fields, .. }, Outcome::Done),
        (Operation::Grant { .. }, Outcome::Failed { code, .. }),
    ] = done.outcomes.as_slice()
    else {
        panic!("{done:?}")
    };
    assert_eq!((entitlements.len(), fields.len(), code.as_str()), (1, 2, "FIELD_INTEGRITY_EXCEPTION"));
    assert_eq!(done.error.unwrap().class(), Class::NeedsPerson);
    assert_eq!(done.user, Some(id(1)));
    let owned = domain::change::owned_after(&BTreeSet::new(), done.outcomes.iter().map(|(a, b)| (a, b)));
    assert_eq!(owned, ["profile:Standard User".parse().unwrap()].into());
}

#[tokio::test]
async fn a_form_that_scim_refuses_goes_by_standard_rest() {
    let client = org(|asked| match asked.path.contains("/scim/") {
        true => answer(400, &json!({"schemas": "[]", "detail": "INPROPER Operation: replace", "status": 400})),
        false => rows(asked, fine),
    });
    let work = vec![
        change(1, vec![Operation::Deactivate]),
        change(2, vec![set(UserField::Department, "D"), Operation::Activate]),
    ];
    let mut work = work;
    work[1].actual.as_mut().unwrap().active = false;
    let done = client.salesforce.apply(work).await;
    assert!(all_done(&done), "{done:?}");
    let asked = client.org.asked().pop().unwrap();
    assert_eq!(
        asked.body["records"],
        json!([
            {"attributes": {"type": "User"}, "id": id(1), "IsActive": false},
            {"attributes": {"type": "User"}, "id": id(2), "Department": "D", "IsActive": true},
        ])
    );
}

#[tokio::test]
async fn a_wait_that_salesforce_asks_for_is_kept_or_left_to_the_caller() {
    for (asked_for, tries) in [(5_u64, 2), (120, 1)] {
        let first = AtomicUsize::new(0);
        let client = org(move |asked| {
            if first.fetch_add(1, Ordering::SeqCst) > 0 {
                return echo(asked);
            }
            let mut busy = text(503, r#"[{"errorCode":"SERVER_UNAVAILABLE","message":"later"}]"#).unwrap();
            busy.headers_mut().insert("retry-after", asked_for.into());
            Ok(busy)
        });
        let before = client.clock.now();
        let done = client.salesforce.apply(vec![change(1, vec![Operation::Deactivate])]).await.remove(0);
        assert_eq!(client.org.count(|asked| asked.method == "PATCH"), tries);
        let waited = client.clock.now().duration_since(before).unsigned_abs();
        if tries == 2 {
            assert!(all_done(&[done]) && waited >= Duration::from_secs(5));
        } else {
            let error = done.error.unwrap();
            assert_eq!((error.retry_after(), waited), (Some(Duration::from_secs(120)), Duration::ZERO));
            assert_eq!(error.class(), Class::Systemic);
        }
    }
}

#[tokio::test]
async fn rows_that_take_too_long_together_are_tried_fewer_at_a_time() {
    let client = org(|asked| {
        let many = asked.body["records"].as_array().unwrap().len() > 25;
        rows(asked, move |_| {
            if many {
                failed("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "T: Apex CPU time limit exceeded")
            } else {
                fine(&json!(0))
            }
        })
    });
    let granted = || vec![grant("publicGroup:All_Staff")];
    let done = client.salesforce.apply((0..100).map(|number| change(number, granted())).collect()).await;
    assert!(all_done(&done));
    assert_eq!(client.org.count(|asked| asked.path.contains("composite")), 1 + 4);
}

#[tokio::test]
async fn one_bad_row_spoils_nobody_else_s_even_when_it_spoils_the_call() {
    let client = org(|asked| {
        let records = asked.body["records"].as_array().unwrap();
        if records.iter().any(|record| record["id"] == json!(id(3))) {
            return answer(400, &json!([{"errorCode": "JSON_PARSER_ERROR", "message": "bad"}]));
        }
        rows(asked, fine)
    });
    let work = (0..10).map(|number| change(number, vec![set(UserField::CompanyName, "C")])).collect();
    let done = client.salesforce.apply(work).await;
    for (number, done) in done.iter().enumerate() {
        assert_eq!(done.error.is_some(), number == 3, "{done:?}");
    }
    assert_eq!(done[3].error.as_ref().unwrap().reason().code, "JSON_PARSER_ERROR");
}

#[tokio::test]
async fn locked_rows_are_tried_again_alone_and_then_left_to_the_caller() {
    let client = org(|asked| {
        rows(asked, |record| {
            if record["AssigneeId"] == json!(id(1)) { failed("UNABLE_TO_LOCK_ROW", "locked") } else { fine(record) }
        })
    });
    let granted = || vec![grant("permissionSet:Reports")];
    let done = client.salesforce.apply((0..3).map(|number| change(number, granted())).collect()).await;
    assert!(matches!(done[1].error.as_ref().unwrap().class(), Class::RetryAfter(_)));
    assert!(all_done(&done[..1]) && all_done(&done[2..]));
    let sizes: Vec<_> =
        client.org.asked().iter().filter_map(|asked| Some(asked.body["records"].as_array()?.len())).collect();
    assert_eq!(sizes, [3, 1, 1]);
}

#[tokio::test]
async fn a_revoke_without_what_the_user_has_reads_it_first() {
    let assignment = json!({"Id": "0Pa000000000007", "AssigneeId": id(1), "PermissionSet": {"Name": "Reports"}});
    let client = org(move |asked| match asked.soql() {
        Some(soql) if soql.contains("FROM User ") => records(&[json!({"Id": id(1), "IsActive": true})]),
        Some(soql) if soql.contains("FROM PermissionSetAssignment") => records(std::slice::from_ref(&assignment)),
        Some(_) => records(&[]),
        None => answer(200, &json!([{"id": "0Pa000000000007CAA", "success": true, "errors": []}])),
    });
    let revoke = vec![Operation::Revoke { entitlement: "permissionSet:Reports".parse().unwrap() }];
    let work = Work { actual: None, ..change(1, revoke.clone()) };
    assert!(all_done(&client.salesforce.apply(vec![work]).await));
    let asked = client.org.asked().pop().unwrap();
    assert_eq!(
        (asked.method.as_str(), asked.path.as_str()),
        ("DELETE", "/services/data/v66.0/composite/sobjects?ids=0Pa000000000007CAA&allOrNone=false")
    );
    // A user that is not there: said, and nothing is called.
    let work = Work { user: Some(id(2)), actual: None, operations: revoke, ..Work::default() };
    let done = client.salesforce.apply(vec![work]).await.remove(0);
    assert_eq!(done.error.unwrap().reason().code, "NOT_FOUND");
}

#[tokio::test]
async fn work_without_a_user_or_without_anything_to_do_makes_no_call() {
    let client = org(|_| lost());
    let correlate = Operation::Correlate { user: id(1), how: domain::HowCorrelated::Created };
    let done = client
        .salesforce
        .apply(vec![
            Work::default(),
            Work { operations: vec![Operation::Activate], ..Work::default() },
            Work { operations: vec![correlate.clone()], ..Work::default() },
            Work { operations: vec![Operation::Uncorrelate { user: id(1) }], ..Work::default() },
        ])
        .await;
    assert_eq!(done[0], Done { user: None, outcomes: Vec::new(), error: None });
    assert_eq!(done[1].error.as_ref().unwrap().reason().code, "no-user");
    assert_eq!(done[2], Done { user: Some(id(1)), outcomes: vec![(correlate, Outcome::Done)], error: None });
    assert!(all_done(&done[3..]));
    assert!(client.org.asked().is_empty());
}

#[tokio::test]
async fn a_lost_patch_is_repeated_and_a_lost_post_is_not() {
    let client = org(|_| lost());
    client.salesforce.catalog().await.unwrap();
    let done = client
        .salesforce
        .apply(vec![create(1, &["profile:Standard User"]), change(2, vec![set(UserField::Title, "T")])])
        .await;
    assert_eq!(client.org.count(|asked| asked.method == "POST" && asked.path.contains("/scim/")), 1);
    assert_eq!(client.org.count(|asked| asked.method == "PATCH"), 3);
    for done in &done {
        assert_eq!(done.error.as_ref().unwrap().class(), Class::Ambiguous, "{done:?}");
        assert!(done.outcomes.iter().all(|(_, outcome)| *outcome == Outcome::NotDone));
    }
}

#[tokio::test]
async fn another_profile_goes_by_standard_rest_with_all_else_that_changes_in_the_record() {
    let client = org(|asked| rows(asked, fine));
    let role = |name: &str| Operation::Replace {
        kind: EntitlementKind::Role,
        before: None,
        after: EntitlementName::parse(name).ok(),
    };
    let profile = Operation::Replace {
        kind: EntitlementKind::Profile,
        before: None,
        after: EntitlementName::parse("Standard User").ok(),
    };
    let mut work = change(1, vec![set(UserField::Title, "T"), profile, role("CEO")]);
    work.actual.as_mut().unwrap().profile = None;
    assert!(all_done(&client.salesforce.apply(vec![work]).await));
    assert_eq!(client.org.count(|asked| asked.path.contains("/scim/")), 0);
    let asked = client.org.asked().pop().unwrap();
    assert_eq!(
        asked.body["records"],
        json!([{"attributes": {"type": "User"}, "id": id(1), "Title": "T", "ProfileId": "00e000000000001AAA",
            "UserRoleId": "00E000000000001EAA"}])
    );
}

#[tokio::test]
async fn one_part_of_a_name_or_of_the_enterprise_extension_brings_the_others_along() {
    let client = org(echo);
    let mut work = change(1, vec![set(UserField::LastName, "New"), set(UserField::Department, "D")]);
    work.actual.as_mut().unwrap().fields.extend([
        (UserField::FirstName, "F".to_owned()),
        (UserField::EmployeeNumber, "7".to_owned()),
        (UserField::Title, "T".to_owned()),
    ]);
    assert!(all_done(&client.salesforce.apply(vec![work]).await));
    let value = client.org.asked().pop().unwrap().body["Operations"][0]["value"].clone();
    assert_eq!(
        value,
        json!({"name": {"givenName": "F", "familyName": "New"},
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "D", "employeeNumber": "7"}})
    );
}

#[tokio::test]
async fn an_alias_that_does_not_come_back_goes_by_standard_rest_from_then_on() {
    const URN: &str = "urn:salesforce:schemas:extension:2.0";
    let client = org(|asked| match asked.path.as_str() {
        "/services/scim/v2/Schemas" => answer(200, &json!([{"id": URN}])),
        path if path.contains("/composite/") => rows(asked, fine),
        _ => {
            let mut echoed: Value = serde_json::from_slice(echo(asked).unwrap().body()).unwrap();
            echoed.as_object_mut().unwrap().remove(URN);
            answer(201, &echoed)
        }
    });
    for number in 0..2 {
        let mut work = create(number, &["profile:Standard User"]);
        if let Operation::Create { fields, .. } = &mut work.operations[0] {
            fields.insert(UserField::Alias, "al".to_owned());
        }
        assert!(all_done(&client.salesforce.apply(vec![work]).await));
        let asked = client.org.asked().pop().unwrap();
        assert_eq!(asked.body["records"][0]["Alias"], "al");
    }
    let posts = client.org.asked().into_iter().filter(|asked| asked.path == "/services/scim/v2/Users");
    let carried: Vec<_> = posts.map(|asked| asked.body.get(URN).is_some()).collect();
    assert_eq!(carried, [true, false]);
}

#[tokio::test]
async fn a_user_of_an_earlier_try_keeps_the_name_that_it_was_given() {
    let client = org(|asked| match (asked.path.as_str(), asked.soql()) {
        ("/services/scim/v2/Users", _) => answer(
            400,
            &json!([{"errorCode": "DUPLICATE_VALUE", "message": "duplicate value found: EmployeeNumber duplicates value"}]),
        ),
        (_, Some(soql)) if soql.contains("FROM User ") => {
            records(&[json!({"Id": id(9), "IsActive": true, "EmployeeNumber": "1",
            "Username": "u1.b@example.com", "LastName": "L1", "Profile": {"Name": "Standard User"}})])
        }
        (_, Some(_)) => records(&[]),
        _ => panic!("nothing is left to do, but {} {} was asked", asked.method, asked.path),
    });
    let mut work = create(1, &["profile:Standard User"]);
    let candidates = ["u1@example.com", "u1.b@example.com"].map(str::to_owned).to_vec();
    work.candidates.insert(UserField::Username, candidates);
    let done = client.salesforce.apply(vec![work]).await.remove(0);
    let [(Operation::Create { fields, .. }, Outcome::Done)] = done.outcomes.as_slice() else { panic!("{done:?}") };
    assert_eq!(fields[&UserField::Username], "u1.b@example.com");
    assert_eq!((done.user, done.error), (Some(id(9)), None));
}
