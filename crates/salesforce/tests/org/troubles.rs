//! Sessions, limits, outages, answers that are none.

use std::sync::Arc;

use domain::Outcome;
use ports::Class;
use ports::clock::ManualClock;
use salesforce::{CallKind, SalesforceError};
use salesforce_simulator::{Behaviours, Fault, FaultRule, Org, Times};

use crate::world::{Secret, Someone, World};

const GIVEN: [&str; 3] = ["profile:Sales User", "permissionSet:Report_Builder", "publicGroup:Sales_NL"];

fn people(count: usize) -> Vec<Someone> {
    (1..=count).map(|number| Someone::new(number, &GIVEN)).collect()
}

#[tokio::test]
async fn a_rejected_token_is_renewed_once_for_all_callers() {
    let world = World::new(Behaviours::default()).connected().await;
    let mut people = people(12);
    let work = world.work(&people).await;
    world.org().expire_tokens();
    let done = world.salesforce.apply(work).await;
    assert!(done.iter().all(|done| done.error.is_none()), "{done:?}");
    assert_eq!(world.salesforce.calls()[&CallKind::Login], 2);
    for (someone, done) in people.iter_mut().zip(done) {
        someone.user = done.user;
    }
    world.settled(&people, "default").await;
}

#[tokio::test]
async fn both_flows_log_in() {
    let now = "2026-06-01T08:00:00Z".parse().unwrap();
    for jwt in [true, false] {
        let org = Org::sample(now);
        let secret = if jwt { org.jwt_secret() } else { org.client_credentials_secret() };
        let secret = Arc::new(Secret::new(&secret));
        let world = World::with(org, secret, Arc::new(ManualClock::at(now)));
        world.salesforce.connect().await.unwrap();
    }
}

#[tokio::test]
async fn the_calls_go_to_the_instance_that_the_log_in_names() {
    let now = "2026-06-01T08:00:00Z".parse().unwrap();
    let mut org = Org::sample(now);
    org.set_addresses("https://login.salesforce.com", "https://sample-2.my.salesforce.com");
    let secret = Arc::new(Secret::new(&org.jwt_secret()));
    let world = World::with(org, secret, Arc::new(ManualClock::at(now)));
    world.salesforce.connect().await.unwrap();
}

#[tokio::test]
async fn a_token_is_not_sent_to_a_strange_host() {
    let now = "2026-06-01T08:00:00Z".parse().unwrap();
    let mut org = Org::sample(now);
    org.set_addresses("https://sample.my.salesforce.com", "https://salesforce.com.example");
    let secret = Arc::new(Secret::new(&org.jwt_secret()));
    let world = World::with(org, secret, Arc::new(ManualClock::at(now)));
    let error = world.salesforce.connect().await.unwrap_err();
    assert_eq!(error.class(), Class::Systemic);
    assert_eq!(world.org().call_count(), 1, "only the log-in");
}

#[tokio::test]
async fn a_secret_that_was_exchanged_is_read_again_and_a_refused_one_is_systemic() {
    let now = "2026-06-01T08:00:00Z".parse().unwrap();
    let org = Org::sample(now);
    let good = org.client_credentials_secret();
    let mut bad = good.clone();
    bad["clientSecret"] = "hidden-wrong".into();
    let secret = Arc::new(Secret::new(&bad));
    let world = World::with(org, secret.clone(), Arc::new(ManualClock::at(now)));
    let error = world.salesforce.connect().await.unwrap_err();
    assert_eq!(error.class(), Class::Systemic);
    assert!(!format!("{error} {error:?}").contains("hidden"));
    let logins = world.org().call_count();
    // Refused just now: not even asked.
    assert_eq!(world.salesforce.connect().await.unwrap_err(), error);
    assert_eq!(world.org().call_count(), logins);
    // Exchanged meanwhile: the reading past all memory finds the new one.
    world.clock.advance(std::time::Duration::from_secs(11));
    *secret.fresh.lock().unwrap() = Some(good.to_string());
    world.salesforce.connect().await.unwrap();
}

#[tokio::test]
async fn an_org_that_rejects_every_token_is_systemic_and_is_not_asked_for_ever() {
    let world = World::new(Behaviours::default()).connected().await;
    let people = people(10);
    let work = world.work(&people).await;
    world.org().reset_calls();
    world.fault(FaultRule::next(Fault::SessionExpired).path("/services/scim").times(Times::Always));
    world.fault(FaultRule::next(Fault::SessionExpired).path("/services/data").times(Times::Always));
    let done = world.salesforce.apply(work).await;
    for done in &done {
        assert!(matches!(done.error, Some(SalesforceError::LoginRefused(_))), "{done:?}");
        assert!(done.outcomes.iter().all(|(_, outcome)| *outcome == Outcome::NotDone));
    }
    assert!(world.org().call_count() < 30, "{:?}", world.org().calls());
}

#[tokio::test]
async fn the_limit_stops_the_batch_and_nothing_is_tried_twice() {
    for fault in [Fault::LimitExceeded, Fault::TooManyRequests(120)] {
        let world = World::new(Behaviours::default()).connected().await;
        let people = people(20);
        let work = world.work(&people).await;
        world.org().reset_calls();
        world.fault(FaultRule::next(fault.clone()).skip(5).times(Times::Always));
        let done = world.salesforce.apply(work).await;
        let stopped = done.iter().filter(|done| matches!(done.error, Some(SalesforceError::LimitReached { .. })));
        assert!(stopped.count() >= 15, "{fault:?}");
        assert!(done.iter().any(|done| done.user.is_some()), "{fault:?}: what was done before is told");
        // Those that were already on their way when the first refusal came.
        assert!(world.org().call_count() <= 5 + 4 + 1, "{fault:?}: {:?}", world.org().calls());
    }
}

#[tokio::test]
async fn a_moment_of_outage_is_bridged() {
    for fault in [Fault::Refused, Fault::Unavailable] {
        let world = World::new(Behaviours::default()).connected().await;
        let mut people = people(3);
        world.fault(FaultRule::next(fault.clone()).method("POST").times(Times::Count(2)));
        world.converge(&mut people, &format!("{fault:?}")).await;
    }
    for fault in
        [Fault::UnavailableHtml, Fault::BadGateway, Fault::HtmlOk, Fault::HalfBody, Fault::EmptyBody, Fault::AnswerLost]
    {
        let world = World::new(Behaviours::default()).connected().await;
        let mut people = people(3);
        world.fault(FaultRule::next(fault.clone()).method("GET").times(Times::Count(2)));
        world.converge(&mut people, &format!("{fault:?}")).await;
    }
}

#[tokio::test]
async fn an_outage_stops_the_batch_after_a_few_calls() {
    let faults = [
        Fault::Refused,
        Fault::Unavailable,
        Fault::UnavailableHtml,
        Fault::BadGateway,
        Fault::HtmlOk,
        Fault::HalfBody,
        Fault::EmptyBody,
        Fault::AnswerLost,
    ];
    for fault in faults {
        let world = World::new(Behaviours::default()).connected().await;
        let mut people = people(40);
        world.round(&mut people).await;
        for someone in &mut people {
            someone.set(domain::UserField::Department, Some("Elsewhere"));
        }
        let work = world.work(&people).await;
        world.org().reset_calls();
        world.fault(FaultRule::next(fault.clone()).times(Times::Always));
        let done = world.salesforce.apply(work).await;
        for done in &done {
            let class = done.error.as_ref().unwrap().class();
            assert!(matches!(class, Class::Systemic | Class::Ambiguous), "{fault:?}: {class:?}");
            assert!(done.outcomes.iter().all(|(_, outcome)| *outcome == Outcome::NotDone), "{fault:?}");
        }
        assert!(world.org().call_count() <= 40, "{fault:?}: {:?}", world.org().calls());
        world.org().faults_mut().clear();
        world.converge(&mut people, &format!("{fault:?}")).await;
    }
}

#[tokio::test]
async fn the_org_s_own_count_is_told() {
    let world = World::new(Behaviours::default()).connected().await;
    let usage = world.salesforce.usage().unwrap();
    assert!(usage.used > 0 && usage.max > usage.used, "{usage:?}");
}

#[tokio::test]
async fn keys_of_every_kind_find_their_user_and_nobody_else() {
    let world = World::new(Behaviours::default()).connected().await;
    let awkward = [
        "o'brien",
        "a\\",
        "a\\'b",
        "50%",
        "*",
        "_",
        "x\" OR Id != '",
        "') OR (Id != '",
        "Łukasz",
        "名前",
        "a+b&c=d#e?f/g",
    ];
    for (number, key) in awkward.iter().enumerate() {
        world
            .org()
            .admin()
            .add_user(
                &format!("awkward{number}@sample.example"),
                "Standard User",
                &[("LastName", "Awkward".into()), ("FederationIdentifier", (*key).into())],
            )
            .unwrap();
    }
    let key = |key: &str| salesforce::Wanted {
        user: None,
        keys: vec![(domain::UserField::FederationIdentifier, key.to_owned())],
    };
    let wanted: Vec<_> = awkward.iter().map(|text| key(text)).collect();
    let found = world.salesforce.lookup(&wanted).await.unwrap();
    for (place, found) in found.iter().enumerate() {
        assert_eq!(found.len(), 1, "{}", awkward[place]);
        assert_eq!(found[0].strong_keys[&domain::UserField::FederationIdentifier], awkward[place]);
    }
    let strangers = ["O'BRIEN", "%", "", "a\nb", "a\0b", "nobody"].map(key);
    assert!(world.salesforce.lookup(&strangers).await.unwrap().iter().all(Vec::is_empty), "case counts here");
}
