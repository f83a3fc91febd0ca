//! SCIM attributes to User fields: the pilot's attribute map [src pilot], for POST, PUT and PATCH alike.

use serde_json::{Map, Value as Json};

use super::{ENTERPRISE, SALESFORCE_1, SALESFORCE_2, custom_urn};
use crate::behaviours::ExtensionUrn;
use crate::org::ids::Id;
use crate::org::schema::Kind;
use crate::org::value::Value;
use crate::org::world::{Fields, World};

/// What is wrong with one attribute.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// The JSON has another form than the service expects: it falls over.
    Malformed,
    /// It is refused; the texts of POST and PATCH differ.
    ReadOnlyId,
    ExternalIdUnavailable,
    Unsupported(&'static str),
    NotNull(&'static str),
    Several(Plural),
    MalformedId(String),
}

/// Lists that take one element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plural {
    Email,
    Address,
    Phone,
}

/// Attributes that are one text field each.
pub(super) const TEXTS: [(&str, &str); 7] = [
    ("userName", "Username"),
    ("nickName", "CommunityNickname"),
    ("title", "Title"),
    ("preferredLanguage", "LanguageLocaleKey"),
    ("emailEncodingKey", "EmailEncodingKey"),
    ("locale", "LocaleSidKey"),
    ("timezone", "TimeZoneSidKey"),
];

/// Parts of an address.
pub(super) const ADDRESS: [(&str, &str); 5] = [
    ("streetAddress", "Street"),
    ("locality", "City"),
    ("region", "State"),
    ("postalCode", "PostalCode"),
    ("country", "Country"),
];

/// Kinds of phone numbers.
pub(super) const PHONES: [(&str, &str); 3] = [("work", "Phone"), ("mobile", "MobilePhone"), ("fax", "Fax")];

/// Text attributes of the enterprise extension.
pub(super) const ENTERPRISE_TEXTS: [(&str, &str); 3] =
    [("employeeNumber", "EmployeeNumber"), ("division", "Division"), ("department", "Department")];

/// Takes one attribute into the fields. Entitlements, roles, groups and password are not fields: the caller takes them.
/// Read-only and unknown attributes are passed over [src pilot reads what it knows].
pub(super) fn take(world: &World, name: &str, json: &Json, fields: &mut Fields) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Err(problem) = take_one(world, name, json, fields, &mut problems) {
        problems.push(problem);
    }
    problems
}

fn take_one(
    world: &World,
    name: &str,
    json: &Json,
    fields: &mut Fields,
    problems: &mut Vec<Problem>,
) -> Result<(), Problem> {
    if let Some((_, field)) = TEXTS.iter().find(|(attribute, _)| *attribute == name) {
        return set_text(fields, field, json);
    }
    match name {
        "id" => Err(Problem::ReadOnlyId),
        "externalId" if !world.behaviours.external_id_available => Err(Problem::ExternalIdUnavailable),
        "externalId" => set_text(fields, "FederationIdentifier", json),
        "active" => {
            let active = json.as_bool().ok_or(Problem::Malformed)?;
            fields.insert("IsActive".to_owned(), active.into());
            Ok(())
        }
        "name" => take_name(json, fields, problems),
        "emails" => match single(json, Plural::Email)? {
            Some(email) => set_text(fields, "Email", email.get("value").unwrap_or(&Json::Null)),
            None => Err(Problem::NotNull("emails")),
        },
        "addresses" => {
            let address = single(json, Plural::Address)?;
            ADDRESS.iter().try_for_each(|(part, field)| {
                set_text(fields, field, address.and_then(|address| address.get(*part)).unwrap_or(&Json::Null))
            })
        }
        "phoneNumbers" => match single(json, Plural::Phone)? {
            Some(phone) => {
                let kind = phone.get("type").and_then(Json::as_str).unwrap_or("work");
                match PHONES.iter().find(|(name, _)| *name == kind) {
                    Some((_, field)) => set_text(fields, field, phone.get("value").unwrap_or(&Json::Null)),
                    None => Ok(()),
                }
            }
            None => PHONES.iter().try_for_each(|(_, field)| set_text(fields, field, &Json::Null)),
        },
        ENTERPRISE => take_enterprise(json, fields, problems),
        SALESFORCE_1 if world.behaviours.extension != ExtensionUrn::V2 => take_extension(json, fields),
        SALESFORCE_2 if world.behaviours.extension != ExtensionUrn::V1 => take_extension(json, fields),
        _ if name == custom_urn(world) => take_custom(world, json, fields),
        _ => Ok(()),
    }
}

fn take_name(json: &Json, fields: &mut Fields, problems: &mut Vec<Problem>) -> Result<(), Problem> {
    let name = json.as_object().ok_or(Problem::Malformed)?;
    for (part, value) in name {
        match part.as_str() {
            "familyName" if value.is_null() => problems.push(Problem::NotNull("name.familyName")),
            "familyName" => set_text(fields, "LastName", value)?,
            "givenName" => set_text(fields, "FirstName", value)?,
            "middleName" => problems.push(Problem::Unsupported("name.middleName")),
            "honorificPrefix" => problems.push(Problem::Unsupported("name.honorificPrefix")),
            "honorificSuffix" => problems.push(Problem::Unsupported("name.honorificSuffix")),
            _ => {}
        }
    }
    Ok(())
}

fn take_enterprise(json: &Json, fields: &mut Fields, problems: &mut Vec<Problem>) -> Result<(), Problem> {
    for (name, value) in json.as_object().ok_or(Problem::Malformed)? {
        if let Some((_, field)) = ENTERPRISE_TEXTS.iter().find(|(attribute, _)| attribute == name) {
            set_text(fields, field, value)?;
            continue;
        }
        match name.as_str() {
            "manager" => set_reference(fields, "ManagerId", value, "value")?,
            "delegatedApprover" => set_reference(fields, "DelegatedApproverId", value, "delegatedApproverId")?,
            "costCenter" => problems.push(Problem::Unsupported("costCenter")),
            _ => {}
        }
    }
    Ok(())
}

fn take_extension(json: &Json, fields: &mut Fields) -> Result<(), Problem> {
    match json.as_object().ok_or(Problem::Malformed)?.get("alias") {
        Some(Json::Null) => Err(Problem::NotNull("alias")),
        Some(alias) => set_text(fields, "Alias", alias),
        None => Ok(()),
    }
}

fn take_custom(world: &World, json: &Json, fields: &mut Fields) -> Result<(), Problem> {
    for (name, value) in json.as_object().ok_or(Problem::Malformed)? {
        if let Some(spec) =
            world.state.custom_user_fields.iter().find(|spec| spec.name == name.as_str() && spec.kind == Kind::Text)
        {
            set_text(fields, &spec.name, value)?;
        }
    }
    Ok(())
}

/// The one element of a list; nothing for an empty list or null.
fn single(json: &Json, plural: Plural) -> Result<Option<&Map<String, Json>>, Problem> {
    match json {
        Json::Null => Ok(None),
        Json::Array(list) if list.len() > 1 => Err(Problem::Several(plural)),
        Json::Array(list) => list.first().map(|element| element.as_object().ok_or(Problem::Malformed)).transpose(),
        _ => Err(Problem::Malformed),
    }
}

fn set_text(fields: &mut Fields, field: &str, json: &Json) -> Result<(), Problem> {
    let value = match json {
        Json::Null => Value::Null,
        Json::String(text) => Value::from(text.as_str()),
        _ => return Err(Problem::Malformed),
    };
    fields.insert(field.to_owned(), value);
    Ok(())
}

/// A reference is an object with the id in one member, or null.
fn set_reference(fields: &mut Fields, field: &str, json: &Json, member: &str) -> Result<(), Problem> {
    let id = match json {
        Json::Null => &Json::Null,
        Json::Object(map) => map.get(member).unwrap_or(&Json::Null),
        _ => return Err(Problem::Malformed),
    };
    let value = match id {
        Json::Null => Value::Null,
        Json::String(text) if text.is_empty() => Value::Null,
        Json::String(text) => Value::Id(Id::parse(text).map_err(|_| Problem::MalformedId(text.clone()))?),
        _ => return Err(Problem::Malformed),
    };
    fields.insert(field.to_owned(), value);
    Ok(())
}

/// The ids in a list of `{value}`.
pub(super) fn ids(json: &Json) -> Result<Vec<String>, Problem> {
    let list = match json {
        Json::Null => return Ok(Vec::new()),
        Json::Array(list) => list,
        _ => return Err(Problem::Malformed),
    };
    list.iter()
        .map(|element| element.get("value").and_then(Json::as_str).map(str::to_owned).ok_or(Problem::Malformed))
        .collect()
}
