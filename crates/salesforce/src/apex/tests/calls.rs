use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::{Operation, Outcome, UserField};
use ports::Class;
use serde_json::json;

use super::service::{
    accounts, apply_one, change, create, done, grant, id, persons, refusal, revoke, service, set, text,
};
use crate::error::SalesforceError;
use crate::testing::{Client, answer, lost};
use crate::usage::CallKind;
use crate::write::{Done, Work};

fn all_done(done: &[Done]) -> bool {
    done.iter().all(|done| done.error.is_none() && done.outcomes.iter().all(|(_, outcome)| *outcome == Outcome::Done))
}

fn titles(numbers: std::ops::Range<usize>) -> Vec<Work> {
    numbers.map(|number| change(number, vec![set(UserField::Title, "Chief")])).collect()
}

fn sizes(client: &Client) -> Vec<usize> {
    client.org.asked().iter().filter(|asked| !asked.is_login()).map(|asked| persons(asked).len()).collect()
}

#[tokio::test]
async fn a_thousand_joiners_cost_a_log_in_and_five_calls() {
    let client = service(|asked| accounts(asked, done));
    let given = ["profile:Sales User", "role:SalesNL", "permissionSet:Reports", "publicGroup:Staff", "queue:Hotline"];
    let work = (0..1000).map(|number| create(number, &given)).collect();
    let done = client.salesforce.apply(work).await;
    assert!(all_done(&done));
    for (number, done) in done.iter().enumerate() {
        assert_eq!(done.user, Some(id(number)));
    }
    assert_eq!(client.salesforce.calls(), [(CallKind::Login, 1), (CallKind::ApexAccounts, 5)].into());
    assert_eq!(client.org.at_once().most, 1, "roles and groups lock the org");
}

#[tokio::test]
async fn only_calls_with_roles_groups_or_queues_take_turns() {
    let client = service(|asked| accounts(asked, done));
    assert!(all_done(&client.salesforce.apply(titles(0..900)).await));
    assert_eq!((sizes(&client).len(), client.org.at_once().most), (5, 3));
    // Two hundred and three of 801 need the lock: no call more for it, and two take turns. By this name the scripted org
    // tells the calls apart.
    let mut work = titles(0..598);
    work.extend((0..203).map(|number| change(1000 + number, vec![grant("publicGroup:UserRoleId")])));
    assert!(all_done(&client.salesforce.apply(work).await));
    assert_eq!((sizes(&client)[5..].len(), client.org.at_once().most_with_role), (5, 1));
}

#[tokio::test]
async fn those_who_are_only_shut_out_go_first_and_by_themselves() {
    let client = service(|asked| accounts(asked, done));
    let mut work = titles(0..3);
    let shut = || vec![Operation::Freeze, Operation::Deactivate, revoke("publicGroup:Old")];
    work.insert(1, change(11, shut()));
    work.push(change(12, shut()));
    work.push(change(13, [shut(), vec![set(UserField::Title, "x")]].concat()));
    assert!(all_done(&client.salesforce.apply(work).await));
    let calls: Vec<_> = client.org.asked().into_iter().filter(|asked| !asked.is_login()).collect();
    let users = |call: usize| persons(&calls[call]).iter().map(|person| text(&person["userId"]).to_owned());
    assert_eq!(users(0).collect::<BTreeSet<_>>(), [id(11), id(12)].map(|id| id.to_string()).into());
    assert_eq!((calls.len(), users(1).len()), (2, 4));
}

#[tokio::test]
async fn a_call_that_is_too_much_is_split_and_the_next_ones_are_smaller_from_the_start() {
    for (status, code, message) in [
        (500, "APEX_ERROR", "System.LimitException: Apex CPU time limit exceeded"),
        (500, "APEX_ERROR", "System.LimitException: Too many SOQL queries: 101\n\nTrigger.T: line 1"),
        (500, "APEX_ERROR", "System.LimitException: Apex heap size too large: 7000000"),
    ] {
        let client = service(move |asked| match persons(asked).len() {
            ..=60 => accounts(asked, done),
            _ => refusal(status, code, message),
        });
        assert!(all_done(&client.salesforce.apply(titles(0..200)).await), "{message}");
        assert_eq!(sizes(&client), [200, 100, 50, 50, 50, 50], "{message}");
        assert!(all_done(&client.salesforce.apply(titles(0..100)).await));
        assert_eq!(sizes(&client)[6..], [50, 50], "{message}");
    }
}

#[tokio::test]
async fn the_person_for_whose_sake_a_call_is_refused_fails_alone() {
    for (status, code, message, expected) in [
        (400, "INVALID_REQUEST", "persons[3]: no", Class::NeedsPerson),
        (500, "APEX_ERROR", "System.NullPointerException: Attempt to de-reference a null object", Class::NeedsPerson),
    ] {
        let client = service(move |asked| {
            let culprit = persons(asked).iter().any(|person| person["userId"] == json!(id(33)));
            if culprit { refusal(status, code, message) } else { accounts(asked, done) }
        });
        let done = client.salesforce.apply(titles(0..100)).await;
        assert!(all_done(&[&done[..33], &done[34..]].concat()), "{code}");
        assert_eq!(done[33].error.as_ref().unwrap().class(), expected);
        assert!(matches!(&done[33].outcomes[0].1, Outcome::Failed { code: told, .. } if told == code));
        assert!(sizes(&client).len() < 20, "{:?}", sizes(&client));
        // It was not the size.
        assert!(all_done(&client.salesforce.apply(titles(100..300)).await));
        assert_eq!(sizes(&client).last(), Some(&200));
    }
}

#[tokio::test]
async fn one_who_is_too_much_alone_comes_back_later() {
    let client = service(|_| refusal(500, "APEX_ERROR", "System.LimitException: Apex CPU time limit exceeded"));
    let done = client.salesforce.apply(titles(0..2)).await;
    for done in done {
        assert!(matches!(done.error.unwrap().class(), Class::RetryAfter(_)));
    }
}

#[tokio::test]
async fn a_service_that_fails_for_everybody_stops_the_batch() {
    let client =
        service(|_| refusal(500, "APEX_ERROR", "System.NullPointerException: Attempt to de-reference a null object"));
    let done = client.salesforce.apply(titles(0..400)).await;
    let systemic = done.iter().filter(|done| done.error.as_ref().unwrap().class() == Class::Systemic);
    // Ten that failed alone, and those that were on their way.
    assert!(systemic.count() >= 387);
    assert!(done.iter().all(|done| done.outcomes[0].1 != Outcome::Done));
    assert!(sizes(&client).len() < 60, "{}", sizes(&client).len());
}

#[tokio::test]
async fn an_org_that_does_not_serve_the_connector_is_systemic_and_says_what_is_missing() {
    let cases = [
        (404, "NOT_FOUND", "not installed"),
        (403, "INSUFFICIENT_ACCESS", "permission set"),
        (403, "FORBIDDEN", "permission set"),
        (400, "UNSUPPORTED_VERSION", "another version"),
        (405, "METHOD_NOT_ALLOWED", "another version"),
    ];
    for (status, code, words) in cases {
        let client = service(move |_| refusal(status, code, "…"));
        let done = client.salesforce.apply(titles(0..500)).await;
        for done in &done {
            assert!(matches!(&done.error, Some(SalesforceError::Unusable(_))), "{:?}", done.error);
            assert_eq!(done.outcomes[0].1, Outcome::NotDone);
        }
        let reason = done[0].error.as_ref().unwrap().reason();
        assert!(reason.message.contains(words) && reason.message.contains("docs/SALESFORCE.md"), "{reason:?}");
        assert!(sizes(&client).len() <= 3, "those that were on their way");
        let error = client.salesforce.apex_service().await.unwrap_err();
        assert_eq!(error.reason(), reason);
    }
}

#[tokio::test]
async fn the_service_says_whom_it_sees_and_whether_it_lets_them() {
    for permitted in [true, false] {
        let client = service(move |_| answer(200, &json!({"version": 1, "caller": id(5), "permitted": permitted})));
        let service = client.salesforce.apex_service().await.unwrap();
        assert_eq!((service.caller, service.permitted), (id(5), permitted));
    }
}

/// Answers that are lost, as often as said; then all is done.
fn lossy(times: usize, how: fn() -> crate::testing::Answer) -> Client {
    let asked_so_far = AtomicUsize::new(0);
    service(
        move |asked| {
            if asked_so_far.fetch_add(1, Ordering::SeqCst) < times { how() } else { accounts(asked, done) }
        },
    )
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_and_one_that_stays_lost_is_ambiguous() {
    let joiners = || (0..150).map(|number| create(number, &["profile:Sales User"])).collect();
    for how in [lost, || crate::testing::text(200, "{\"version\": 1, \"per")] {
        let client = lossy(2, how);
        assert!(all_done(&client.salesforce.apply(joiners()).await));
        assert_eq!(sizes(&client), [150, 150, 150]);
        let client = lossy(3, how);
        for done in client.salesforce.apply(joiners()).await {
            assert_eq!((done.user, done.error.unwrap().class()), (None, Class::Ambiguous));
            assert!(matches!(done.outcomes.as_slice(), [(Operation::Create { .. }, Outcome::NotDone)]));
        }
        // The next try is made with fewer: it may have been the time that ran out.
        assert!(all_done(&client.salesforce.apply(titles(0..150)).await));
        assert_eq!(sizes(&client), [150, 150, 150, 75, 75]);
    }
}

#[tokio::test]
async fn an_outage_is_systemic_and_says_nothing_of_what_was_done() {
    let ways: [fn() -> crate::testing::Answer; 2] =
        [|| crate::testing::text(502, "<html>"), || refusal(503, "SERVER_UNAVAILABLE", "later")];
    for how in ways {
        let client = lossy(2, how);
        assert!(all_done(&client.salesforce.apply(titles(0..5)).await));
        let client = lossy(99, how);
        for done in client.salesforce.apply(titles(0..5)).await {
            assert_eq!((done.error.unwrap().class(), &done.outcomes[0].1), (Class::Systemic, &Outcome::NotDone));
        }
        assert_eq!(sizes(&client), [5, 5, 5]);
    }
}

#[tokio::test]
async fn the_creation_of_one_who_is_not_found_again_is_never_repeated_blindly() {
    let unfindable = || Work { correlate: Vec::new(), ..create(7, &["profile:Sales User"]) };
    let ways: [fn() -> crate::testing::Answer; 2] = [lost, || refusal(500, "UNKNOWN_EXCEPTION", "An unexpected error")];
    for how in ways {
        let client = lossy(1, how);
        let done = apply_one(&client.salesforce, unfindable()).await;
        assert_eq!(done.error.unwrap().class(), Class::Ambiguous);
        assert_eq!(sizes(&client), [1]);
    }
}

#[tokio::test]
async fn a_server_error_may_hide_that_it_was_done_so_it_is_asked_once_more() {
    let client = lossy(1, || refusal(500, "UNKNOWN_EXCEPTION", "An unexpected error"));
    assert!(all_done(&client.salesforce.apply(titles(0..1)).await));
    assert_eq!(sizes(&client), [1, 1]);
    let client = lossy(9, || refusal(500, "UNKNOWN_EXCEPTION", "An unexpected error"));
    let done = client.salesforce.apply(titles(0..1)).await;
    assert_eq!((done[0].error.as_ref().unwrap().class(), sizes(&client)), (Class::NeedsPerson, vec![1, 1]));
}

#[tokio::test]
async fn a_busy_org_is_waited_for() {
    let ways: [fn() -> crate::testing::Answer; 3] = [
        || refusal(400, "TOO_MANY_APEX_REQUESTS", "ConcurrentPerOrgApex Limit exceeded"),
        || {
            refusal(
                500,
                "APEX_ERROR",
                "System.DmlException: Update failed. First exception on row 0; first error: UNABLE_TO_LOCK_ROW",
            )
        },
        || refusal(500, "UNKNOWN_EXCEPTION", "A Group Membership operation already in progress"),
    ];
    for how in ways {
        let client = lossy(2, how);
        assert!(all_done(&client.salesforce.apply(titles(0..50)).await));
        let client = lossy(9, how);
        let done = client.salesforce.apply(titles(0..50)).await;
        assert!(done.iter().all(|done| matches!(done.error, Some(SalesforceError::Busy { .. }))));
        assert_eq!(sizes(&client), [50, 50, 50]);
    }
}

#[tokio::test]
async fn the_first_systemic_error_stops_what_has_not_begun() {
    let client = service(|_| refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."));
    let done = client.salesforce.apply(titles(0..1000)).await;
    assert!(done.iter().all(|done| matches!(done.error, Some(SalesforceError::LimitReached { .. }))));
    assert!(sizes(&client).len() <= 3);
}

#[test]
fn apply_can_be_moved_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let client = service(|_| lost());
    is_send(&client.salesforce.apply(Vec::new()));
    is_send(&client.salesforce.lookup(&[]));
}
