//! What the connector's own user may do, of what the connector needs.

use std::collections::BTreeSet;

use crate::Salesforce;
use crate::error::SalesforceError;
use crate::soql;

/// The system permissions that the connector needs for all that it can do, by the names that Salesforce gives them in
/// the API. "Manage Users" brings the others below it, but each can be given alone.
const NEEDED: [&str; 7] = [
    "ApiEnabled",
    "ViewSetup",
    "ManageUsers",
    "ManageInternalUsers",
    "AssignPermissionSets",
    "FreezeUsers",
    "ManageRoles",
];

/// What the connector's own user may do, of what the connector needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnPermissions {
    /// Permissions that it has (`ManageUsers`).
    pub given: BTreeSet<&'static str>,
    /// Permissions that it lacks.
    pub missing: BTreeSet<&'static str>,
    /// Permissions that the org does not know under this name, so that nothing can be said.
    pub unknown: BTreeSet<&'static str>,
}

impl Salesforce {
    /// Reads what the connector's own user may do: the sum of all permission sets assigned to it, its profile's among
    /// them.
    ///
    /// # Errors
    /// Those of the calls. [`SalesforceError::Unusable`] when it may not even see permission sets ("View Setup").
    pub async fn own_permissions(&self) -> Result<OwnPermissions, SalesforceError> {
        let user = self.own_user().await?;
        let columns = self.columns("PermissionSet").await?;
        let (known, unknown): (BTreeSet<_>, BTreeSet<_>) =
            NEEDED.into_iter().partition(|name| columns.contains(column(name).as_str()));
        let mut given = BTreeSet::new();
        if !known.is_empty() {
            let fields: Vec<_> = known.iter().map(|name| format!("PermissionSet.{}", column(name))).collect();
            let query = format!(
                "SELECT {} FROM PermissionSetAssignment WHERE AssigneeId = {}",
                fields.join(", "),
                soql::quote(user.as_str())
            );
            for row in self.query(&query).await? {
                given.extend(known.iter().filter(|name| row.is_at(&["PermissionSet", &column(name)])));
            }
        }
        let missing = known.difference(&given).copied().collect();
        Ok(OwnPermissions { given, missing, unknown })
    }
}

fn column(permission: &str) -> String {
    format!("Permissions{permission}")
}
