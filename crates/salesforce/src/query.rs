//! SOQL queries through standard REST, all pages of their answers.

use domain::{SalesforceId, UserField};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Map, Value};

use crate::Salesforce;
use crate::api::Call;
use crate::encode::encode;
use crate::error::{Refusal, SalesforceError};
use crate::usage::CallKind;

/// Queries of one kind under way at a time.
const QUERIES_AT_ONCE: usize = 4;

/// A record of an answer.
pub(crate) struct Row(Map<String, Value>);

impl Row {
    /// The text at a path of names (`["Profile", "Name"]`); `None` when empty, or when a relation leads nowhere.
    pub(crate) fn text(&self, path: &[&str]) -> Option<&str> {
        self.value(path)?.as_str().filter(|text| !text.is_empty())
    }

    /// The whole number at a path of names.
    pub(crate) fn number(&self, path: &[&str]) -> Option<i64> {
        self.value(path)?.as_i64()
    }

    fn value(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.0.get(*first)?, |value, name| value.get(name))
    }

    /// The truth value at a path of names; absent is false.
    pub(crate) fn is_at(&self, path: &[&str]) -> bool {
        self.value(path).and_then(Value::as_bool).unwrap_or(false)
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
        self.query_as(soql, |row| row).await
    }

    /// [`Self::query`], each row made into something smaller as soon as its page is there: answers can be long.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub(crate) async fn query_as<T>(
        &self,
        soql: &str,
        read: impl Fn(Row) -> T + Send,
    ) -> Result<Vec<T>, SalesforceError> {
        let mut path = format!("/services/data/{}/query?q={}", self.version, encode(soql));
        let mut rows = Vec::new();
        loop {
            let mut answer = self.api.call(&Call::get(CallKind::Query, path)).await.map_err(not_the_persons_fault)?;
            let Some(Value::Array(records)) = answer.get_mut("records").map(Value::take) else {
                return Err(SalesforceError::Unclear { reason: "a query's answer holds no records".to_owned() });
            };
            let record = |record| match record {
                Value::Object(record) => Some(read(Row(record))),
                _ => None,
            };
            rows.extend(records.into_iter().filter_map(record));
            match answer.get("nextRecordsUrl").and_then(Value::as_str) {
                // Only a path on the same host is followed.
                Some(next) if next.starts_with("/services/") => path = next.to_owned(),
                Some(_) => {
                    return Err(SalesforceError::Unclear {
                        reason: "a query's next page is on no path of ours".to_owned(),
                    });
                }
                None if is_whole(&answer, rows.len()) => return Ok(rows),
                None => return Err(SalesforceError::Unclear { reason: "a query's answer is incomplete".to_owned() }),
            }
        }
    }

    /// The rows of an object that not every edition has; none where the org lacks it.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub(crate) async fn query_if_there(&self, soql: &str) -> Result<Vec<Row>, SalesforceError> {
        match self.query(soql).await {
            Err(error) if lacks_object(&error) => Ok(Vec::new()),
            rows => rows,
        }
    }

    /// All rows of several queries, a few at a time.
    ///
    /// # Errors
    /// As [`Self::query`]; the first.
    pub(crate) async fn query_all(&self, queries: Vec<String>) -> Result<Vec<Row>, SalesforceError> {
        let answers = queries.iter().map(|query| self.query(query)).collect::<Vec<_>>();
        stream::iter(answers).buffered(QUERIES_AT_ONCE).try_concat().await
    }

    /// [`Self::query_all`] of an object that not every edition has.
    ///
    /// # Errors
    /// As [`Self::query`]; the first.
    pub(crate) async fn query_all_if_there(&self, queries: Vec<String>) -> Result<Vec<Row>, SalesforceError> {
        match self.query_all(queries).await {
            Err(error) if lacks_object(&error) => Ok(Vec::new()),
            rows => rows,
        }
    }
}

fn lacks_object(error: &SalesforceError) -> bool {
    matches!(error, SalesforceError::Unusable(refusal) if refusal.code == "INVALID_TYPE")
}

/// Whether the last page is the last, and all rows are there.
fn is_whole(answer: &Value, rows: usize) -> bool {
    let total = answer.get("totalSize").and_then(Value::as_u64);
    answer.get("done").and_then(Value::as_bool) != Some(false)
        && total.is_none_or(|total| total <= u64::try_from(rows).unwrap_or(u64::MAX))
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
