//! Managers and delegated approvers: references to other users, which go with the other changes of the record.

use domain::{Operation, Outcome, PersonId, UserField, UserLink};
use salesforce_simulator::{Behaviours, Object};

use crate::world::{Someone, World};

const GIVEN: [&str; 1] = ["profile:Sales User"];

fn petra() -> PersonId {
    PersonId::parse("petra").unwrap()
}

/// A person whose manager and delegated approver are to be Petra, whose user is there.
fn reporting(world: &World, number: usize) -> Someone {
    let mut someone = Someone::new(number, &GIVEN);
    for link in UserLink::ALL {
        someone.desired.links.insert(link, Some(petra()));
    }
    let user = world.org().id_of(Object::User, "p.bakker@sample.example").unwrap();
    someone.linked.insert(petra(), domain::SalesforceUserId::parse(user.as_str()).unwrap());
    someone
}

#[tokio::test]
async fn links_are_set_on_new_users_changed_and_cleared() {
    for (name, behaviours) in Behaviours::variants() {
        let world = World::new(behaviours).connected().await;
        let mut people = [reporting(&world, 1), reporting(&world, 2)];
        world.converge(&mut people, name).await;
        let user = world.user(&people[0]);
        assert_eq!(user.manager.as_deref(), Some("p.bakker@sample.example"), "{name}");
        assert!(user.fields.contains_key("DelegatedApproverId"), "{name}");
        // The first becomes the manager of the second, who has no approver any more.
        people[1].desired.links.insert(UserLink::DelegatedApprover, None);
        let first = people[0].user.clone().unwrap();
        people[1].linked.insert(petra(), first);
        people[1].set(UserField::Department, Some("Board"));
        world.converge(&mut people, name).await;
        let user = world.user(&people[1]);
        assert_eq!(user.manager.as_deref(), Some("person1@sample.example"), "{name}");
        assert!(!user.fields.contains_key("DelegatedApproverId"), "{name}");
        assert_eq!(user.text("Department"), "Board", "{name}");
    }
}

#[tokio::test]
async fn the_links_of_many_cost_one_call() {
    let world = World::new(Behaviours::default()).connected().await;
    let mut people: Vec<_> = (1..=40).map(|number| Someone::new(number, &GIVEN)).collect();
    world.converge(&mut people, "default").await;
    for (number, someone) in people.iter_mut().enumerate() {
        let reporting = reporting(&world, number);
        (someone.linked, someone.desired.links) = (reporting.linked, reporting.desired.links);
    }
    let work = world.work(&people).await;
    world.org().reset_calls();
    assert!(world.salesforce.apply(work).await.iter().all(|done| done.error.is_none()));
    world.costs(1, "default");
    world.settled(&people, "default").await;
}

#[tokio::test]
async fn a_manager_that_salesforce_refuses_keeps_nothing_else() {
    for (name, behaviours) in Behaviours::variants().into_iter().filter(|(_, b)| b.manager_loop_code.is_some()) {
        let world = World::new(behaviours).connected().await;
        let mut people = [Someone::new(1, &GIVEN)];
        world.converge(&mut people, name).await;
        let own = people[0].user.clone().unwrap();
        people[0].desired.links.insert(UserLink::Manager, Some(petra()));
        people[0].linked.insert(petra(), own);
        people[0].set(UserField::CompanyName, Some("Other BV"));
        let done = world.round(&mut people).await.remove(0);
        let failed: Vec<_> = done.outcomes.iter().filter(|(_, outcome)| *outcome != Outcome::Done).collect();
        assert!(matches!(failed[..], [(Operation::SetLink { .. }, Outcome::Failed { .. })]), "{name}: {done:?}");
        assert_eq!(world.user(&people[0]).text("CompanyName"), "Other BV", "{name}");
    }
}
