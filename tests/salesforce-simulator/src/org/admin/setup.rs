//! The administrator in the set-up: profiles, roles, permission sets, groups, queues and custom fields.

use super::super::ids::Id;
use super::super::names::name_field;
use super::super::schema::{Object, Spec};
use super::super::state::Record;
use super::super::value::Value;
use super::{Admin, AdminError, Done, unknown};

impl Admin<'_> {
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
                ("PermissionsModifyAllData", false.into()),
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

    /// Gives or takes a custom permission of a profile or permission set.
    ///
    /// # Errors
    /// When there is no such profile or permission set.
    pub fn set_custom_permission(&mut self, object: Object, name: &str, permission: &str, given: bool) -> Done {
        let id = self.id(object, name)?;
        let held = self.org.world.custom_permissions.entry(id).or_default();
        if given {
            held.insert(permission.to_owned());
        } else {
            held.remove(permission);
        }
        Ok(())
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
        self.make(
            Object::Group,
            &[("DeveloperName", name.into()), ("Type", "Role".into()), ("RelatedId", (&role).into())],
        );
        Ok(role)
    }

    /// Adds a permission set; with a licence it fits users of that user licence, or holders of that permission set licence.
    /// One of a package is named `namespace__Name`.
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
        let (namespace, name) = name.split_once("__").unwrap_or(("", name));
        Ok(self.make(
            Object::PermissionSet,
            &[
                ("Name", name.into()),
                ("NamespacePrefix", namespace.into()),
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

    /// Adds a permission set group of these permission sets, with its own permission set of type Group. One of a package is
    /// named `namespace__Name`.
    ///
    /// # Errors
    /// When there is no such permission set.
    pub fn add_permission_set_group(&mut self, name: &str, sets: &[&str]) -> Result<Id, AdminError> {
        let sets = sets.iter().map(|set| self.id(Object::PermissionSet, set)).collect::<Result<Vec<_>, _>>()?;
        let (namespace, name) = name.split_once("__").unwrap_or(("", name));
        let group = self.make(
            Object::PermissionSetGroup,
            &[
                ("DeveloperName", name.into()),
                ("NamespacePrefix", namespace.into()),
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
                &[
                    ("PermissionSetGroupId", (&group).into()),
                    ("PermissionSetId", set.into()),
                    ("IsDeleted", false.into()),
                ],
            );
        }
        self.make(
            Object::PermissionSet,
            &[
                ("Name", name.into()),
                ("NamespacePrefix", namespace.into()),
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
        if object == Object::UserRole {
            let own = state.rows(Object::Group).filter(|group| group.id_in("RelatedId") == Some(&id));
            gone.extend(own.map(|group| (Object::Group, group.id.clone())));
        }
        if object == Object::PermissionSetGroup {
            let own = state.matching(Object::PermissionSet, "PermissionSetGroupId", id.as_str());
            gone.extend(own.iter().map(|set| (Object::PermissionSet, set.id.clone())));
        }
        for table in [
            Object::PermissionSetAssignment,
            Object::PermissionSetLicenseAssign,
            Object::PermissionSetGroupComponent,
            Object::GroupMember,
        ] {
            let points = |record: &&Record| {
                record.fields().iter().any(|(name, value)| name != "Id" && value.as_id() == Some(&id))
            };
            gone.extend(state.rows(table).filter(points).map(|record| (table, record.id.clone())));
        }
        let users: Vec<Record> =
            state.rows(Object::User).filter(|user| user.id_in("UserRoleId") == Some(&id)).cloned().collect();
        for user in users {
            let mut changed = user.clone();
            changed.set("UserRoleId", Value::Null);
            self.org.world.write(&self.actor, Some(&user), changed);
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

    /// Adds a custom text field to User; its name ends in `__c`. An external id is unique and can be used for upsert.
    pub fn add_custom_user_field(&mut self, name: &str, length: usize, external_id: bool) {
        self.org.world.state.custom_user_fields.push(Spec::custom(name, length, external_id));
    }

    pub(super) fn make(&mut self, object: Object, fields: &[(&str, Value)]) -> Id {
        let id = self.org.world.state.next_id(object);
        let mut record = Record::new(object, id.clone());
        for (name, value) in fields {
            record.set(name, value.clone());
        }
        self.org.world.write(&self.actor, None, record);
        self.org.world.state.commit();
        id
    }

    pub(super) fn change(&mut self, object: Object, name: &str, fields: &[(&str, Value)]) -> Done {
        let id = self.id(object, name)?;
        let Some(old) = self.org.world.state.get(object, &id).cloned() else { return Err(unknown(object, name)) };
        let mut record = old.clone();
        for (field, value) in fields {
            record.set(field, value.clone());
        }
        self.org.world.write(&self.actor, Some(&old), record);
        self.org.world.state.commit();
        Ok(())
    }
}

/// `Sales_Cloud_User` → `Sales Cloud User`
pub(super) fn label(name: &str) -> String {
    name.replace('_', " ")
}
