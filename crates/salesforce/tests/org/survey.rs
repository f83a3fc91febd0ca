//! Reading the whole org: complete, in few calls, and the same as a look-up says of each user.

use std::sync::Arc;
use std::time::Duration;

use domain::{EntitlementKind, EntitlementName, SalesforceUserId, UserLink};
use ports::clock::ManualClock;
use salesforce::{SalesforceError, SetUpTrail, Surveyed, Wanted};
use salesforce_simulator::{Behaviours, Fault, FaultRule, Object, Org, Times, UserView};

use crate::world::{Secret, World};

const NOW: &str = "2026-06-01T08:00:00Z";

fn world(mut org: Org, behaviours: Behaviours) -> World {
    *org.behaviours_mut() = behaviours;
    let secret = Arc::new(Secret::new(&org.jwt_secret()));
    World::with(org, secret, Arc::new(ManualClock::at(NOW.parse().unwrap())))
}

/// An org with so many users more, each with something of each kind now and then.
fn crowd(count: usize) -> Org {
    let mut org = Org::sample_builder(NOW.parse().unwrap()).licence("Salesforce", 10_000).build().unwrap();
    let mut admin = org.admin();
    for number in 0..count {
        let name = format!("crowd{number}@sample.example");
        admin.add_user(&name, "Standard User", &[("EmployeeNumber", format!("c{number}").as_str().into())]).unwrap();
        admin.assign(&name, Object::PermissionSet, "Report_Builder").unwrap();
        if number % 2 == 0 {
            admin.assign(&name, Object::Group, "Sales_NL").unwrap();
        }
        if number % 3 == 0 {
            admin.assign_until(&name, Object::PermissionSetGroup, "Service_Bundle", until()).unwrap();
            admin.assign(&name, Object::Group, "Support_Queue").unwrap();
        }
        if number % 5 == 0 {
            admin.set_role(&name, Some("SalesNL")).unwrap();
        }
        if number % 7 == 0 {
            admin.set_frozen(&name, true).unwrap();
        }
        if number % 11 == 0 {
            admin.deactivate(&name).unwrap();
        }
    }
    admin.assign("crowd1@sample.example", Object::PermissionSetLicense, "SalesConsoleUser").unwrap();
    admin.set_feature("crowd1@sample.example", "UserPermissionsMarketingUser", true).unwrap();
    admin.set_manager("crowd1@sample.example", Some("crowd2@sample.example")).unwrap();
    org
}

fn until() -> jiff::Timestamp {
    "2027-01-31T12:00:00Z".parse().unwrap()
}

async fn survey(world: &World) -> Result<Vec<Surveyed>, SalesforceError> {
    let mut all: Vec<Surveyed> = Vec::new();
    loop {
        let after = all.last().map(|last| last.user.id.clone());
        let page = world.salesforce.survey_page(after.as_ref()).await?;
        if page.is_empty() {
            return Ok(all);
        }
        assert!(page.len() <= 2_000);
        all.extend(page);
    }
}

/// What the survey says of everybody is what the org holds.
fn agrees(variant: &str, surveyed: &[Surveyed], users: &[UserView]) {
    let names = |surveyed: &Surveyed, kind| {
        let of_kind = surveyed.user.assignments.iter().filter(|one| one.entitlement.kind == kind);
        of_kind.map(|one| one.entitlement.name.as_str().to_owned()).collect::<std::collections::BTreeSet<_>>()
    };
    for user in users {
        let found: Vec<_> = surveyed.iter().filter(|one| one.user.id.as_str() == user.id.as_str()).collect();
        assert_eq!(found.len(), 1, "{variant}: {}", user.username);
        let found = found[0];
        assert_eq!((found.user.active, found.user.frozen), (user.active, user.frozen), "{variant}: {}", user.username);
        assert_eq!(found.user.profile.as_ref().unwrap().as_str(), user.profile);
        assert_eq!(found.user.role.as_ref().map(EntitlementName::as_str), user.role.as_deref());
        assert_eq!(names(found, EntitlementKind::PermissionSet), user.permission_sets, "{variant}: {}", user.username);
        assert_eq!(names(found, EntitlementKind::PermissionSetGroup), user.permission_set_groups);
        assert_eq!(names(found, EntitlementKind::PermissionSetLicense), user.permission_set_licences);
        assert_eq!(names(found, EntitlementKind::PublicGroup), user.groups);
        assert_eq!(names(found, EntitlementKind::Queue), user.queues);
        assert_eq!(found.name, user.text("Name"));
    }
}

#[tokio::test]
async fn everybody_is_found_with_everything_under_every_variant() {
    for (variant, behaviours) in Behaviours::variants() {
        let world = world(crowd(40), behaviours);
        let surveyed = survey(&world).await.unwrap();
        agrees(variant, &surveyed, &world.org().users());
        let by_name = |name: &str| {
            let id = world.org().user(name).unwrap().id;
            surveyed.iter().find(|one| one.user.id.as_str() == id.as_str()).unwrap()
        };
        let one = by_name("crowd1@sample.example");
        let features: Vec<_> = one.user.features.iter().map(EntitlementName::as_str).collect();
        assert_eq!(features, ["UserPermissionsMarketingUser"]);
        assert_eq!(one.user.links[&UserLink::Manager], by_name("crowd2@sample.example").user.id);
        assert_eq!(one.last_modified_by.as_deref(), Some("administrator@sample.example"));
        assert_eq!(one.last_modified, NOW.parse().unwrap());
        let expires: Vec<_> =
            by_name("crowd3@sample.example").user.assignments.iter().filter_map(|one| one.expires).collect();
        assert_eq!(expires, ["2027-01-31".parse().unwrap()]);
    }
}

#[tokio::test]
async fn a_survey_and_a_look_up_say_the_same() {
    let world = world(crowd(40), Behaviours::default());
    let surveyed = survey(&world).await.unwrap();
    let wanted: Vec<_> =
        surveyed.iter().map(|one| Wanted { user: Some(one.user.id.clone()), keys: Vec::new() }).collect();
    let sorted = |mut user: domain::ActualUser| {
        user.assignments.sort_by(|a, b| a.id.cmp(&b.id));
        user
    };
    for (one, found) in surveyed.into_iter().zip(world.salesforce.lookup(&wanted).await.unwrap()) {
        let [candidate] = found.as_slice() else { panic!("{} candidates", found.len()) };
        assert_eq!(sorted(candidate.user.clone()), sorted(one.user));
    }
}

#[tokio::test]
async fn five_thousand_users_cost_a_handful_of_calls_a_page() {
    let world = world(crowd(5_000), Behaviours::default()).connected().await;
    let surveyed = survey(&world).await.unwrap();
    assert!(surveyed.len() >= 5_000);
    let calls = world.org().call_count();
    // Three pages with users, each asking for users, frozen, sets, licences and groups; a page of sets or groups more
    // where there are over 2,000 of them; and the empty page at the end.
    assert!(calls <= 3 * 7 + 1, "{calls}: {:?}", world.org().calls());
    agrees("default", &surveyed, &world.org().users()[..200]);
    let mut ids: Vec<&SalesforceUserId> = surveyed.iter().map(|one| &one.user.id).collect();
    ids.dedup();
    assert_eq!(ids.len(), surveyed.len());
    println!("{} users, {calls} calls", surveyed.len());
}

#[tokio::test]
async fn a_survey_goes_on_where_it_was_in_another_process() {
    let world = world(crowd(10), Behaviours::default());
    let all = survey(&world).await.unwrap();
    let rest = world.salesforce.survey_page(Some(&all[4].user.id)).await.unwrap();
    assert_eq!(rest, all[5..]);
    let last = all.last().unwrap().user.id.clone();
    assert_eq!(world.salesforce.survey_page(Some(&last)).await.unwrap(), []);
}

#[tokio::test]
async fn a_survey_that_breaks_off_is_an_error_and_a_lost_answer_is_asked_for_again() {
    for (fault, times, works) in [
        (Fault::AnswerLost, Times::Once, true),
        (Fault::HalfBody, Times::Once, true),
        (Fault::SessionExpired, Times::Once, true),
        (Fault::AnswerLost, Times::Always, false),
        (Fault::LimitExceeded, Times::Always, false),
        (Fault::HtmlOk, Times::Always, false),
    ] {
        let world = world(crowd(10), Behaviours::default()).connected().await;
        let rule = FaultRule::next(fault.clone()).path("GroupMember").times(times);
        world.fault(rule);
        let surveyed = survey(&world).await;
        assert_eq!(surveyed.is_ok(), works, "{fault:?}: {:?}", surveyed.err());
    }
}

#[tokio::test]
async fn who_changed_what_is_told() {
    let world = world(crowd(3), Behaviours::default());
    let since: jiff::Timestamp = NOW.parse().unwrap();
    world.clock.advance(Duration::from_secs(3_600));
    let later = since + jiff::SignedDuration::from_hours(1);
    {
        let mut org = world.org();
        org.set_now(later);
        org.admin().deactivate("crowd1@sample.example").unwrap();
        org.admin().assign("crowd2@sample.example", Object::PermissionSet, "Mobile_User").unwrap();
    }
    let read = |trail| match trail {
        SetUpTrail::Read { changes, complete: true } => changes,
        other => panic!("{other:?}"),
    };
    let changes = read(world.salesforce.set_up_changes(later).await.unwrap());
    assert!(changes.len() >= 2, "{changes:?}");
    for change in &changes {
        assert_eq!((change.at, change.by.as_deref()), (later, Some("administrator@sample.example")));
    }
    let display =
        |part: &str| changes.iter().any(|change| change.display.as_ref().is_some_and(|text| text.contains(part)));
    assert!(display("crowd1") && display("crowd2"), "{changes:?}");
    assert!(read(world.salesforce.set_up_changes(since).await.unwrap()).len() > changes.len());
}
