//! SOQL queries through standard REST, all pages of their answers.

use domain::{SalesforceId, UserField};
use serde_json::{Map, Value};

use crate::Salesforce;
use crate::api::Call;
use crate::encode::encode;
use crate::error::{Refusal, SalesforceError};
use crate::usage::CallKind;

/// A record of an answer.
pub(crate) struct Row(Map<String, Value>);

impl Row {
    /// The text at a path of names (`["Profile", "Name"]`); `None` when empty, or when a relation leads nowhere.
    pub(crate) fn text(&self, path: &[&str]) -> Option<&str> {
        let (first, rest) = path.split_first()?;
        let value = rest.iter().try_fold(self.0.get(*first)?, |value, name| value.get(name))?;
        value.as_str().filter(|text| !text.is_empty())
    }

    /// The id in a column.
    pub(crate) fn id(&self, column: &str) -> Option<SalesforceId> {
        SalesforceId::parse(self.text(&[column])?).ok()
    }

    /// A truth value; absent is false.
    pub(crate) fn is(&self, column: &str) -> bool {
        self.0.get(column).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A field of the User object.
    pub(crate) fn field(&self, field: UserField) -> Option<&str> {
        self.text(&[field.api_name()])
    }
}

impl Salesforce {
    /// # Errors
    /// Those of the call. A query that Salesforce refuses is nobody's data: [`SalesforceError::Unusable`].
    pub(crate) async fn query(&self, soql: &str) -> Result<Vec<Row>, SalesforceError> {
        let mut path = format!("/services/data/{}/query?q={}", self.version, encode(soql));
        let mut rows = Vec::new();
        loop {
            let answer = self.api.call(&Call::get(CallKind::Query, path)).await.map_err(not_the_persons_fault)?;
            let Some(Value::Array(records)) = answer.get("records") else {
                return Err(SalesforceError::Unclear { reason: "a query's answer holds no records".to_owned() });
            };
            rows.extend(records.iter().filter_map(Value::as_object).cloned().map(Row));
            match answer.get("nextRecordsUrl").and_then(Value::as_str) {
                // Only a path on the same host is followed.
                Some(next) if next.starts_with("/services/") => path = next.to_owned(),
                Some(_) => {
                    return Err(SalesforceError::Unclear {
                        reason: "a query's next page is on no path of ours".to_owned(),
                    });
                }
                None => return Ok(rows),
            }
        }
    }
}

fn not_the_persons_fault(error: SalesforceError) -> SalesforceError {
    match error {
        SalesforceError::Refused(refusal) | SalesforceError::Form(refusal) => {
            // The message would repeat the query, and with it people's keys.
            let message = "Salesforce does not take the connector's query; is a field hidden from its user?".to_owned();
            SalesforceError::Unusable(Refusal { message, ..refusal })
        }
        error => error,
    }
}
