//! What the platform demands of a record, object by object.

pub(crate) mod expiry;
pub(crate) mod fields;
mod groups;
mod hierarchy;
mod licences;
mod permission_sets;
mod seats;
mod users;

use super::dml_error::DmlError;
use super::ids::Id;
use super::journal::{Actor, Api};
use super::schema::Object;
use super::state::Record;
use super::world::{Fields, World};

/// Whether the actor may write such records at all: Manage Users (Manage Internal Users for users) [doc].
/// Which error it gives is [test] for the text and status, [?] for users.
pub(crate) fn may_write(world: &World, actor: &Actor, object: Object) -> Result<(), DmlError> {
    if actor.api == Api::Admin || has_permission(world, &actor.user, "PermissionsManageUsers") {
        return Ok(());
    }
    let internal = matches!(object, Object::User | Object::UserLogin);
    if internal && has_permission(world, &actor.user, "PermissionsManageInternalUsers") {
        return Ok(());
    }
    Err(DmlError::new(
        "INSUFFICIENT_ACCESS_OR_READONLY",
        format!("insufficient access rights on object id: {}", object.name()),
        &[],
    ))
}

/// Whether a user has a permission, by profile or by permission set.
pub(crate) fn has_permission(world: &World, user: &Id, permission: &str) -> bool {
    let state = &world.state;
    let by_profile = state
        .get(Object::User, user)
        .and_then(|user| state.get(Object::Profile, user.id_in("ProfileId")?))
        .is_some_and(|profile| profile.is(permission));
    by_profile || permission_sets::of_user(world, user).any(|set| set.is(permission))
}

/// Whether a user has a custom permission, by profile or by permission set.
pub(crate) fn has_custom_permission(world: &World, user: &Id, permission: &str) -> bool {
    let holds = |id: &Id| world.custom_permissions.get(id).is_some_and(|held| held.contains(permission));
    let profile = world.state.get(Object::User, user).and_then(|user| user.id_in("ProfileId"));
    profile.is_some_and(holds) || permission_sets::of_user(world, user).any(|set| holds(&set.id))
}

/// The record that an insert would double and that is answered in its place, where the platform does so.
pub(crate) fn existing_instead(world: &World, object: Object, fields: &Fields) -> Option<Id> {
    (object == Object::GroupMember).then(|| groups::existing_membership(world, fields)).flatten()
}

/// Fills what the platform fills in a new record.
pub(crate) fn defaults(world: &mut World, object: Object, fields: &mut Fields) {
    match object {
        Object::User => users::defaults(world, fields),
        Object::PermissionSetAssignment => permission_sets::defaults(world, fields),
        Object::Group => groups::defaults(fields),
        _ => {}
    }
}

/// Checks a record as a whole before it is written. `old` is its state before, nothing for a new one.
pub(crate) fn check(world: &World, actor: &Actor, old: Option<&Record>, new: &Record) -> Result<(), DmlError> {
    if world.row_lock_held {
        // [test] for the text.
        return Err(DmlError::new(
            "UNABLE_TO_LOCK_ROW",
            format!("unable to obtain exclusive access to this record or 1 records: {}", new.id),
            &[],
        ));
    }
    match new.object {
        Object::User => users::check(world, old, new),
        Object::UserLogin => users::check_login(actor, new),
        Object::PermissionSetAssignment => permission_sets::check(world, old, new),
        Object::PermissionSetLicenseAssign => licences::check(world, new),
        Object::GroupMember => groups::check_member(world, new),
        Object::Group => take_membership_lock(world),
        _ => Ok(()),
    }
}

/// Checks a deletion before it is done.
pub(crate) fn check_delete(world: &World, old: &Record) -> Result<(), DmlError> {
    match old.object {
        Object::GroupMember | Object::Group => take_membership_lock(world),
        Object::PermissionSetAssignment => permission_sets::check_removal(world, old),
        Object::PermissionSetLicenseAssign => licences::check_removal(world, old),
        _ => Ok(()),
    }
}

/// Fills the fields that follow from others.
pub(crate) fn derive(world: &World, record: &mut Record) {
    match record.object {
        Object::User => users::derive(world, record),
        Object::PermissionSetAssignment => expiry::derive(world, record),
        _ => {}
    }
}

/// What the platform changes along with a record, without a trace in the journal.
pub(crate) fn follow(world: &mut World, old: Option<&Record>, new: &Record) {
    if new.object == Object::User && old.map(|old| old.get("ProfileId")) != Some(new.get("ProfileId")) {
        permission_sets::follow_profile(world, new);
    }
}

/// What the platform makes along with a new record.
pub(crate) fn after_insert(world: &mut World, actor: &Actor, object: Object, id: &Id) {
    match object {
        Object::User => users::add_login(world, actor, id),
        Object::PermissionSetAssignment => {
            if let Some(row) = world.state.get(object, id).cloned() {
                licences::follow_assignment(world, actor, &row);
            }
        }
        _ => {}
    }
}

/// What the platform changes after a record was deleted.
pub(crate) fn after_delete(world: &mut World, actor: &Actor, old: &Record) {
    if old.object == Object::PermissionSetAssignment {
        licences::follow_removal(world, actor, old);
    }
}

/// The org-wide group membership lock: after 10 s of waiting the platform gives up [doc]. Error and text from operators'
/// notes.
fn take_membership_lock(world: &World) -> Result<(), DmlError> {
    if world.membership_lock_held {
        return Err(DmlError::new("UNKNOWN_EXCEPTION", "group membership operation already in progress", &[]));
    }
    Ok(())
}
