use active_directory::Advice;

use super::super::testing::{Script, Trouble, World, bookmark, deleted, key, moved_out, somebody, user};
use super::*;
use crate::exit::Ending;

fn everybody(count: u16) -> Vec<Change> {
    (1..=count).map(somebody).collect()
}

#[tokio::test]
async fn who_has_not_changed_is_not_sent_again() {
    let world = World::of_accounts("");
    let report = world.good(Script::full(everybody(1200), 500)).await;
    assert_eq!((report.read, report.sent, report.ending()), (1200, 1200, Ending::Done));
    assert!(report.everything && report.complete);
    let bodies: Vec<usize> = world.inbox.requests().iter().map(|(_, body)| body.as_array().unwrap().len()).collect();
    assert_eq!(bodies, [500, 500, 200]);
    assert_eq!(world.stored().await.len(), 1200);

    let report = world.good(Script::full(everybody(1200), 500)).await;
    assert_eq!((report.sent, report.unchanged), (0, 1200));
    assert!(world.inbox.requests().is_empty());
    let progress = world.state().await.progress;
    assert_eq!((progress.bookmark, progress.everything_at), (Some(bookmark("end")), Some(report.begun)));
}

#[tokio::test]
async fn a_change_is_sent_and_a_delete_is_told_by_its_person() {
    let world = World::of_accounts("");
    world.good(Script::full(everybody(3), 50)).await;
    world.inbox.requests();
    let changed = user(1, &[("employeeID", "p1"), ("mail", "new@x")]);
    // Of user 9 nobody has ever heard.
    let report = world.good(Script::changes(vec![changed, somebody(2), deleted(3), deleted(9)])).await;
    assert_eq!((report.sent, report.unchanged, report.removed), (1, 1, 1));
    let events: Vec<_> = world.inbox.requests().iter().flat_map(|(_, body)| body.as_array().unwrap().clone()).collect();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["data"]["account"]["mail"], "new@x");
    assert_eq!(events[1]["type"], "person.removed");
    assert_eq!(events[1]["data"], serde_json::json!({ "id": "p3", "record": key(3) }));
    assert_eq!(world.stored().await.len(), 2);
    // A user who gets another id stays one record.
    world.good(Script::changes(vec![user(1, &[("employeeID", "p77")])])).await;
    assert_eq!(world.stored().await[&key(1).to_string()], "p77");
}

#[tokio::test]
async fn who_is_not_met_is_looked_at_before_being_told_as_gone() {
    let world = World::of_accounts("  absence: leaver\n");
    world.good(Script::full(everybody(5), 50)).await;
    let script = Script::full(everybody(2), 50).telling([somebody(3), deleted(4)]);
    let looked_at = script.looked_at.clone();
    let report = world.good(script).await;
    assert_eq!(*looked_at.lock().unwrap(), [key(3), key(4), key(5)]);
    assert_eq!((report.removed, report.unchanged), (2, 3));
    assert_eq!(world.stored().await.len(), 3);
}

#[tokio::test]
async fn absence_means_what_the_definition_says() {
    // By default nothing, but a delete that is found is told.
    let world = World::of_accounts("");
    world.good(Script::full(everybody(4), 50)).await;
    let report = world.good(Script::full(everybody(2), 50).telling([deleted(3)])).await;
    assert_eq!((report.removed, report.ending()), (1, Ending::Done));
    assert_eq!(world.stored().await.len(), 3);

    let world = World::of_accounts("  absence: hold\n");
    world.good(Script::full(everybody(4), 50)).await;
    let report = world.good(Script::changes(vec![moved_out(4)])).await;
    assert_eq!((report.removed, report.ending()), (0, Ending::Waiting));
    // It is told at each round, until it is there again or somebody decides.
    let report = world.good(Script::full(everybody(2), 50)).await;
    assert_eq!((report.removed, report.ending()), (0, Ending::Waiting));
    let report = world.good(Script::changes(vec![somebody(3)])).await;
    assert_eq!((report.sent, report.ending()), (0, Ending::Waiting));
    assert_eq!(world.stored().await.len(), 4);
    let (report, fault) = world.round(Script::full(everybody(3), 50), true).await;
    assert!(fault.is_none());
    assert_eq!((report.removed, report.ending()), (1, Ending::Done));
    assert_eq!(world.stored().await.len(), 3);
}

#[tokio::test]
async fn many_absent_at_once_are_not_told_before_a_person_says_so() {
    let world = World::of_accounts("  absence: leaver\n");
    world.good(Script::full(everybody(100), 50)).await;
    let report = world.good(Script::full(everybody(79), 50)).await;
    assert_eq!((report.removed, report.too_many, report.ending()), (0, Some(21), Ending::Waiting));
    let human = crate::output::Report::human(&report);
    assert!(human.contains("21 users are absent") && human.contains("p100"), "{human}");
    assert_eq!(world.stored().await.len(), 100);
    // They stay held while only changes are read.
    assert_eq!(world.good(Script::changes(vec![])).await.ending(), Ending::Waiting);
    let (report, _) = world.round(Script::full(everybody(79), 50), true).await;
    assert_eq!((report.removed, report.too_many, report.ending()), (21, None, Ending::Done));
    assert_eq!(world.stored().await.len(), 79);
}

#[tokio::test]
async fn a_read_that_proves_nothing_makes_nobody_gone() {
    let world = World::of_accounts("  absence: leaver\n");
    world.good(Script::full(everybody(10), 50)).await;
    let (report, fault) = world.round(Script::full(everybody(5), 2).broken_after(2), false).await;
    assert!(matches!(fault, Some(Fault::Directory(_))));
    assert_eq!((report.removed, report.ending()), (0, Ending::Failed));
    let report = world.good(Script::full(vec![], 2)).await;
    assert_eq!((report.removed, report.advice.len()), (0, 1));
    assert_eq!(world.stored().await.len(), 10);
}

#[tokio::test]
async fn what_the_receiver_refuses_is_kept_until_it_is_mended() {
    let world = World::of_accounts("");
    let odd = user(2, &[("employeeID", "p2"), ("company", "a\0b")]);
    let unfit = user(3, &[("employeeID", " blank ")]);
    let report = world.good(Script::full(vec![somebody(1), odd, unfit, user(4, &[])], 50)).await;
    assert_eq!((report.sent, report.refused, report.unjoined, report.ending()), (1, 2, 1, Ending::Waiting));
    let text = serde_json::to_value(&report).unwrap();
    assert_eq!(text["refusedUsers"][0]["path"], "data.account.company");
    assert_eq!(text["refusedUsers"][1]["path"], "employeeID");
    let human = crate::output::Report::human(&report);
    assert!(human.contains(&key(2).to_string()) && human.contains("without a person's id"), "{human}");
    assert_eq!(world.good(Script::changes(vec![])).await.ending(), Ending::Waiting);
    let report = world.good(Script::full(vec![somebody(1), somebody(2)], 50)).await;
    assert_eq!((report.sent, report.ending()), (1, Ending::Done));
}

#[tokio::test]
async fn a_person_is_gone_with_its_last_object_only() {
    let world = World::of_persons("  absence: leaver\n");
    world.good(Script::full(everybody(3), 50)).await;
    // Somebody was made anew; somebody got another id; somebody is left out by `where`.
    let anew = user(11, &[("employeeID", "p1"), ("displayName", "Somebody")]);
    let other_id = user(2, &[("employeeID", "p22"), ("displayName", "Somebody")]);
    let left_out = user(3, &[("employeeID", "p3"), ("displayName", "Somebody"), ("company", "Other")]);
    let report = world.good(Script::changes(vec![deleted(1), anew, other_id, left_out])).await;
    assert_eq!((report.sent, report.unchanged, report.removed), (1, 1, 2));
    let persons: Vec<String> = world.stored().await.into_keys().collect();
    assert_eq!(persons, ["p1", "p22"]);
    world.good(Script::changes(vec![deleted(11)])).await;
    assert_eq!(world.stored().await.len(), 1);
}

#[tokio::test]
async fn of_two_users_with_one_id_the_second_is_refused() {
    let world = World::of_persons("");
    let twin = user(2, &[("employeeID", "p1"), ("displayName", "Twin")]);
    let report = world.good(Script::full(vec![somebody(1), twin.clone()], 50)).await;
    assert_eq!((report.sent, report.refused, report.ending()), (1, 1, Ending::Waiting));
    let report = world.good(Script::full(vec![twin], 50).telling([deleted(1)])).await;
    assert_eq!((report.sent, report.removed, report.ending()), (1, 0, Ending::Done));
    assert_eq!(world.stored().await.len(), 1);
}

#[tokio::test]
async fn a_clock_that_goes_back_does_not_make_what_is_new_old() {
    let world = World::of_accounts("");
    world.good(Script::full(everybody(1), 50)).await;
    world.clock.set(world.clock.now() - SignedDuration::from_secs(240));
    world.good(Script::changes(vec![deleted(1)])).await;
    assert!(world.stored().await.is_empty());
}

/// Trouble at each request of a round, and then a round without.
async fn is_whole_after(stopped: Trouble) {
    const ALL: u16 = 510;
    for good in 0..3 {
        let world = World::of_accounts("  absence: leaver\n");
        world.good(Script::full(everybody(ALL), 500)).await;
        let changed = |n| user(n, &[("employeeID", &format!("p{n}")), ("mail", "new@x")]);
        let now = || Script::full((4..=ALL).map(changed).collect(), 500);
        world.inbox.prepare(std::iter::repeat_n(Trouble::None, good), stopped);
        let (report, fault) = world.round(now(), false).await;
        assert_eq!((fault.is_some(), report.complete), (true, false), "{stopped:?} {good}");
        world.inbox.prepare([], Trouble::None);
        let report = world.good(now()).await;
        assert_eq!(world.stored().await.len(), 507, "{stopped:?} {good}");
        assert_eq!((report.sent, report.unchanged), [(507, 0), (7, 500), (0, 507)][good]);
        assert_eq!(report.removed, 3);
    }
}

#[tokio::test]
async fn a_line_that_is_cut_at_any_request_leaves_nothing_out() {
    is_whole_after(Trouble::NotSent).await;
}

#[tokio::test]
async fn an_answer_that_is_lost_at_any_request_leaves_nothing_out() {
    is_whole_after(Trouble::Lost).await;
}

#[tokio::test]
async fn a_refusal_of_any_request_leaves_nothing_out() {
    is_whole_after(Trouble::Status(404)).await;
}

#[tokio::test]
async fn a_bookmark_moves_only_behind_what_is_delivered() {
    let world = World::of_accounts("");
    world.good(Script::full(everybody(1), 50)).await;
    let progress = async || world.state().await.progress.bookmark;
    // What there is to send of the page waits for more, so its bookmark does, too.
    let changed = || Script::changes(vec![user(1, &[("employeeID", "p1"), ("mail", "new@x")])]).with_bookmarks();
    assert!(world.round(changed().broken_after(1), false).await.1.is_some());
    assert_eq!(progress().await, Some(bookmark("end")));
    // Also that somebody is gone is told at the end only.
    let gone = Script::changes(vec![deleted(1)]).with_bookmarks().broken_after(1);
    assert!(world.round(gone, false).await.1.is_some());
    assert_eq!(progress().await, Some(bookmark("end")));
    // There is nothing to send of this one.
    let nothing = Script::changes(vec![somebody(1), deleted(999)]).with_bookmarks().broken_after(1);
    assert!(world.round(nothing, false).await.1.is_some());
    assert_eq!(progress().await, Some(bookmark("0")));
    world.good(changed()).await;
    assert_eq!(progress().await, Some(bookmark("end")));
}

#[tokio::test]
async fn advice_has_everybody_read_next() {
    let world = World::of_accounts("");
    world.good(Script::full(everybody(1), 50)).await;
    assert!(!world.state().await.progress.want_everything);
    world.good(Script::changes(vec![]).advising(Advice::DeletesUnseen)).await;
    assert!(!world.state().await.progress.want_everything);
    let report = world.good(Script::changes(vec![]).advising(Advice::ContainerMoved)).await;
    assert!(world.state().await.progress.want_everything && report.advice.len() == 1);
    world.good(Script::full(everybody(1), 50)).await;
    assert!(!world.state().await.progress.want_everything);
}
