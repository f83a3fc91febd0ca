//! Reading the org in tests: plain structures, names instead of ids.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Org;
use super::ids::Id;
use super::names::name_of;
use super::schema::Object;
use super::schema::features::FEATURES;
use super::state::Record;
use super::value::Value;

/// A user with everything it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserView {
    /// The record's id.
    pub id: Id,
    /// Lower case.
    pub username: String,
    /// `IsActive`.
    pub active: bool,
    /// `UserLogin.IsFrozen`.
    pub frozen: bool,
    /// Name of the profile.
    pub profile: String,
    /// DeveloperName of the role.
    pub role: Option<String>,
    /// Username of the manager.
    pub manager: Option<String>,
    /// API names of the permission sets, without profiles' and groups' own ones.
    pub permission_sets: BTreeSet<String>,
    /// DeveloperNames.
    pub permission_set_groups: BTreeSet<String>,
    /// DeveloperNames.
    pub permission_set_licences: BTreeSet<String>,
    /// DeveloperNames of the public groups with the user as a direct member.
    pub groups: BTreeSet<String>,
    /// DeveloperNames of the queues with the user as a direct member.
    pub queues: BTreeSet<String>,
    /// The ticked fields of feature licences.
    pub feature_licences: BTreeSet<String>,
    /// The last moment of assignments that have one, by the name of the permission set or permission set group.
    pub expirations: BTreeMap<String, Timestamp>,
    /// All fields of the User record that are not null, by API name.
    pub fields: BTreeMap<String, Value>,
}

/// An entry of the set-up audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Such as `PermSetAssign`.
    pub action: String,
    /// Such as `Manage Users`; may be empty.
    pub section: String,
    /// The text.
    pub display: String,
    /// By whom.
    pub by: Id,
    /// When, by the org's clock.
    pub at: Timestamp,
}

impl UserView {
    /// A text field, empty when null.
    #[must_use]
    pub fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_text).unwrap_or_default()
    }
}

impl Org {
    /// A user by username, ignoring case.
    #[must_use]
    pub fn user(&self, username: &str) -> Option<UserView> {
        self.users_with("Username", username).into_iter().next()
    }

    /// A user by id.
    #[must_use]
    pub fn user_by_id(&self, id: &Id) -> Option<UserView> {
        self.world.state.get(Object::User, id).map(|record| self.view(record))
    }

    /// Users whose field has this text, ignoring case.
    #[must_use]
    pub fn users_with(&self, field: &str, text: &str) -> Vec<UserView> {
        self.world.state.matching(Object::User, field, text).into_iter().map(|record| self.view(record)).collect()
    }

    /// All users in the order of creation, without those that the platform keeps itself.
    #[must_use]
    pub fn users(&self) -> Vec<UserView> {
        self.world
            .state
            .rows(Object::User)
            .filter(|record| !self.world.system_users.contains(&record.id))
            .map(|record| self.view(record))
            .collect()
    }

    /// The set-up audit trail since the org was built, oldest first.
    #[must_use]
    pub fn audit_trail(&self) -> Vec<AuditEntry> {
        let entry = |record: &Record| {
            let text = |field: &str| record.text(field).to_owned();
            let Value::Time(at) = record.get("CreatedDate") else { return None };
            let by = record.id_in("CreatedById")?.clone();
            Some(AuditEntry { action: text("Action"), section: text("Section"), display: text("Display"), by, at: *at })
        };
        self.world.state.rows(Object::SetupAuditTrail).filter_map(entry).collect()
    }

    /// The id of a record by its API name: Profile, UserLicense by Name; the others by DeveloperName or Name, in packages
    /// `namespace__Name`; User by Username.
    #[must_use]
    pub fn id_of(&self, object: Object, name: &str) -> Option<Id> {
        self.world.state.named(object, name).map(|record| record.id.clone())
    }

    /// Seats used and total of a user licence (by Name), permission set licence (by DeveloperName) or feature licence (by its
    /// field).
    #[must_use]
    pub fn seats(&self, name: &str) -> Option<(i64, i64)> {
        if let Some(seats) = self.world.state.seats_of_feature(name) {
            return Some(seats);
        }
        [Object::UserLicense, Object::PermissionSetLicense].into_iter().find_map(|object| {
            let id = self.id_of(object, name)?;
            let licence = self.world.state.get(object, &id)?;
            Some((licence.number("UsedLicenses"), licence.number("TotalLicenses")))
        })
    }

    /// Usernames of the direct members of a public group or queue, by DeveloperName.
    #[must_use]
    pub fn members(&self, group: &str) -> BTreeSet<String> {
        let state = &self.world.state;
        let Some(group) = self.id_of(Object::Group, group) else { return BTreeSet::new() };
        state
            .matching(Object::GroupMember, "GroupId", group.as_str())
            .into_iter()
            .filter_map(|row| state.get(Object::User, row.id_in("UserOrGroupId")?))
            .map(|user| user.text("Username").to_owned())
            .collect()
    }

    fn view(&self, user: &Record) -> UserView {
        let state = &self.world.state;
        let name = |object: Object, id: Option<&Id>| id.and_then(|id| state.get(object, id)).map(name_of);
        let rows = |object: Object, field: &str| state.matching(object, field, user.id.as_str());
        let mut view = UserView {
            id: user.id.clone(),
            username: user.text("Username").to_owned(),
            active: user.is("IsActive"),
            frozen: rows(Object::UserLogin, "UserId").iter().any(|login| login.is("IsFrozen")),
            profile: name(Object::Profile, user.id_in("ProfileId")).unwrap_or_default(),
            role: name(Object::UserRole, user.id_in("UserRoleId")),
            manager: name(Object::User, user.id_in("ManagerId")),
            permission_sets: BTreeSet::new(),
            permission_set_groups: BTreeSet::new(),
            permission_set_licences: BTreeSet::new(),
            groups: BTreeSet::new(),
            queues: BTreeSet::new(),
            feature_licences: FEATURES.iter().map(|f| f.field.to_owned()).filter(|field| user.is(field)).collect(),
            expirations: BTreeMap::new(),
            fields: user.fields().clone(),
        };
        for row in rows(Object::PermissionSetAssignment, "AssigneeId") {
            let (names, thing) = match row.id_in("PermissionSetGroupId") {
                Some(group) => (&mut view.permission_set_groups, state.get(Object::PermissionSetGroup, group)),
                None => {
                    let set = row.id_in("PermissionSetId").and_then(|id| state.get(Object::PermissionSet, id));
                    (&mut view.permission_sets, set)
                }
            };
            // A profile's own permission set is an assignment too, but nobody gave it. Expired ones give nothing.
            let Some(thing) = thing.filter(|thing| row.is("IsActive") && !thing.is("IsOwnedByProfile")) else {
                continue;
            };
            names.insert(name_of(thing));
            if let Value::Time(end) = row.get("ExpirationDate") {
                view.expirations.insert(name_of(thing), *end);
            }
        }
        for row in rows(Object::PermissionSetLicenseAssign, "AssigneeId") {
            view.permission_set_licences
                .extend(name(Object::PermissionSetLicense, row.id_in("PermissionSetLicenseId")));
        }
        for row in rows(Object::GroupMember, "UserOrGroupId") {
            let Some(group) = row.id_in("GroupId").and_then(|id| state.get(Object::Group, id)) else { continue };
            let names = if group.text("Type") == "Queue" { &mut view.queues } else { &mut view.groups };
            names.insert(group.text("DeveloperName").to_owned());
        }
        view
    }
}
