//! Rules of PermissionSetAssignment: permission sets and permission set groups given to users.

use super::super::dml_error::DmlError;
use super::super::ids::Id;
use super::super::schema::Object;
use super::super::state::Record;
use super::super::value::Value;
use super::super::world::{Fields, World};
use super::licences;

/// A group assignment carries the group's own permission set (Type Group) too, and is the only row: the members are found
/// by PermissionSetGroupComponent [src CumulusCI, which asks for them there; object's fields, v65]. New rows are active.
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

pub(super) fn check(world: &World, old: Option<&Record>, new: &Record) -> Result<(), DmlError> {
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
    let given = given_sets(world, new);
    check_expiration(&given, new)?;
    if old.is_some() {
        return Ok(());
    }
    let rows = world.state.matching(Object::PermissionSetAssignment, "AssigneeId", user.id.as_str());
    if rows.iter().any(|row| row.get("PermissionSetId") == new.get("PermissionSetId")) {
        // Text seen in many repositories, code from baton.
        return Err(DmlError::new("DUPLICATE_VALUE", "Duplicate PermissionSetAssignment", &[]));
    }
    check_group_status(world, new)?;
    given.into_iter().try_for_each(|set| licences::check_set(world, set, user))
}

/// The permission sets that an assignment gives: its own, or the members of its group.
pub(super) fn given_sets<'a>(world: &'a World, row: &Record) -> Vec<&'a Record> {
    match row.id_in("PermissionSetGroupId") {
        Some(group) => world
            .state
            .matching(Object::PermissionSetGroupComponent, "PermissionSetGroupId", group.as_str())
            .into_iter()
            .filter_map(|row| world.state.get(Object::PermissionSet, row.id_in("PermissionSetId")?))
            .collect(),
        None => {
            row.id_in("PermissionSetId").and_then(|id| world.state.get(Object::PermissionSet, id)).into_iter().collect()
        }
    }
}

/// The permission sets in force for a user, by assignments that have not expired.
pub(super) fn of_user<'a>(world: &'a World, user: &Id) -> impl Iterator<Item = &'a Record> {
    world
        .state
        .matching(Object::PermissionSetAssignment, "AssigneeId", user.as_str())
        .into_iter()
        .filter(|row| row.is("IsActive"))
        .flat_map(|row| given_sets(world, row))
}

/// Permission sets that hold the keys of the house cannot expire [doc]; code and text [?].
fn check_expiration(given: &[&Record], new: &Record) -> Result<(), DmlError> {
    let key = |set: &&&Record| set.is("PermissionsManageUsers") || set.is("PermissionsAssignPermissionSets");
    match given.iter().find(key) {
        Some(set) if !new.get("ExpirationDate").is_null() => Err(DmlError::new(
            "FIELD_INTEGRITY_EXCEPTION",
            format!("Permission set {} can't have an expiration date", set.text("Label")),
            &["ExpirationDate"],
        )),
        _ => Ok(()),
    }
}

/// Whether a group that is not up to date can be given is [?], see `Behaviours`.
fn check_group_status(world: &World, new: &Record) -> Result<(), DmlError> {
    let group = new.id_in("PermissionSetGroupId").and_then(|id| world.state.get(Object::PermissionSetGroup, id));
    match group {
        Some(group) if group.text("Status") != "Updated" && !world.behaviours.outdated_group_assignable => {
            Err(DmlError::new(
                "FIELD_INTEGRITY_EXCEPTION",
                format!("Permission set group {} is not up to date", group.text("MasterLabel")),
                &["PermissionSetGroupId"],
            ))
        }
        _ => Ok(()),
    }
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

fn is_profile_row(world: &World, row: &Record) -> bool {
    row.id_in("PermissionSetId")
        .and_then(|id| world.state.get(Object::PermissionSet, id))
        .is_some_and(|set| set.is("IsOwnedByProfile"))
}
