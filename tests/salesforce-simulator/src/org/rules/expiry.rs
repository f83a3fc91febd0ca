//! Assignments with an ExpirationDate, as time passes.

use super::super::schema::Object;
use super::super::state::Record;
use super::super::value::Value;
use super::super::world::World;
use crate::behaviours::ExpiredAssignment;

/// An assignment is active until its ExpirationDate [doc].
pub(super) fn derive(world: &World, row: &mut Record) {
    if let Value::Time(end) = row.get("ExpirationDate") {
        let active = *end > world.now;
        row.set("IsActive", active);
    }
}

/// Ends the assignments whose time has come; what is left of them is [?]. The platform does this, so it is not in the
/// journal.
pub(crate) fn expire(world: &mut World) {
    let is_over = |row: &&Record| match row.get("ExpirationDate") {
        Value::Time(end) => *end <= world.now && row.is("IsActive"),
        _ => false,
    };
    let over: Vec<Record> = world.state.rows(Object::PermissionSetAssignment).filter(is_over).cloned().collect();
    for mut row in over {
        match world.behaviours.expired_assignment {
            ExpiredAssignment::Inactive => {
                row.set("IsActive", false);
                row.set("SystemModstamp", world.now);
                world.state.put(row);
            }
            ExpiredAssignment::Deleted => world.state.remove(Object::PermissionSetAssignment, &row.id),
        }
    }
    world.state.commit();
}

/// The next moment at which [`expire`] has something to do.
pub(crate) fn next(world: &World) -> Option<jiff::Timestamp> {
    world
        .state
        .rows(Object::PermissionSetAssignment)
        .filter(|row| row.is("IsActive"))
        .filter_map(|row| match row.get("ExpirationDate") {
            Value::Time(end) => Some(*end),
            _ => None,
        })
        .min()
}
