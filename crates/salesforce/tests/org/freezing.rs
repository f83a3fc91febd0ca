//! Users frozen and let go: UserLogin, of which it is not known whether multi-record calls take it.

use domain::{AccountStatus, Operation, Outcome};
use salesforce::Work;
use salesforce_simulator::{Behaviours, Fault, FaultRule, Times};

use crate::world::{Someone, World};

const GIVEN: [&str; 2] = ["profile:Sales User", "permissionSet:Report_Builder"];

async fn joined(behaviours: Behaviours, name: &str, count: usize) -> (World, Vec<Someone>) {
    let world = World::new(behaviours).connected().await;
    let mut people: Vec<_> = (1..=count).map(|number| Someone::new(number, &GIVEN)).collect();
    world.converge(&mut people, name).await;
    world.org().reset_calls();
    (world, people)
}

fn become_all(people: &mut [Someone], status: AccountStatus) {
    people.iter_mut().for_each(|someone| someone.desired.status = status);
}

#[tokio::test]
async fn somebody_is_frozen_and_let_go_again_and_keeps_everything() {
    for (name, behaviours) in Behaviours::variants() {
        let (world, mut people) = joined(behaviours, name, 3).await;
        for (status, frozen) in [(AccountStatus::Frozen, true), (AccountStatus::Enabled, false)] {
            become_all(&mut people, status);
            world.converge(&mut people, name).await;
            for someone in &people {
                let user = world.user(someone);
                assert_eq!((user.active, user.frozen), (true, frozen), "{name}");
                assert_eq!(user.permission_sets.len(), 1, "{name}");
            }
        }
    }
}

#[tokio::test]
async fn a_leaver_costs_a_look_up_in_two_rounds_and_two_calls_to_be_shut_out() {
    let (world, mut people) = joined(Behaviours::default(), "default", 1).await;
    become_all(&mut people, AccountStatus::Inactive);
    let work = world.work(&people).await;
    world.costs(5, "the user, then logins, sets, licences and groups");
    world.org().reset_calls();
    let done = world.salesforce.apply(work).await.remove(0);
    assert_eq!(done.outcomes, [(Operation::Freeze, Outcome::Done), (Operation::Deactivate, Outcome::Done)]);
    world.costs(2, "default");
    assert!(world.user(&people[0]).frozen && !world.user(&people[0]).active);
}

#[tokio::test]
async fn many_leavers_are_frozen_before_the_first_is_deactivated() {
    let (world, mut people) = joined(Behaviours::default(), "default", 60).await;
    become_all(&mut people, AccountStatus::Inactive);
    let work = world.work(&people).await;
    world.org().reset_calls();
    world.fault(FaultRule::next(Fault::LimitExceeded).skip(1).times(Times::Always));
    world.salesforce.apply(work).await;
    for someone in &people {
        assert!(world.user(someone).frozen, "one call froze them all before the limit was reached");
    }
}

#[tokio::test]
async fn where_multi_record_calls_don_t_take_logins_that_is_learnt_once() {
    let behaviours = Behaviours { user_login_in_collections: false, ..Behaviours::default() };
    let (world, mut people) = joined(behaviours, "not in collections", 5).await;
    for (status, calls) in [(AccountStatus::Frozen, 6), (AccountStatus::Enabled, 5), (AccountStatus::Frozen, 5)] {
        become_all(&mut people, status);
        let work = world.work(&people).await;
        world.org().reset_calls();
        assert!(world.salesforce.apply(work).await.iter().all(|done| done.error.is_none()));
        world.costs(calls, "not in collections");
    }
}

#[tokio::test]
async fn a_freeze_without_a_look_up_finds_the_login_itself() {
    let (world, people) = joined(Behaviours::default(), "default", 2).await;
    let fresh = World::on_org(&world);
    let work = |operation: &Operation| -> Vec<Work> {
        let of = |someone: &Someone| Work {
            user: someone.user.clone(),
            operations: vec![operation.clone()],
            ..Work::default()
        };
        people.iter().map(of).collect()
    };
    for (operation, calls) in [(Operation::Freeze, 2), (Operation::Unfreeze, 1)] {
        fresh.salesforce.connect().await.unwrap();
        world.org().reset_calls();
        let done = fresh.salesforce.apply(work(&operation)).await;
        assert!(done.iter().all(|done| done.outcomes == [(operation.clone(), Outcome::Done)]), "{done:?}");
        world.costs(calls, "the id is remembered");
    }
}

#[tokio::test]
async fn nobody_freezes_the_connector_s_own_user_and_others_are_frozen_all_the_same() {
    for (name, behaviours) in Behaviours::variants() {
        let (world, people) = joined(behaviours, name, 1).await;
        let own = world.org().user(salesforce_simulator::INTEGRATION_USERNAME).unwrap().id;
        let own = domain::SalesforceUserId::parse(own.as_str()).unwrap();
        let users = [Some(own), people[0].user.clone()];
        let work = users.map(|user| Work { user, operations: vec![Operation::Freeze], ..Work::default() });
        let done = world.salesforce.apply(work.into()).await;
        assert!(
            matches!(&done[0].outcomes[..], [(_, Outcome::Failed { code, .. })] if code == "CANNOT_FREEZE_SELF"),
            "{name}: {done:?}"
        );
        assert_eq!((done[1].error.as_ref(), world.user(&people[0]).frozen), (None, true), "{name}");
    }
}

#[tokio::test]
async fn lost_answers_to_a_freeze_are_asked_again() {
    for (name, behaviours) in Behaviours::variants() {
        for fault in [Fault::AnswerLost, Fault::BadGatewayAfterEffect] {
            let (world, mut people) = joined(behaviours.clone(), name, 2).await;
            become_all(&mut people, AccountStatus::Frozen);
            world.fault(FaultRule::next(fault).method("PATCH"));
            world.converge(&mut people, name).await;
        }
    }
}
