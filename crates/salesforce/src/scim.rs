//! The SCIM 2.0 dialect of Salesforce: what is sent, how answers are read, and what is learnt of the org's variant.
//! Sources: help.salesforce.com "SCIM" pages for the forms, the public source of Salesforce's SCIM pilot for the rest.

mod body;
mod view;

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use tokio::sync::Mutex;

use crate::Salesforce;
use crate::api::Call;
use crate::error::SalesforceError;
use crate::usage::CallKind;

pub(crate) use body::{Patch, create, is_patchable};
pub(crate) use view::user;

pub(crate) const USERS: &str = "/services/scim/v2/Users";

/// The extension that holds the alias. The pilot's schema list says 2.0 and its bodies 1.0; which the service of today
/// wants is not documented, so its schema list is asked.
const SALESFORCE_EXTENSIONS: [&str; 2] =
    ["urn:salesforce:schemas:extension:2.0", "urn:salesforce:schemas:extension:1.0"];

/// What was learnt of the org's SCIM service.
#[derive(Default)]
pub(crate) struct ScimKnowledge {
    alias: Mutex<Option<Alias>>,
    external_id_refused: AtomicBool,
}

#[derive(Clone, Copy)]
enum Alias {
    In(&'static str),
    NotByScim,
}

impl ScimKnowledge {
    /// Whether the org does not offer FederationIdentifier as SCIM's `externalId`.
    pub(crate) fn external_id_refused(&self) -> bool {
        self.external_id_refused.load(Ordering::Relaxed)
    }

    /// Whether the error tells just that, for the first time.
    pub(crate) fn learn_external_id(&self, error: &SalesforceError) -> bool {
        let tells =
            matches!(error, SalesforceError::Form(refusal) if refusal.message.contains("externalId_not_available"));
        tells && !self.external_id_refused.swap(true, Ordering::Relaxed)
    }

    /// An alias was sent and did not come back.
    pub(crate) async fn alias_ignored(&self) {
        *self.alias.lock().await = Some(Alias::NotByScim);
    }
}

impl Salesforce {
    /// The extension to write an alias in; `None` when standard REST has to do it.
    pub(crate) async fn alias_extension(&self) -> Option<&'static str> {
        let mut known = self.scim.alias.lock().await;
        if known.is_none() {
            let call = Call::get(CallKind::Schemas, "/services/scim/v2/Schemas".to_owned());
            *known = match self.api.call(&call).await {
                Ok(schemas) => Some(extension(&schemas)),
                Err(SalesforceError::Refused(_) | SalesforceError::Form(_)) => Some(Alias::NotByScim),
                // Asked again next time.
                Err(_) => None,
            };
        }
        match *known {
            Some(Alias::In(urn)) => Some(urn),
            Some(Alias::NotByScim) | None => None,
        }
    }
}

/// The list is a bare array, or the `Resources` of a list response.
fn extension(schemas: &Value) -> Alias {
    let list = schemas.as_array().or_else(|| schemas.get("Resources")?.as_array());
    let listed = |urn: &str| {
        let schema_id = |schema: &Value| schema.get("id").and_then(Value::as_str).is_some_and(|id| id == urn);
        list.is_some_and(|schemas| schemas.iter().any(schema_id))
    };
    SALESFORCE_EXTENSIONS.into_iter().find(|urn| listed(urn)).map_or(Alias::NotByScim, Alias::In)
}

#[cfg(test)]
mod tests;
