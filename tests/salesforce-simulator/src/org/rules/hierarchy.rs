//! Who reports to whom, and who must stay: the manager's chain, the last administrator, users that something points to.

use super::super::dml_error::DmlError;
use super::super::schema::Object;
use super::super::state::Record;
use super::super::world::World;

/// A user cannot report to themselves, nor to somebody below them [sec for the texts; code ?, see `Behaviours`].
pub(super) fn check_manager(world: &World, new: &Record) -> Result<(), DmlError> {
    let Some(code) = world.behaviours.manager_loop_code else { return Ok(()) };
    let Some(manager) = new.id_in("ManagerId") else { return Ok(()) };
    if *manager == new.id {
        return Err(DmlError::new(code, "A user can't be his or her own manager", &["ManagerId"]));
    }
    let mut above = manager;
    // No chain is longer than all users: a loop made while loops were let through ends here too.
    for _ in 0..world.state.count(Object::User) {
        let Some(next) = world.state.get(Object::User, above).and_then(|user| user.id_in("ManagerId")) else {
            return Ok(());
        };
        if *next == new.id {
            return Err(DmlError::new(
                code,
                "You cannot set a hierarchy field to point to itself or a child record",
                &["ManagerId"],
            ));
        }
        above = next;
    }
    Ok(())
}

pub(super) fn check_deactivation(world: &World, old: &Record, new: &Record) -> Result<(), DmlError> {
    let deactivates = old.is("IsActive") && !new.is("IsActive");
    if deactivates && let Some(reason) = world.blockers.get(&new.id) {
        // Texts [doc], code not captured.
        return Err(DmlError::new(world.behaviours.deactivation_blocker_code, reason.clone(), &[]));
    }
    if is_administrator(world, old) && !is_administrator(world, new) {
        let others = world.state.rows(Object::User).any(|other| other.id != new.id && is_administrator(world, other));
        if !others {
            // Code [enum]; text [?].
            return Err(DmlError::new(
                "CANNOT_DISABLE_LAST_ADMIN",
                "You can't deactivate or change the profile of the last active administrator.",
                &[],
            ));
        }
    }
    Ok(())
}

/// Who counts as one is [?]: here an active user whose profile may manage users and modify all data.
fn is_administrator(world: &World, user: &Record) -> bool {
    user.is("IsActive")
        && user
            .id_in("ProfileId")
            .and_then(|id| world.state.get(Object::Profile, id))
            .is_some_and(|profile| profile.is("PermissionsManageUsers") && profile.is("PermissionsModifyAllData"))
}
