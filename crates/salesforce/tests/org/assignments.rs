//! Permission sets and groups: many persons in one call, and never more than was asked.

use domain::Outcome;
use salesforce_simulator::{Behaviours, Fault, FaultRule, Object};

use crate::world::{Someone, World};

const PROFILE: &str = "profile:Sales User";

#[tokio::test]
async fn what_somebody_else_gave_meanwhile_counts_as_given() {
    for (name, behaviours) in Behaviours::variants() {
        let world = World::new(behaviours).connected().await;
        let mut people = [Someone::new(1, &[PROFILE])];
        world.converge(&mut people, name).await;
        people[0].give(&[PROFILE, "permissionSet:Mobile_User", "publicGroup:Managers"]);
        people[0].set(domain::UserField::Department, Some("Board"));
        let work = world.work(&people).await;
        let username = people[0].username(0);
        world.org().admin().assign(&username, Object::PermissionSet, "Mobile_User").unwrap();
        world.org().admin().assign(&username, Object::Group, "Managers").unwrap();
        let done = world.salesforce.apply(work).await.remove(0);
        assert_eq!(done.error, None, "{name}");
        assert!(done.outcomes.iter().all(|(_, outcome)| *outcome == Outcome::Done), "{name}");
        world.settled(&people, name).await;
    }
}

#[tokio::test]
async fn what_somebody_else_took_meanwhile_counts_as_taken() {
    for (name, behaviours) in Behaviours::variants() {
        let world = World::new(behaviours).connected().await;
        let mut people = [Someone::new(1, &[PROFILE, "permissionSet:Mobile_User", "publicGroup:Managers"])];
        world.converge(&mut people, name).await;
        people[0].give(&[PROFILE]);
        let work = world.work(&people).await;
        let username = people[0].username(0);
        world.org().admin().unassign(&username, Object::PermissionSet, "Mobile_User").unwrap();
        world.org().admin().unassign(&username, Object::Group, "Managers").unwrap();
        let done = world.salesforce.apply(work).await.remove(0);
        assert_eq!(done.error, None, "{name}: {:?}", done.outcomes);
        world.settled(&people, name).await;
    }
}

#[tokio::test]
async fn two_hundred_and_fifty_memberships_go_in_two_calls_and_come_back_in_two() {
    let world = World::new(Behaviours::default()).connected().await;
    world.org().admin().set_seats("Salesforce", 1000).unwrap();
    let mut people: Vec<_> = (1..=250).map(|number| Someone::new(number, &[PROFILE])).collect();
    world.round(&mut people).await;
    for someone in &mut people {
        someone.give(&[PROFILE, "publicGroup:Managers"]);
    }
    let work = world.work(&people).await;
    world.org().reset_calls();
    let done = world.salesforce.apply(work).await;
    assert!(done.iter().all(|done| done.error.is_none()));
    world.costs(2, "default");
    assert_eq!(world.org().members("Managers").len(), 250);
    for someone in &mut people {
        someone.give(&[PROFILE]);
        someone.owned.insert("publicGroup:Managers".parse().unwrap());
    }
    let work = world.work(&people).await;
    world.org().reset_calls();
    world.salesforce.apply(work).await;
    world.costs(2, "default");
    assert_eq!(world.org().members("Managers").len(), 0);
}

#[tokio::test]
async fn a_permission_set_that_the_licence_does_not_allow_fails_alone() {
    for (name, behaviours) in Behaviours::variants() {
        let world = World::new(behaviours).connected().await;
        let mut people = [Someone::new(1, &[PROFILE]), Someone::new(2, &[PROFILE])];
        world.converge(&mut people, name).await;
        people[0].give(&[PROFILE, "permissionSet:Platform_Tools", "permissionSet:Mobile_User"]);
        people[1].give(&[PROFILE, "permissionSet:Mobile_User"]);
        let done = world.round(&mut people).await;
        assert_eq!(done[0].error.as_ref().unwrap().class(), ports::Class::NeedsPerson, "{name}");
        assert_eq!(done[1].error, None, "{name}");
        for someone in &people {
            assert_eq!(world.user(someone).permission_sets, ["Mobile_User".to_owned()].into(), "{name}");
        }
    }
}

#[tokio::test]
async fn lost_answers_to_assignments_are_asked_again() {
    for (name, behaviours) in Behaviours::variants() {
        for fault in [Fault::AnswerLost, Fault::HalfBody, Fault::EmptyBody, Fault::BadGatewayAfterEffect] {
            let world = World::new(behaviours.clone()).connected().await;
            let mut people = [Someone::new(1, &[PROFILE])];
            world.converge(&mut people, name).await;
            people[0].give(&[PROFILE, "permissionSet:Mobile_User", "publicGroup:Managers"]);
            world.fault(FaultRule::next(fault.clone()).method("POST").path("/composite/sobjects"));
            world.converge(&mut people, name).await;
            people[0].give(&[PROFILE]);
            world.fault(FaultRule::next(fault).method("DELETE"));
            world.converge(&mut people, name).await;
        }
    }
}
