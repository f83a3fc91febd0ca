//! Movers: fields, profile, role.

use domain::{AttributeValue, UserField};
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
async fn a_mover_without_another_profile_costs_one_patch() {
    for (name, behaviours) in Behaviours::variants() {
        let (world, mut people) = joined(behaviours, name).await;
        people[0].set(UserField::Department, Some("Service"));
        people[0].set(UserField::LastName, Some("Müller"));
        people[0].give(&[
            "profile:Sales User",
            "role:ServiceNL",
            "permissionSet:Report_Builder",
            "permissionSet:Mobile_User",
            "publicGroup:Sales_NL",
        ]);
        let work = world.work(&people).await;
        world.org().reset_calls();
        let done = world.salesforce.apply(work).await;
        assert_eq!(done[0].error, None, "{name}");
        assert_eq!(world.org().call_count(), 1, "{name}: {:?}", world.org().calls());
        let user = world.user(&people[0]);
        assert_eq!((user.text("Department"), user.text("LastName")), ("Service", "Müller"), "{name}");
        assert_eq!((user.text("FirstName"), user.text("Division")), ("Zoë", "North"), "{name}: nothing else is lost");
        assert_eq!(user.role.as_deref(), Some("ServiceNL"), "{name}");
        assert!(user.permission_sets.contains("Mobile_User"), "{name}");
        world.settled(&people, name).await;
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
