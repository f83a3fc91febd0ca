//! Adding and removing entitlements that are records of their own.

use super::contract::Kind;
use super::lookup::end_of;
use super::outcome::{Outcome, unknown_name};
use super::request::Entitlement;
use super::transaction::{Halt, Transaction};
use crate::org::ids::Id;
use crate::org::schema::Object;
use crate::org::state::{Record, State};
use crate::org::value::Value;
use crate::org::world::Fields;

/// The statements that remove, in order: permission set licences last, for permission sets may need them.
pub(super) const REMOVAL: [&[Kind]; 3] = [
    &[Kind::PermissionSet, Kind::PermissionSetGroup],
    &[Kind::PublicGroup, Kind::Queue],
    &[Kind::PermissionSetLicense],
];

/// The statements that add, in order.
pub(super) const ADDITION: [&[Kind]; 3] = [
    &[Kind::PermissionSetLicense],
    &[Kind::PermissionSet, Kind::PermissionSetGroup],
    &[Kind::PublicGroup, Kind::Queue],
];

pub(super) fn add(transaction: &mut Transaction<'_>, user: &Id, wanted: &Entitlement) -> Result<Outcome, Halt> {
    let state = &transaction.world.state;
    let (Some(thing), Some((table, user_field, thing_field))) = (thing(state, wanted), wanted.kind.table()) else {
        return Ok(Outcome::Failed(unknown_name()));
    };
    let end = wanted.expires.and_then(end_of).map(Value::from);
    if let Some(row) = assignment(state, user, wanted.kind, thing) {
        let Some(end) = end.filter(|end| row.get("ExpirationDate") != end) else { return Ok(Outcome::Already) };
        let row = row.id.clone();
        let fields = Fields::from([("ExpirationDate".to_owned(), end)]);
        return Ok(match transaction.update(table, &row, fields)? {
            Ok(()) => Outcome::Done,
            Err(error) => Outcome::Failed(error),
        });
    }
    let mut fields =
        Fields::from([(user_field.to_owned(), Value::from(user)), (thing_field.to_owned(), Value::from(thing))]);
    if let Some(end) = end {
        fields.insert("ExpirationDate".to_owned(), end);
    }
    Ok(Outcome::of_insert(transaction.insert(table, fields)?))
}

pub(super) fn remove(transaction: &mut Transaction<'_>, user: &Id, wanted: &Entitlement) -> Result<Outcome, Halt> {
    let state = &transaction.world.state;
    let (Some(thing), Some((table, ..))) = (thing(state, wanted), wanted.kind.table()) else {
        return Ok(Outcome::Failed(unknown_name()));
    };
    let Some(row) = assignment(state, user, wanted.kind, thing).map(|row| row.id.clone()) else {
        return Ok(Outcome::Already);
    };
    Ok(Outcome::of_delete(transaction.delete(table, &row)?))
}

/// Whether the org has such a thing.
pub(super) fn is_known(state: &State, wanted: &Entitlement) -> bool {
    thing(state, wanted).is_some()
}

/// The thing with this name. Permission sets that belong to a profile or a group are not given by themselves.
fn thing<'a>(state: &'a State, wanted: &Entitlement) -> Option<&'a Id> {
    let name = &wanted.name;
    let record = match wanted.kind {
        Kind::PermissionSet => state
            .all_named(Object::PermissionSet, name)
            .find(|set| !set.is("IsOwnedByProfile") && set.get("PermissionSetGroupId").is_null()),
        Kind::PermissionSetGroup => state.named(Object::PermissionSetGroup, name),
        Kind::PermissionSetLicense => state.named(Object::PermissionSetLicense, name),
        Kind::PublicGroup => group(state, name, "Regular"),
        Kind::Queue => group(state, name, "Queue"),
        Kind::FeatureLicense => None,
    };
    record.map(|record| &record.id)
}

fn group<'a>(state: &'a State, name: &str, kind: &str) -> Option<&'a Record> {
    state.all_named(Object::Group, name).find(|group| group.text("Type") == kind)
}

fn assignment<'a>(state: &'a State, user: &Id, kind: Kind, thing: &Id) -> Option<&'a Record> {
    let (table, user_field, thing_field) = kind.table()?;
    state.matching(table, user_field, user.as_str()).into_iter().find(|row| {
        let by_itself = kind != Kind::PermissionSet || row.get("PermissionSetGroupId").is_null();
        row.id_in(thing_field) == Some(thing) && by_itself
    })
}
