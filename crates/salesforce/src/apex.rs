//! The Apex REST service as the second write path: many persons in each call. What both sides say, and what it means, is
//! fixed in `infra/salesforce/contract`. Here is how it is called and what errors of whole calls mean.

mod apply;
mod chunk;
mod form;
mod item;
mod lookup;
mod request;
mod results;
mod size;

use domain::SalesforceUserId;
use http::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use self::size::CallSize;

use crate::Salesforce;
use crate::api::Call;
use crate::error::{Refusal, SalesforceError};
use crate::usage::CallKind;

const SERVICE: &str = "/services/apexrest/connector/v1";

/// What the accounts service of the org says of its caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApexService {
    /// The connector's own user.
    pub caller: SalesforceUserId,
    /// Whether it holds the custom permission that the service asks for.
    pub permitted: bool,
}

impl Salesforce {
    /// Whether the accounts service is there and lets the connector in, whatever the write path. Changes nothing.
    ///
    /// # Errors
    /// [`SalesforceError::Unusable`] says what is missing in the org; else those of any call.
    pub async fn apex_service(&self) -> Result<ApexService, SalesforceError> {
        let answer: form::ServiceAnswer =
            self.ask(&Call::get(CallKind::ApexService, format!("{SERVICE}/accounts"))).await?;
        Ok(ApexService { caller: answer.caller, permitted: answer.permitted })
    }

    async fn ask<Answer: DeserializeOwned>(&self, call: &Call) -> Result<Answer, SalesforceError> {
        let answer = self.api.call(call).await.map_err(of_the_service)?;
        serde_json::from_value(answer)
            .map_err(|_| unclear("the accounts service's answer is not in its contract's form"))
    }
}

fn post(kind: CallKind, resource: &str, body: Value) -> Call {
    Call::with_body(kind, Method::POST, format!("{SERVICE}/{resource}"), body)
}

/// What keeps everybody's work from being done is not refused for one person.
fn of_the_service(error: SalesforceError) -> SalesforceError {
    let SalesforceError::Refused(refusal) = error else { return error };
    let message = match (refusal.status, refusal.code.as_str()) {
        (404, _) => "the accounts service is not installed in the org; see docs/SALESFORCE.md",
        (403, _) => {
            "the connector's user may not use the accounts service; assign it the connector's permission set, see \
             docs/SALESFORCE.md"
        }
        (405, _) | (_, "UNSUPPORTED_VERSION") => {
            "the accounts service in the org is of another version than the connector; see docs/SALESFORCE.md"
        }
        _ => return SalesforceError::Refused(refusal),
    };
    SalesforceError::Unusable(Refusal { message: message.to_owned(), ..refusal })
}

/// Whether fewer persons at once may get through: the call was too much, or it was refused as a whole, perhaps for one
/// person's sake.
fn may_be_split(error: &SalesforceError) -> bool {
    is_too_large(error) || matches!(error, SalesforceError::Refused(_) | SalesforceError::Form(_))
}

fn is_too_large(error: &SalesforceError) -> bool {
    match error {
        SalesforceError::TooMuch(_) => true,
        SalesforceError::Busy { refusal, .. } => {
            matches!(refusal.code.as_str(), "REQUEST_RUNNING_TOO_LONG" | "QUERY_TIMEOUT")
        }
        _ => false,
    }
}

fn unclear(reason: &str) -> SalesforceError {
    SalesforceError::Unclear { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests;
