//! The fields of the org's User object as the connector's user sees them, to check configuration before anything is
//! written.

use std::collections::{BTreeMap, BTreeSet};

use domain::EntitlementName;
use serde_json::Value;

use crate::Salesforce;
use crate::api::Call;
use crate::error::SalesforceError;
use crate::usage::CallKind;

/// How the names of feature licences begin, which are checkboxes of the User object.
const FEATURE: &str = "UserPermissions";

/// The User object's fields, by API name. A field that the connector's user may not see is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserDescription {
    /// The fields.
    pub fields: BTreeMap<String, FieldDescription>,
}

/// What Salesforce demands of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldDescription {
    /// The type, in the API's words: `string`, `picklist`, `boolean`, `reference` …
    pub kind: String,
    /// Whether the connector may set it on a new user.
    pub createable: bool,
    /// Whether the connector may change it.
    pub updateable: bool,
    /// Whether a new user needs a value: it may not be empty, and Salesforce fills in none.
    pub required_on_create: bool,
    /// The most characters, of a text.
    pub max_length: Option<usize>,
    /// The values that can be chosen, of a picklist.
    pub picklist: Option<Picklist>,
}

/// A picklist's values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picklist {
    /// The active values.
    pub values: BTreeSet<String>,
    /// Whether no others are taken.
    pub restricted: bool,
}

/// Why a value will not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldFault {
    /// The org has no such field, or hides it from the connector's user.
    #[error("the org's User object has no such field, or the connector's user may not see it")]
    Unknown,
    /// It can't be set.
    #[error("the connector's user may not set the field")]
    ReadOnly,
    /// The value is too long.
    #[error("the field takes {0} characters at most")]
    TooLong(usize),
    /// The value is none of those that can be chosen.
    #[error("the value is not among the field's active picklist values")]
    NotAmongValues,
}

impl UserDescription {
    /// The feature licences that the org knows: `UserPermissionsMarketingUser` and the like.
    pub fn feature_licences(&self) -> BTreeSet<EntitlementName> {
        let features = self.fields.iter().filter(|(name, field)| name.starts_with(FEATURE) && field.kind == "boolean");
        features.filter_map(|(name, _)| EntitlementName::parse(name.as_str()).ok()).collect()
    }

    /// Fields that a new user needs a value of.
    pub fn required_on_create(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(|(_, field)| field.required_on_create).map(|(name, _)| name.as_str())
    }

    /// Whether the field takes the value on a new user and later; the empty value is one that clears it.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self, field: &str, value: &str) -> Result<(), FieldFault> {
        let field = self.fields.get(field).ok_or(FieldFault::Unknown)?;
        if !field.createable && !field.updateable {
            return Err(FieldFault::ReadOnly);
        }
        if let Some(max) = field.max_length.filter(|max| value.chars().count() > *max) {
            return Err(FieldFault::TooLong(max));
        }
        let outside = |list: &&Picklist| list.restricted && !value.is_empty() && !list.values.contains(value);
        if field.picklist.as_ref().filter(outside).is_some() {
            return Err(FieldFault::NotAmongValues);
        }
        Ok(())
    }
}

impl Salesforce {
    /// Reads what the org's User object looks like.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn user_description(&self) -> Result<UserDescription, SalesforceError> {
        let fields = self.describe("User").await?;
        Ok(UserDescription { fields: fields.iter().filter_map(field).collect() })
    }

    /// The names of an object's fields.
    ///
    /// # Errors
    /// Those of the call.
    pub(crate) async fn columns(&self, object: &str) -> Result<BTreeSet<String>, SalesforceError> {
        let fields = self.describe(object).await?;
        Ok(fields.iter().filter_map(name).map(str::to_owned).collect())
    }

    async fn describe(&self, object: &str) -> Result<Vec<Value>, SalesforceError> {
        let path = format!("/services/data/{}/sobjects/{object}/describe", self.version);
        let mut answer = self.api.read(&Call::get(CallKind::Describe, path)).await?;
        match answer.get_mut("fields").map(Value::take) {
            Some(Value::Array(fields)) => Ok(fields),
            _ => Err(SalesforceError::Unclear { reason: format!("the description of {object} holds no fields") }),
        }
    }
}

fn name(field: &Value) -> Option<&str> {
    field.get("name")?.as_str()
}

fn field(field: &Value) -> Option<(String, FieldDescription)> {
    let is = |key: &str| field.get(key).and_then(Value::as_bool).unwrap_or(false);
    let kind = field.get("type").and_then(Value::as_str).unwrap_or_default();
    let length = field.get("length").and_then(Value::as_u64).and_then(|length| usize::try_from(length).ok());
    let createable = is("createable");
    let description = FieldDescription {
        kind: kind.to_owned(),
        createable,
        updateable: is("updateable"),
        // A checkbox is never empty: left out, it is off.
        required_on_create: createable && !is("nillable") && !is("defaultedOnCreate") && kind != "boolean",
        max_length: length.filter(|length| *length > 0),
        picklist: (kind == "picklist" || kind == "multipicklist").then(|| picklist(field)),
    };
    Some((name(field)?.to_owned(), description))
}

fn picklist(field: &Value) -> Picklist {
    let values = field.get("picklistValues").and_then(Value::as_array).into_iter().flatten();
    let active = values.filter(|value| value.get("active").and_then(Value::as_bool) == Some(true));
    Picklist {
        values: active.filter_map(|value| value.get("value")?.as_str()).map(str::to_owned).collect(),
        restricted: field.get("restrictedPicklist").and_then(Value::as_bool).unwrap_or(false),
    }
}

#[cfg(test)]
mod tests;
