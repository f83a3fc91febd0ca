//! Filling a new org with what a seed names, through its administrator.

use super::seed::{ClientSeed, Seed, UserSeed};
use crate::oauth::ClientApp;
use crate::org::Org;
use crate::org::admin::AdminError;
use crate::org::schema::Object;
use crate::org::schema::features::USUAL;
use crate::org::value::Value;

/// Seats of the feature licences that an org has unless it says otherwise.
const USUAL_SEATS: i64 = 100;

pub(super) fn set_up(org: &mut Org, seed: &Seed) -> Result<(), AdminError> {
    let mut admin = org.admin();
    for (name, seats) in &seed.licences {
        if admin.set_seats(name, *seats).is_err() {
            admin.add_licence(name, *seats);
        }
    }
    for (name, seats) in &seed.permission_set_licences {
        admin.add_permission_set_licence(name, *seats);
    }
    match &seed.feature_licences {
        None => USUAL.iter().try_for_each(|field| admin.add_feature_licence(field, USUAL_SEATS))?,
        Some(licences) => {
            licences.iter().try_for_each(|(field, seats)| admin.add_feature_licence(field, *seats))?;
        }
    }
    for profile in &seed.profiles {
        admin.add_profile(&profile.name, &profile.licence)?;
        if profile.manages_users {
            for permission in
                ["PermissionsManageUsers", "PermissionsManageInternalUsers", "PermissionsAssignPermissionSets"]
            {
                admin.set_permission(Object::Profile, &profile.name, permission, true)?;
            }
        }
        for permission in &profile.custom_permissions {
            admin.set_custom_permission(Object::Profile, &profile.name, permission, true)?;
        }
    }
    for role in &seed.roles {
        admin.add_role(&role.name, role.parent.as_deref())?;
    }
    for set in &seed.permission_sets {
        admin.add_permission_set(&set.name, set.licence.as_deref())?;
    }
    for (name, sets) in &seed.permission_set_groups {
        let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
        admin.add_permission_set_group(name, &sets)?;
    }
    for name in &seed.public_groups {
        admin.add_public_group(name);
    }
    for name in &seed.queues {
        admin.add_queue(name);
    }
    for field in &seed.custom_user_fields {
        admin.add_custom_user_field(&field.name, field.length, field.external_id);
    }
    for username in &seed.foreign_usernames {
        admin.add_foreign_username(username);
    }
    Ok(())
}

pub(super) fn add_user(org: &mut Org, seed: &UserSeed) -> Result<(), AdminError> {
    let mut fields: Vec<(&str, Value)> =
        seed.fields.iter().map(|(name, value)| (name.as_str(), Value::from(value.as_str()))).collect();
    fields.push(("IsActive", seed.active.into()));
    if let Some(role) = &seed.role {
        let id = org.id_of(Object::UserRole, role);
        let id = id.ok_or_else(|| AdminError::Unknown { object: "UserRole", name: role.clone() })?;
        fields.push(("UserRoleId", id.into()));
    }
    let mut admin = org.admin();
    let username = seed.username.as_str();
    admin.add_user(username, &seed.profile, &fields)?;
    for field in &seed.feature_licences {
        admin.set_feature(username, field, true)?;
    }
    for (object, names) in [
        (Object::PermissionSetLicense, &seed.permission_set_licences),
        (Object::PermissionSet, &seed.permission_sets),
        (Object::PermissionSetGroup, &seed.permission_set_groups),
        (Object::Group, &seed.groups),
    ] {
        for name in names {
            admin.assign(username, object, name)?;
        }
    }
    if seed.frozen {
        admin.set_frozen(username, true)?;
    }
    if let Some(reason) = &seed.blocker {
        admin.block_deactivation(username, reason)?;
    }
    Ok(())
}

pub(super) fn add_client(org: &mut Org, seed: &ClientSeed) -> Result<(), AdminError> {
    let user = |username: &str| {
        org.id_of(Object::User, username)
            .ok_or_else(|| AdminError::Unknown { object: "User", name: username.to_owned() })
    };
    let app = ClientApp {
        client_id: seed.client_id.clone(),
        client_secret: seed.client_secret.clone(),
        public_key: seed.public_key.clone(),
        run_as: seed.run_as.as_deref().map(user).transpose()?,
        approved: seed.approved.iter().map(|username| user(username)).collect::<Result<_, _>>()?,
    };
    org.admin().register_client(app);
    Ok(())
}
