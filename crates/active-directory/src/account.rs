//! The dependent account: what other systems may take over of somebody's account in Active Directory, and by what the
//! account is joined to a person.

use domain::{PersonId, RecordError, RecordId};
use serde_json::{Map, Value};

use crate::definition::Mapped;
use crate::filter::AttributeName;
use crate::record::{Content, Record};

/// What may find the person of an account.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct JoinKeys {
    /// employeeID.
    pub employee_id: Option<String>,
    /// mail, in lower case.
    pub mail: Option<String>,
    /// userPrincipalName, in lower case.
    pub user_principal_name: Option<String>,
}

/// Without the values.
impl std::fmt::Debug for JoinKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JoinKeys").finish_non_exhaustive()
    }
}

/// Maps a record. What is not there is null, so that an expression over it has something to look at.
pub(crate) fn mapped(
    record: &Record,
    join: &AttributeName,
    attributes: &[AttributeName],
) -> Result<Mapped, RecordError> {
    let text = |name: &str| record.text(name).map_or(Value::Null, Value::from);
    let mut account = Map::from_iter([
        ("userPrincipalName".to_owned(), text("userPrincipalName")),
        ("mail".to_owned(), text("mail")),
        ("samAccountName".to_owned(), text("sAMAccountName")),
        ("employeeId".to_owned(), text("employeeID")),
        ("displayName".to_owned(), text("displayName")),
        ("enabled".to_owned(), Value::from(record.status.is_enabled())),
    ]);
    if let Some(groups) = &record.groups {
        account.insert("groups".to_owned(), Value::from(groups.as_slice()));
    }
    for attribute in attributes {
        let value = record.attributes.get(attribute.as_str()).map_or(Value::Null, Content::to_json);
        account.insert(attribute.as_str().to_owned(), value);
    }
    let id = |error: domain::id::IdError| RecordError::new(join.as_str(), error.to_string());
    let person = record.text(join.as_str()).map(PersonId::parse).transpose().map_err(id)?;
    let record_id = RecordId::parse(record.key.to_string()).map_err(id)?;
    Ok(Mapped::Account { record: record_id, person, keys: keys(record), account })
}

fn keys(record: &Record) -> JoinKeys {
    let lower = |name| record.text(name).map(str::to_lowercase);
    JoinKeys {
        employee_id: record.text("employeeID").map(str::to_owned),
        mail: lower("mail"),
        user_principal_name: lower("userPrincipalName"),
    }
}
