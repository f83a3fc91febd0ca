//! Looking users up: many persons by id and by keys in one query, then all that they are assigned, at once.

pub(crate) mod rows;

use std::collections::{BTreeMap, BTreeSet};

use domain::{ActualUser, EntitlementName, SalesforceUserId, UserField, UserLink};

use crate::error::SalesforceError;
use crate::query::Row;
use crate::soql;
use crate::{Salesforce, WritePath};

/// Whom to look for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The user that the person is known to be.
    pub user: Option<SalesforceUserId>,
    /// Values that the person's user may carry, most trusted first.
    pub keys: Vec<(UserField, String)>,
}

/// A user that was found for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The user.
    pub user: ActualUser,
    /// The first of the keys that it carries; `None` when it was found by its id.
    pub matched: Option<UserField>,
    /// Its FederationIdentifier and EmployeeNumber, where it has them: who it says it is.
    pub strong_keys: BTreeMap<UserField, String>,
}

impl Candidate {
    pub(crate) fn new(user: ActualUser, matched: Option<UserField>) -> Self {
        let strong = |key: &UserField| Some((*key, user.field(*key)?.to_owned()));
        Self { strong_keys: STRONG_KEYS.iter().filter_map(strong).collect(), matched, user }
    }
}

/// Fields that tell who somebody is, beyond the login name.
pub(crate) const STRONG_KEYS: [UserField; 2] = [UserField::FederationIdentifier, UserField::EmployeeNumber];

/// What comes with a profile is no assignment of its own. What comes with a permission set group is one row for all of it.
pub(crate) const SETS: &str = "SELECT Id, AssigneeId, ExpirationDate, PermissionSet.Name, PermissionSet.NamespacePrefix, \
                    PermissionSetGroupId, PermissionSetGroup.DeveloperName, PermissionSetGroup.NamespacePrefix \
                    FROM PermissionSetAssignment WHERE PermissionSet.IsOwnedByProfile = false AND ";
pub(crate) const LICENSES: &str =
    "SELECT Id, AssigneeId, PermissionSetLicense.DeveloperName FROM PermissionSetLicenseAssign WHERE ";
pub(crate) const GROUPS: &str = "SELECT Id, UserOrGroupId, Group.DeveloperName, Group.Type FROM GroupMember \
                      WHERE Group.Type IN ('Regular', 'Queue') AND ";

impl Salesforce {
    /// For each person, in order, all users (of type Standard, active or not) with the id or any of the keys.
    ///
    /// # Errors
    /// Those of the queries; then nothing is known of anybody.
    pub async fn lookup(&self, wanted: &[Wanted]) -> Result<Vec<Vec<Candidate>>, SalesforceError> {
        match self.path {
            WritePath::Scim => self.lookup_by_soql(wanted).await,
            WritePath::Apex => self.lookup_by_apex(wanted).await,
        }
    }

    async fn lookup_by_soql(&self, wanted: &[Wanted]) -> Result<Vec<Vec<Candidate>>, SalesforceError> {
        let conditions = conditions(wanted);
        if conditions.is_empty() {
            return Ok(vec![Vec::new(); wanted.len()]);
        }
        let mut users = self.read_users(&conditions).await?;
        let matches: Vec<Vec<_>> = wanted.iter().map(|wanted| matches(wanted, &users)).collect();
        // Salesforce compares without case, so it may have given users that are nobody's.
        let matched: BTreeSet<_> = matches.iter().flatten().map(|(user, _)| user.clone()).collect();
        users.retain(|id, _| matched.contains(id));
        self.read_assignments(&mut users).await?;
        let candidate = |(id, matched): &(SalesforceUserId, Option<UserField>)| {
            Some(Candidate::new(users.get(id)?.clone(), *matched))
        };
        Ok(matches.iter().map(|found| found.iter().filter_map(candidate).collect()).collect())
    }

    async fn read_users(
        &self,
        conditions: &[(&str, String)],
    ) -> Result<BTreeMap<SalesforceUserId, ActualUser>, SalesforceError> {
        let mut features = self.features(false).await?;
        let queries = |features: &BTreeSet<_>| soql::any_of(&user_query(features), conditions, "");
        let rows = match self.query_all(queries(&features)).await {
            // The org may have lost a feature since its fields were read.
            Err(SalesforceError::Unusable(refusal)) if refusal.code == "INVALID_FIELD" && !features.is_empty() => {
                features = self.features(true).await?;
                self.query_all(queries(&features)).await?
            }
            rows => rows?,
        };
        let user = |row: &Row| rows::user(row, &features).map(|user| (user.id.clone(), user));
        Ok(rows.iter().filter_map(user).collect())
    }

    async fn read_assignments(
        &self,
        users: &mut BTreeMap<SalesforceUserId, ActualUser>,
    ) -> Result<(), SalesforceError> {
        if users.is_empty() {
            return Ok(());
        }
        let queries = |head, column| {
            let ids: Vec<_> = users.keys().map(|id| (column, id.as_str().to_owned())).collect();
            soql::any_of(head, &ids, "")
        };
        let ids: Vec<_> = users.keys().cloned().collect();
        let (frozen, sets, licences, groups) = futures::try_join!(
            self.read_logins(&ids),
            self.query_all(queries(SETS, "AssigneeId")),
            self.query_all_if_there(queries(LICENSES, "AssigneeId")),
            self.query_all(queries(GROUPS, "UserOrGroupId")),
        )?;
        let found = sets.iter().filter_map(rows::permission_set);
        let found = found.chain(licences.iter().filter_map(rows::licence)).chain(groups.iter().filter_map(rows::group));
        for (user, assignment) in found {
            if let Some(user) = users.get_mut(&user)
                && user.assignment(&assignment.entitlement).is_none()
            {
                user.assignments.push(assignment);
            }
        }
        for user in users.values_mut() {
            user.frozen = frozen.contains(&user.id);
        }
        Ok(())
    }
}

fn user_query(features: &BTreeSet<EntitlementName>) -> String {
    format!("SELECT {} FROM User WHERE UserType = 'Standard' AND ", user_columns(features))
}

/// The columns of User that [`rows::user`] reads.
pub(crate) fn user_columns(features: &BTreeSet<EntitlementName>) -> String {
    let fields = UserField::ALL.iter().map(|field| field.api_name());
    let links = UserLink::ALL.iter().map(|link| link.api_name());
    let columns: Vec<_> = fields.chain(links).chain(features.iter().map(EntitlementName::as_str)).collect();
    format!("Id, IsActive, {}, Profile.Name, UserRole.DeveloperName", columns.join(", "))
}

fn conditions(wanted: &[Wanted]) -> Vec<(&'static str, String)> {
    let mut conditions = Vec::new();
    let mut seen = BTreeSet::new();
    for wanted in wanted {
        let id = wanted.user.iter().map(|id| ("Id", id.as_str()));
        let keys = wanted.keys.iter().filter(|(_, value)| can_be_carried(value));
        for (column, value) in id.chain(keys.map(|(field, value)| (field.api_name(), value.as_str()))) {
            if seen.insert((column, value)) {
                conditions.push((column, value.to_owned()));
            }
        }
    }
    conditions
}

/// Whether any user can have the value. None carries a control character, and Salesforce refuses a query with one.
pub(crate) fn can_be_carried(value: &str) -> bool {
    !value.is_empty() && !value.chars().any(char::is_control)
}

/// The users that carry the id or a key, with the first key that they carry.
pub(crate) fn matches(
    wanted: &Wanted,
    users: &BTreeMap<SalesforceUserId, ActualUser>,
) -> Vec<(SalesforceUserId, Option<UserField>)> {
    let how = |user: &ActualUser| {
        if wanted.user.as_ref() == Some(&user.id) {
            return Some(None);
        }
        let carries =
            |(field, value): &&(UserField, String)| user.field(*field).is_some_and(|own| field.same_value(own, value));
        wanted.keys.iter().find(carries).map(|(field, _)| Some(*field))
    };
    users.values().filter_map(|user| Some((user.id.clone(), how(user)?))).collect()
}

#[cfg(test)]
mod tests;
