//! Entitlements: what a rule can give beside the account itself, by kind and by the name that the org's administrators
//! use.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::IdError;

/// What kind of thing is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum EntitlementKind {
    /// A profile; every user has exactly one.
    Profile,
    /// A role; a user has at most one.
    Role,
    /// A permission set.
    PermissionSet,
    /// A permission set group.
    PermissionSetGroup,
    /// A permission set licence.
    PermissionSetLicense,
    /// A public group.
    PublicGroup,
    /// A queue.
    Queue,
    /// A feature licence: a field `UserPermissions…` of the User object.
    FeatureLicense,
}

impl EntitlementKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Profile,
        Self::Role,
        Self::PermissionSet,
        Self::PermissionSetGroup,
        Self::PermissionSetLicense,
        Self::PublicGroup,
        Self::Queue,
        Self::FeatureLicense,
    ];

    /// As in configuration and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Role => "role",
            Self::PermissionSet => "permissionSet",
            Self::PermissionSetGroup => "permissionSetGroup",
            Self::PermissionSetLicense => "permissionSetLicense",
            Self::PublicGroup => "publicGroup",
            Self::Queue => "queue",
            Self::FeatureLicense => "featureLicense",
        }
    }

    /// Whether a user has at most one, so that giving one takes the other away.
    pub fn is_single(self) -> bool {
        matches!(self, Self::Profile | Self::Role)
    }

    /// Whether an assignment of it can end by itself on a day.
    pub fn can_expire(self) -> bool {
        matches!(self, Self::PermissionSet | Self::PermissionSetGroup)
    }
}

/// What the connector does with entitlements of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ownership {
    /// Gives what rules give and takes back what it gave; what others gave stays.
    #[default]
    Own,
    /// Gives what rules give and takes everything else.
    Exact,
    /// Gives what rules give and takes nothing.
    AddOnly,
    /// Changes nothing and reports.
    Observe,
}

/// The API or developer name of an entitlement (of a profile: its name), 1 to 255 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntitlementName(String);

impl EntitlementName {
    /// Checks the name.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn parse(name: impl Into<String>) -> Result<Self, IdError> {
        let name = name.into();
        if name.trim().is_empty() || name.chars().count() > 255 || name.chars().any(char::is_control) {
            return Err(IdError { kind: "entitlement name", rule: "1 to 255 characters, no control characters" });
        }
        Ok(Self(name))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for EntitlementName {
    type Error = IdError;
    fn try_from(name: String) -> Result<Self, IdError> {
        Self::parse(name)
    }
}

impl From<EntitlementName> for String {
    fn from(name: EntitlementName) -> Self {
        name.0
    }
}

impl fmt::Display for EntitlementName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One thing that can be given; written `permissionSet:Sales_Cloud_User`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Entitlement {
    /// Its kind.
    pub kind: EntitlementKind,
    /// Its name.
    pub name: EntitlementName,
}

impl Entitlement {
    /// From its parts.
    pub fn new(kind: EntitlementKind, name: EntitlementName) -> Self {
        Self { kind, name }
    }
}

impl fmt::Display for Entitlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.as_str(), self.name)
    }
}

impl FromStr for Entitlement {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let error = IdError { kind: "entitlement", rule: "kind:name, as permissionSet:Sales_Cloud_User" };
        let (kind, name) = text.split_once(':').ok_or_else(|| error.clone())?;
        let kind = EntitlementKind::ALL.into_iter().find(|known| known.as_str() == kind).ok_or(error)?;
        Ok(Self { kind, name: EntitlementName::parse(name)? })
    }
}

impl TryFrom<String> for Entitlement {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<Entitlement> for String {
    fn from(entitlement: Entitlement) -> Self {
        entitlement.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips_also_with_a_colon_in_the_name() {
        for kind in EntitlementKind::ALL {
            let entitlement = Entitlement::new(kind, EntitlementName::parse("Sales: EMEA").unwrap());
            assert_eq!(entitlement.to_string().parse(), Ok(entitlement));
        }
        assert!("wizard:X".parse::<Entitlement>().is_err());
        assert!("profile:".parse::<Entitlement>().is_err());
    }
}
