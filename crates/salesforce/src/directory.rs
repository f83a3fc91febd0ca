//! Looking users up: many persons by id and by keys in one query, with what they are assigned.

use std::collections::{BTreeMap, BTreeSet};

use domain::{ActualUser, Assignment, Entitlement, EntitlementKind, EntitlementName, SalesforceUserId, UserField};

use crate::Salesforce;
use crate::catalog::qualified;
use crate::error::SalesforceError;
use crate::query::Row;
use crate::soql;

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

/// Fields that tell who somebody is, beyond the login name.
pub(crate) const STRONG_KEYS: [UserField; 2] = [UserField::FederationIdentifier, UserField::EmployeeNumber];

impl Salesforce {
    /// For each person, in order, all users (of type Standard, active or not) with the id or any of the keys.
    ///
    /// # Errors
    /// Those of the queries; then nothing is known of anybody.
    pub async fn lookup(&self, wanted: &[Wanted]) -> Result<Vec<Vec<Candidate>>, SalesforceError> {
        let mut users = BTreeMap::new();
        for query in soql::any_of(&user_query(), &conditions(wanted), "") {
            let rows = self.query(&query).await?;
            users.extend(rows.iter().filter_map(user).map(|user| (user.id.clone(), user)));
        }
        let matches: Vec<Vec<_>> = wanted.iter().map(|wanted| matches(wanted, &users)).collect();
        // Salesforce compares without case, so it may have given users that are nobody's.
        let matched: BTreeSet<_> = matches.iter().flatten().map(|(user, _)| user.clone()).collect();
        users.retain(|id, _| matched.contains(id));
        self.read_assignments(&mut users).await?;
        let candidate = |(id, matched): &(SalesforceUserId, Option<UserField>)| {
            let user = users.get(id)?.clone();
            let strong = |key: &UserField| Some((*key, user.field(*key)?.to_owned()));
            Some(Candidate { strong_keys: STRONG_KEYS.iter().filter_map(strong).collect(), matched: *matched, user })
        };
        Ok(matches.iter().map(|found| found.iter().filter_map(candidate).collect()).collect())
    }

    async fn read_assignments(
        &self,
        users: &mut BTreeMap<SalesforceUserId, ActualUser>,
    ) -> Result<(), SalesforceError> {
        let ids = |column| users.keys().map(|id| (column, id.as_str().to_owned())).collect::<Vec<_>>();
        // What comes with a profile or with a permission set group is no assignment of its own.
        let sets = "SELECT Id, AssigneeId, PermissionSet.Name, PermissionSet.NamespacePrefix \
                    FROM PermissionSetAssignment \
                    WHERE PermissionSet.IsOwnedByProfile = false AND PermissionSetGroupId = null AND ";
        let groups = "SELECT Id, UserOrGroupId, Group.DeveloperName FROM GroupMember WHERE Group.Type = 'Regular' AND ";
        let mut found = Vec::new();
        for query in soql::any_of(sets, &ids("AssigneeId"), "") {
            found.extend(self.query(&query).await?.iter().filter_map(permission_set));
        }
        for query in soql::any_of(groups, &ids("UserOrGroupId"), "") {
            found.extend(self.query(&query).await?.iter().filter_map(group));
        }
        for (user, assignment) in found {
            if let Some(user) = users.get_mut(&user) {
                user.assignments.push(assignment);
            }
        }
        Ok(())
    }
}

fn user_query() -> String {
    let fields: Vec<_> = UserField::ALL.iter().map(|field| field.api_name()).collect();
    let fields = fields.join(", ");
    format!(
        "SELECT Id, IsActive, {fields}, Profile.Name, UserRole.DeveloperName FROM User WHERE UserType = 'Standard' AND "
    )
}

fn conditions(wanted: &[Wanted]) -> Vec<(&'static str, String)> {
    let mut conditions = Vec::new();
    let mut seen = BTreeSet::new();
    for wanted in wanted {
        let id = wanted.user.iter().map(|id| ("Id", id.as_str()));
        // No user carries a control character, and Salesforce refuses a query with one.
        let keys = wanted.keys.iter().filter(|(_, value)| !value.is_empty() && !value.chars().any(char::is_control));
        for (column, value) in id.chain(keys.map(|(field, value)| (field.api_name(), value.as_str()))) {
            if seen.insert((column, value)) {
                conditions.push((column, value.to_owned()));
            }
        }
    }
    conditions
}

fn user(row: &Row) -> Option<ActualUser> {
    let name = |path: &[&str]| row.text(path).and_then(|name| EntitlementName::parse(name).ok());
    let field = |field: &UserField| Some((*field, row.field(*field)?.to_owned()));
    Some(ActualUser {
        fields: UserField::ALL.iter().filter_map(field).collect(),
        profile: name(&["Profile", "Name"]),
        role: name(&["UserRole", "DeveloperName"]),
        ..ActualUser::bare(SalesforceUserId::parse(row.text(&["Id"])?).ok()?, row.is("IsActive"))
    })
}

fn permission_set(row: &Row) -> Option<(SalesforceUserId, Assignment)> {
    let name = qualified(row.text(&["PermissionSet", "NamespacePrefix"]), row.text(&["PermissionSet", "Name"])?);
    assignment(row, "AssigneeId", EntitlementKind::PermissionSet, name)
}

fn group(row: &Row) -> Option<(SalesforceUserId, Assignment)> {
    let name = row.text(&["Group", "DeveloperName"])?.to_owned();
    assignment(row, "UserOrGroupId", EntitlementKind::PublicGroup, name)
}

fn assignment(row: &Row, whose: &str, kind: EntitlementKind, name: String) -> Option<(SalesforceUserId, Assignment)> {
    let entitlement = Entitlement::new(kind, EntitlementName::parse(name).ok()?);
    Some((
        SalesforceUserId::parse(row.text(&[whose])?).ok()?,
        Assignment { entitlement, id: row.id("Id")?, expires: None },
    ))
}

/// The users that carry the id or a key, with the first key that they carry.
fn matches(
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
