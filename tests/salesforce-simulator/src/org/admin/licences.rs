//! The administrator in the set-up: user licences, permission set licences, feature licences and their seats.

use super::super::ids::Id;
use super::super::schema::Object;
use super::super::schema::features;
use super::setup::label;
use super::{Admin, Done, unknown};

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

    /// Makes the org have a feature licence, by its field of User such as `UserPermissionsKnowledgeUser`.
    ///
    /// # Errors
    /// When Salesforce has no such field.
    pub fn add_feature_licence(&mut self, field: &str, seats: i64) -> Done {
        let feature = features::named(field).ok_or_else(|| unknown(Object::User, field))?;
        self.org.world.state.feature_seats.insert(feature.field, seats);
        Ok(())
    }

    /// Makes the org have a feature licence no more: the field is gone.
    ///
    /// # Errors
    /// When Salesforce has no such field.
    pub fn remove_feature_licence(&mut self, field: &str) -> Done {
        let feature = features::named(field).ok_or_else(|| unknown(Object::User, field))?;
        self.org.world.state.feature_seats.remove(feature.field);
        Ok(())
    }

    /// Sets the seats of a user licence, permission set licence or feature licence. Fewer than are used is possible, as in a
    /// real org.
    ///
    /// # Errors
    /// When there is no such licence.
    pub fn set_seats(&mut self, name: &str, seats: i64) -> Done {
        if self.org.world.state.seats_of_feature(name).is_some() {
            return self.add_feature_licence(name, seats);
        }
        let object = if self.org.id_of(Object::UserLicense, name).is_some() {
            Object::UserLicense
        } else {
            Object::PermissionSetLicense
        };
        self.change(object, name, &[("TotalLicenses", seats.into())])
    }
}
