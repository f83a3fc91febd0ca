//! The journal: every mutation of the org in order, for tests to compare an audit log with. Not part of Salesforce.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::ids::Id;
use super::schema::Object;
use super::state::Record;
use super::value::Value;

/// The way by which a mutation came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Api {
    /// SCIM v2.
    Scim,
    /// Standard REST, one record a call.
    Rest,
    /// Standard REST, sObject collections.
    Collections,
    /// The accounts service in Apex REST.
    Apex,
    /// A person in the set-up pages: the test acting as an administrator.
    Admin,
}

/// Who does something, and by which way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Actor {
    /// The acting Salesforce user.
    pub user: Id,
    /// The way by which they come.
    pub api: Api,
}

/// What happened to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It was made.
    Created,
    /// Fields of it were changed.
    Updated,
    /// It was deleted.
    Deleted,
}

/// A field's value before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// Before; null in a creation.
    pub before: Value,
    /// After; null in a deletion.
    pub after: Value,
}

/// One mutation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JournalEntry {
    /// Counts up from 1 without gaps.
    pub sequence: u64,
    /// The org's clock.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// What happened.
    pub change: Change,
    /// The API name of the object.
    pub object: &'static str,
    /// The record.
    pub id: Id,
    /// The user concerned: the record itself, or the user of the assignment, membership or login.
    pub user: Option<Id>,
    /// The fields that changed, without `Id` and the stamps that Salesforce keeps itself.
    pub fields: BTreeMap<String, FieldChange>,
}

const STAMPS: [&str; 6] =
    ["Id", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp"];

/// The fields that differ between two states of a record.
pub(crate) fn difference(before: Option<&Record>, after: Option<&Record>) -> BTreeMap<String, FieldChange> {
    let empty = BTreeMap::new();
    let old = before.map_or(&empty, Record::fields);
    let new = after.map_or(&empty, Record::fields);
    old.keys()
        .chain(new.keys())
        .filter(|name| !STAMPS.contains(&name.as_str()) && old.get(*name) != new.get(*name))
        .map(|name| {
            let value = |of: &BTreeMap<String, Value>| of.get(name).cloned().unwrap_or_default();
            (name.clone(), FieldChange { before: value(old), after: value(new) })
        })
        .collect()
}

/// The user that a record is about.
pub(crate) fn user_of(record: &Record) -> Option<Id> {
    let field = match record.object {
        Object::User => return Some(record.id.clone()),
        Object::UserLogin => "UserId",
        Object::PermissionSetAssignment | Object::PermissionSetLicenseAssign => "AssigneeId",
        Object::GroupMember => "UserOrGroupId",
        _ => return None,
    };
    record.id_in(field).cloned()
}
