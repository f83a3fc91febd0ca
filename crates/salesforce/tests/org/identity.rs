//! Who the connector is, what it may do, who else may manage users, and what the User object looks like to it.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::UserField;
use ports::clock::ManualClock;
use salesforce::FieldFault;
use salesforce_simulator::{Behaviours, INTEGRATION_USERNAME, Object, Org};

use crate::world::{Secret, World};

const ADMINISTRATOR: &str = "administrator@sample.example";

impl World {
    async fn administrators(&self) -> BTreeSet<String> {
        let found = self.salesforce.usable_administrators().await.unwrap();
        let name = |id: &str| self.org().users().into_iter().find(|user| user.id.as_str() == id).unwrap().username;
        found.iter().map(|id| name(id.as_str())).collect()
    }
}

/// Sets a profile's permission on the permission set that stands for the profile too, as a real org has it.
fn permit(org: &mut Org, profile: &str, permission: &str, given: bool) {
    let id = org.id_of(Object::Profile, profile).unwrap();
    let mut admin = org.admin();
    admin.set_permission(Object::Profile, profile, permission, given).unwrap();
    admin.set_permission(Object::PermissionSet, &format!("X{}", id.short()), permission, given).unwrap();
}

fn managed() -> World {
    let world = World::new(Behaviours::default());
    for profile in ["System Administrator", "Provisioning Integration"] {
        for permission in [
            "PermissionsApiEnabled",
            "PermissionsManageUsers",
            "PermissionsManageInternalUsers",
            "PermissionsAssignPermissionSets",
        ] {
            permit(&mut world.org(), profile, permission, true);
        }
    }
    world
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn both_flows_tell_whose_session_it_is_without_a_call() {
    let now = "2026-06-01T08:00:00Z".parse().unwrap();
    for jwt in [true, false] {
        let org = Org::sample(now);
        let secret = if jwt { org.jwt_secret() } else { org.client_credentials_secret() };
        let world = World::with(org, Arc::new(Secret::new(&secret)), Arc::new(ManualClock::at(now)));
        let own = world.salesforce.own_user().await.unwrap();
        assert_eq!(own.as_str(), world.org().user(INTEGRATION_USERNAME).unwrap().id.as_str());
        assert_eq!(world.salesforce.org_id().await.unwrap().as_str(), world.org().id().as_str());
        assert_eq!(world.salesforce.instance().await.unwrap(), world.org().instance_url());
        assert_eq!(world.org().call_count(), 1, "the log-in only");
    }
}

#[tokio::test]
async fn the_connectors_own_permissions_are_told_by_name() {
    let world = managed();
    let own = world.salesforce.own_permissions().await.unwrap();
    for given in ["ApiEnabled", "ManageUsers", "ManageInternalUsers", "AssignPermissionSets"] {
        assert!(own.given.contains(given), "{own:?}");
    }
    assert!(own.missing.is_empty(), "{own:?}");
    permit(&mut world.org(), "Provisioning Integration", "PermissionsAssignPermissionSets", false);
    let own = world.salesforce.own_permissions().await.unwrap();
    assert_eq!(own.missing, ["AssignPermissionSets"].into());
}

#[tokio::test]
async fn administrators_are_usable_ones_by_profile_or_by_permission_set() {
    let world = managed();
    assert_eq!(world.administrators().await, names(&[ADMINISTRATOR, INTEGRATION_USERNAME]));
    {
        let mut org = world.org();
        let mut admin = org.admin();
        admin.add_permission_set("User_Manager", None).unwrap();
        admin.set_permission(Object::PermissionSet, "User_Manager", "PermissionsManageUsers", true).unwrap();
        for user in ["p.bakker@sample.example", "k.visser@sample.example", "s.o'neill@sample.example"] {
            admin.assign(user, Object::PermissionSet, "User_Manager").unwrap();
        }
        admin.deactivate("k.visser@sample.example").unwrap();
        admin.set_frozen("s.o'neill@sample.example", true).unwrap();
    }
    let usable = ["p.bakker@sample.example", ADMINISTRATOR, INTEGRATION_USERNAME];
    world.org().reset_calls();
    assert_eq!(world.administrators().await, names(&usable));
    assert_eq!(world.org().call_count(), 2);
}

#[tokio::test]
async fn the_user_object_is_described_as_the_connector_takes_it_to_be() {
    let world = World::new(Behaviours::default());
    let description = world.salesforce.user_description().await.unwrap();
    let required: BTreeSet<_> = description.required_on_create().collect();
    for field in UserField::ALL {
        let name = field.api_name();
        assert_eq!(description.fields[name].max_length, Some(field.max_length()), "{name}");
        assert!(description.fields[name].createable && description.fields[name].updateable, "{name}");
        assert_eq!(required.contains(name), field.is_required(), "{name}");
    }
    assert!(required.contains("ProfileId"));
    assert_eq!(description.check("LocaleSidKey", "nl_NL"), Ok(()));
    assert_eq!(description.check("LocaleSidKey", "nl_XX"), Err(FieldFault::NotAmongValues));
    assert_eq!(description.check("CreatedDate", "2026"), Err(FieldFault::ReadOnly));
    let features = description.feature_licences();
    assert!(features.iter().any(|name| name.as_str() == "UserPermissionsMarketingUser"), "{features:?}");
    assert_eq!(world.org().calls()["describe User"], 1);
}
