//! Leavers, and people who come back.

use domain::{AccountStatus, DesiredAccount, Operation, Outcome};
use salesforce_simulator::{Behaviours, Fault, FaultRule, Object, Times};

use crate::world::{Someone, World};

const GIVEN: [&str; 4] = ["profile:Sales User", "role:SalesNL", "permissionSet:Report_Builder", "publicGroup:Sales_NL"];

async fn joined(behaviours: Behaviours, name: &str) -> (World, [Someone; 2]) {
    let world = World::new(behaviours).connected().await;
    let mut people = [Someone::new(1, &GIVEN), Someone::new(2, &GIVEN)];
    world.converge(&mut people, name).await;
    world.org().reset_calls();
    (world, people)
}

const BLOCKED: &str = "This can't be done. The user is default owner of cases";

fn leave(someone: &mut Someone) {
    let correlate = someone.desired.correlate.clone();
    someone.desired = DesiredAccount { correlate, ..DesiredAccount::unwanted("left") };
}

#[tokio::test]
async fn a_leaver_is_shut_out_first_and_keeps_what_others_gave() {
    for (name, behaviours) in Behaviours::variants() {
        let (world, mut people) = joined(behaviours, name).await;
        let username = people[1].username(0);
        world.org().admin().assign(&username, Object::PermissionSet, "Contract_Viewer").unwrap();
        world.org().admin().assign(&username, Object::Group, "Managers").unwrap();
        // Somebody else's move stands before the leaver in the batch.
        people[0].give(&["profile:Service User", "permissionSet:Mobile_User"]);
        leave(&mut people[1]);
        let seen = world.org().journal().len();
        world.converge(&mut people, name).await;
        let user = world.user(&people[1]);
        assert!(!user.active, "{name}");
        assert_eq!(
            (user.permission_sets, user.groups),
            (["Contract_Viewer".into()].into(), ["Managers".into()].into()),
            "{name}"
        );
        assert_eq!(user.username, username, "{name}: the username stays");
        let org = world.org();
        let first = &org.journal()[seen..][..2];
        for (entry, field) in first.iter().zip(["IsFrozen", "IsActive"]) {
            assert!(entry.fields.contains_key(field), "{name}: {first:?}");
            assert_eq!(entry.user.as_ref(), Some(&user.id), "{name}");
        }
    }
}

#[tokio::test]
async fn somebody_who_comes_back_is_the_same_user() {
    for (name, behaviours) in Behaviours::variants() {
        let (world, mut people) = joined(behaviours, name).await;
        let before = people[0].clone();
        leave(&mut people[0]);
        world.converge(&mut people, name).await;
        people[0].desired = before.desired;
        world.converge(&mut people, name).await;
        assert_eq!(people[0].user, before.user, "{name}");
        let user = world.user(&people[0]);
        assert!(user.active && user.permission_sets.contains("Report_Builder"), "{name}");
        assert_eq!(user.role.as_deref(), Some("SalesNL"), "{name}");
    }
}

#[tokio::test]
async fn shutting_out_twice_costs_no_second_call() {
    let (world, mut people) = joined(Behaviours::default(), "default").await;
    leave(&mut people[0]);
    let mut work = world.work(&people).await;
    work.truncate(1);
    world.salesforce.apply(work.clone()).await;
    let actual = world.work(&people).await.remove(0).actual;
    let again = salesforce::Work { actual, ..work.remove(0) };
    world.org().reset_calls();
    let done = world.salesforce.apply(vec![again]).await.remove(0);
    assert!(done.outcomes.iter().all(|(_, outcome)| *outcome == Outcome::Done), "{done:?}");
    assert_eq!(world.org().call_count(), 0);
}

#[tokio::test]
async fn a_user_that_can_t_be_shut_out_needs_a_person_and_loses_its_permission_sets_all_the_same() {
    for (name, behaviours) in Behaviours::variants() {
        let (world, mut people) = joined(behaviours, name).await;
        let username = people[0].username(0);
        world.org().admin().block_deactivation(&username, BLOCKED).unwrap();
        leave(&mut people[0]);
        leave(&mut people[1]);
        let done = world.round(&mut people).await;
        let error = done[0].error.as_ref().unwrap();
        assert_eq!(error.class(), ports::Class::NeedsPerson, "{name}: {error}");
        assert!(error.reason().message.contains("default owner of cases"), "{name}: {:?}", error.reason());
        assert!(!format!("{error} {error:?}").contains("default owner"), "{name}");
        let [(Operation::Freeze, Outcome::Done), (Operation::Deactivate, Outcome::Failed { code, message }), rest @ ..] =
            done[0].outcomes.as_slice()
        else {
            panic!("{name}: {done:?}")
        };
        assert_eq!(code, "deactivation-blocked", "{name}");
        assert!(
            message.starts_with("the user is the default owner of cases") && message.ends_with(BLOCKED),
            "{message}"
        );
        assert!(rest.iter().all(|(_, outcome)| *outcome == Outcome::Done), "{name}: {rest:?}");
        let user = world.user(&people[0]);
        assert!(user.active && user.frozen, "{name}: nobody can log in");
        assert_eq!((user.permission_sets, user.role), ([].into(), None), "{name}");
        assert_eq!(done[1].error, None, "{name}");
        assert!(!world.user(&people[1]).active, "{name}");
    }
}

#[tokio::test]
async fn leavers_are_done_before_the_org_s_limit_stops_the_rest() {
    let (world, mut people) = joined(Behaviours::default(), "default").await;
    people[0].give(&["profile:Service User"]);
    leave(&mut people[1]);
    let work = world.work(&people).await;
    world.fault(FaultRule::next(Fault::LimitExceeded).skip(2).times(Times::Always));
    let done = world.salesforce.apply(work).await;
    assert!(!world.user(&people[1]).active);
    assert!(done[1].outcomes.contains(&(Operation::Deactivate, Outcome::Done)));
    for done in &done {
        assert_eq!(done.error.as_ref().unwrap().class(), ports::Class::Systemic);
    }
    assert!(done[0].outcomes.iter().all(|(_, outcome)| *outcome == Outcome::NotDone), "{done:?}");
    people[1].desired.status = AccountStatus::Unwanted;
    world.org().faults_mut().clear();
    world.round(&mut people).await;
    world.settled(&people, "default").await;
}
