//! The test acting as an administrator in the set-up pages: adds, renames and removes things, assigns by hand, freezes.
//! Mutations enter the journal with `Api::Admin`.

use super::Org;
use super::dml_error::DmlError;
use super::ids::Id;
use super::journal::{Actor, Api};
use super::schema::{Object, Spec};
use super::state::Record;
use super::value::Value;
use super::views::name_field;
use super::world::Fields;
use crate::oauth::ClientApp;

/// Why an administrator's step failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    /// There is no such thing: a slip in the test.
    #[error("there is no {object} named {name}")]
    Unknown {
        /// API name of the object.
        object: &'static str,
        /// The name that was asked for.
        name: String,
    },
    /// The org refuses it.
    #[error("{} {}", .0.code, .0.message)]
    Refused(DmlError),
}

impl From<DmlError> for AdminError {
    fn from(error: DmlError) -> Self {
        Self::Refused(error)
    }
}

type Done = Result<(), AdminError>;

/// See [`Org::admin`].
#[derive(Debug)]
pub struct Admin<'a> {
    org: &'a mut Org,
    actor: Actor,
}

impl Org {
    /// Acts in the org as its administrator. Things are named as in configuration: Profile and UserLicense by Name, users
    /// by Username, the rest by API name.
    pub fn admin(&mut self) -> Admin<'_> {
        let actor = Actor { user: self.administrator.clone(), api: Api::Admin };
        Admin { org: self, actor }
    }
}

impl Admin<'_> {
    /// Adds a user licence with so many seats.
    pub fn add_licence(&mut self, name: &str, seats: i64) -> Id {
        let key = name.to_uppercase().replace(' ', "_");
        self.make(
            Object::UserLicense,
            &[
                ("Name", name.into()),
                ("MasterLabel", name.into()),
                ("LicenseDefinitionKey", key.into()),
                ("Status", "Active".into()),
                ("TotalLicenses", seats.into()),
                ("UsedLicenses", 0.into()),
            ],
        )
    }

    /// Adds a permission set licence with so many seats.
    pub fn add_permission_set_licence(&mut self, name: &str, seats: i64) -> Id {
        self.make(
            Object::PermissionSetLicense,
            &[
                ("DeveloperName", name.into()),
                ("MasterLabel", label(name).into()),
                ("PermissionSetLicenseKey", name.into()),
                ("Status", "Active".into()),
                ("TotalLicenses", seats.into()),
                ("UsedLicenses", 0.into()),
                ("IsDeleted", false.into()),
            ],
        )
    }

    /// Sets the seats of a user licence or permission set licence. Fewer than are used is possible, as in a real org.
    ///
    /// # Errors
    /// When there is no such licence.
    pub fn set_seats(&mut self, name: &str, seats: i64) -> Done {
        let object = if self.org.id_of(Object::UserLicense, name).is_some() {
            Object::UserLicense
        } else {
            Object::PermissionSetLicense
        };
        self.change(object, name, &[("TotalLicenses", seats.into())])
    }

    /// Adds a profile of a user licence, with its own permission set. API access comes with it, Manage Users does not.
    ///
    /// # Errors
    /// When there is no such licence.
    pub fn add_profile(&mut self, name: &str, licence: &str) -> Result<Id, AdminError> {
        let licence = self.id(Object::UserLicense, licence)?;
        let user_type = if name.starts_with("Chatter") { "CsnOnly" } else { "Standard" };
        let profile = self.make(
            Object::Profile,
            &[
                ("Name", name.into()),
                ("UserLicenseId", (&licence).into()),
                ("UserType", user_type.into()),
                ("PermissionsApiEnabled", true.into()),
                ("PermissionsManageUsers", false.into()),
                ("PermissionsManageInternalUsers", false.into()),
                ("PermissionsAssignPermissionSets", false.into()),
            ],
        );
        self.make(
            Object::PermissionSet,
            &[
                // Names of profiles' own sets look like X00e… [general knowledge].
                ("Name", format!("X{}", profile.short()).into()),
                ("Label", profile.short().into()),
                ("ProfileId", (&profile).into()),
                ("IsOwnedByProfile", true.into()),
                ("IsCustom", false.into()),
                ("Type", "Profile".into()),
                ("LicenseId", (&licence).into()),
            ],
        );
        Ok(profile)
    }

    /// Gives or takes a permission of a profile or permission set, such as `PermissionsManageUsers`.
    ///
    /// # Errors
    /// When there is no such profile or permission set.
    pub fn set_permission(&mut self, object: Object, name: &str, permission: &str, given: bool) -> Done {
        self.change(object, name, &[(permission, given.into())])
    }

    /// Adds a role, below another if named, with the group that the platform keeps for it.
    ///
    /// # Errors
    /// When there is no such parent role.
    pub fn add_role(&mut self, name: &str, parent: Option<&str>) -> Result<Id, AdminError> {
        let parent = parent.map(|parent| self.id(Object::UserRole, parent)).transpose()?;
        let role = self.make(
            Object::UserRole,
            &[
                ("DeveloperName", name.into()),
                ("Name", label(name).into()),
                ("PortalType", "None".into()),
                ("ParentRoleId", parent.map_or(Value::Null, Value::Id)),
            ],
        );
        // Role groups carry no name [general knowledge].
        self.make(Object::Group, &[("DeveloperName", name.into()), ("Type", "Role".into()), ("RelatedId", (&role).into())]);
        Ok(role)
    }

    /// Adds a permission set; with a licence it fits users of that user licence, or holders of that permission set licence.
    ///
    /// # Errors
    /// When there is no such licence.
    pub fn add_permission_set(&mut self, name: &str, licence: Option<&str>) -> Result<Id, AdminError> {
        let licence = match licence {
            None => Value::Null,
            Some(name) => self
                .id(Object::UserLicense, name)
                .or_else(|_| self.id(Object::PermissionSetLicense, name))
                .map(Value::Id)?,
        };
        Ok(self.make(
            Object::PermissionSet,
            &[
                ("Name", name.into()),
                ("Label", label(name).into()),
                ("IsOwnedByProfile", false.into()),
                ("IsCustom", true.into()),
                ("HasActivationRequired", false.into()),
                ("Type", "Regular".into()),
                ("LicenseId", licence),
                ("PermissionsApiEnabled", false.into()),
                ("PermissionsManageUsers", false.into()),
                ("PermissionsManageInternalUsers", false.into()),
                ("PermissionsAssignPermissionSets", false.into()),
            ],
        ))
    }

    /// Adds a permission set group of these permission sets, with its own permission set of type Group.
    ///
    /// # Errors
    /// When there is no such permission set.
    pub fn add_permission_set_group(&mut self, name: &str, sets: &[&str]) -> Result<Id, AdminError> {
        let sets = sets.iter().map(|set| self.id(Object::PermissionSet, set)).collect::<Result<Vec<_>, _>>()?;
        let group = self.make(
            Object::PermissionSetGroup,
            &[
                ("DeveloperName", name.into()),
                ("MasterLabel", label(name).into()),
                ("Status", "Updated".into()),
                ("Language", "en_US".into()),
                ("HasActivationRequired", false.into()),
                ("IsDeleted", false.into()),
            ],
        );
        for set in &sets {
            self.make(
                Object::PermissionSetGroupComponent,
                &[("PermissionSetGroupId", (&group).into()), ("PermissionSetId", set.into()), ("IsDeleted", false.into())],
            );
        }
        self.make(
            Object::PermissionSet,
            &[
                ("Name", name.into()),
                ("Label", label(name).into()),
                ("PermissionSetGroupId", (&group).into()),
                ("IsOwnedByProfile", false.into()),
                ("IsCustom", true.into()),
                ("Type", "Group".into()),
            ],
        );
        Ok(group)
    }

    /// Adds a public group.
    pub fn add_public_group(&mut self, name: &str) -> Id {
        self.add_group(name, "Regular")
    }

    /// Adds a queue.
    pub fn add_queue(&mut self, name: &str) -> Id {
        self.add_group(name, "Queue")
    }

    fn add_group(&mut self, name: &str, kind: &str) -> Id {
        self.make(
            Object::Group,
            &[
                ("DeveloperName", name.into()),
                ("Name", label(name).into()),
                ("Type", kind.into()),
                ("DoesIncludeBosses", true.into()),
                ("DoesSendEmailToMembers", false.into()),
            ],
        )
    }

    /// Adds a user with this username and profile; the other required fields get plain values unless given.
    ///
    /// # Errors
    /// When there is no such profile, or a rule of the org refuses the user.
    pub fn add_user(&mut self, username: &str, profile: &str, fields: &[(&str, Value)]) -> Result<Id, AdminError> {
        let profile = self.id(Object::Profile, profile)?;
        let local = username.split('@').next().unwrap_or(username);
        let mut all: Fields = [
            ("Username", Value::from(username)),
            ("LastName", local.into()),
            ("Email", username.into()),
            ("Alias", local.chars().take(8).collect::<String>().into()),
            ("TimeZoneSidKey", "Europe/Amsterdam".into()),
            ("LocaleSidKey", "nl_NL".into()),
            ("EmailEncodingKey", "UTF-8".into()),
            ("LanguageLocaleKey", "en_US".into()),
            ("IsActive", true.into()),
            ("ProfileId", Value::Id(profile)),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        all.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let id = self.org.world.insert(&self.actor, Object::User, all)?;
        self.org.world.state.commit();
        Ok(id)
    }

    /// Sets one field of a user by hand.
    ///
    /// # Errors
    /// When there is no such user, or a rule of the org refuses the change.
    pub fn set(&mut self, username: &str, field: &str, value: impl Into<Value>) -> Done {
        let id = self.id(Object::User, username)?;
        let fields = Fields::from([(field.to_owned(), value.into())]);
        self.org.world.update(&self.actor, Object::User, &id, fields)?;
        self.org.world.state.commit();
        Ok(())
    }

    /// Gives a user another profile.
    ///
    /// # Errors
    /// As [`Self::set`], or when there is no such profile.
    pub fn set_profile(&mut self, username: &str, profile: &str) -> Done {
        let profile = self.id(Object::Profile, profile)?;
        self.set(username, "ProfileId", profile)
    }

    /// Gives a user a role, or none.
    ///
    /// # Errors
    /// As [`Self::set`], or when there is no such role.
    pub fn set_role(&mut self, username: &str, role: Option<&str>) -> Done {
        let role = role.map(|role| self.id(Object::UserRole, role)).transpose()?;
        self.set(username, "UserRoleId", role.map_or(Value::Null, Value::Id))
    }

    /// Deactivates a user by hand.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn deactivate(&mut self, username: &str) -> Done {
        self.set(username, "IsActive", false)
    }

    /// Activates a user by hand.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn activate(&mut self, username: &str) -> Done {
        self.set(username, "IsActive", true)
    }

    /// Freezes or unfreezes a user by hand.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn set_frozen(&mut self, username: &str, frozen: bool) -> Done {
        let user = self.id(Object::User, username)?;
        let logins = self.org.world.state.matching(Object::UserLogin, "UserId", user.as_str());
        let Some(login) = logins.first().map(|login| login.id.clone()) else { return Err(unknown(Object::UserLogin, username)) };
        let fields = Fields::from([("IsFrozen".to_owned(), frozen.into())]);
        self.org.world.update(&self.actor, Object::UserLogin, &login, fields)?;
        self.org.world.state.commit();
        Ok(())
    }

    /// Gives a user a permission set, permission set group, permission set licence, public group or queue by hand.
    ///
    /// # Errors
    /// When there is no such user or thing, or a rule of the org refuses it.
    pub fn assign(&mut self, username: &str, object: Object, name: &str) -> Result<Id, AdminError> {
        let (table, user_field, field) = assignment_of(object)?;
        let user = self.id(Object::User, username)?;
        let thing = self.id(object, name)?;
        let fields = Fields::from([(user_field.to_owned(), Value::Id(user)), (field.to_owned(), Value::Id(thing))]);
        let id = self.org.world.insert(&self.actor, table, fields)?;
        self.org.world.state.commit();
        Ok(id)
    }

    /// Takes it away again.
    ///
    /// # Errors
    /// When there is no such user, thing or assignment, or a rule of the org refuses it.
    pub fn unassign(&mut self, username: &str, object: Object, name: &str) -> Done {
        let (table, user_field, field) = assignment_of(object)?;
        let user = self.id(Object::User, username)?;
        let thing = self.id(object, name)?;
        let rows = self.org.world.state.matching(table, user_field, user.as_str());
        let row = rows.iter().find(|row| row.id_in(field) == Some(&thing)).map(|row| row.id.clone());
        let row = row.ok_or_else(|| unknown(table, name))?;
        self.org.world.delete(&self.actor, table, &row)?;
        self.org.world.state.commit();
        Ok(())
    }

    /// Renames a thing; its id stays.
    ///
    /// # Errors
    /// When there is no such thing.
    pub fn rename(&mut self, object: Object, name: &str, new_name: &str) -> Done {
        self.change(object, name, &[(name_field(object), new_name.into())])
    }

    /// Deletes a profile, role, permission set, group or the like, with its assignments and memberships. Users who point to
    /// it lose the pointer.
    ///
    /// # Errors
    /// When there is no such thing.
    pub fn remove(&mut self, object: Object, name: &str) -> Done {
        let id = self.id(object, name)?;
        let state = &self.org.world.state;
        let mut gone = vec![(object, id.clone())];
        for table in [
            Object::PermissionSetAssignment,
            Object::PermissionSetLicenseAssign,
            Object::PermissionSetGroupComponent,
            Object::GroupMember,
        ] {
            let points = |record: &&Record| record.fields().iter().any(|(name, value)| name != "Id" && value.as_id() == Some(&id));
            gone.extend(state.rows(table).filter(points).map(|record| (table, record.id.clone())));
        }
        let users: Vec<Record> = state.rows(Object::User).filter(|user| user.id_in("UserRoleId") == Some(&id)).cloned().collect();
        for user in users {
            let mut changed = user.clone();
            changed.set("UserRoleId", Value::Null);
            self.org.world.write(&self.actor, Some(user), changed);
        }
        for (table, id) in gone {
            self.org.world.erase(&self.actor, table, &id);
        }
        self.org.world.state.commit();
        Ok(())
    }

    /// Makes a permission set group outdated (`Status` Outdated) or up to date.
    ///
    /// # Errors
    /// When there is no such group.
    pub fn set_group_status(&mut self, name: &str, status: &str) -> Done {
        self.change(Object::PermissionSetGroup, name, &[("Status", status.into())])
    }

    /// From now on the user cannot be deactivated, for this reason.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn block_deactivation(&mut self, username: &str, reason: &str) -> Done {
        let id = self.id(Object::User, username)?;
        self.org.world.blockers.insert(id, reason.to_owned());
        Ok(())
    }

    /// Takes the hindrance away.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn unblock_deactivation(&mut self, username: &str) -> Done {
        let id = self.id(Object::User, username)?;
        self.org.world.blockers.remove(&id);
        Ok(())
    }

    /// A username that exists in another org.
    pub fn add_foreign_username(&mut self, username: &str) {
        self.org.world.foreign_usernames.insert(username.to_lowercase());
    }

    /// Adds a custom text field to User; its name ends in `__c`. An external id is unique and can be used for upsert.
    pub fn add_custom_user_field(&mut self, name: &str, length: usize, external_id: bool) {
        self.org.world.state.custom_user_fields.push(Spec::custom(name, length, external_id));
    }

    /// Registers an app that may ask for tokens, or replaces the one with its id.
    pub fn register_client(&mut self, app: ClientApp) {
        self.org.oauth.apps.retain(|other| other.client_id != app.client_id);
        self.org.oauth.apps.push(app);
    }

    /// Takes back the approval of an app for a user.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn withdraw_approval(&mut self, client_id: &str, username: &str) -> Done {
        let user = self.id(Object::User, username)?;
        for app in self.org.oauth.apps.iter_mut().filter(|app| app.client_id == client_id) {
            app.approved.remove(&user);
        }
        Ok(())
    }

    fn id(&self, object: Object, name: &str) -> Result<Id, AdminError> {
        self.org.id_of(object, name).ok_or_else(|| unknown(object, name))
    }

    fn make(&mut self, object: Object, fields: &[(&str, Value)]) -> Id {
        let id = self.org.world.state.next_id(object);
        let mut record = Record::new(object, id.clone());
        for (name, value) in fields {
            record.set(name, value.clone());
        }
        self.org.world.write(&self.actor, None, record);
        self.org.world.state.commit();
        id
    }

    fn change(&mut self, object: Object, name: &str, fields: &[(&str, Value)]) -> Done {
        let id = self.id(object, name)?;
        let Some(old) = self.org.world.state.get(object, &id).cloned() else { return Err(unknown(object, name)) };
        let mut record = old.clone();
        for (field, value) in fields {
            record.set(field, value.clone());
        }
        self.org.world.write(&self.actor, Some(old), record);
        self.org.world.state.commit();
        Ok(())
    }
}

fn unknown(object: Object, name: &str) -> AdminError {
    AdminError::Unknown { object: object.name(), name: name.to_owned() }
}

/// The table of a kind of assignment, its user field and its thing field.
fn assignment_of(object: Object) -> Result<(Object, &'static str, &'static str), AdminError> {
    match object {
        Object::PermissionSet => Ok((Object::PermissionSetAssignment, "AssigneeId", "PermissionSetId")),
        Object::PermissionSetGroup => Ok((Object::PermissionSetAssignment, "AssigneeId", "PermissionSetGroupId")),
        Object::PermissionSetLicense => Ok((Object::PermissionSetLicenseAssign, "AssigneeId", "PermissionSetLicenseId")),
        Object::Group => Ok((Object::GroupMember, "UserOrGroupId", "GroupId")),
        other => Err(unknown(other, "that can be assigned")),
    }
}

/// `Sales_Cloud_User` → `Sales Cloud User`
fn label(name: &str) -> String {
    name.replace('_', " ")
}
