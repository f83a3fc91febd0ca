//! Request bodies, in the documented forms only: POST of a user, and PATCH without path, with lower-case `op` and an
//! object as value.

use std::collections::BTreeMap;

use domain::{SalesforceId, SalesforceUserId, UserField, UserLink};
use serde_json::{Map, Value, json};

pub(super) const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(super) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// A new user. Fields that SCIM can't carry are left out: the answer will not show them. So is the role: each create with
/// one takes an org-wide lock, while two hundred users are given theirs in one call afterwards.
pub(crate) fn create(
    fields: &BTreeMap<UserField, String>,
    active: bool,
    alias_extension: Option<&str>,
    entitlements: &[SalesforceId],
) -> Value {
    let mut body = attributes(fields, alias_extension);
    // More than one phone number is refused.
    let phone = [(UserField::Phone, "work"), (UserField::MobilePhone, "mobile")]
        .into_iter()
        .find_map(|(field, kind)| Some((fields.get(&field)?, kind)));
    if let Some((value, kind)) = phone {
        body.insert("phoneNumbers".to_owned(), json!([{"type": kind, "value": value}]));
    }
    let mut schemas = vec![CORE];
    schemas.extend([ENTERPRISE].into_iter().chain(alias_extension).filter(|urn| body.contains_key(*urn)));
    body.insert("schemas".to_owned(), json!(schemas));
    body.insert("active".to_owned(), json!(active));
    body.insert("entitlements".to_owned(), values(entitlements));
    Value::Object(body)
}

/// Whether a PATCH can carry the field. Phones are kept out: it is not known whether sending one number drops the
/// others.
pub(crate) fn is_patchable(field: UserField, alias_extension: Option<&str>) -> bool {
    match field {
        UserField::CompanyName | UserField::Phone | UserField::MobilePhone => false,
        UserField::Alias => alias_extension.is_some(),
        _ => true,
    }
}

/// What a PATCH changes.
#[derive(Default)]
pub(crate) struct Patch {
    /// New values; where one part of a name or of the enterprise extension is in it, so are its other parts, for it is
    /// not known whether they are kept otherwise.
    pub(crate) fields: BTreeMap<UserField, String>,
    pub(crate) active: Option<bool>,
    /// Links to other users that stay. They stand in the enterprise extension too, beside the fields that change.
    pub(crate) links: BTreeMap<UserLink, SalesforceUserId>,
    /// Permission sets to add. They never stand in a `replace`: it would take away what others gave.
    pub(crate) permission_sets: Vec<SalesforceId>,
}

impl Patch {
    pub(crate) fn body(&self, alias_extension: Option<&str>) -> Value {
        let mut replaced = attributes(&self.fields, alias_extension);
        if let Some(active) = self.active {
            replaced.insert("active".to_owned(), json!(active));
        }
        for (link, user) in &self.links {
            let path = match link {
                UserLink::Manager => [ENTERPRISE, "manager", "value"],
                UserLink::DelegatedApprover => [ENTERPRISE, "delegatedApprover", "delegatedApproverId"],
            };
            set(&mut replaced, &path, json!(user));
        }
        let mut operations = Vec::new();
        if !replaced.is_empty() {
            operations.push(json!({"op": "replace", "value": replaced}));
        }
        if !self.permission_sets.is_empty() {
            operations.push(json!({"op": "add", "value": {"entitlements": values(&self.permission_sets)}}));
        }
        json!({"schemas": [PATCH], "Operations": operations})
    }
}

fn values(ids: &[SalesforceId]) -> Value {
    ids.iter().map(|id| json!({"value": id.as_str()})).collect()
}

fn attributes(fields: &BTreeMap<UserField, String>, alias_extension: Option<&str>) -> Map<String, Value> {
    let mut attributes = Map::new();
    for (field, value) in fields {
        let value = Value::from(value.as_str());
        match field {
            UserField::Username => set(&mut attributes, &["userName"], value),
            UserField::FirstName => set(&mut attributes, &["name", "givenName"], value),
            UserField::LastName => set(&mut attributes, &["name", "familyName"], value),
            UserField::CommunityNickname => set(&mut attributes, &["nickName"], value),
            UserField::FederationIdentifier => set(&mut attributes, &["externalId"], value),
            UserField::Title => set(&mut attributes, &["title"], value),
            UserField::LanguageLocaleKey => set(&mut attributes, &["preferredLanguage"], value),
            UserField::LocaleSidKey => set(&mut attributes, &["locale"], value),
            UserField::TimeZoneSidKey => set(&mut attributes, &["timezone"], value),
            UserField::EmailEncodingKey => set(&mut attributes, &["emailEncodingKey"], value),
            UserField::EmployeeNumber => set(&mut attributes, &[ENTERPRISE, "employeeNumber"], value),
            UserField::Department => set(&mut attributes, &[ENTERPRISE, "department"], value),
            UserField::Division => set(&mut attributes, &[ENTERPRISE, "division"], value),
            UserField::Email => {
                let emails = json!([{"type": "work", "primary": true, "value": value}]);
                set(&mut attributes, &["emails"], emails);
            }
            UserField::Alias => {
                if let Some(urn) = alias_extension {
                    set(&mut attributes, &[urn, "alias"], value);
                }
            }
            // Phones are the caller's matter; a company has no place in SCIM.
            _ => {}
        }
    }
    attributes
}

fn set(attributes: &mut Map<String, Value>, path: &[&str], value: Value) {
    match path {
        [name] => drop(attributes.insert((*name).to_owned(), value)),
        [name, rest @ ..] => {
            let inner = attributes.entry((*name).to_owned()).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                set(inner, rest, value);
            }
        }
        [] => {}
    }
}
