//! Permission set licences: who may hold one, which permission sets need one, and what follows an assignment.

use super::super::dml_error::DmlError;
use super::super::ids::Id;
use super::super::journal::Actor;
use super::super::schema::Object;
use super::super::state::Record;
use super::super::world::World;
use super::permission_sets::given_sets;
use crate::behaviours::LicenceOfSet;

/// A permission set made for a licence fits users with that licence only [rec for the text]. A permission set licence may
/// also come with the permission set, see `Behaviours`.
pub(super) fn check_set(world: &World, set: &Record, user: &Record) -> Result<(), DmlError> {
    let Some(licence) = set.id_in("LicenseId") else { return Ok(()) };
    if let Some(licence) = world.state.get(Object::PermissionSetLicense, licence) {
        if holding(world, &user.id, &licence.id).is_some() {
            return Ok(());
        }
        if world.behaviours.licence_of_set == LicenceOfSet::ComesAlong {
            return check_seat(licence);
        }
    } else {
        let profile = user.id_in("ProfileId").and_then(|id| world.state.get(Object::Profile, id));
        if profile.is_some_and(|profile| profile.id_in("UserLicenseId") == Some(licence)) {
            return Ok(());
        }
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

pub(super) fn check(world: &World, new: &Record) -> Result<(), DmlError> {
    let licence = new.id_in("PermissionSetLicenseId").and_then(|id| world.state.get(Object::PermissionSetLicense, id));
    let (Some(licence), Some(user)) = (licence, new.id_in("AssigneeId")) else {
        return Err(DmlError::cross_reference(&["PermissionSetLicenseId"]));
    };
    if holding(world, user, &licence.id).is_some() {
        return Err(DmlError::new("DUPLICATE_VALUE", "Duplicate PermissionSetLicenseAssign", &[]));
    }
    check_seat(licence)
}

fn check_seat(licence: &Record) -> Result<(), DmlError> {
    if licence.number("UsedLicenses") >= licence.number("TotalLicenses") {
        return Err(DmlError::new(
            "LICENSE_LIMIT_EXCEEDED",
            format!("License Limit Exceeded - {}", licence.text("MasterLabel")),
            &[],
        ));
    }
    Ok(())
}

/// A licence stays while a permission set of the user needs it: "first remove the permission sets that require the
/// license" [doc, help]; code and text of the refusal [?].
pub(super) fn check_removal(world: &World, old: &Record) -> Result<(), DmlError> {
    let (Some(user), Some(licence)) = (old.id_in("AssigneeId"), old.id_in("PermissionSetLicenseId")) else {
        return Ok(());
    };
    if is_needed(world, user, licence) {
        return Err(DmlError::new(
            "FIELD_INTEGRITY_EXCEPTION",
            "The permission set license can't be removed while an assigned permission set requires it.",
            &[],
        ));
    }
    Ok(())
}

/// The licences that come along with a new assignment [sec, for some products], where they do.
pub(super) fn follow_assignment(world: &mut World, actor: &Actor, row: &Record) {
    let Some(user) = row.id_in("AssigneeId").cloned() else { return };
    for licence in licences_of(world, row) {
        if holding(world, &user, &licence).is_none() {
            let id = world.state.next_id(Object::PermissionSetLicenseAssign);
            let mut given = Record::new(Object::PermissionSetLicenseAssign, id);
            given.set("AssigneeId", &user);
            given.set("PermissionSetLicenseId", licence);
            world.store(actor, None, given);
        }
    }
}

/// The licences that leave with a deleted assignment: those that no other needs [doc, help: "in most cases"].
pub(super) fn follow_removal(world: &mut World, actor: &Actor, row: &Record) {
    let Some(user) = row.id_in("AssigneeId").cloned() else { return };
    for licence in licences_of(world, row) {
        if !is_needed(world, &user, &licence)
            && let Some(held) = holding(world, &user, &licence).cloned()
        {
            world.discard(actor, &held);
        }
    }
}

fn licences_of(world: &World, row: &Record) -> Vec<Id> {
    if world.behaviours.licence_of_set == LicenceOfSet::ByHand {
        return Vec::new();
    }
    given_sets(world, row)
        .into_iter()
        .filter_map(|set| set.id_in("LicenseId"))
        .filter(|licence| licence.prefix() == Object::PermissionSetLicense.prefix())
        .cloned()
        .collect()
}

fn is_needed(world: &World, user: &Id, licence: &Id) -> bool {
    world
        .state
        .matching(Object::PermissionSetAssignment, "AssigneeId", user.as_str())
        .into_iter()
        .flat_map(|row| given_sets(world, row))
        .any(|set| set.id_in("LicenseId") == Some(licence))
}

fn holding<'a>(world: &'a World, user: &Id, licence: &Id) -> Option<&'a Record> {
    world
        .state
        .matching(Object::PermissionSetLicenseAssign, "AssigneeId", user.as_str())
        .into_iter()
        .find(|row| row.id_in("PermissionSetLicenseId") == Some(licence))
}
