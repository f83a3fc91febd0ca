//! Rules of permission set, permission set group and permission set licence assignments.

use super::super::dml_error::DmlError;
use super::super::ids::Id;
use super::super::schema::Object;
use super::super::state::Record;
use super::super::value::Value;
use super::super::world::{Fields, World};

/// A group assignment carries the group's own permission set too (Type Group): the two ids come together [derived from the
/// object's fields, v65]. New rows are active.
pub(super) fn defaults(world: &World, fields: &mut Fields) {
    let group = fields.get("PermissionSetGroupId").and_then(Value::as_id).cloned();
    if let Some(group) = group
        && fields.get("PermissionSetId").is_none_or(Value::is_null)
        && let Some(set) = world.state.matching(Object::PermissionSet, "PermissionSetGroupId", group.as_str()).first()
    {
        fields.insert("PermissionSetId".to_owned(), Value::from(&set.id));
    }
    fields.insert("IsActive".to_owned(), Value::Bool(true));
    fields.insert("IsRevoked".to_owned(), Value::Bool(false));
}

pub(super) fn check_permission_set(world: &World, new: &Record) -> Result<(), DmlError> {
    let set = new.id_in("PermissionSetId").and_then(|id| world.state.get(Object::PermissionSet, id));
    let user = new.id_in("AssigneeId").and_then(|id| world.state.get(Object::User, id));
    let (Some(set), Some(user)) = (set, user) else {
        return Err(DmlError::new(
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [PermissionSetId]",
            &["PermissionSetId"],
        ));
    };
    if set.is("IsOwnedByProfile") {
        // A profile's own permission set cannot be given by hand; code and text [?].
        return Err(DmlError::cross_reference(&["PermissionSetId"]));
    }
    let rows = world.state.matching(Object::PermissionSetAssignment, "AssigneeId", user.id.as_str());
    if rows.iter().any(|row| row.get("PermissionSetId") == new.get("PermissionSetId")) {
        // Text seen in many repositories, code from baton.
        return Err(DmlError::new("DUPLICATE_VALUE", "Duplicate PermissionSetAssignment", &[]));
    }
    if let Some(group) =
        new.id_in("PermissionSetGroupId").and_then(|id| world.state.get(Object::PermissionSetGroup, id))
        && group.text("Status") != "Updated"
        && !world.behaviours.outdated_group_assignable
    {
        return Err(DmlError::new(
            "FIELD_INTEGRITY_EXCEPTION",
            format!("Permission set group {} is not up to date", group.text("MasterLabel")),
            &["PermissionSetGroupId"],
        ));
    }
    check_set_licence(world, set, user)
}

/// A permission set made for a licence fits users with that licence only [rec for the text].
fn check_set_licence(world: &World, set: &Record, user: &Record) -> Result<(), DmlError> {
    let Some(licence) = set.id_in("LicenseId") else { return Ok(()) };
    let fits = if licence.prefix() == Object::PermissionSetLicense.prefix() {
        holds_licence(world, &user.id, licence)
    } else {
        user.id_in("ProfileId")
            .and_then(|id| world.state.get(Object::Profile, id))
            .is_some_and(|profile| profile.id_in("UserLicenseId") == Some(licence))
    };
    if fits {
        return Ok(());
    }
    Err(DmlError::new(
        "FIELD_INTEGRITY_EXCEPTION",
        format!(
            "Can't assign permission set {} to user {}. The user license doesn't allow the permission: {}",
            set.text("Label"),
            user.text("Username"),
            world.state.find(licence).map_or("", |licence| licence.text("MasterLabel")),
        ),
        &[],
    ))
}

fn holds_licence(world: &World, user: &Id, licence: &Id) -> bool {
    world
        .state
        .matching(Object::PermissionSetLicenseAssign, "AssigneeId", user.as_str())
        .iter()
        .any(|row| row.id_in("PermissionSetLicenseId") == Some(licence))
}

pub(super) fn check_licence(world: &World, new: &Record) -> Result<(), DmlError> {
    let licence = new.id_in("PermissionSetLicenseId").and_then(|id| world.state.get(Object::PermissionSetLicense, id));
    let (Some(licence), Some(user)) = (licence, new.id_in("AssigneeId")) else {
        return Err(DmlError::cross_reference(&["PermissionSetLicenseId"]));
    };
    if holds_licence(world, user, &licence.id) {
        return Err(DmlError::new("DUPLICATE_VALUE", "Duplicate PermissionSetLicenseAssign", &[]));
    }
    if licence.number("UsedLicenses") >= licence.number("TotalLicenses") {
        return Err(DmlError::new(
            "LICENSE_LIMIT_EXCEEDED",
            format!("License Limit Exceeded - {}", licence.text("MasterLabel")),
            &[],
        ));
    }
    Ok(())
}

/// A licence stays while a permission set of the user needs it; that it is refused is [?].
pub(super) fn check_licence_removal(world: &World, old: &Record) -> Result<(), DmlError> {
    let (Some(user), Some(licence)) = (old.id_in("AssigneeId"), old.id_in("PermissionSetLicenseId")) else {
        return Ok(());
    };
    let needed = world
        .state
        .matching(Object::PermissionSetAssignment, "AssigneeId", user.as_str())
        .into_iter()
        .filter_map(|row| world.state.get(Object::PermissionSet, row.id_in("PermissionSetId")?))
        .any(|set| set.id_in("LicenseId") == Some(licence));
    if needed {
        return Err(DmlError::new(
            "FIELD_INTEGRITY_EXCEPTION",
            "The permission set license can't be removed while an assigned permission set requires it.",
            &[],
        ));
    }
    Ok(())
}

/// A profile's own permission set is assigned by the platform: `IsOwnedByProfile` rows stand among the others [baton,
/// which filters them].
pub(super) fn follow_profile(world: &mut World, user: &Record) {
    let rows = world.state.matching(Object::PermissionSetAssignment, "AssigneeId", user.id.as_str());
    let old: Vec<Id> = rows.into_iter().filter(|row| is_profile_row(world, row)).map(|row| row.id.clone()).collect();
    for id in old {
        world.state.remove(Object::PermissionSetAssignment, &id);
    }
    let Some(profile) = user.id_in("ProfileId") else { return };
    let sets = world.state.matching(Object::PermissionSet, "ProfileId", profile.as_str());
    let Some(set) = sets.first().map(|set| set.id.clone()) else { return };
    let id = world.state.next_id(Object::PermissionSetAssignment);
    let mut row = Record::new(Object::PermissionSetAssignment, id);
    row.set("AssigneeId", &user.id);
    row.set("PermissionSetId", set);
    row.set("IsActive", true);
    row.set("IsRevoked", false);
    row.set("SystemModstamp", world.now);
    world.state.put(row);
}

/// Rows of a profile's own set cannot be deleted; code and text [?].
pub(super) fn check_removal(world: &World, old: &Record) -> Result<(), DmlError> {
    if is_profile_row(world, old) {
        return Err(DmlError::new("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", &[]));
    }
    Ok(())
}

pub(super) fn is_profile_row(world: &World, row: &Record) -> bool {
    row.id_in("PermissionSetId")
        .and_then(|id| world.state.get(Object::PermissionSet, id))
        .is_some_and(|set| set.is("IsOwnedByProfile"))
}
