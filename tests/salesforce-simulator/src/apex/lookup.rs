//! Users as the service shows them, and how it finds them.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json, json};

use super::contract::{FIELDS, Kind};
use super::request::{Match, Sought};
use crate::org::ids::Id;
use crate::org::names::name_of;
use crate::org::schema::Object;
use crate::org::schema::features::FEATURES;
use crate::org::state::Record;
use crate::org::value::Value;
use crate::org::world::World;

pub(super) fn answer(world: &World, persons: &[Sought]) -> Json {
    let mut all = BTreeSet::new();
    let persons: Vec<Json> = persons
        .iter()
        .map(|person| {
            let mut found = found(world, &person.matches);
            let by_id = person.user.as_ref().and_then(|id| world.state.get(Object::User, id));
            found.extend(by_id.filter(|user| is_standard(user)).map(|user| user.id.clone()));
            all.extend(found.iter().cloned());
            json!({ "ref": person.reference, "users": found })
        })
        .collect();
    let users: Vec<Json> =
        all.iter().filter_map(|id| world.state.get(Object::User, id)).map(|user| show(world, user)).collect();
    json!({ "version": super::contract::VERSION, "persons": persons, "users": users })
}

/// Standard users with any of these values: a username and a mail address without case, the others exactly.
pub(super) fn found(world: &World, matches: &[Match]) -> BTreeSet<Id> {
    matches
        .iter()
        .flat_map(|pair| {
            let without_case = matches!(pair.field, "Username" | "Email");
            let users = world.state.matching(Object::User, pair.field, &pair.value).into_iter();
            users.filter(move |user| without_case || user.text(pair.field) == pair.value)
        })
        .filter(|user| is_standard(user))
        .map(|user| user.id.clone())
        .collect()
}

fn is_standard(user: &Record) -> bool {
    user.text("UserType") == "Standard"
}

fn show(world: &World, user: &Record) -> Json {
    let fields: Map<String, Json> = FIELDS
        .iter()
        .filter(|field| !user.get(field).is_null())
        .map(|field| ((*field).to_owned(), user.get(field).to_json()))
        .collect();
    let named = |field: &str, object: Object| user.id_in(field).and_then(|id| world.state.get(object, id)).map(name_of);
    let logins = world.state.matching(Object::UserLogin, "UserId", user.id.as_str());
    json!({
        "id": user.id,
        "active": user.is("IsActive"),
        "frozen": logins.iter().any(|login| login.is("IsFrozen")),
        "fields": fields,
        "profile": named("ProfileId", Object::Profile),
        "role": named("UserRoleId", Object::UserRole),
        "manager": user.id_in("ManagerId"),
        "delegatedApprover": user.id_in("DelegatedApproverId"),
        "entitlements": entitlements(world, user),
    })
}

fn entitlements(world: &World, user: &Record) -> Vec<Json> {
    let state = &world.state;
    let mut list = Vec::new();
    let entry = |kind: Kind, name: String| json!({ "kind": kind.name(), "name": name });
    for row in state.matching(Object::PermissionSetAssignment, "AssigneeId", user.id.as_str()) {
        let (kind, thing) = match row.id_in("PermissionSetGroupId") {
            Some(id) => (Kind::PermissionSetGroup, state.get(Object::PermissionSetGroup, id)),
            None => {
                let set = row.id_in("PermissionSetId").and_then(|id| state.get(Object::PermissionSet, id));
                (Kind::PermissionSet, set.filter(|set| !set.is("IsOwnedByProfile")))
            }
        };
        let Some(thing) = thing else { continue };
        let mut entry = entry(kind, name_of(thing));
        if let Value::Time(end) = row.get("ExpirationDate") {
            entry["expires"] = Json::from(last_day(*end).to_string());
        }
        list.push(entry);
    }
    for row in state.matching(Object::PermissionSetLicenseAssign, "AssigneeId", user.id.as_str()) {
        let licence = row.id_in("PermissionSetLicenseId").and_then(|id| state.get(Object::PermissionSetLicense, id));
        list.extend(licence.map(|licence| entry(Kind::PermissionSetLicense, name_of(licence))));
    }
    for row in state.matching(Object::GroupMember, "UserOrGroupId", user.id.as_str()) {
        let Some(group) = row.id_in("GroupId").and_then(|id| state.get(Object::Group, id)) else { continue };
        let kind = if group.text("Type") == "Queue" { Kind::Queue } else { Kind::PublicGroup };
        list.push(entry(kind, name_of(group)));
    }
    let has = |field: &str| user.is(field) && state.seats_of_feature(field).is_some();
    let features = FEATURES.iter().filter(|feature| has(feature.field));
    list.extend(features.map(|feature| entry(Kind::FeatureLicense, feature.field.to_owned())));
    list
}

/// The ExpirationDate of an assignment whose last day is this: the end of that day in UTC.
pub(super) fn end_of(day: Date) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(day.at(23, 59, 59, 0)).ok()
}

/// The last day of an assignment with this ExpirationDate.
fn last_day(end: Timestamp) -> Date {
    let inside = end.checked_sub(SignedDuration::from_millis(1)).unwrap_or(end);
    TimeZone::UTC.to_datetime(inside).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_ends_with_its_last_day() {
        let day: Date = "2026-12-31".parse().unwrap();
        let end = end_of(day).unwrap();
        assert_eq!(end.to_string(), "2026-12-31T23:59:59Z");
        assert_eq!(last_day(end), day);
        assert_eq!(last_day("2027-01-01T00:00:00Z".parse().unwrap()), day);
        // An end that somebody set by hand in the middle of a day.
        assert_eq!(last_day("2026-05-20T06:59:59Z".parse().unwrap()).to_string(), "2026-05-20");
    }
}
