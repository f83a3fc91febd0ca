//! The canonical person: what every source delivers and the webhook takes. A record is read strictly: an unknown field
//! is refused, because a misspelt `endDate` that is passed over would leave a leaver with access.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Contract, Name, PersonId, SourceName};

/// A person as one source tells it, or as the merge of all sources.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Person {
    /// Id in the authoritative source.
    pub id: PersonId,
    /// Name.
    pub name: Name,
    /// Ways to reach the person.
    #[serde(default, skip_serializing_if = "Contact::is_empty")]
    pub contact: Contact,
    /// Employments and positions.
    #[serde(default)]
    pub contracts: Vec<Contract>,
    /// Accounts in other systems, by source.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub accounts: BTreeMap<SourceName, Map<String, Value>>,
    /// Access is taken away while this is set; the account stays.
    #[serde(default)]
    pub blocked: bool,
    /// What a source maps beyond these.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub custom: Map<String, Value>,
}

/// Ways to reach a person, as HR knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Contact {
    /// Mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Phone at work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Mobile phone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mobile_phone: Option<String>,
}

impl Contact {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Why a record is refused: where in it, and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{path}: {reason}")]
pub struct RecordError {
    /// Path of the field, as `contracts[0].endDate`; `.` for the record as a whole.
    pub path: String,
    /// What is wrong.
    pub reason: String,
}

impl RecordError {
    /// An error at a path.
    pub fn new(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into() }
    }
}

impl Person {
    /// Reads a canonical record and checks it as a whole.
    ///
    /// # Errors
    /// The first field that is wrong, by its path.
    pub fn from_json(record: &Value) -> Result<Self, RecordError> {
        let person: Self = from_value(record)?;
        person.check()?;
        Ok(person)
    }

    /// Checks what a field's type alone can't say.
    ///
    /// # Errors
    /// The first field that is wrong, by its path.
    pub fn check(&self) -> Result<(), RecordError> {
        no_nul(&serde_json::to_value(self).unwrap_or_default(), "")?;
        if self.name.display().is_empty() {
            return Err(RecordError::new(
                "name",
                "it has neither a family name nor a given name, nickname or initials",
            ));
        }
        if self.contracts.len() > 100 {
            return Err(RecordError::new("contracts", "there are more than 100"));
        }
        let mut seen = HashSet::new();
        for (n, contract) in self.contracts.iter().enumerate() {
            if contract.id.trim().is_empty() {
                return Err(RecordError::new(format!("contracts[{n}].id"), "it is empty"));
            }
            if !seen.insert(&contract.id) {
                return Err(RecordError::new(format!("contracts[{n}].id"), "another contract has the same id"));
            }
            if contract.end_date.is_some_and(|end| end < contract.start_date) {
                return Err(RecordError::new(format!("contracts[{n}].endDate"), "it is before startDate"));
            }
        }
        Ok(())
    }
}

/// Deserialises with the path of what is wrong.
///
/// # Errors
/// The first field that is wrong, by its path.
pub fn from_value<'de, T: Deserialize<'de>>(value: &'de Value) -> Result<T, RecordError> {
    serde_path_to_error::deserialize(value)
        .map_err(|error| RecordError::new(error.path().to_string(), error.inner().to_string()))
}

fn no_nul(value: &Value, path: &str) -> Result<(), RecordError> {
    match value {
        Value::String(text) if text.contains('\0') => {
            Err(RecordError::new(if path.is_empty() { "." } else { path }, "it holds a NUL character"))
        }
        Value::Array(items) => items.iter().enumerate().try_for_each(|(n, item)| no_nul(item, &format!("{path}[{n}]"))),
        Value::Object(fields) => fields.iter().try_for_each(|(name, field)| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            no_nul(field, &path)
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record() -> Value {
        json!({
            "id": "100023",
            "name": { "givenName": "Johannes", "nickName": "Jan", "familyName": "Vries", "familyNamePrefix": "de" },
            "contracts": [{ "id": "c-1", "startDate": "2026-01-01", "endDate": null, "fte": 1.0,
                            "department": { "id": "SALES", "name": "Sales", "managerId": "100001" } }],
            "accounts": { "entra": { "mail": "j.devries@example.com", "enabled": true } }
        })
    }

    fn refused(change: impl FnOnce(&mut Value)) -> String {
        let mut record = record();
        change(&mut record);
        Person::from_json(&record).unwrap_err().to_string()
    }

    #[test]
    fn a_good_record_round_trips() {
        let person = Person::from_json(&record()).unwrap();
        assert_eq!(Person::from_json(&serde_json::to_value(&person).unwrap()).unwrap(), person);
        assert_eq!(person.name.display(), "Jan de Vries");
    }

    #[test]
    fn a_bad_record_is_refused_by_path() {
        assert!(refused(|r| r["contracts"][0]["endDate"] = json!("2025-02-30")).starts_with("contracts[0].endDate: "));
        assert_eq!(
            refused(|r| r["contracts"][0]["endDate"] = json!("2025-12-31")),
            "contracts[0].endDate: it is before startDate"
        );
        assert!(
            refused(|r| r["contracts"][0]["endDat"] = json!("2026-12-31"))
                .starts_with("contracts[0].endDat: unknown field")
        );
        assert!(refused(|r| r["name"] = json!({})).starts_with("name: "));
        assert!(refused(|r| r["id"] = json!(7)).starts_with("id: "));
        assert!(refused(|r| r["id"] = json!("a\nb")).starts_with("id: "));
        assert!(refused(|r| *r = json!([])).starts_with(".: "));
        assert!(refused(|r| r.as_object_mut().map(|r| r.remove("id")).map_or((), drop)).contains("missing field `id`"));
        assert!(refused(|r| r["contracts"] = json!({})).starts_with("contracts: "));
        assert_eq!(
            refused(|r| r["custom"] = json!({ "note": ["a\u{0}"] })),
            "custom.note[0]: it holds a NUL character"
        );
        let twice = refused(|r| r["contracts"] = json!([r["contracts"][0], r["contracts"][0]]));
        assert_eq!(twice, "contracts[1].id: another contract has the same id");
    }

    #[test]
    fn names_in_any_script_are_taken() {
        for family in ["Ørsted", "Łukasiewicz", "山田", "محمد", "O'Brien", &"x".repeat(120)] {
            let mut record = record();
            record["name"]["familyName"] = json!(family);
            assert!(Person::from_json(&record).is_ok(), "{family}");
        }
    }
}
