//! The test acting as an administrator: adds and changes users, assigns by hand, freezes. Things of the set-up itself are in
//! `setup`. Mutations enter the journal with `Api::Admin`.

mod licences;
mod setup;

use jiff::Timestamp;

use super::Org;
use super::dml_error::DmlError;
use super::ids::Id;
use super::journal::{Actor, Api};
use super::schema::Object;
use super::value::Value;
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

    /// Acts in the org as somebody else who has its set-up pages open.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn admin_as(&mut self, username: &str) -> Result<Admin<'_>, AdminError> {
        let user = self.id_of(Object::User, username).ok_or_else(|| unknown(Object::User, username))?;
        Ok(Admin { org: self, actor: Actor { user, api: Api::Admin } })
    }
}

impl Admin<'_> {
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

    /// Gives a user a manager, or none.
    ///
    /// # Errors
    /// As [`Self::set`], or when there is no such manager.
    pub fn set_manager(&mut self, username: &str, manager: Option<&str>) -> Done {
        let manager = manager.map(|manager| self.id(Object::User, manager)).transpose()?;
        self.set(username, "ManagerId", manager.map_or(Value::Null, Value::Id))
    }

    /// Gives a user another username.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn rename_user(&mut self, username: &str, new_username: &str) -> Done {
        self.set(username, "Username", new_username)
    }

    /// Gives or takes a feature licence, by its field.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn set_feature(&mut self, username: &str, field: &str, given: bool) -> Done {
        self.set(username, field, given)
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
        let Some(login) = logins.first().map(|login| login.id.clone()) else {
            return Err(unknown(Object::UserLogin, username));
        };
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
        self.give(username, object, name, None)
    }

    /// Gives a user a permission set or permission set group until a moment.
    ///
    /// # Errors
    /// As [`Self::assign`].
    pub fn assign_until(
        &mut self,
        username: &str,
        object: Object,
        name: &str,
        end: Timestamp,
    ) -> Result<Id, AdminError> {
        self.give(username, object, name, Some(end))
    }

    fn give(&mut self, username: &str, object: Object, name: &str, end: Option<Timestamp>) -> Result<Id, AdminError> {
        let (table, user_field, field) = assignment_of(object)?;
        let user = self.id(Object::User, username)?;
        let thing = self.id(object, name)?;
        let mut fields = Fields::from([(user_field.to_owned(), Value::Id(user)), (field.to_owned(), Value::Id(thing))]);
        if let Some(end) = end {
            fields.insert("ExpirationDate".to_owned(), end.into());
        }
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
}

fn unknown(object: Object, name: &str) -> AdminError {
    AdminError::Unknown { object: object.name(), name: name.to_owned() }
}

/// The table of a kind of assignment, its user field and its thing field.
fn assignment_of(object: Object) -> Result<(Object, &'static str, &'static str), AdminError> {
    match object {
        Object::PermissionSet => Ok((Object::PermissionSetAssignment, "AssigneeId", "PermissionSetId")),
        Object::PermissionSetGroup => Ok((Object::PermissionSetAssignment, "AssigneeId", "PermissionSetGroupId")),
        Object::PermissionSetLicense => {
            Ok((Object::PermissionSetLicenseAssign, "AssigneeId", "PermissionSetLicenseId"))
        }
        Object::Group => Ok((Object::GroupMember, "UserOrGroupId", "GroupId")),
        other => Err(unknown(other, "that can be assigned")),
    }
}
