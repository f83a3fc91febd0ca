//! Creates whose answer is lost, in every way that an answer can be: never a second user.

use domain::{Outcome, UserField};
use salesforce_simulator::{Behaviours, Fault, FaultRule, Times};

use crate::world::{Someone, World};

const GIVEN: [&str; 4] = ["profile:Sales User", "role:SalesNL", "permissionSet:Report_Builder", "publicGroup:Sales_NL"];

fn lost() -> [Fault; 5] {
    [Fault::AnswerLost, Fault::HalfBody, Fault::EmptyBody, Fault::BadGatewayAfterEffect, Fault::ServerErrorAfterEffect]
}

/// The rule for the POST of a user, by SCIM or by standard REST.
fn on_create(fault: &Fault) -> [FaultRule; 2] {
    ["/scim/v2/Users", "/sobjects/User"].map(|path| FaultRule::next(fault.clone()).method("POST").path(path))
}

fn users_of(world: &World, number: usize) -> usize {
    world.org().users_with("EmployeeNumber", &number.to_string()).len()
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_is_found_and_completed() {
    for (name, behaviours) in Behaviours::variants() {
        // Each way of losing it where creates differ, one way everywhere.
        let thorough = ["default", "external-id-unavailable", "pilot"].contains(&name);
        for fault in lost().into_iter().take(if thorough { 5 } else { 1 }) {
            let world = World::new(behaviours.clone()).connected().await;
            let mut people = [Someone::new(1, &GIVEN)];
            // Where SCIM has no place for the key, a POST that changes nothing goes before the one that is lost.
            let skip = u32::from(!behaviours.external_id_available);
            for rule in on_create(&fault) {
                let skip = if rule.path.as_deref() == Some("/scim/v2/Users") { skip } else { 0 };
                world.fault(rule.skip(skip));
            }
            world.converge(&mut people, &format!("{name}, {fault:?}")).await;
            assert_eq!(users_of(&world, 1), 1, "{name}, {fault:?}");
        }
    }
}

#[tokio::test]
async fn one_made_by_an_earlier_try_is_found_by_its_keys_when_its_name_is_taken() {
    for (name, behaviours) in Behaviours::variants() {
        let world = World::new(behaviours).connected().await;
        let mut people = [Someone::new(1, &GIVEN)];
        let work = world.work(&people).await;
        // The first try made it under the second candidate, and nobody heard of it.
        let mut first = work.clone();
        let second_name = people[0].username(1);
        for operation in &mut first[0].operations {
            if let domain::Operation::Create { fields, .. } = operation {
                fields.insert(UserField::Username, second_name.clone());
            }
        }
        assert_eq!(world.salesforce.apply(first).await[0].error, None, "{name}");
        world.org().admin().add_foreign_username(&people[0].username(0));
        let done = world.salesforce.apply(work).await.remove(0);
        assert_eq!(done.error, None, "{name}");
        assert!(done.outcomes.iter().all(|(_, outcome)| *outcome == Outcome::Done), "{name}: {done:?}");
        assert_eq!(users_of(&world, 1), 1, "{name}");
        people[0].user = done.user;
        assert_eq!(world.user(&people[0]).username, second_name, "{name}");
        world.settled(&people, name).await;
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_before_the_effect_is_ambiguous_and_tried_again_by_the_caller_only() {
    let world = World::new(Behaviours::default()).connected().await;
    let mut people = [Someone::new(1, &GIVEN)];
    world.fault(FaultRule::next(Fault::BadGateway).method("POST").path("/scim/v2/Users"));
    let done = world.round(&mut people).await.remove(0);
    assert_eq!(done.error.unwrap().class(), ports::Class::Ambiguous);
    assert!(matches!(done.outcomes.as_slice(), [(_, Outcome::NotDone)]));
    assert_eq!(world.org().calls().get("scim POST Users"), Some(&1));
    world.converge(&mut people, "default").await;
    assert_eq!(users_of(&world, 1), 1);
}

#[tokio::test]
async fn a_server_error_without_effect_needs_a_person_after_the_look_up() {
    let world = World::new(Behaviours::default()).connected().await;
    let mut people = [Someone::new(1, &GIVEN)];
    world.fault(FaultRule::next(Fault::ServerError).method("POST").path("/scim/v2/Users"));
    let done = world.round(&mut people).await.remove(0);
    assert_eq!(done.error.unwrap().class(), ports::Class::NeedsPerson);
    assert_eq!(users_of(&world, 1), 0);
}

#[tokio::test]
async fn a_lost_answer_and_a_lost_look_up_are_ambiguous() {
    let world = World::new(Behaviours::default()).connected().await;
    let people = [Someone::new(1, &GIVEN)];
    let work = world.work(&people).await;
    world.fault(FaultRule::next(Fault::AnswerLost).times(Times::Always));
    let done = world.salesforce.apply(work).await.remove(0);
    assert_eq!(done.error.unwrap().class(), ports::Class::Ambiguous);
    world.org().faults_mut().clear();
    let mut people = people;
    world.round(&mut people).await;
    assert_eq!(users_of(&world, 1), 1);
    world.settled(&people, "default").await;
}

#[tokio::test]
async fn a_user_with_the_same_number_and_another_key_is_not_taken_for_ours() {
    let world = World::new(Behaviours::default()).connected().await;
    let mut people = [Someone::new(1, &GIVEN)];
    let work = world.work(&people).await;
    world
        .org()
        .admin()
        .add_user(
            "stranger@sample.example",
            "Standard User",
            &[
                ("LastName", "Stranger".into()),
                ("EmployeeNumber", "1".into()),
                ("FederationIdentifier", "Fed-stranger".into()),
            ],
        )
        .unwrap();
    world.fault(FaultRule::next(Fault::BadGateway).method("POST").path("/scim/v2/Users"));
    let done = world.salesforce.apply(work).await.remove(0);
    assert_eq!((done.user, done.error.unwrap().class()), (None, ports::Class::Ambiguous));
    people[0].user = None;
}
