use std::collections::BTreeSet;

use domain::{Entitlement, Operation, Outcome, UserField};
use ports::Class;
use serde_json::{Value, json};

use super::service::{
    accounts, answered, apply_one, change, create, failed, grant, id, items, persons, revoke, service, set,
};
use crate::error::SalesforceError;
use crate::write::{Done, Work};

const GIVEN: [&str; 4] = ["profile:Sales User", "role:SalesNL", "permissionSet:Reports", "publicGroup:Staff"];

/// What comes of one person's work when the service answers like this.
async fn told(work: Work, answer: impl Fn(&Value) -> Value + Send + Sync + 'static) -> Done {
    let client = service(move |asked| accounts(asked, &answer));
    apply_one(&client.salesforce, work).await
}

fn item(wanted: &'static str, result: Value) -> impl Fn(&Value) -> Value + Send + Sync + 'static {
    move |person| answered(person, |item| (item == wanted).then(|| result.clone()))
}

fn code(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Failed { code, .. } => code,
        Outcome::Done => "done",
        _ => "not done",
    }
}

fn entitlements(operation: &Operation) -> BTreeSet<String> {
    match operation {
        Operation::Create { entitlements, .. } => entitlements.iter().map(Entitlement::to_string).collect(),
        _ => panic!("{operation:?}"),
    }
}

#[tokio::test]
async fn a_create_that_works_is_one_operation_with_the_values_really_used() {
    let mut work = create(7, &GIVEN);
    let names = ["u7@sample.example", "u7.b@sample.example"].map(str::to_owned);
    work.candidates = [(UserField::Username, names.to_vec())].into();
    let asked = work.operations[0].clone();
    let done = told(work, |person| {
        let mut answer = answered(person, |_| None);
        answer["given"] = json!({"Username": "u7.b@sample.example"});
        answer
    })
    .await;
    assert_eq!((done.user, done.error), (Some(id(7)), None));
    let mut expected = asked;
    let Operation::Create { fields, .. } = &mut expected else { panic!() };
    fields.insert(UserField::Username, "u7.b@sample.example".to_owned());
    assert_eq!(done.outcomes, [(expected, Outcome::Done)]);
}

#[tokio::test]
async fn a_create_that_works_in_part_is_told_in_parts() {
    let refused = failed("LIMIT_EXCEEDED", "No", &[]);
    let done = told(create(7, &GIVEN), item("add:permissionSet:Reports", refused)).await;
    assert_eq!(done.user, Some(id(7)));
    let [(made, Outcome::Done), (part, outcome)] = done.outcomes.as_slice() else { panic!("{:?}", done.outcomes) };
    assert_eq!(
        entitlements(made),
        ["profile:Sales User", "publicGroup:Staff", "role:SalesNL"].map(str::to_owned).into()
    );
    assert_eq!((part, code(outcome)), (&grant("permissionSet:Reports"), "LIMIT_EXCEEDED"));
    assert_eq!(done.error.unwrap().class(), Class::NeedsPerson);
}

#[tokio::test]
async fn a_user_of_an_earlier_try_is_taken_with_the_name_that_it_has() {
    let mut work = create(7, &GIVEN);
    work.candidates =
        [(UserField::Username, vec!["u7@sample.example".to_owned(), "u7.b@sample.example".to_owned()])].into();
    let done = told(work, |person| {
        let mut answer = answered(person, |_| Some(json!({"status": "already"})));
        answer["created"] = json!(false);
        answer["given"] = json!({"Username": "u7.b@sample.example"});
        answer
    })
    .await;
    assert_eq!((done.user, done.error), (Some(id(7)), None));
    let [(Operation::Create { fields, .. }, Outcome::Done)] = done.outcomes.as_slice() else { panic!() };
    assert_eq!(fields[&UserField::Username], "u7.b@sample.example");
}

#[tokio::test]
async fn a_create_that_fails_names_the_cause() {
    let cases: [(Value, &str, &str); 6] = [
        (failed("DUPLICATE_USERNAME", "Taken", &["Username"]), "DUPLICATE_USERNAME", "taken"),
        (failed("LICENSE_LIMIT_EXCEEDED", "No seat", &[]), "LICENSE_LIMIT_EXCEEDED", "refused"),
        (failed("PROFILE_MISSING", "…", &[]), "profile-missing", "refused"),
        (failed("SEVERAL_USERS", "…", &[]), "ambiguous-match", "refused"),
        (failed("UNKNOWN_NAME", "…", &[]), "unknown-entitlement", "the org has no profile Sales User"),
        (failed("FIELD_CUSTOM_VALIDATION_EXCEPTION", "No", &["Title"]), "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Title"),
    ];
    for (result, expected, words) in cases {
        let mut work = create(7, &GIVEN);
        work.operations.push(Operation::SetLink { link: domain::UserLink::Manager, before: None, after: Some(id(1)) });
        let done = told(work, move |person| {
            let mut answer = answered(person, |item| {
                Some(if item == "create" { result.clone() } else { json!({"status": "skipped"}) })
            });
            answer["userId"] = Value::Null;
            answer["created"] = json!(false);
            answer
        })
        .await;
        let codes: Vec<_> = done.outcomes.iter().map(|(_, outcome)| code(outcome)).collect();
        assert_eq!((done.user, codes), (None, vec![expected, "not done"]));
        let error = done.error.unwrap();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.class(), Class::NeedsPerson);
    }
}

#[tokio::test]
async fn an_unknown_profile_fails_the_whole_person_also_when_its_own_item_says_so() {
    let done = told(create(7, &GIVEN), |person| {
        let mut answer = answered(person, |item| {
            let unknown = failed("UNKNOWN_NAME", "…", &[]);
            Some(if item == "profile" { unknown } else { json!({"status": "skipped"}) })
        });
        answer["userId"] = Value::Null;
        answer
    })
    .await;
    let [(Operation::Create { .. }, outcome)] = done.outcomes.as_slice() else { panic!("{:?}", done.outcomes) };
    assert_eq!(code(outcome), "unknown-entitlement");
}

#[tokio::test]
async fn an_unknown_name_is_told_when_it_is_given_and_fulfilled_when_it_is_taken() {
    let unknown = |item: &str| (item != "field:Title").then(|| failed("UNKNOWN_NAME", "…", &[]));
    let operations = vec![revoke("permissionSet:Old"), set(UserField::Title, "Chief"), grant("queue:Hotline")];
    let done = told(change(1, operations), move |person| answered(person, unknown)).await;
    let codes: Vec<_> = done.outcomes.iter().map(|(_, outcome)| code(outcome)).collect();
    assert_eq!(codes, ["done", "done", "unknown-entitlement"]);
    assert_eq!(done.error.unwrap().to_string(), "the org has no queue Hotline");
}

#[tokio::test]
async fn one_who_can_t_be_deactivated_is_frozen_and_the_reason_is_told() {
    let refused = failed("FIELD_INTEGRITY_EXCEPTION", "You can't deactivate the Default Workflow User", &[]);
    let operations = vec![Operation::Freeze, Operation::Deactivate];
    let done = told(change(1, operations), item("active", refused)).await;
    let codes: Vec<_> = done.outcomes.iter().map(|(_, outcome)| code(outcome)).collect();
    assert_eq!(codes, ["done", "deactivation-blocked"]);
}

#[tokio::test]
async fn what_is_skipped_is_not_done_and_only_beside_something_that_failed() {
    let operations = || vec![set(UserField::Title, "Chief"), grant("queue:Hotline")];
    let result = |item: &str| {
        Some(if item.starts_with("add") { json!({"status": "skipped"}) } else { failed("INVALID_FIELD", "No", &[]) })
    };
    let done = told(change(1, operations()), move |person| answered(person, result)).await;
    let codes: Vec<_> = done.outcomes.iter().map(|(_, outcome)| code(outcome)).collect();
    assert_eq!((codes, done.error.unwrap().class()), (vec!["INVALID_FIELD", "not done"], Class::NeedsPerson));
    let done = told(change(1, operations()), item("add:queue:Hotline", json!({"status": "skipped"}))).await;
    assert_eq!(done.error.unwrap().class(), Class::Ambiguous);
}

#[tokio::test]
async fn what_an_answer_leaves_out_is_not_known() {
    let leaves_out: [fn(&mut Value); 4] = [
        |answer| drop(answer["results"].as_array_mut().unwrap().pop()),
        |answer| answer["ref"] = "somebody".into(),
        |answer| answer["userId"] = json!(id(2)),
        |answer| answer["results"][0] = json!({"item": "field:Title", "status": "failed"}),
    ];
    for leave_out in leaves_out {
        let done = told(change(1, vec![set(UserField::Title, "Chief")]), move |person| {
            let mut answer = answered(person, |_| None);
            leave_out(&mut answer);
            answer
        })
        .await;
        assert_eq!(done.error.unwrap().class(), Class::Ambiguous);
        assert_eq!(done.outcomes[0].1, Outcome::NotDone);
    }
    let done = told(create(7, &GIVEN), |person| {
        let mut answer = answered(person, |_| Some(json!({"status": "skipped"})));
        answer["userId"] = Value::Null;
        answer
    })
    .await;
    assert_eq!((done.user, done.error.unwrap().class()), (None, Class::Ambiguous));
}

#[tokio::test]
async fn a_lock_on_one_item_is_waited_for_and_only_what_is_open_is_sent_again() {
    for locked in [1, 2, 3] {
        let tries = std::sync::atomic::AtomicUsize::new(0);
        let client = service(move |asked| {
            let so_far = tries.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            accounts(asked, |person| {
                answered(person, |item| {
                    let lock = item == "role" || item == "add:publicGroup:Staff";
                    (lock && so_far < locked).then(|| failed("UNABLE_TO_LOCK_ROW", "locked", &[]))
                })
            })
        });
        let done = apply_one(&client.salesforce, create(7, &GIVEN)).await;
        let calls: Vec<_> = client.org.asked().into_iter().filter(|asked| !asked.is_login()).collect();
        assert_eq!(items(&persons(&calls[1])[0]), ["role", "add:publicGroup:Staff"]);
        assert_eq!(persons(&calls[1])[0]["userId"], json!(id(7)));
        assert_eq!(calls.len(), (locked + 1).min(3));
        match done.error {
            None => assert_eq!((locked < 3, done.outcomes.len()), (true, 1)),
            Some(error) => {
                assert!(locked == 3 && matches!(error, SalesforceError::Busy { .. }), "{error}");
                let codes: Vec<_> = done.outcomes.iter().map(|(_, outcome)| code(outcome)).collect();
                assert_eq!(codes, ["done", "UNABLE_TO_LOCK_ROW", "UNABLE_TO_LOCK_ROW"]);
            }
        }
    }
}

#[tokio::test]
async fn a_field_that_changes_gets_the_candidate_that_was_free() {
    let mut work = change(1, vec![set(UserField::CommunityNickname, "new")]);
    work.candidates = [(UserField::CommunityNickname, vec!["new".to_owned(), "new2".to_owned()])].into();
    let done = told(work, |person| {
        let mut answer = answered(person, |_| None);
        answer["given"] = json!({"CommunityNickname": "new2"});
        answer
    })
    .await;
    assert_eq!(done.outcomes, [(set(UserField::CommunityNickname, "new2"), Outcome::Done)]);
}
