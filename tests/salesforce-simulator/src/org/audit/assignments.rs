//! Entries about what users are given: permission sets, groups of them, licences, memberships.

use super::{Entry, user_with_id};
use crate::org::ids::Id;
use crate::org::schema::Object;
use crate::org::state::{Record, State};
use crate::org::value::Value;

pub(super) fn permission_set(state: &State, old: Option<&Record>, new: Option<&Record>) -> Option<Entry> {
    let row = new.or(old)?;
    let user = user_with_id(state, row.id_in("AssigneeId")?);
    let (thing, group) = match row.id_in("PermissionSetGroupId") {
        Some(id) => {
            (format!("Permission set group {}", text(state, Object::PermissionSetGroup, id, "MasterLabel")), true)
        }
        None => {
            let id = row.id_in("PermissionSetId")?;
            (format!("Permission set {}", text(state, Object::PermissionSet, id, "Label")), false)
        }
    };
    let expires = end(row);
    Some(match (old, new) {
        (Some(old), Some(new)) if old.get("ExpirationDate") != new.get("ExpirationDate") => {
            let from = end(old).unwrap_or_else(|| "null".to_owned());
            let to = end(new).unwrap_or_else(|| "null".to_owned());
            Entry::new(
                "PermSetAssignmentExpirationChange",
                "",
                format!("{thing} assigned to user {user}: expiration was changed from {from} to {to}"),
            )
        }
        (Some(_), Some(_)) => return None,
        // The groups' actions with an end are not listed: they keep their plain ones [?].
        (None, _) if group => Entry::users("PermSetGroupAssign", format!("{thing}: assigned to user {user}")),
        (_, None) if group => Entry::users("PermSetGroupUnassign", format!("{thing}: unassigned from user {user}")),
        (None, _) => match expires {
            Some(end) => Entry::new(
                "PermSetAssign_HasExpiration",
                "",
                format!("{thing} with expiration: assigned to user {user}, expiring on {end}"),
            ),
            None => Entry::users("PermSetAssign", format!("{thing}: assigned to user {user}")),
        },
        (_, None) if expires.is_some() => Entry::new(
            "PermSetUnassign_HasExpiration",
            "",
            format!("{thing} with expiration: unassigned from user {user}"),
        ),
        (_, None) => Entry::users("PermSetUnassign", format!("{thing}: unassigned from user {user}")),
    })
}

pub(super) fn licence(state: &State, row: &Record, given: bool) -> Entry {
    let none = Id::numbered(Object::User.prefix(), 0);
    let user = user_with_id(state, row.id_in("AssigneeId").unwrap_or(&none));
    let label = row
        .id_in("PermissionSetLicenseId")
        .map_or("", |id| text(state, Object::PermissionSetLicense, id, "MasterLabel"));
    if given {
        Entry::users("PermSetLicenseAssign", format!("Permission set license {label}: assigned to user {user}"))
    } else {
        Entry::users("PermSetLicenseUnassign", format!("Permission set license {label} removed from user {user}"))
    }
}

/// One entry for each member; whether the platform draws several together is [?]. The queue's text is [?].
pub(super) fn membership(state: &State, row: &Record) -> Option<Entry> {
    let group = state.get(Object::Group, row.id_in("GroupId")?)?;
    let name = group.text("Name");
    Some(match group.text("Type") {
        "Queue" => Entry::new("queueMembership", "Data Management", format!("Changed membership of Queue {name}")),
        _ => Entry::new("groupMembership", "Groups", format!("Changed membership of Group {name}")),
    })
}

fn text<'a>(state: &'a State, object: Object, id: &Id, field: &str) -> &'a str {
    state.get(object, id).map_or("", |found| found.text(field))
}

/// `Sat May 20 06:59:59 GMT 2023`
fn end(row: &Record) -> Option<String> {
    match row.get("ExpirationDate") {
        Value::Time(at) => Some(at.strftime("%a %b %d %H:%M:%S GMT %Y").to_string()),
        _ => None,
    }
}
