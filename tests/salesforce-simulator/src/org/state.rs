//! The records of the org, with indexes and an undo log. Knows no rules: those are in `rules`.

mod record;

use std::collections::{BTreeMap, BTreeSet};

use super::ids::Id;
use super::schema::features::{self, Feature};
use super::schema::{Kind, Object, Spec};
use super::value::Value;
pub(crate) use record::Record;

/// Fields that are looked up often, per object.
fn indexed(object: Object) -> &'static [&'static str] {
    match object {
        Object::User => {
            &["Username", "CommunityNickname", "FederationIdentifier", "EmployeeNumber", "Email", "ProfileId"]
        }
        Object::UserLogin => &["UserId"],
        Object::PermissionSetAssignment | Object::PermissionSetLicenseAssign => &["AssigneeId"],
        Object::GroupMember => &["GroupId", "UserOrGroupId"],
        Object::PermissionSet => &["Name", "PermissionSetGroupId", "ProfileId"],
        Object::PermissionSetGroupComponent => &["PermissionSetGroupId"],
        _ => &[],
    }
}

#[derive(Debug, Clone, Default)]
struct Table {
    rows: BTreeMap<Id, Record>,
    index: BTreeMap<&'static str, BTreeMap<String, BTreeSet<Id>>>,
}

impl Table {
    fn replace(&mut self, object: Object, id: &Id, record: Option<Record>) -> Option<Record> {
        let old = match record {
            Some(record) => {
                self.add_keys(object, &record);
                self.rows.insert(id.clone(), record)
            }
            None => self.rows.remove(id),
        };
        if let Some(old) = &old {
            self.drop_keys(object, old);
        }
        old
    }

    fn add_keys(&mut self, object: Object, record: &Record) {
        for field in indexed(object) {
            if let Some(key) = key_of(record.get(field)) {
                self.index.entry(field).or_default().entry(key).or_default().insert(record.id.clone());
            }
        }
    }

    fn drop_keys(&mut self, object: Object, old: &Record) {
        let now = self.rows.get(&old.id);
        for field in indexed(object) {
            let Some(key) = key_of(old.get(field)) else { continue };
            if now.and_then(|record| key_of(record.get(field))).as_ref() == Some(&key) {
                continue;
            }
            let Some(keys) = self.index.get_mut(field) else { continue };
            if let Some(ids) = keys.get_mut(&key) {
                ids.remove(&old.id);
                if ids.is_empty() {
                    keys.remove(&key);
                }
            }
        }
    }
}

/// The index key of a value: text without case (the reader compares case where it matters), ids as they are.
fn key_of(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.to_lowercase()),
        Value::Id(id) => Some(id.as_str().to_owned()),
        _ => None,
    }
}

/// All records.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    tables: BTreeMap<Object, Table>,
    counters: BTreeMap<Object, u64>,
    undo: Vec<(Object, Id, Option<Record>)>,
    pub(crate) custom_user_fields: Vec<Spec>,
    /// The feature licences that the org has, with their seats.
    pub(crate) feature_seats: BTreeMap<&'static str, i64>,
    feature_use: BTreeMap<&'static str, i64>,
}

impl State {
    /// The fields of an object, custom ones included, without feature licences that the org does not have.
    pub(crate) fn specs(&self, object: Object) -> impl Iterator<Item = &Spec> {
        let custom: &[Spec] = if object == Object::User { &self.custom_user_fields } else { &[] };
        object.specs().iter().filter(move |spec| self.has(object, spec)).chain(custom)
    }

    fn has(&self, object: Object, spec: &Spec) -> bool {
        let is_feature = object == Object::User && spec.kind == Kind::Bool && spec.name.starts_with(features::START);
        !is_feature || self.feature_seats.contains_key(spec.name.as_ref())
    }

    /// Seats used and total of a feature licence that the org has.
    pub(crate) fn seats_of_feature(&self, field: &str) -> Option<(i64, i64)> {
        let field = features::named(field)?.field;
        let total = *self.feature_seats.get(field)?;
        Some((self.feature_use.get(field).copied().unwrap_or_default(), total))
    }

    /// A field by API name, which has no case.
    pub(crate) fn spec(&self, object: Object, name: &str) -> Option<&Spec> {
        // Nearly always the name is written as it is.
        let custom: &[Spec] = if object == Object::User { &self.custom_user_fields } else { &[] };
        let all = || object.specs().iter().chain(custom);
        let found =
            all().find(|spec| spec.name == name).or_else(|| all().find(|spec| spec.name.eq_ignore_ascii_case(name)));
        found.filter(|spec| self.has(object, spec))
    }

    /// The reference field that a relationship name follows.
    pub(crate) fn relationship(&self, object: Object, name: &str) -> Option<&Spec> {
        self.specs(object).find(
            |spec| matches!(spec.kind, Kind::Reference { relationship, .. } if relationship.eq_ignore_ascii_case(name)),
        )
    }

    pub(crate) fn next_id(&mut self, object: Object) -> Id {
        let counter = self.counters.entry(object).or_default();
        *counter += 1;
        Id::numbered(object.prefix(), *counter)
    }

    pub(crate) fn get(&self, object: Object, id: &Id) -> Option<&Record> {
        self.tables.get(&object)?.rows.get(id)
    }

    /// A record by id alone; the prefix tells where.
    pub(crate) fn find(&self, id: &Id) -> Option<&Record> {
        self.get(Object::of_prefix(id.prefix())?, id)
    }

    pub(crate) fn rows(&self, object: Object) -> impl Iterator<Item = &Record> {
        self.tables.get(&object).into_iter().flat_map(|table| table.rows.values())
    }

    pub(crate) fn count(&self, object: Object) -> usize {
        self.tables.get(&object).map_or(0, |table| table.rows.len())
    }

    /// Records whose field has this text, ignoring case. Uses an index where there is one.
    pub(crate) fn matching<'a>(&'a self, object: Object, field: &str, text: &str) -> Vec<&'a Record> {
        if let Some(ids) = self.candidates(object, field, text) {
            return ids;
        }
        let wanted = text.to_lowercase();
        self.rows(object).filter(|record| record.text(field).to_lowercase() == wanted).collect()
    }

    /// Like [`Self::matching`] for an indexed field; nothing where there is no index.
    pub(crate) fn candidates<'a>(&'a self, object: Object, field: &str, text: &str) -> Option<Vec<&'a Record>> {
        if !indexed(object).contains(&field) {
            return None;
        }
        let Some(table) = self.tables.get(&object) else { return Some(Vec::new()) };
        let ids = table.index.get(field).and_then(|keys| keys.get(&text.to_lowercase()).or_else(|| keys.get(text)));
        Some(ids.into_iter().flatten().filter_map(|id| table.rows.get(id)).collect())
    }

    /// Writes a record, and keeps the licences' `UsedLicenses` right.
    pub(crate) fn put(&mut self, record: Record) {
        let (object, id) = (record.object, record.id.clone());
        self.write(object, &id, Some(record));
    }

    pub(crate) fn remove(&mut self, object: Object, id: &Id) {
        self.write(object, id, None);
    }

    fn write(&mut self, object: Object, id: &Id, record: Option<Record>) {
        let taken_now = record.as_ref().and_then(|record| self.seat_of(record));
        let old = self.swap(object, id, record);
        let taken_before = old.as_ref().and_then(|record| self.seat_of(record));
        self.undo.push((object, id.clone(), old));
        if taken_now != taken_before {
            self.count_seat(taken_before, -1);
            self.count_seat(taken_now, 1);
        }
    }

    /// Puts a record in the place of another, and keeps count of the feature licences in use: those of active users. One who
    /// is deactivated gives them back [sec].
    fn swap(&mut self, object: Object, id: &Id, record: Option<Record>) -> Option<Record> {
        let now: Vec<&Feature> = record.as_ref().map(features_of).unwrap_or_default();
        let old = self.tables.entry(object).or_default().replace(object, id, record);
        for feature in old.as_ref().map(features_of).unwrap_or_default() {
            *self.feature_use.entry(feature.field).or_default() -= 1;
        }
        for feature in now {
            *self.feature_use.entry(feature.field).or_default() += 1;
        }
        old
    }

    /// The licence of which this record takes a seat: active users one of their profile's licence, frozen or not [doc];
    /// inactive ones none; permission set licence assignments one of theirs.
    fn seat_of(&self, record: &Record) -> Option<(Object, Id)> {
        match record.object {
            Object::User if record.is("IsActive") => {
                let profile = self.get(Object::Profile, record.id_in("ProfileId")?)?;
                Some((Object::UserLicense, profile.id_in("UserLicenseId")?.clone()))
            }
            Object::PermissionSetLicenseAssign => {
                Some((Object::PermissionSetLicense, record.id_in("PermissionSetLicenseId")?.clone()))
            }
            _ => None,
        }
    }

    fn count_seat(&mut self, licence: Option<(Object, Id)>, by: i64) {
        let Some((object, id)) = licence else { return };
        if let Some(licence) = self.get(object, &id) {
            let mut licence = licence.clone();
            licence.set("UsedLicenses", licence.number("UsedLicenses") + by);
            let old = self.swap(object, &id, Some(licence));
            self.undo.push((object, id, old));
        }
    }

    /// A mark to which [`Self::rollback`] returns.
    pub(crate) fn mark(&self) -> usize {
        self.undo.len()
    }

    pub(crate) fn rollback(&mut self, mark: usize) {
        while self.undo.len() > mark {
            if let Some((object, id, old)) = self.undo.pop() {
                self.swap(object, &id, old);
            }
        }
    }

    /// Forgets all records of an object, without undo.
    pub(crate) fn clear(&mut self, object: Object) {
        self.tables.remove(&object);
    }

    /// Forgets the undo log; earlier marks are void.
    pub(crate) fn commit(&mut self) {
        self.undo.clear();
    }
}

/// The feature licences of which a user takes a seat.
fn features_of(record: &Record) -> Vec<&'static Feature> {
    if record.object != Object::User || !record.is("IsActive") {
        return Vec::new();
    }
    record.ticked(features::START).filter_map(features::named).collect()
}

#[cfg(test)]
mod tests;
