//! Who may manage users and can be used: the rule that the last administrator is never shut out rests on it.

use std::collections::BTreeSet;

use domain::SalesforceUserId;
use jiff::Timestamp;

use crate::Salesforce;
use crate::error::SalesforceError;
use crate::query::Row;
use crate::soql;

/// A profile's permissions are those of a permission set of its own, and a permission set group's are those of one that
/// Salesforce keeps for the group, muted ones taken out; both are assigned like any other (Object Reference,
/// PermissionSetAssignment). So this finds them all.
const MANAGERS: &str = "SELECT AssigneeId, ExpirationDate FROM PermissionSetAssignment \
                        WHERE PermissionSet.PermissionsManageUsers = true \
                        AND Assignee.IsActive = true AND Assignee.UserType = 'Standard'";

impl Salesforce {
    /// All users of type Standard that may manage users, are active and are not frozen. The connector's own user is one
    /// of them if it may.
    ///
    /// # Errors
    /// Those of the queries.
    pub async fn usable_administrators(&self) -> Result<BTreeSet<SalesforceUserId>, SalesforceError> {
        let now = self.api.clock.now();
        let rows = self.query(MANAGERS).await?;
        let mut users: BTreeSet<_> = rows.iter().filter(|row| !is_over(row, now)).filter_map(assignee).collect();
        let ids: Vec<_> = users.iter().map(|user| ("UserId", user.as_str().to_owned())).collect();
        for query in soql::any_of("SELECT UserId FROM UserLogin WHERE IsFrozen = true AND ", &ids, "") {
            for row in self.query(&query).await? {
                if let Some(frozen) = user(&row, "UserId") {
                    users.remove(&frozen);
                }
            }
        }
        Ok(users)
    }
}

fn assignee(row: &Row) -> Option<SalesforceUserId> {
    user(row, "AssigneeId")
}

fn user(row: &Row, column: &str) -> Option<SalesforceUserId> {
    SalesforceUserId::parse(row.text(&[column])?).ok()
}

/// Salesforce may take its time to delete an assignment that has ended. An end that can't be read counts as one.
fn is_over(row: &Row, now: Timestamp) -> bool {
    row.text(&["ExpirationDate"]).is_some_and(|end| end.parse::<Timestamp>().map_or(true, |end| end <= now))
}
