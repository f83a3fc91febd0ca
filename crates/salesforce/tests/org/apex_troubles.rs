//! The Apex path when answers are lost, the org is slow, busy or not set up, and calls must be split.

use domain::{Operation, Outcome, UserField};
use ports::Class;
use salesforce::{CallKind, SalesforceError};
use salesforce_simulator::{Fault, FaultRule, INTEGRATION_USERNAME, Object, Times};

use crate::apex::{ALL, leave, world};
use crate::world::{Someone, World};

fn people(count: usize) -> Vec<Someone> {
    (1..=count).map(|number| Someone::new(number, &["profile:Sales User", "permissionSet:Mobile_User"])).collect()
}

fn users_of(world: &World, number: usize) -> usize {
    world.org().users_with("EmployeeNumber", &number.to_string()).len()
}

fn on_write(fault: Fault) -> FaultRule {
    FaultRule::next(fault).method("POST").path("/connector/v1/accounts")
}

#[tokio::test]
async fn a_lost_answer_never_makes_a_second_user() {
    let lost = [
        Fault::AnswerLost,
        Fault::HalfBody,
        Fault::EmptyBody,
        Fault::BadGatewayAfterEffect,
        Fault::ServerErrorAfterEffect,
        Fault::BadGateway,
        Fault::ServerError,
        Fault::Refused,
        Fault::HtmlOk,
    ];
    for fault in lost {
        let world = world().connected().await;
        let mut people = [Someone::new(1, &ALL)];
        world.fault(on_write(fault.clone()));
        world.converge(&mut people, &format!("{fault:?}")).await;
        assert_eq!(users_of(&world, 1), 1, "{fault:?}");
        people[0].give(&["profile:Service User", "queue:Support_Queue"]);
        world.fault(on_write(fault.clone()));
        world.converge(&mut people, &format!("{fault:?}")).await;
        leave(&mut people[0]);
        world.fault(on_write(fault.clone()));
        world.converge(&mut people, &format!("{fault:?}")).await;
    }
}

#[tokio::test]
async fn a_create_whose_answers_all_stay_lost_is_ambiguous_and_found_by_the_next_look_up() {
    let world = world().connected().await;
    let mut people = [Someone::new(1, &ALL)];
    world.fault(on_write(Fault::AnswerLost).times(Times::Count(3)));
    let done = world.round(&mut people).await.remove(0);
    assert_eq!((done.user, done.error.unwrap().class()), (None, Class::Ambiguous));
    assert!(matches!(done.outcomes.as_slice(), [(Operation::Create { .. }, Outcome::NotDone)]));
    people[0].owned = people[0].desired.entitlements.keys().cloned().collect();
    world.converge(&mut people, "found").await;
    assert_eq!(users_of(&world, 1), 1);
}

#[tokio::test]
async fn one_made_by_an_earlier_try_keeps_its_name() {
    let world = world().connected().await;
    let mut people = [Someone::new(1, &ALL)];
    let work = world.work(&people).await;
    // The first try made it under the second candidate, and nobody heard of it.
    let mut first = work.clone();
    let second_name = people[0].username(1);
    for operation in &mut first[0].operations {
        if let Operation::Create { fields, .. } = operation {
            fields.insert(UserField::Username, second_name.clone());
        }
    }
    assert_eq!(world.salesforce.apply(first).await[0].error, None);
    world.org().admin().add_foreign_username(&people[0].username(0));
    let done = world.salesforce.apply(work).await.remove(0);
    assert_eq!(done.error, None, "{:?}", done.outcomes);
    let [(Operation::Create { fields, .. }, Outcome::Done)] = done.outcomes.as_slice() else { panic!("{done:?}") };
    assert_eq!(fields[&UserField::Username], second_name);
    assert_eq!(users_of(&world, 1), 1);
    people[0].user = done.user;
    assert_eq!(world.user(&people[0]).username, second_name);
    world.settled(&people, "apex").await;
}

#[tokio::test]
async fn a_lock_that_passes_is_waited_for() {
    for fault in [Fault::MembershipLock, Fault::RowLock] {
        let world = world().connected().await;
        let mut people = [Someone::new(1, &ALL)];
        world.fault(on_write(fault.clone()).times(Times::Count(2)));
        world.converge(&mut people, &format!("{fault:?}")).await;
    }
}

#[tokio::test]
async fn an_org_whose_own_triggers_are_slow_is_written_in_smaller_calls() {
    let world = world().connected().await;
    let mut people = people(90);
    world.org().set_user_trigger_limit(Some(30));
    let done = world.round(&mut people).await;
    assert!(done.iter().all(|done| done.error.is_none()), "{:?}", done[0]);
    let writes = world.salesforce.calls()[&CallKind::ApexAccounts];
    assert_eq!(writes, 6, "90, 45, 22, 23, and of the second half nothing is tried that is known to be too much");
    world.settled(&people, "apex").await;
}

#[tokio::test]
async fn one_whose_share_the_service_does_not_take_fails_alone() {
    let world = world().connected().await;
    let mut people = people(40);
    let mut work = world.work(&people).await;
    // Given twice, in letters that Salesforce takes for the same.
    let twice = Operation::Grant { entitlement: "permissionSet:mobile_user".parse().unwrap(), expires: None };
    work[17].operations.push(twice);
    let done = world.salesforce.apply(work).await;
    for (place, (someone, done)) in people.iter_mut().zip(done).enumerate() {
        if place == 17 {
            assert_eq!((done.user, done.error.unwrap().reason().code), (None, "INVALID_REQUEST".to_owned()));
        } else {
            assert_eq!(done.error, None, "{place}");
            someone.user = done.user;
        }
    }
    people.remove(17);
    world.settled(&people, "apex").await;
}

#[tokio::test]
async fn an_org_without_the_service_or_the_permission_is_systemic_and_says_so() {
    let world = world().connected().await;
    assert!(world.salesforce.apex_service().await.unwrap().permitted);
    let mut people = people(3);
    let work = world.work(&people).await;

    let permission = "Connector_Manage_Accounts";
    world.org().admin().set_custom_permission(Object::Profile, "Provisioning Integration", permission, false).unwrap();
    let service = world.salesforce.apex_service().await.unwrap();
    assert!(!service.permitted);
    let caller = world.org().user(INTEGRATION_USERNAME).unwrap().id;
    assert_eq!(service.caller.as_str(), caller.as_str());
    let refused = |error: &SalesforceError, words: &str| {
        assert!(matches!(error, SalesforceError::Unusable(_)), "{error:?}");
        assert!(error.reason().message.contains(words), "{:?}", error.reason());
    };
    for done in world.salesforce.apply(work.clone()).await {
        refused(&done.error.unwrap(), "permission set");
        assert!(matches!(done.outcomes[0].1, Outcome::NotDone));
    }

    world.org().install_accounts_service(false);
    refused(&world.salesforce.apex_service().await.unwrap_err(), "not installed");
    for done in world.salesforce.apply(work).await {
        refused(&done.error.unwrap(), "not installed");
    }

    world.org().install_accounts_service(true);
    world.org().admin().set_custom_permission(Object::Profile, "Provisioning Integration", permission, true).unwrap();
    world.converge(&mut people, "apex").await;
}

#[tokio::test]
async fn an_outage_or_the_limit_stops_the_batch_after_a_few_calls() {
    let faults = [
        Fault::Refused,
        Fault::Unavailable,
        Fault::UnavailableHtml,
        Fault::BadGateway,
        Fault::HtmlOk,
        Fault::HalfBody,
        Fault::AnswerLost,
        Fault::LimitExceeded,
        Fault::SessionExpired,
    ];
    for fault in faults {
        let world = world().connected().await;
        let mut people = people(90);
        world.round(&mut people).await;
        people.iter_mut().for_each(|someone| someone.set(UserField::Department, Some("Elsewhere")));
        let work = world.work(&people).await;
        world.org().reset_calls();
        world.fault(FaultRule::next(fault.clone()).times(Times::Always).path("/services/apexrest"));
        for done in &world.salesforce.apply(work).await {
            let class = done.error.as_ref().unwrap().class();
            assert!(matches!(class, Class::Systemic | Class::Ambiguous), "{fault:?}: {class:?}");
            assert!(done.outcomes.iter().all(|(_, outcome)| *outcome == Outcome::NotDone), "{fault:?}");
        }
        assert!(world.org().call_count() <= 6, "{fault:?}: {:?}", world.org().calls());
        world.org().faults_mut().clear();
        world.converge(&mut people, &format!("{fault:?}")).await;
    }
}

#[tokio::test]
async fn a_rejected_token_is_renewed() {
    let world = world().connected().await;
    let mut people = people(3);
    let work = world.work(&people).await;
    world.org().expire_tokens();
    let done = world.salesforce.apply(work).await;
    for (someone, done) in people.iter_mut().zip(done) {
        assert_eq!(done.error, None);
        someone.user = done.user;
    }
    assert_eq!(world.salesforce.calls()[&CallKind::Login], 2);
    world.settled(&people, "apex").await;
}
