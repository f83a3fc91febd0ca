use super::super::outgoing::Outgoing;
use super::super::testing::{Trouble, World, key};
use super::*;
use serde_json::{Value, json};

fn event(n: u16, account: &Value) -> Outgoing {
    let data = json!({ "id": format!("p{n}"), "record": key(n), "account": account });
    let event = json!({ "type": "person.upserted", "timestamp": "2026-01-15T12:00:00Z", "data": data });
    Outgoing::present(key(n), &event).unwrap()
}

/// Events, of which these hold what the webhook does not take.
fn events(count: u16, bad: &[u16]) -> Vec<Outgoing> {
    let mail = |n| if bad.contains(&n) { "a\0b; [0]: x; and 7 more" } else { "a" };
    (0..count).map(|n| event(n, &json!({ "mail": mail(n) }))).collect()
}

fn refused(verdicts: &[Verdict]) -> Vec<usize> {
    let refused = |(n, verdict): (usize, &Verdict)| matches!(verdict, Verdict::Refused(_)).then_some(n);
    verdicts.iter().enumerate().filter_map(refused).collect()
}

#[tokio::test]
async fn a_body_is_sent_again_until_it_is_taken_under_the_same_id() {
    let world = World::of_accounts("");
    let begun = world.clock.now();
    world.inbox.prepare([Trouble::NotSent, Trouble::Status(503), Trouble::Lost], Trouble::None);
    assert_eq!(refused(&world.deliver.send(&events(3, &[])).await.unwrap()), [0; 0]);
    let requests = world.inbox.requests();
    assert_eq!(requests.len(), 4);
    assert!(requests.iter().all(|request| *request == requests[0]));
    assert_eq!(world.stored().await.len(), 3);
    // At least as long as was asked for.
    let waited = world.clock.now().duration_since(begun).as_secs();
    assert!((1 + 7 + 4..20).contains(&waited), "{waited} s");
}

#[tokio::test]
async fn after_some_attempts_it_is_left_for_later() {
    let world = World::of_accounts("");
    world.inbox.prepare([], Trouble::Status(503));
    let error = world.deliver.send(&events(1, &[])).await.unwrap_err();
    assert!(matches!(error, Undelivered::NotNow { attempts: 8, .. }), "{error}");
    assert_eq!(world.inbox.requests().len(), 8);
}

#[tokio::test]
async fn what_only_a_person_can_mend_is_not_tried_again() {
    for status in [401, 404, 413] {
        let world = World::of_accounts("");
        world.inbox.prepare([], Trouble::Status(status));
        let error = world.deliver.send(&events(1, &[])).await.unwrap_err();
        assert!(matches!(error, Undelivered::NeedsPerson { .. }), "{error}");
        assert_eq!(world.inbox.requests().len(), 1);
    }
    let mut world = World::of_accounts("");
    world.deliver.key = SecretName::parse("other").unwrap();
    let error = world.deliver.send(&events(1, &[])).await.unwrap_err();
    assert!(matches!(error, Undelivered::Unsigned(_)), "{error}");
    assert!(world.inbox.requests().is_empty());
}

#[tokio::test]
async fn bad_events_are_taken_out_and_the_others_get_through() {
    for bad in [&[7_u16][..], &[0, 99], &[3, 4, 5, 50], &(0..30).collect::<Vec<_>>()] {
        let world = World::of_accounts("");
        let verdicts = world.deliver.send(&events(100, bad)).await.unwrap();
        let expected: Vec<usize> = bad.iter().copied().map(usize::from).collect();
        assert_eq!(refused(&verdicts), expected);
        assert_eq!(world.stored().await.len(), 100 - bad.len());
        let Verdict::Refused(error) = &verdicts[expected[0]] else { panic!("refused") };
        assert_eq!(error.path, "data.account.mail");
    }
}

#[tokio::test]
async fn a_receiver_that_refuses_everything_is_not_asked_for_each() {
    let world = World::of_accounts("");
    let all: Vec<u16> = (0..500).collect();
    let error = world.deliver.send(&events(500, &all)).await.unwrap_err();
    assert!(matches!(error, Undelivered::NeedsPerson { .. }), "{error}");
    assert!(world.inbox.requests().len() < 300);
    // Few may all be bad.
    assert_eq!(refused(&world.deliver.send(&events(2, &[0, 1])).await.unwrap()), [0, 1]);
}

#[test]
fn a_part_is_always_divided_into_smaller_ones() {
    for (count, named) in [(2, vec![]), (2, vec![0]), (2, vec![0, 1]), (5, vec![0, 4]), (3, vec![0, 1, 2])] {
        let part: Vec<usize> = (10..10 + count).collect();
        let parts = divided(part.clone(), &named);
        assert!(parts.iter().all(|smaller| !smaller.is_empty() && smaller.len() < count), "{parts:?}");
        let mut all: Vec<usize> = parts.concat();
        all.sort_unstable();
        assert_eq!(all, part);
    }
}
