//! Everything that is given beside permission sets and public groups: permission set groups and licences, queues, feature
//! licences, and what ends on a day.

use domain::{DesiredAccount, Entitlement, Operation, Outcome};
use ports::Class;
use salesforce_simulator::{Behaviours, Object};

use crate::world::{Someone, World};

const PROFILE: &str = "profile:Sales User";
const MARKETING: &str = "featureLicense:UserPermissionsMarketingUser";
const ALL: [&str; 9] = [
    PROFILE,
    "role:SalesNL",
    "permissionSet:Sales_Console",
    "permissionSet:Mobile_User",
    "permissionSetGroup:Sales_Bundle",
    "permissionSetLicense:SalesConsoleUser",
    "publicGroup:Managers",
    "queue:Support_Queue",
    MARKETING,
];

fn entitlement(text: &str) -> Entitlement {
    text.parse().unwrap()
}

/// What is not done, each with its error's code.
fn failures(done: &salesforce::Done) -> Vec<(String, String)> {
    let failed = |(operation, outcome): &(Operation, Outcome)| match (operation, outcome) {
        (_, Outcome::Done) => None,
        (Operation::Grant { entitlement, .. }, Outcome::Failed { code, .. }) => {
            Some((entitlement.to_string(), code.clone()))
        }
        other => Some((format!("{other:?}"), String::new())),
    };
    done.outcomes.iter().filter_map(failed).collect()
}

#[tokio::test]
async fn every_kind_is_given_to_joiners_and_taken_from_leavers() {
    for (name, behaviours) in Behaviours::variants() {
        let world = World::new(behaviours).connected().await;
        let mut people = [Someone::new(1, &ALL), Someone::new(2, &ALL)];
        world.converge(&mut people, name).await;
        for someone in &people {
            let user = world.user(someone);
            let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(user.permission_sets, set(&["Mobile_User", "Sales_Console"]), "{name}");
            assert_eq!(user.permission_set_groups, set(&["Sales_Bundle"]), "{name}");
            assert_eq!(user.permission_set_licences, set(&["SalesConsoleUser"]), "{name}");
            assert_eq!((user.groups, user.queues), (set(&["Managers"]), set(&["Support_Queue"])), "{name}");
            assert_eq!(user.feature_licences, set(&["UserPermissionsMarketingUser"]), "{name}");
        }
        for someone in &mut people {
            let correlate = someone.desired.correlate.clone();
            someone.desired = DesiredAccount { correlate, ..DesiredAccount::unwanted("left") };
        }
        world.converge(&mut people, name).await;
        for someone in &people {
            let user = world.user(someone);
            let left = [
                user.permission_sets,
                user.permission_set_groups,
                user.permission_set_licences,
                user.groups,
                user.queues,
                user.feature_licences,
            ];
            assert!(left.iter().all(std::collections::BTreeSet::is_empty), "{name}: {left:?}");
        }
    }
}

#[tokio::test]
async fn what_others_gave_stays_and_what_is_there_already_counts_as_given() {
    for (name, behaviours) in Behaviours::variants() {
        let world = World::new(behaviours).connected().await;
        let mut people = [Someone::new(1, &[PROFILE])];
        world.converge(&mut people, name).await;
        people[0].give(&ALL);
        let work = world.work(&people).await;
        let username = people[0].username(0);
        for (object, thing) in [
            (Object::PermissionSetLicense, "SalesConsoleUser"),
            (Object::PermissionSet, "Sales_Console"),
            (Object::PermissionSetGroup, "Sales_Bundle"),
            (Object::Group, "Support_Queue"),
        ] {
            world.org().admin().assign(&username, object, thing).unwrap();
        }
        world.org().admin().set_feature(&username, "UserPermissionsMarketingUser", true).unwrap();
        let done = world.salesforce.apply(work).await.remove(0);
        assert_eq!(done.error, None, "{name}: {:?}", done.outcomes);
        world.settled(&people, name).await;
        // None of it was the connector's: it stays when no rule gives it any more.
        people[0].give(&[PROFILE]);
        world.converge(&mut people, name).await;
        assert_eq!(world.user(&people[0]).permission_set_groups.len(), 1, "{name}");
        assert_eq!(world.user(&people[0]).feature_licences.len(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_used_up_licence_fails_its_own_grant_alone() {
    for (name, behaviours) in Behaviours::variants() {
        let world = World::new(behaviours).connected().await;
        world.org().admin().set_seats("FieldService", 1).unwrap();
        world.org().admin().add_feature_licence("UserPermissionsMarketingUser", 1).unwrap();
        let given = [PROFILE, "role:SalesNL", "permissionSetLicense:FieldService", MARKETING, "queue:Orders_Queue"];
        let mut people = [Someone::new(1, &given), Someone::new(2, &given)];
        let done = world.round(&mut people).await;
        assert_eq!(failures(&done[0]), [], "{name}");
        let expected = ["permissionSetLicense:FieldService", MARKETING];
        let expected = expected.map(|what| (what.to_owned(), "LICENSE_LIMIT_EXCEEDED".to_owned()));
        assert_eq!(failures(&done[1]), expected, "{name}");
        assert_eq!(done[1].error.as_ref().unwrap().class(), Class::NeedsPerson, "{name}");
        let user = world.user(&people[1]);
        assert_eq!((user.role.as_deref(), user.queues.len()), (Some("SalesNL"), 1), "{name}");
        assert_eq!(user.text("CompanyName"), "Sample BV", "{name}: it was in the same row");
        world.org().admin().set_seats("FieldService", 2).unwrap();
        world.org().admin().add_feature_licence("UserPermissionsMarketingUser", 2).unwrap();
        world.converge(&mut people, name).await;
    }
}

#[tokio::test]
async fn a_feature_licence_that_the_org_lacks_is_unknown_and_breaks_no_look_up() {
    for (name, behaviours) in Behaviours::variants() {
        let world = World::new(behaviours).connected().await;
        let lacking = "featureLicense:UserPermissionsMobileUser";
        let mut people = [Someone::new(1, &[PROFILE, lacking, MARKETING])];
        let done = world.round(&mut people).await.remove(0);
        assert_eq!(failures(&done), [(lacking.to_owned(), "unknown-entitlement".to_owned())], "{name}");
        assert_eq!(world.user(&people[0]).feature_licences.len(), 1, "{name}");
        // The org loses one that look-ups read: they go on.
        world.org().admin().remove_feature_licence("UserPermissionsKnowledgeUser").unwrap();
        world.org().admin().add_feature_licence("UserPermissionsMobileUser", 1).unwrap();
        world.clock.advance(std::time::Duration::from_secs(301));
        world.converge(&mut people, name).await;
        assert_eq!(world.user(&people[0]).feature_licences.len(), 2, "{name}");
    }
}

#[tokio::test]
async fn what_ends_on_a_day_is_given_so_and_given_anew_when_the_day_changes() {
    for (name, behaviours) in Behaviours::variants() {
        let world = World::new(behaviours).connected().await;
        let given = [PROFILE, "permissionSet:Mobile_User", "permissionSetGroup:Sales_Bundle"];
        let mut people = [Someone::new(1, &given)];
        let until = |people: &mut [Someone; 1], days: [Option<&str>; 2]| {
            let dated =
                given[1..].iter().zip(days).filter_map(|(what, day)| Some((entitlement(what), day?.parse().unwrap())));
            people[0].desired.expirations = dated.collect();
        };
        for days in [[Some("2026-06-30"), None], [Some("2026-07-31"), Some("2026-12-31")], [None, Some("2026-12-31")]] {
            until(&mut people, days);
            world.converge(&mut people, name).await;
            let shown = world.user(&people[0]).expirations;
            let moments: Vec<_> = shown.values().map(ToString::to_string).collect();
            let expected: Vec<_> = days.into_iter().flatten().map(|day| format!("{day}T23:59:59Z")).collect();
            assert_eq!(moments, expected, "{name}");
        }
    }
}

#[tokio::test]
async fn a_set_goes_before_the_licence_that_it_needs_and_comes_after_it() {
    for (name, behaviours) in Behaviours::variants() {
        let world = World::new(behaviours).connected().await;
        let console = ["permissionSet:Sales_Console", "permissionSetLicense:SalesConsoleUser"];
        let analytics = ["permissionSet:Analytics_Explorer", "permissionSetLicense:AnalyticsPlus"];
        let mut people = [Someone::new(1, &[&[PROFILE], &console[..]].concat())];
        world.converge(&mut people, name).await;
        people[0].give(&[&[PROFILE], &analytics[..]].concat());
        world.converge(&mut people, name).await;
        let user = world.user(&people[0]);
        assert_eq!(user.permission_set_licences, ["AnalyticsPlus".to_owned()].into(), "{name}");
        assert_eq!(user.permission_sets, ["Analytics_Explorer".to_owned()].into(), "{name}");
    }
}

#[tokio::test]
async fn a_group_that_waits_for_its_recalculation_is_given_or_refused_alone() {
    for (name, behaviours) in Behaviours::variants() {
        let refused = !behaviours.outdated_group_assignable;
        let world = World::new(behaviours);
        world.org().admin().set_group_status("Sales_Bundle", "Outdated").unwrap();
        let world = world.connected().await;
        let group = entitlement("permissionSetGroup:Sales_Bundle");
        assert!(world.salesforce.catalog().await.unwrap().is_outdated(&group.name), "{name}");
        let mut people = [Someone::new(1, &[PROFILE, "permissionSetGroup:Sales_Bundle", "queue:Orders_Queue"])];
        let done = world.round(&mut people).await.remove(0);
        assert_eq!(failures(&done).len(), usize::from(refused), "{name}: {done:?}");
        assert_eq!(world.user(&people[0]).queues.len(), 1, "{name}");
    }
}

#[tokio::test]
async fn everything_for_two_hundred_costs_one_call_a_kind_of_record() {
    let world = World::new(Behaviours::default()).connected().await;
    for licence in ["Salesforce", "SalesConsoleUser"] {
        world.org().admin().set_seats(licence, 1000).unwrap();
    }
    world.org().admin().add_feature_licence("UserPermissionsMarketingUser", 1000).unwrap();
    let mut people: Vec<_> = (1..=100).map(|number| Someone::new(number, &[PROFILE])).collect();
    world.round(&mut people).await;
    let change = async |people: &mut [Someone], given: &[&str], calls: usize| {
        people.iter_mut().for_each(|someone| someone.give(given));
        let work = world.work(people).await;
        world.org().reset_calls();
        let done = world.salesforce.apply(work).await;
        assert!(done.iter().all(|done| done.error.is_none()));
        world.costs(calls, "default");
        for (someone, done) in people.iter_mut().zip(&done) {
            someone.owned = domain::change::owned_after(&someone.owned, done.outcomes.iter().map(|(a, b)| (a, b)));
        }
        world.settled(people, "default").await;
    };
    // A row each for role and feature; licences; two sets and a group make three hundred; two memberships, two hundred.
    change(&mut people, &ALL, 1 + 1 + 2 + 1).await;
    change(&mut people, &[PROFILE], 1 + 1 + 2 + 1).await;
}
