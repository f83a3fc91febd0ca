//! The names of the things that an answer tells the result of, and what their errors mean.

use domain::{EntitlementKind, EntitlementName, Operation};

use super::form::{ItemResult, Status};
use super::unclear;
use crate::error::{self, SalesforceError};
use crate::write::profile_missing;

/// The item for the user itself.
pub(super) const CREATE: &str = "create";

/// The item in which the result of an operation is told; `None` for what the service has no part for.
pub(super) fn item(operation: &Operation) -> Option<String> {
    Some(match operation {
        Operation::Activate | Operation::Deactivate => "active".to_owned(),
        Operation::Freeze | Operation::Unfreeze => "frozen".to_owned(),
        Operation::SetField { field, .. } => format!("field:{}", field.api_name()),
        Operation::SetLink { link, .. } => link.as_str().to_owned(),
        Operation::Replace { kind: EntitlementKind::Profile, after: None, .. } => return None,
        Operation::Replace { kind: kind @ (EntitlementKind::Profile | EntitlementKind::Role), .. } => {
            kind.as_str().to_owned()
        }
        Operation::Grant { entitlement, .. } if !entitlement.kind.is_single() => format!("add:{entitlement}"),
        Operation::Revoke { entitlement } if !entitlement.kind.is_single() => format!("remove:{entitlement}"),
        _ => return None,
    })
}

/// What an item's result says.
pub(super) enum Told {
    Fulfilled,
    /// Not tried, for something else failed.
    Skipped,
    Failed(SalesforceError),
}

impl Told {
    pub(super) fn of(operation: &Operation, result: Option<&ItemResult>) -> Self {
        let Some(result) = result else {
            return Self::Failed(unclear("the accounts service's answer leaves out something that was asked"));
        };
        match result.status {
            Status::Done | Status::Already => Self::Fulfilled,
            Status::Skipped => Self::Skipped,
            // What the org does not have any more, nobody has.
            Status::Failed if matches!(operation, Operation::Revoke { .. }) && code(result) == UNKNOWN_NAME => {
                Self::Fulfilled
            }
            Status::Failed => {
                let error = error(result, named(operation));
                let deactivation = *operation == Operation::Deactivate;
                Self::Failed(if deactivation { error.of_deactivation() } else { error })
            }
        }
    }
}

const UNKNOWN_NAME: &str = "UNKNOWN_NAME";

/// The error of a failed item; `named` is what it names in the org.
pub(super) fn error(result: &ItemResult, named: Option<(EntitlementKind, &EntitlementName)>) -> SalesforceError {
    match (code(result), named) {
        ("", _) => unclear("the accounts service says that something failed, and not why"),
        (UNKNOWN_NAME, Some((kind, name))) => {
            SalesforceError::UnknownEntitlement { kind, name: name.clone(), similar: Vec::new() }
        }
        ("PROFILE_MISSING", _) => profile_missing(),
        ("SEVERAL_USERS", _) => SalesforceError::refused("ambiguous-match", "several users carry the person's keys"),
        _ => error::from_row(result.error.as_slice()),
    }
}

fn code(result: &ItemResult) -> &str {
    let code = result.error.as_ref().and_then(|error| error.get("statusCode"));
    code.and_then(serde_json::Value::as_str).unwrap_or_default()
}

fn named(operation: &Operation) -> Option<(EntitlementKind, &EntitlementName)> {
    match operation {
        Operation::Replace { kind, after: Some(name), .. } => Some((*kind, name)),
        Operation::Grant { entitlement, .. } => Some((entitlement.kind, &entitlement.name)),
        _ => None,
    }
}
