//! What the rows of a look-up say of a user and of its assignments.

use std::collections::BTreeSet;

use domain::{
    ActualUser, Assignment, Entitlement, EntitlementKind, EntitlementName, SalesforceUserId, UserField, UserLink,
};
use jiff::civil::Date;

use crate::catalog::qualified;
use crate::query::Row;

pub(crate) fn user(row: &Row, features: &BTreeSet<EntitlementName>) -> Option<ActualUser> {
    let name = |path: &[&str]| row.text(path).and_then(|name| EntitlementName::parse(name).ok());
    let field = |field: &UserField| Some((*field, row.field(*field)?.to_owned()));
    let link = |link: &UserLink| Some((*link, SalesforceUserId::parse(row.text(&[link.api_name()])?).ok()?));
    Some(ActualUser {
        fields: UserField::ALL.iter().filter_map(field).collect(),
        profile: name(&["Profile", "Name"]),
        role: name(&["UserRole", "DeveloperName"]),
        links: UserLink::ALL.iter().filter_map(link).collect(),
        features: features.iter().filter(|feature| row.is(feature.as_str())).cloned().collect(),
        ..ActualUser::bare(SalesforceUserId::parse(row.text(&["Id"])?).ok()?, row.is("IsActive"))
    })
}

pub(crate) fn permission_set(row: &Row) -> Option<(SalesforceUserId, Assignment)> {
    let (kind, object, column) = match row.text(&["PermissionSetGroupId"]) {
        Some(_) => (EntitlementKind::PermissionSetGroup, "PermissionSetGroup", "DeveloperName"),
        None => (EntitlementKind::PermissionSet, "PermissionSet", "Name"),
    };
    let name = qualified(row.text(&[object, "NamespacePrefix"]), row.text(&[object, column])?);
    let (user, assignment) = assignment(row, "AssigneeId", kind, name)?;
    Some((user, Assignment { expires: expires(row), ..assignment }))
}

pub(crate) fn licence(row: &Row) -> Option<(SalesforceUserId, Assignment)> {
    let name = row.text(&["PermissionSetLicense", "DeveloperName"])?.to_owned();
    assignment(row, "AssigneeId", EntitlementKind::PermissionSetLicense, name)
}

pub(crate) fn group(row: &Row) -> Option<(SalesforceUserId, Assignment)> {
    let queue = row.text(&["Group", "Type"]) == Some("Queue");
    let kind = if queue { EntitlementKind::Queue } else { EntitlementKind::PublicGroup };
    assignment(row, "UserOrGroupId", kind, row.text(&["Group", "DeveloperName"])?.to_owned())
}

fn assignment(row: &Row, whose: &str, kind: EntitlementKind, name: String) -> Option<(SalesforceUserId, Assignment)> {
    let entitlement = Entitlement::new(kind, EntitlementName::parse(name).ok()?);
    Some((
        SalesforceUserId::parse(row.text(&[whose])?).ok()?,
        Assignment { entitlement, id: row.id("Id")?, expires: None },
    ))
}

/// Salesforce keeps a moment, told in UTC; the day that it falls on is the last. Midnight, which people set by hand,
/// belongs to the day that it ends.
fn expires(row: &Row) -> Option<Date> {
    let moment = row.text(&["ExpirationDate"])?;
    let day: Date = moment.get(..10)?.parse().ok()?;
    if moment.get(11..19) == Some("00:00:00") { day.yesterday().ok() } else { Some(day) }
}
