//! Movers: fields, profile, role.

use domain::{AttributeValue, Operation, Outcome, UserField};
use salesforce_simulator::{Behaviours, Fault, FaultRule};

use crate::world::{Someone, World};

const BEFORE: [&str; 4] =
    ["profile:Sales User", "role:SalesNL", "permissionSet:Report_Builder", "publicGroup:Sales_NL"];

async fn joined(behaviours: Behaviours, name: &str) -> (World, [Someone; 1]) {
    let world = World::new(behaviours).connected().await;
    let mut people = [Someone::new(1, &BEFORE)];
    world.converge(&mut people, name).await;
    world.org().reset_calls();
    (world, people)
}

#[tokio::test]
async fn a_mover_without_another_profile_or_role_costs_one_patch() {
    for (name, behaviours) in Behaviours::variants() {
        let (world, mut people) = joined(behaviours, name).await;
        let username = people[0].username(0);
        world.org().admin().set_manager(&username, Some("p.bakker@sample.example")).unwrap();
        people[0].set(UserField::Department, Some("Service"));
        people[0].set(UserField::LastName, Some("Müller"));
        people[0].give(&[
            "profile:Sales User",
            "role:SalesNL",
            "permissionSet:Report_Builder",
            "permissionSet:Mobile_User",
            "publicGroup:Sales_NL",
        ]);
        let work = world.work(&people).await;
        world.org().reset_calls();
        let done = world.salesforce.apply(work).await;
        assert_eq!(done[0].error, None, "{name}");
        world.costs(1, name);
        let user = world.user(&people[0]);
        assert_eq!((user.text("Department"), user.text("LastName")), ("Service", "Müller"), "{name}");
        assert_eq!((user.text("FirstName"), user.text("Division")), ("Zoë", "North"), "{name}: nothing else is lost");
        assert_eq!(user.manager.as_deref(), Some("p.bakker@sample.example"), "{name}: nor is the manager");
        assert!(user.permission_sets.contains("Mobile_User"), "{name}");
        world.settled(&people, name).await;
    }
}

#[tokio::test]
async fn another_role_goes_with_all_that_changes_for_many_in_one_call() {
    let world = World::new(Behaviours::default()).connected().await;
    let mut people: Vec<_> = (1..=30).map(|number| Someone::new(number, &BEFORE)).collect();
    world.converge(&mut people, "default").await;
    for someone in &mut people {
        someone.set(UserField::Department, Some("Service"));
        someone.give(&["profile:Sales User", "role:ServiceNL", "permissionSet:Report_Builder", "publicGroup:Sales_NL"]);
    }
    let work = world.work(&people).await;
    world.org().reset_calls();
    assert!(world.salesforce.apply(work).await.iter().all(|done| done.error.is_none()));
    world.costs(1, "default");
    world.settled(&people, "default").await;
}

#[tokio::test]
async fn a_thousand_movers_cost_a_patch_each_and_a_handful_of_calls() {
    const MOVERS: usize = 1000;
    let world = World::new(Behaviours::default()).connected().await;
    world.org().admin().set_seats("Salesforce", 2000).unwrap();
    let mut people: Vec<_> = (1..=MOVERS).map(|number| Someone::new(number, &BEFORE)).collect();
    world.round(&mut people).await;
    for someone in &mut people {
        someone.set(UserField::Department, Some("Service"));
        someone.give(&["profile:Sales User", "role:SalesNL", "permissionSet:Mobile_User", "publicGroup:Sales_NL"]);
    }
    let work = world.work(&people).await;
    world.org().reset_calls();
    assert!(world.salesforce.apply(work).await.iter().all(|done| done.error.is_none()));
    // The permission sets that come ride along; those that go are taken two hundred a call.
    world.costs(MOVERS + 5, "default");
    world.settled(&people, "default").await;
}

#[tokio::test]
async fn a_permission_set_that_does_not_fit_keeps_nothing_else_from_a_mover() {
    for (name, behaviours) in Behaviours::variants() {
        let (world, mut people) = joined(behaviours, name).await;
        people[0].set(UserField::Department, Some("Service"));
        people[0].give(&[&BEFORE[..], &["permissionSet:Platform_Tools", "permissionSet:Mobile_User"]].concat());
        let done = world.round(&mut people).await.remove(0);
        let failed: Vec<_> = done.outcomes.iter().filter(|(_, outcome)| *outcome != Outcome::Done).collect();
        assert!(matches!(failed.as_slice(), [(Operation::Grant { .. }, Outcome::Failed { .. })]), "{name}: {done:?}");
        let user = world.user(&people[0]);
        assert_eq!(user.text("Department"), "Service", "{name}");
        assert!(user.permission_sets.contains("Mobile_User"), "{name}");
    }
}

#[tokio::test]
async fn one_value_that_salesforce_refuses_keeps_no_other() {
    for (name, behaviours) in Behaviours::variants() {
        let (world, mut people) = joined(behaviours, name).await;
        people[0].set(UserField::Department, Some("Service"));
        people[0].set(UserField::TimeZoneSidKey, Some("Europe/Atlantis"));
        let done = world.round(&mut people).await.remove(0);
        let failed: Vec<_> = done.outcomes.iter().filter(|(_, outcome)| *outcome != Outcome::Done).collect();
        let [(Operation::SetField { field: UserField::TimeZoneSidKey, .. }, Outcome::Failed { code, .. })] =
            failed.as_slice()
        else {
            panic!("{name}: {done:?}")
        };
        assert_eq!(code, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "{name}");
        assert_eq!(world.user(&people[0]).text("Department"), "Service", "{name}");
    }
}

#[tokio::test]
async fn another_profile_never_costs_what_others_gave() {
    for (name, behaviours) in Behaviours::variants() {
        let (world, mut people) = joined(behaviours, name).await;
        let username = people[0].username(0);
        world.org().admin().assign(&username, salesforce_simulator::Object::PermissionSet, "Contract_Viewer").unwrap();
        people[0].give(&[
            "profile:Service User",
            "role:ServiceNL",
            "permissionSet:Knowledge_Reader",
            "publicGroup:Service_NL",
        ]);
        people[0].set(UserField::Department, Some("Service"));
        world.converge(&mut people, name).await;
        let user = world.user(&people[0]);
        assert_eq!((user.profile.as_str(), user.role.as_deref()), ("Service User", Some("ServiceNL")), "{name}");
        assert_eq!(user.permission_sets, ["Contract_Viewer", "Knowledge_Reader"].map(str::to_owned).into(), "{name}");
        assert_eq!(user.groups, ["Service_NL".to_owned()].into(), "{name}");
    }
}

#[tokio::test]
async fn fields_are_cleared_and_a_role_is_taken_away() {
    for (name, behaviours) in Behaviours::variants() {
        let (world, mut people) = joined(behaviours, name).await;
        for field in [UserField::Title, UserField::CompanyName, UserField::Phone, UserField::Department] {
            people[0].set(field, None);
        }
        people[0].give(&["profile:Sales User", "permissionSet:Report_Builder", "publicGroup:Sales_NL"]);
        world.converge(&mut people, name).await;
        let user = world.user(&people[0]);
        assert_eq!((user.role.as_deref(), user.text("Title"), user.text("Phone")), (None, "", ""), "{name}");
        assert_eq!(user.text("MobilePhone"), "+31 6 00000001", "{name}");
    }
}

#[tokio::test]
async fn every_single_field_can_be_changed() {
    for (name, behaviours) in Behaviours::variants() {
        let (world, mut people) = joined(behaviours, name).await;
        for (field, value) in [
            (UserField::Email, "new@sample.example"),
            (UserField::FirstName, "Éva"),
            (UserField::LastName, "Nový"),
            (UserField::Alias, "neu"),
            (UserField::FederationIdentifier, "Fed-1-new"),
            (UserField::EmployeeNumber, "1-new"),
            (UserField::Title, "Chief"),
            (UserField::Department, "Board"),
            (UserField::Division, "South"),
            (UserField::CompanyName, "Sample NV"),
            (UserField::Phone, "+31 20 0000002"),
            (UserField::MobilePhone, "+31 6 00000002"),
            (UserField::TimeZoneSidKey, "Europe/Berlin"),
            (UserField::LocaleSidKey, "de_DE"),
            (UserField::LanguageLocaleKey, "de"),
            (UserField::EmailEncodingKey, "UTF-8"),
        ] {
            people[0].set(field, Some(value));
            world.converge(&mut people, name).await;
            assert_eq!(world.user(&people[0]).text(field.api_name()), value, "{name}");
        }
        let user = world.user(&people[0]);
        assert_eq!(user.text("FirstName"), "Éva", "{name}: later changes kept it");
        assert_eq!((user.text("EmployeeNumber"), user.text("Department")), ("1-new", "Board"), "{name}");
    }
}

#[tokio::test]
async fn a_username_that_follows_the_name_takes_the_next_free_candidate() {
    for (name, behaviours) in Behaviours::variants() {
        let (world, mut people) = joined(behaviours, name).await;
        world.org().admin().add_foreign_username("married@sample.example");
        let values = vec!["married@sample.example".to_owned(), "married.b@sample.example".to_owned()];
        people[0].desired.attributes.insert(UserField::Username, AttributeValue::Candidates { values, follow: true });
        world.converge(&mut people, name).await;
        assert_eq!(world.user(&people[0]).username, "married.b@sample.example", "{name}");
    }
}

#[tokio::test]
async fn a_lock_that_passes_is_waited_for() {
    for (name, behaviours) in Behaviours::variants() {
        for fault in [Fault::MembershipLock, Fault::RowLock] {
            let (world, mut people) = joined(behaviours.clone(), name).await;
            people[0].give(&[
                "profile:Service User",
                "role:ServiceNL",
                "permissionSet:Mobile_User",
                "publicGroup:Service_NL",
            ]);
            world.fault(FaultRule::next(fault).times(salesforce_simulator::Times::Once).method("PATCH"));
            world.converge(&mut people, name).await;
        }
    }
}
