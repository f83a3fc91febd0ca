//! The Apex path: joiners, movers, leavers and what they are given, in few calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{AccountStatus, AttributeValue, DesiredAccount, Operation, Outcome, UserField, UserLink};
use ports::clock::ManualClock;
use ports::random::SeededRandom;
use ports::{Class, SecretName};
use salesforce::{CallKind, Salesforce, Settings, WritePath};
use salesforce_simulator::{InProcess, Object, Org};

use crate::world::{Secret, Someone, World};

pub(crate) const ALL: [&str; 10] = [
    "profile:Sales User",
    "role:SalesNL",
    "permissionSet:Mobile_User",
    "permissionSet:quoting__Quote_Author",
    "permissionSetGroup:Sales_Bundle",
    "permissionSetLicense:AnalyticsPlus",
    "publicGroup:All_Staff",
    "publicGroup:Sales_NL",
    "queue:Orders_Queue",
    "featureLicense:UserPermissionsMarketingUser",
];

/// A world whose org has the accounts service, and a client that writes by it.
pub(crate) fn world() -> World {
    let now = "2026-06-01T08:00:00Z".parse().unwrap();
    let org = Org::sample(now);
    let secret = Arc::new(Secret::new(&org.jwt_secret()));
    World::on(WritePath::Apex, org, secret, Arc::new(ManualClock::at(now)))
}

pub(crate) fn leave(someone: &mut Someone) {
    let correlate = someone.desired.correlate.clone();
    someone.desired = DesiredAccount { correlate, ..DesiredAccount::unwanted("left") };
}

async fn joined(given: &[&str]) -> (World, [Someone; 1]) {
    let world = world().connected().await;
    let mut people = [Someone::new(1, given)];
    world.converge(&mut people, "apex").await;
    world.org().reset_calls();
    (world, people)
}

#[tokio::test]
async fn a_joiner_gets_everything_in_one_call() {
    let world = world().connected().await;
    let mut people = [Someone::new(1, &ALL)];
    people[0].desired.expirations =
        [("permissionSet:Mobile_User".parse().unwrap(), "2026-12-31".parse().unwrap())].into();
    let work = world.work(&people).await;
    world.org().reset_calls();
    let done = world.salesforce.apply(work.clone()).await;
    assert_eq!(done[0].error, None, "{:?}", done[0].outcomes);
    assert_eq!(done[0].outcomes, [(work[0].operations[0].clone(), Outcome::Done)]);
    assert_eq!(world.org().call_count(), 1, "{:?}", world.org().calls());
    people[0].user = done[0].user.clone();
    let user = world.user(&people[0]);
    assert!(user.active && !user.frozen);
    assert_eq!((user.profile.as_str(), user.role.as_deref()), ("Sales User", Some("SalesNL")));
    assert_eq!(user.permission_sets, ["Mobile_User", "quoting__Quote_Author"].map(str::to_owned).into());
    assert_eq!(user.permission_set_groups, ["Sales_Bundle".to_owned()].into());
    assert_eq!(user.permission_set_licences, ["AnalyticsPlus".to_owned()].into());
    assert_eq!(user.groups, ["All_Staff", "Sales_NL"].map(str::to_owned).into());
    assert_eq!(user.queues, ["Orders_Queue".to_owned()].into());
    assert_eq!(user.feature_licences, ["UserPermissionsMarketingUser".to_owned()].into());
    assert_eq!(user.expirations.keys().collect::<Vec<_>>(), ["Mobile_User"]);
    assert_eq!(
        (user.text("Alias"), user.text("CompanyName"), user.text("MobilePhone")),
        ("p1", "Sample BV", "+31 6 00000001")
    );
    world.settled(&people, "apex").await;
}

#[tokio::test]
async fn a_thousand_joiners_cost_a_log_in_two_look_ups_and_five_writes() {
    let world = world();
    for (licence, seats) in [("Salesforce", 2000), ("AnalyticsPlus", 2000), ("UserPermissionsMarketingUser", 2000)] {
        world.org().admin().set_seats(licence, seats).unwrap();
    }
    world.org().reset_calls();
    world.salesforce.connect().await.unwrap();
    let mut people: Vec<_> = (1..=1000).map(|number| Someone::new(number, &ALL)).collect();
    let done = world.round(&mut people).await;
    assert!(done.iter().all(|done| done.error.is_none() && done.user.is_some()));
    let calls = BTreeMap::from([(CallKind::Login, 1), (CallKind::ApexLookup, 2), (CallKind::ApexAccounts, 5)]);
    assert_eq!(world.salesforce.calls(), calls);
    assert_eq!(world.org().call_count(), 8, "{:?}", world.org().calls());
    assert_eq!(world.org().members("Sales_NL").len(), 1000);
    world.settled(&people, "apex").await;
}

#[tokio::test]
async fn a_joiner_whose_day_has_not_come_is_made_inactive() {
    let world = world().connected().await;
    let mut people = [Someone::new(1, &ALL)];
    people[0].desired.status = AccountStatus::Prepared;
    world.converge(&mut people, "apex").await;
    assert!(!world.user(&people[0]).active);
    people[0].desired.status = AccountStatus::Enabled;
    world.converge(&mut people, "apex").await;
    assert!(world.user(&people[0]).active);
}

#[tokio::test]
async fn a_mover_costs_one_call_and_keeps_what_others_gave() {
    let (world, mut people) = joined(&ALL).await;
    let username = people[0].username(0);
    world.org().admin().assign(&username, Object::PermissionSet, "Contract_Viewer").unwrap();
    people[0].give(&[
        "profile:Service User",
        "role:ServiceNL",
        "permissionSet:Knowledge_Reader",
        "queue:Support_Queue",
    ]);
    people[0].set(UserField::Department, Some("Service"));
    people[0].set(UserField::LastName, Some("Müller"));
    people[0].set(UserField::Title, None);
    people[0].set(UserField::Phone, None);
    let work = world.work(&people).await;
    world.org().reset_calls();
    let done = world.salesforce.apply(work).await.remove(0);
    assert_eq!(done.error, None, "{:?}", done.outcomes);
    assert!(done.outcomes.iter().all(|(_, outcome)| *outcome == Outcome::Done));
    assert_eq!(world.org().call_count(), 1);
    let user = world.user(&people[0]);
    assert_eq!((user.profile.as_str(), user.role.as_deref()), ("Service User", Some("ServiceNL")));
    assert_eq!(user.permission_sets, ["Contract_Viewer", "Knowledge_Reader"].map(str::to_owned).into());
    assert_eq!((user.groups.len(), user.permission_set_groups.len(), user.feature_licences.len()), (0, 0, 0));
    assert_eq!(user.queues, ["Support_Queue".to_owned()].into());
    assert_eq!((user.text("LastName"), user.text("Title"), user.text("FirstName")), ("Müller", "", "Zoë"));
    people[0].owned = domain::change::owned_after(&people[0].owned, done.outcomes.iter().map(|(a, b)| (a, b)));
    world.settled(&people, "apex").await;
}

#[tokio::test]
async fn a_role_is_taken_away() {
    let (world, mut people) = joined(&ALL).await;
    people[0].give(&["profile:Sales User"]);
    world.converge(&mut people, "apex").await;
    assert_eq!(world.user(&people[0]).role, None);
}

#[tokio::test]
async fn a_leaver_goes_step_by_step_and_comes_back_as_the_same_user() {
    let (world, mut people) = joined(&ALL).await;
    let before = people[0].clone();
    people[0].desired.status = AccountStatus::Frozen;
    world.converge(&mut people, "apex").await;
    let user = world.user(&people[0]);
    assert!(user.frozen && user.active && user.queues.len() == 1);
    people[0].desired.status = AccountStatus::Inactive;
    world.converge(&mut people, "apex").await;
    let user = world.user(&people[0]);
    assert!(!user.active && user.groups.len() == 2);
    leave(&mut people[0]);
    world.converge(&mut people, "apex").await;
    let user = world.user(&people[0]);
    assert!(!user.active && user.groups.is_empty() && user.permission_sets.is_empty() && user.queues.is_empty());
    people[0].desired = before.desired;
    world.converge(&mut people, "apex").await;
    let user = world.user(&people[0]);
    assert!(user.active && !user.frozen && user.queues.len() == 1);
    assert_eq!(people[0].user, before.user);
}

#[tokio::test]
async fn a_leaver_is_shut_out_before_anybody_else_is_written() {
    let world = world().connected().await;
    let mut people = [Someone::new(1, &ALL), Someone::new(2, &ALL)];
    world.converge(&mut people, "apex").await;
    people[0].give(&["profile:Service User", "permissionSet:Mobile_User"]);
    leave(&mut people[1]);
    let seen = world.org().journal().len();
    world.converge(&mut people, "apex").await;
    let leaver = world.user(&people[1]).id;
    let org = world.org();
    let first = &org.journal()[seen..][0];
    assert!(first.fields.contains_key("IsFrozen"), "{first:?}");
    assert_eq!(first.user.as_ref(), Some(&leaver));
}

#[tokio::test]
async fn one_who_can_t_be_deactivated_is_frozen_and_loses_what_was_given() {
    let (world, mut people) = joined(&ALL).await;
    let username = people[0].username(0);
    let reason = "You cannot deactivate a user who is the default owner of cases";
    world.org().admin().block_deactivation(&username, reason).unwrap();
    leave(&mut people[0]);
    let done = world.round(&mut people).await.remove(0);
    let error = done.error.unwrap();
    assert_eq!((error.class(), error.reason().code.as_str()), (Class::NeedsPerson, "deactivation-blocked"));
    assert!(done.outcomes.contains(&(Operation::Freeze, Outcome::Done)), "{:?}", done.outcomes);
    let user = world.user(&people[0]);
    assert!(user.frozen && user.active);
    assert_eq!((user.permission_sets.len(), user.groups.len(), user.queues.len()), (0, 0, 0));
}

#[tokio::test]
async fn names_that_are_taken_give_way_to_the_next_candidate() {
    let (world, mut people) = joined(&ALL).await;
    let mut joiner = [Someone::new(2, &ALL)];
    world.org().admin().add_foreign_username(&joiner[0].username(0));
    world.org().admin().set(&people[0].username(0), "CommunityNickname", "person2").unwrap();
    let done = world.round(&mut joiner).await.remove(0);
    assert_eq!(done.error, None, "{:?}", done.outcomes);
    let Operation::Create { fields, .. } = &done.outcomes[0].0 else { panic!("{:?}", done.outcomes) };
    assert_eq!(fields[&UserField::Username], joiner[0].username(1));
    assert_eq!(fields[&UserField::CommunityNickname], "person2.b");
    world.settled(&joiner, "apex").await;

    world.org().admin().add_foreign_username("married@sample.example");
    let values = vec!["married@sample.example".to_owned(), "married.b@sample.example".to_owned()];
    people[0].desired.attributes.insert(UserField::Username, AttributeValue::Candidates { values, follow: true });
    let done = world.round(&mut people).await.remove(0);
    assert_eq!(done.error, None, "{:?}", done.outcomes);
    assert_eq!(world.user(&people[0]).username, "married.b@sample.example");
    assert!(
        matches!(&done.outcomes[0].0, Operation::SetField { after: Some(name), .. } if name == "married.b@sample.example")
    );
}

#[tokio::test]
async fn a_manager_is_linked_and_unlinked() {
    let world = world().connected().await;
    let mut people = [Someone::new(1, &ALL), Someone::new(2, &ALL)];
    world.converge(&mut people[..1], "apex").await;
    let manager: domain::PersonId = "p1".parse().unwrap();
    people[1].linked = [(manager.clone(), people[0].user.clone().unwrap())].into();
    people[1].desired.links = UserLink::ALL.map(|link| (link, Some(manager.clone()))).into();
    world.converge(&mut people[1..], "apex").await;
    assert_eq!(world.user(&people[1]).manager.as_deref(), Some("person1@sample.example"));
    people[1].desired.links = UserLink::ALL.map(|link| (link, None)).into();
    world.converge(&mut people[1..], "apex").await;
    assert_eq!(world.user(&people[1]).manager, None);
}

#[tokio::test]
async fn another_last_day_is_an_assignment_made_anew() {
    let (world, mut people) = joined(&ALL).await;
    for day in [Some("2026-12-31"), Some("2027-06-30"), None] {
        let dated = ["permissionSet:Mobile_User", "permissionSetGroup:Sales_Bundle"];
        people[0].desired.expirations =
            day.map(|day| dated.map(|name| (name.parse().unwrap(), day.parse().unwrap())).into()).unwrap_or_default();
        world.converge(&mut people, day.unwrap_or("none")).await;
        let user = world.user(&people[0]);
        assert_eq!(user.expirations.len(), if day.is_some() { 2 } else { 0 });
        assert!(user.permission_sets.contains("Mobile_User") && user.permission_set_groups.contains("Sales_Bundle"));
    }
}

#[tokio::test]
async fn what_the_org_refuses_fails_alone_and_is_told() {
    let world = world().connected().await;
    world.org().admin().set_seats("AnalyticsPlus", 1).unwrap();
    let given =
        ["profile:Sales User", "permissionSetLicense:AnalyticsPlus", "permissionSet:Platform_Tools", "queue:Nowhere"];
    let mut people = [
        Someone::new(1, &ALL),
        Someone::new(2, &given),
        Someone::new(3, &["profile:Nobody"]),
        Someone::new(4, &ALL[..2]),
    ];
    people[3].set(UserField::TimeZoneSidKey, Some("Mars/Olympus"));
    let done = world.round(&mut people).await;
    assert_eq!(done[0].error, None);
    let codes = |place: usize| -> Vec<_> {
        done[place]
            .outcomes
            .iter()
            .map(|(_, outcome)| match outcome {
                Outcome::Failed { code, .. } => code.clone(),
                outcome => format!("{outcome:?}"),
            })
            .collect()
    };
    assert_eq!(codes(1).len(), 4, "{:?}", done[1].outcomes);
    assert_eq!((codes(1)[0].as_str(), codes(1)[3].as_str()), ("Done", "unknown-entitlement"));
    assert!(world.user(&people[1]).active);
    assert_eq!((done[2].user.clone(), codes(2)), (None, vec!["unknown-entitlement".to_owned()]));
    assert_eq!((done[3].user.clone(), codes(3)), (None, vec!["INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST".to_owned()]));
    for done in &done[1..] {
        assert_eq!(done.error.as_ref().unwrap().class(), Class::NeedsPerson);
    }
}

#[tokio::test]
async fn what_somebody_else_did_meanwhile_counts_as_done() {
    let (world, mut people) =
        joined(&["profile:Sales User", "permissionSet:Mobile_User", "publicGroup:Managers"]).await;
    let username = people[0].username(0);
    people[0].give(&["profile:Sales User", "permissionSet:Report_Builder", "publicGroup:All_Staff"]);
    let work = world.work(&people).await;
    {
        let mut org = world.org();
        org.admin().assign(&username, Object::PermissionSet, "Report_Builder").unwrap();
        org.admin().assign(&username, Object::Group, "All_Staff").unwrap();
        org.admin().unassign(&username, Object::PermissionSet, "Mobile_User").unwrap();
        org.admin().unassign(&username, Object::Group, "Managers").unwrap();
    }
    let done = world.salesforce.apply(work).await.remove(0);
    assert_eq!(done.error, None, "{:?}", done.outcomes);
    assert!(done.outcomes.iter().all(|(_, outcome)| *outcome == Outcome::Done));
    world.settled(&people, "apex").await;
}

#[tokio::test]
async fn a_new_user_is_mailed_only_where_that_is_wanted() {
    for welcome_mail in [false, true] {
        let world = world();
        let settings = Settings {
            secret: SecretName::parse("salesforce").unwrap(),
            api_version: "v66.0".to_owned(),
            concurrent_writes: 1,
            path: WritePath::Apex,
            welcome_mail,
        };
        let secret = Arc::new(Secret::new(&world.org().jwt_secret()));
        let transport = Arc::new(InProcess::new(world.org.clone()));
        let random = Arc::new(SeededRandom::new(1));
        let salesforce = Salesforce::new(settings, transport, secret, world.clock.clone(), random);
        let world = World { salesforce, ..world };
        world.converge(&mut [Someone::new(1, &ALL)], "apex").await;
        assert_eq!(world.org().mails().len(), usize::from(welcome_mail));
    }
}
