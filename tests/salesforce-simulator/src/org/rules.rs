//! What the platform demands of a record, object by object.

mod assignments;
pub(crate) mod fields;
mod groups;
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
    by_profile
        || state
            .matching(Object::PermissionSetAssignment, "AssigneeId", user.as_str())
            .into_iter()
            .filter_map(|row| state.get(Object::PermissionSet, row.id_in("PermissionSetId")?))
            .any(|set| set.is(permission))
}

/// The record that an insert would double and that is answered in its place, where the platform does so.
pub(crate) fn existing_instead(world: &World, object: Object, fields: &Fields) -> Option<Id> {
    (object == Object::GroupMember).then(|| groups::existing_membership(world, fields)).flatten()
}

/// Fills what the platform fills in a new record.
pub(crate) fn defaults(world: &mut World, object: Object, fields: &mut Fields) {
    match object {
        Object::User => users::defaults(world, fields),
        Object::PermissionSetAssignment => assignments::defaults(world, fields),
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
        Object::PermissionSetAssignment => assignments::check_permission_set(world, new),
        Object::PermissionSetLicenseAssign => assignments::check_licence(world, new),
        Object::GroupMember => groups::check_member(world, new),
        Object::Group => take_membership_lock(world),
        _ => Ok(()),
    }
}

/// Checks a deletion before it is done.
pub(crate) fn check_delete(world: &World, old: &Record) -> Result<(), DmlError> {
    match old.object {
        Object::GroupMember | Object::Group => take_membership_lock(world),
        Object::PermissionSetAssignment => assignments::check_removal(world, old),
        Object::PermissionSetLicenseAssign => assignments::check_licence_removal(world, old),
        _ => Ok(()),
    }
}

/// Fills the fields that follow from others.
pub(crate) fn derive(world: &World, record: &mut Record) {
    if record.object == Object::User {
        users::derive(world, record);
    }
}

/// What the platform changes along with a record, without a trace in the journal.
pub(crate) fn follow(world: &mut World, old: Option<&Record>, new: &Record) {
    if new.object == Object::User && old.map(|old| old.get("ProfileId")) != Some(new.get("ProfileId")) {
        assignments::follow_profile(world, new);
    }
}

/// What the platform makes along with a new record.
pub(crate) fn after_insert(world: &mut World, actor: &Actor, object: Object, id: &Id) {
    if object == Object::User {
        users::add_login(world, actor, id);
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
