//! Reads the user of an answer, tolerantly: extensions by any version of their names, truth values as text, lists that
//! are missing when they are empty.

use domain::{ActualUser, Assignment, EntitlementKind, EntitlementName, SalesforceId, SalesforceUserId, UserField};
use serde_json::Value;

use crate::catalog::Catalog;

/// The user as the answer shows it; `None` when it has no user id. A permission set stands there without the id of its
/// assignment, so it carries its own: enough to see that it is given, not to take it away. Groups are not looked at.
pub(crate) fn user(body: &Value, catalog: &Catalog, active_unless_shown: bool) -> Option<ActualUser> {
    let id = SalesforceUserId::parse(text(body, &["id"])?).ok()?;
    let active = body.get("active").and_then(truth).unwrap_or(active_unless_shown);
    let mut user = ActualUser {
        fields: UserField::ALL.iter().filter_map(|field| Some((*field, field_value(body, *field)?))).collect(),
        ..ActualUser::bare(id, active)
    };
    for (id, name, kind) in given(body, "entitlements", catalog) {
        match kind {
            EntitlementKind::Profile => user.profile = Some(name),
            EntitlementKind::PermissionSet => {
                user.assignments.push(Assignment {
                    entitlement: domain::Entitlement::new(kind, name),
                    id,
                    expires: None,
                });
            }
            _ => {}
        }
    }
    user.role =
        given(body, "roles", catalog).find(|(_, _, kind)| *kind == EntitlementKind::Role).map(|(_, name, _)| name);
    Some(user)
}

fn given<'a>(
    body: &'a Value,
    list: &str,
    catalog: &'a Catalog,
) -> impl Iterator<Item = (SalesforceId, EntitlementName, EntitlementKind)> + 'a {
    let list = body.get(list).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|item| {
        let id = SalesforceId::parse(text(item, &["value"])?).ok()?;
        let entitlement = catalog.entitlement(&id)?;
        Some((id, entitlement.name.clone(), entitlement.kind))
    })
}

fn field_value(body: &Value, field: UserField) -> Option<String> {
    let value = match field {
        UserField::Username => text(body, &["userName"]),
        UserField::FirstName => text(body, &["name", "givenName"]),
        UserField::LastName => text(body, &["name", "familyName"]),
        UserField::CommunityNickname => text(body, &["nickName"]),
        UserField::FederationIdentifier => text(body, &["externalId"]),
        UserField::Title => text(body, &["title"]),
        UserField::LanguageLocaleKey => text(body, &["preferredLanguage"]),
        UserField::LocaleSidKey => text(body, &["locale"]),
        UserField::TimeZoneSidKey => text(body, &["timezone"]),
        UserField::EmailEncodingKey => text(body, &["emailEncodingKey"]),
        UserField::EmployeeNumber => extension(body, "extension:enterprise:", "employeeNumber"),
        UserField::Department => extension(body, "extension:enterprise:", "department"),
        UserField::Division => extension(body, "extension:enterprise:", "division"),
        UserField::Alias => extension(body, "urn:salesforce:schemas:extension:", "alias"),
        UserField::Email => email(body),
        UserField::Phone => phone(body, "work"),
        UserField::MobilePhone => phone(body, "mobile"),
        _ => None,
    };
    value.filter(|value| !value.is_empty()).map(str::to_owned)
}

fn text<'a>(body: &'a Value, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(body, |value, name| value.get(name))?.as_str()
}

fn extension<'a>(body: &'a Value, name: &str, attribute: &str) -> Option<&'a str> {
    let extensions = body.as_object()?.iter().filter(|(urn, _)| urn.contains(name));
    extensions.filter_map(|(_, extension)| text(extension, &[attribute])).next()
}

fn email(body: &Value) -> Option<&str> {
    let emails = body.get("emails")?.as_array()?;
    let primary = emails.iter().find(|email| email.get("primary").and_then(truth) == Some(true));
    text(primary.or(emails.first())?, &["value"])
}

fn phone<'a>(body: &'a Value, kind: &str) -> Option<&'a str> {
    let numbers = body.get("phoneNumbers")?.as_array()?;
    let of_kind = |number: &&Value| text(number, &["type"]).is_some_and(|shown| shown.eq_ignore_ascii_case(kind));
    text(numbers.iter().find(of_kind)?, &["value"])
}

/// `true`, or `"true"` as in Salesforce's own examples.
fn truth(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_str()?.to_ascii_lowercase().parse().ok())
}
