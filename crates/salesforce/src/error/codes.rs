//! From Salesforce's error codes to what the caller may do. Sources: the REST guide's "Status Codes and Error
//! Responses", the SOAP guide's exception and status codes, and recorded bodies.

use std::time::Duration;

use super::{Refusal, SalesforceError, Taken};

/// Sorts one error. `retry_after` is what the answer's header says.
pub(super) fn classify(refusal: Refusal, retry_after: Option<Duration>) -> SalesforceError {
    let message = refusal.message.to_ascii_lowercase();
    let busy = |refusal| SalesforceError::Busy { refusal, retry_after };
    let lock = message.contains("group membership operation already in progress")
        // In the text of an Apex exception that nobody caught.
        || message.contains("unable_to_lock_row")
        || message.contains("could not acquire lock");
    match refusal.code.as_str() {
        _ if lock => busy(refusal),
        "UNABLE_TO_LOCK_ROW" | "QUERY_TIMEOUT" | "REQUEST_RUNNING_TOO_LONG" | "TOO_MANY_APEX_REQUESTS" => busy(refusal),
        // The limit on calls at the same time passes in moments; the one for the day does not.
        "REQUEST_LIMIT_EXCEEDED" if message.contains("concurrent") => busy(refusal),
        "REQUEST_LIMIT_EXCEEDED" => SalesforceError::LimitReached { refusal, retry_after },
        _ if refusal.status == 429 => SalesforceError::LimitReached { refusal, retry_after },
        "INVALID_SESSION_ID" | "INVALID_AUTH_HEADER" => SalesforceError::LoginRefused(refusal),
        _ if refusal.status == 401 => SalesforceError::LoginRefused(refusal),
        "API_DISABLED_FOR_ORG" | "API_CURRENTLY_DISABLED" | "UNSUPPORTED_API_VERSION" => {
            SalesforceError::Unusable(refusal)
        }
        _ if refusal.status == 410 => SalesforceError::Unusable(refusal),
        "SERVER_UNAVAILABLE"
        | "ORG_LOCKED"
        | "ORG_IN_MAINTENANCE"
        | "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE" => {
            SalesforceError::Unavailable { reason: refusal.to_string(), retry_after }
        }
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY" | "CANNOT_EXECUTE_FLOW_TRIGGER" | "APEX_ERROR"
            if is_too_much(&message) =>
        {
            SalesforceError::TooMuch(refusal)
        }
        "DUPLICATE_USERNAME" => SalesforceError::Taken { what: Taken::Username, refusal },
        "DUPLICATE_COMM_NICKNAME" => SalesforceError::Taken { what: Taken::Nickname, refusal },
        "DUPLICATE_VALUE" if message.contains("duplicate permissionsetassignment") => {
            SalesforceError::AssignedAlready(refusal)
        }
        "DUPLICATE_VALUE" => SalesforceError::Taken { what: Taken::Value(duplicate_field(&refusal)), refusal },
        // Nothing but an outage answers 502 to 504 without one of the codes above.
        _ if matches!(refusal.status, 502..=504) => {
            SalesforceError::Unavailable { reason: refusal.to_string(), retry_after }
        }
        _ if is_form(&message, &refusal.code) => SalesforceError::Form(refusal),
        _ => SalesforceError::Refused(refusal),
    }
}

/// `duplicate value found: FederationIdentifier duplicates value on record with id: …`, or the named field.
fn duplicate_field(refusal: &Refusal) -> Option<String> {
    let after = refusal.message.split_once("duplicate value found: ").map(|(_, rest)| rest);
    let named = after.and_then(|rest| rest.split_whitespace().next()).filter(|word| super::body::is_field_name(word));
    named.map(str::to_owned).or_else(|| refusal.fields.first().cloned())
}

/// The governor limits that grow with the number of records, in the words of `System.LimitException` and of flows.
fn is_too_much(message: &str) -> bool {
    const TEXTS: [&str; 6] = [
        "limitexception",
        "apex cpu time limit exceeded",
        "heap size too large",
        "too many soql queries",
        "too many query rows",
        "too many dml",
    ];
    TEXTS.iter().any(|text| message.contains(text))
}

/// The texts with which the SCIM service refuses a request's form rather than its content (public source of the SCIM
/// 2.0 pilot; the last one: Spring '26 release notes).
fn is_form(message: &str, code: &str) -> bool {
    const TEXTS: [&str; 9] = [
        "externalid_not_available_in_your_organization",
        "only_a_single_",
        "user_must_have_only_one_role",
        "improper schema",
        "inproper operation",
        "invalid entitlement id",
        "cannot have multiple profiles",
        "mising path",
        "processing/execution error: check the format",
    ];
    code == "UNSUPPORTED_FIELD" || TEXTS.iter().any(|text| message.contains(text))
}
