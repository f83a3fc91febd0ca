//! The words of the contract: fields, kinds, statuses, sizes.

use crate::org::schema::Object;

pub(super) const VERSION: i64 = 1;
/// Persons in one lookup.
pub(super) const MAX_LOOKUP: usize = 500;
/// Persons in one call that writes.
pub(super) const MAX_ACCOUNTS: usize = 200;

/// Fields of User that the service reads and writes.
pub(super) const FIELDS: [&str; 18] = [
    "Username",
    "Email",
    "FirstName",
    "LastName",
    "Alias",
    "CommunityNickname",
    "FederationIdentifier",
    "EmployeeNumber",
    "Title",
    "Department",
    "Division",
    "CompanyName",
    "Phone",
    "MobilePhone",
    "TimeZoneSidKey",
    "LocaleSidKey",
    "LanguageLocaleKey",
    "EmailEncodingKey",
];

/// Fields by which a user can be found.
pub(super) const MATCH_FIELDS: [&str; 4] = ["FederationIdentifier", "EmployeeNumber", "Username", "Email"];

/// A kind of entitlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    PermissionSet,
    PermissionSetGroup,
    PermissionSetLicense,
    PublicGroup,
    Queue,
    FeatureLicense,
}

impl Kind {
    pub(super) const ALL: [Self; 6] = [
        Self::PermissionSet,
        Self::PermissionSetGroup,
        Self::PermissionSetLicense,
        Self::PublicGroup,
        Self::Queue,
        Self::FeatureLicense,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::PermissionSet => "permissionSet",
            Self::PermissionSetGroup => "permissionSetGroup",
            Self::PermissionSetLicense => "permissionSetLicense",
            Self::PublicGroup => "publicGroup",
            Self::Queue => "queue",
            Self::FeatureLicense => "featureLicense",
        }
    }

    /// Where such entitlements stand: the table of assignments, its user field and its field for the thing. Feature licences
    /// are fields of User.
    pub(super) fn table(self) -> Option<(Object, &'static str, &'static str)> {
        Some(match self {
            Self::PermissionSet => (Object::PermissionSetAssignment, "AssigneeId", "PermissionSetId"),
            Self::PermissionSetGroup => (Object::PermissionSetAssignment, "AssigneeId", "PermissionSetGroupId"),
            Self::PermissionSetLicense => (Object::PermissionSetLicenseAssign, "AssigneeId", "PermissionSetLicenseId"),
            Self::PublicGroup | Self::Queue => (Object::GroupMember, "UserOrGroupId", "GroupId"),
            Self::FeatureLicense => return None,
        })
    }

    /// Whether an assignment of this kind can have an end.
    pub(super) fn expires(self) -> bool {
        matches!(self, Self::PermissionSet | Self::PermissionSetGroup)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::super::outcome::Outcome;
    use super::*;
    use crate::org::dml_error::DmlError;

    fn schema() -> Json {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/salesforce/contract/accounts-v1.schema.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    fn words(list: &Json) -> Vec<&str> {
        list.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
    }

    #[test]
    fn the_words_are_those_of_the_schema() {
        let schema = schema();
        let defs = &schema["$defs"];
        assert_eq!(words(&defs["field"]["enum"]), FIELDS);
        assert_eq!(words(&defs["matchField"]["enum"]), MATCH_FIELDS);
        assert_eq!(words(&defs["kind"]["enum"]), Kind::ALL.map(Kind::name));
        let error = DmlError::new("CODE", "text", &[]);
        let statuses =
            [Outcome::Done, Outcome::Already, Outcome::Failed(error), Outcome::Skipped].map(|outcome| outcome.status());
        assert_eq!(words(&defs["result"]["properties"]["status"]["enum"]), statuses);
        assert_eq!(defs["version"]["const"], VERSION);
        assert_eq!(defs["lookupRequest"]["properties"]["persons"]["maxItems"], MAX_LOOKUP);
        assert_eq!(defs["accountsRequest"]["properties"]["persons"]["maxItems"], MAX_ACCOUNTS);
    }
}
