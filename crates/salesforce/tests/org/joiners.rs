//! Users are made whole, in as few calls as the org's reading allows.

use domain::{AccountStatus, Operation, Outcome, UserField};
use salesforce::{CallKind, SalesforceError};
use salesforce_simulator::{Behaviours, Fault, FaultRule, Times};

use crate::world::{Someone, World};

const ALL: [&str; 6] = [
    "profile:Sales User",
    "role:SalesNL",
    "permissionSet:Report_Builder",
    "permissionSet:Sales_Cloud_User",
    "publicGroup:All_Staff",
    "publicGroup:Sales_NL",
];

#[tokio::test]
async fn a_joiner_gets_everything_under_every_reading_of_salesforce() {
    for (name, behaviours) in Behaviours::variants() {
        let world = World::new(behaviours).connected().await;
        let mut people = [Someone::new(1, &ALL)];
        world.converge(&mut people, name).await;
        let user = world.user(&people[0]);
        assert!(user.active, "{name}");
        assert_eq!(user.username, "person1@sample.example", "{name}");
        assert_eq!((user.profile.as_str(), user.role.as_deref()), ("Sales User", Some("SalesNL")), "{name}");
        assert_eq!(user.permission_sets, ["Report_Builder", "Sales_Cloud_User"].map(str::to_owned).into(), "{name}");
        assert_eq!(user.groups, ["All_Staff", "Sales_NL"].map(str::to_owned).into(), "{name}");
        for (field, value) in [
            (UserField::LastName, "d'Été-1"),
            (UserField::Alias, "p1"),
            (UserField::CommunityNickname, "person1"),
            (UserField::FederationIdentifier, "Fed-1"),
            (UserField::EmployeeNumber, "1"),
            (UserField::CompanyName, "Sample BV"),
            (UserField::Phone, "+31 20 0000001"),
            (UserField::MobilePhone, "+31 6 00000001"),
            (UserField::LanguageLocaleKey, "nl_NL"),
            (UserField::EmailEncodingKey, "ISO-8859-1"),
            (UserField::TimeZoneSidKey, "Europe/Amsterdam"),
            (UserField::LocaleSidKey, "nl_NL"),
        ] {
            assert_eq!(user.text(field.api_name()), value, "{name}: {field:?}");
        }
    }
}

#[tokio::test]
async fn a_joiner_whose_day_has_not_come_is_made_inactive() {
    for (name, behaviours) in Behaviours::variants() {
        let world = World::new(behaviours).connected().await;
        let mut people = [Someone::new(1, &ALL)];
        people[0].desired.status = AccountStatus::Prepared;
        world.converge(&mut people, name).await;
        assert!(!world.user(&people[0]).active, "{name}");
        people[0].desired.status = AccountStatus::Enabled;
        world.converge(&mut people, name).await;
        assert!(world.user(&people[0]).active, "{name}");
    }
}

#[tokio::test]
async fn sixty_joiners_cost_one_look_up_one_call_each_and_one_for_all_their_roles() {
    let given =
        ["profile:Sales User", "role:SalesNL", "permissionSet:Report_Builder", "permissionSet:Sales_Cloud_User"];
    let world = World::new(Behaviours::default()).connected().await;
    let mut people: Vec<_> = (1..=60).map(|number| Someone::new(number, &given)).collect();
    for someone in &mut people {
        // What SCIM can't carry beside the rest would cost a call more for each two hundred.
        someone.desired.attributes.remove(&UserField::CompanyName);
        someone.desired.attributes.remove(&UserField::MobilePhone);
    }
    let before = world.salesforce.calls();
    let done = world.round(&mut people).await;
    assert!(done.iter().all(|done| done.error.is_none()));
    let calls =
        |kind| world.salesforce.calls().get(&kind).copied().unwrap_or(0) - before.get(&kind).copied().unwrap_or(0);
    let kinds = [CallKind::Query, CallKind::Schemas, CallKind::ScimCreate, CallKind::ScimUpdate, CallKind::UserRecords];
    assert_eq!(kinds.map(calls), [1, 1, 60, 0, 1]);
    world.costs(63, "default");
    world.settled(&people, "default").await;
}

#[tokio::test]
async fn what_scim_can_t_carry_is_added_for_all_in_one_call() {
    let world = World::new(Behaviours::default()).connected().await;
    let mut people: Vec<_> = (1..=20).map(|number| Someone::new(number, &ALL)).collect();
    world.round(&mut people).await;
    let calls = world.salesforce.calls();
    assert_eq!(calls[&CallKind::ScimCreate], 20);
    assert_eq!(calls[&CallKind::UserRecords], 1, "{:?}", world.org().calls());
    assert_eq!(calls[&CallKind::Assign], 1);
    world.settled(&people, "default").await;
}

#[tokio::test]
async fn a_taken_username_and_nickname_lead_to_the_next_candidate() {
    for (name, behaviours) in Behaviours::variants() {
        let world = World::new(behaviours).connected().await;
        let mut people = [Someone::new(1, &ALL)];
        world.org().admin().add_foreign_username("Person1@sample.example");
        world
            .org()
            .admin()
            .add_user(
                "other@sample.example",
                "Standard User",
                &[("LastName", "Other".into()), ("CommunityNickname", "person1".into())],
            )
            .unwrap();
        let done = world.round(&mut people).await.remove(0);
        assert_eq!(done.error, None, "{name}");
        let user = world.user(&people[0]);
        assert_eq!(user.username, people[0].username(1), "{name}");
        assert_eq!(user.text("CommunityNickname"), "person1.b", "{name}");
        // The values really used are told.
        let Some((Operation::Create { fields, .. }, Outcome::Done)) = done.outcomes.first() else { panic!("{done:?}") };
        assert_eq!(fields[&UserField::Username], people[0].username(1), "{name}");
        assert_eq!(fields[&UserField::CommunityNickname], "person1.b", "{name}");
        world.settled(&people, name).await;
    }
}

#[tokio::test]
async fn used_up_candidates_need_a_person_and_stop_nobody_else() {
    for (name, behaviours) in Behaviours::variants() {
        let world = World::new(behaviours).connected().await;
        let mut people = [Someone::new(1, &ALL), Someone::new(2, &ALL)];
        for place in 0..3 {
            world.org().admin().add_foreign_username(&people[0].username(place));
        }
        let done = world.round(&mut people).await;
        let error = done[0].error.as_ref().unwrap();
        assert_eq!(error.reason().code, "DUPLICATE_USERNAME", "{name}");
        assert_eq!(error.class(), ports::Class::NeedsPerson, "{name}");
        assert!(matches!(done[0].outcomes.as_slice(), [(Operation::Create { .. }, Outcome::Failed { .. })]), "{name}");
        assert_eq!((done[0].user.as_ref(), done[1].error.as_ref()), (None, None), "{name}");
        assert!(world.user(&people[1]).active, "{name}");
    }
}

#[tokio::test]
async fn used_up_licences_need_a_person() {
    for (name, behaviours) in Behaviours::variants() {
        let world = World::new(behaviours).connected().await;
        world.org().admin().set_seats("Salesforce Platform", 1).unwrap();
        let given = ["profile:Standard Platform User"];
        let mut people = [Someone::new(1, &given), Someone::new(2, &given)];
        let done = world.round(&mut people).await;
        let failed: Vec<_> = done.iter().filter_map(|done| done.error.as_ref()).collect();
        assert_eq!(failed.len(), 1, "{name}: {done:?}");
        assert_eq!(failed[0].reason().code, "LICENSE_LIMIT_EXCEEDED", "{name}");
        assert_eq!(failed[0].class(), ports::Class::NeedsPerson, "{name}");
    }
}

#[tokio::test]
async fn nobody_is_made_without_a_profile_and_all_else_that_the_org_lacks_fails_alone() {
    let world = World::new(Behaviours::default()).connected().await;
    let lacking = ["profile:Sales User", "permissionSet:Report_Bilder", "role:SalesFR", "publicGroup:Managers"];
    let mut people = [
        Someone::new(1, &["permissionSet:Report_Builder"]),
        Someone::new(2, &lacking),
        Someone::new(3, &["profile:Sales Usr", "permissionSet:Report_Builder"]),
        Someone::new(4, &["profile:Sales User"]),
    ];
    let done = world.round(&mut people).await;
    let reason = |place: usize| done[place].error.as_ref().unwrap().reason();
    assert_eq!(reason(0).code, "profile-missing");
    assert_eq!(reason(1).code, "unknown-entitlement");
    assert!(matches!(done[1].error, Some(SalesforceError::UnknownEntitlement { .. })));
    assert_eq!(reason(2).message, "the org has no profile Sales Usr; it has Sales User");
    assert!(matches!(done[2].outcomes.as_slice(), [(Operation::Create { .. }, Outcome::Failed { .. })]));
    assert_eq!((done[2].user.as_ref(), done[3].error.as_ref()), (None, None));
    // The second is made, with what there is; what is missing is told apart.
    let [(Operation::Create { entitlements, .. }, Outcome::Done), rest @ ..] = done[1].outcomes.as_slice() else {
        panic!("{done:?}")
    };
    let given: Vec<_> = entitlements.iter().map(ToString::to_string).collect();
    assert_eq!(given, ["profile:Sales User", "publicGroup:Managers"]);
    let told: Vec<_> = rest
        .iter()
        .map(|(operation, outcome)| match (operation, outcome) {
            (Operation::Replace { after: Some(name), .. }, Outcome::Failed { code, .. }) => {
                (name.as_str(), code.as_str())
            }
            (Operation::Grant { entitlement, .. }, Outcome::Failed { code, .. }) => {
                (entitlement.name.as_str(), code.as_str())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, [("SalesFR", "unknown-entitlement"), ("Report_Bilder", "unknown-entitlement")]);
    // Once the org has the name, it is found: the catalog is read again, though not all the time.
    world.org().admin().add_permission_set("Report_Bilder", None).unwrap();
    world.org().admin().add_role("SalesFR", Some("SalesEMEA")).unwrap();
    assert!(world.round(&mut people).await[1].error.is_some());
    world.clock.advance(std::time::Duration::from_secs(301));
    assert_eq!(world.round(&mut people).await[1].error, None);
    world.settled(&people[1..2], "default").await;
    assert_eq!(world.user(&people[1]).role.as_deref(), Some("SalesFR"));
}

#[tokio::test]
async fn a_joiner_whose_role_can_t_be_set_is_made_all_the_same_and_completed_later() {
    for (name, behaviours) in Behaviours::variants() {
        let world = World::new(behaviours).connected().await;
        let mut people = [Someone::new(1, &ALL), Someone::new(2, &ALL)];
        world.fault(FaultRule::next(Fault::MembershipLock).path("/composite/").times(Times::Always));
        let done = world.round(&mut people).await;
        world.org().faults_mut().clear();
        for done in done {
            let [(Operation::Create { entitlements, .. }, Outcome::Done), rest @ ..] = done.outcomes.as_slice() else {
                panic!("{name}: {done:?}")
            };
            assert!(!entitlements.contains(&"role:SalesNL".parse().unwrap()), "{name}");
            let role = |(operation, outcome): &(Operation, Outcome)| {
                matches!(operation, Operation::Replace { before: None, .. }) && *outcome != Outcome::Done
            };
            assert!(rest.iter().any(role), "{name}: {rest:?}");
            assert!(matches!(done.error.unwrap().class(), ports::Class::RetryAfter(_)), "{name}");
        }
        world.converge(&mut people, name).await;
    }
}
