//! Rules of public groups, queues and their members.

use super::super::dml_error::DmlError;
use super::super::ids::Id;
use super::super::schema::Object;
use super::super::state::Record;
use super::super::value::Value;
use super::super::world::{Fields, World};
use super::take_membership_lock;
use crate::behaviours::DuplicateMember;

pub(super) fn defaults(fields: &mut Fields) {
    fields.entry("Type".to_owned()).or_insert(Value::from("Regular"));
    fields.entry("DoesIncludeBosses".to_owned()).or_insert(Value::Bool(true));
    fields.entry("DoesSendEmailToMembers".to_owned()).or_insert(Value::Bool(false));
}

/// The membership that an insert would double, where such an insert answers its id [?].
pub(super) fn existing_membership(world: &World, fields: &Fields) -> Option<Id> {
    if world.behaviours.duplicate_group_member == DuplicateMember::Error {
        return None;
    }
    let member = fields.get("UserOrGroupId")?.as_id()?;
    membership(world, fields.get("GroupId")?.as_id()?, member).map(|row| row.id.clone())
}

pub(super) fn check_member(world: &World, new: &Record) -> Result<(), DmlError> {
    let (Some(group), Some(member)) = (new.id_in("GroupId"), new.id_in("UserOrGroupId")) else {
        return Err(DmlError::cross_reference(&[]));
    };
    let kind = world.state.get(Object::Group, group).map_or("", |group| group.text("Type"));
    if !matches!(kind, "Regular" | "Queue") {
        // Groups that the platform keeps itself (roles, the organisation) take no members by hand [?].
        return Err(DmlError::new(
            "INSUFFICIENT_ACCESS_OR_READONLY",
            "insufficient access rights on cross-reference id",
            &[],
        ));
    }
    take_membership_lock(world)?;
    if membership(world, group, member).is_some() {
        return Err(DmlError::new("DUPLICATE_VALUE", "Duplicate GroupMember", &[]));
    }
    Ok(())
}

fn membership<'a>(world: &'a World, group: &Id, member: &Id) -> Option<&'a Record> {
    world
        .state
        .matching(Object::GroupMember, "UserOrGroupId", member.as_str())
        .into_iter()
        .find(|row| row.id_in("GroupId") == Some(group))
}
