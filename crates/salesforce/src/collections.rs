//! Many records in one call (sObject Collections: 200 at most, each for itself). One kind of record in each call, for
//! records of Setup objects may not be mixed.

use domain::SalesforceId;
use http::Method;
use serde_json::{Value, json};

use crate::Salesforce;
use crate::api::Call;
use crate::error::{self, SalesforceError};
use crate::usage::CallKind;
use crate::write::Stop;

const MOST_RECORDS: usize = 200;
const TRIES: u32 = 3;

/// Records of one kind and what to do with them. Doing it twice is the same as once: a second assignment is refused
/// as a duplicate, a second deletion as gone.
pub(crate) enum Records {
    /// Users to change; each row with its `id`.
    Update(Vec<Value>),
    /// UserLogin records to change; each row with its `id`. Whether Salesforce takes them here is not known, so a call that
    /// it refuses is not cut up: the caller has another way.
    UpdateLogins(Vec<Value>),
    /// Assignments or memberships to make.
    Insert(Vec<Value>),
    /// Assignments or memberships to delete, by their own ids.
    Delete(Vec<SalesforceId>),
}

impl Records {
    fn len(&self) -> usize {
        match self {
            Self::Update(rows) | Self::UpdateLogins(rows) | Self::Insert(rows) => rows.len(),
            Self::Delete(ids) => ids.len(),
        }
    }

    fn call(&self, version: &str, chosen: &[usize]) -> Call {
        let path = format!("/services/data/{version}/composite/sobjects");
        let body = |rows: &[Value]| {
            let records: Vec<_> = chosen.iter().filter_map(|place| rows.get(*place)).collect();
            json!({"allOrNone": false, "records": records})
        };
        match self {
            Self::Update(rows) | Self::UpdateLogins(rows) => {
                Call::with_body(CallKind::UserRecords, Method::PATCH, path, body(rows))
            }
            Self::Insert(rows) => Call::with_body(CallKind::Assign, Method::POST, path, body(rows)),
            Self::Delete(ids) => {
                let ids: Vec<_> = chosen.iter().filter_map(|place| ids.get(*place)).map(SalesforceId::as_str).collect();
                let path = format!("{path}?ids={}&allOrNone=false", ids.join(","));
                Call { kind: CallKind::Unassign, method: Method::DELETE, path, body: None, repeatable: true }
            }
        }
    }
}

impl Salesforce {
    /// The result of each record, in order. Rows that met a lock are tried again, and so are those of a call that took
    /// too long or was refused as a whole, fewer at a time.
    pub(crate) async fn records(&self, records: &Records, stop: &Stop) -> Vec<Result<(), SalesforceError>> {
        let mut results: Vec<Result<(), SalesforceError>> = vec![Ok(()); records.len()];
        let mut waiting: Vec<usize> = (0..records.len()).collect();
        let mut size = MOST_RECORDS;
        for tries in 1..=TRIES {
            for chosen in waiting.chunks(size) {
                for (place, result) in chosen.iter().zip(self.chunk(records, chosen, stop).await) {
                    results[*place] = result;
                }
            }
            let alone = size == 1 || matches!(records, Records::UpdateLogins(_));
            waiting.retain(|place| results[*place].as_ref().is_err_and(|error| heals(error, alone)));
            if waiting.is_empty() || stop.error().is_some() || tries == TRIES {
                break;
            }
            let any =
                |is: fn(&SalesforceError) -> bool| waiting.iter().any(|place| results[*place].as_ref().is_err_and(is));
            if any(|error| matches!(error, SalesforceError::Refused(_) | SalesforceError::Form(_))) {
                size = 1;
            } else if any(|error| matches!(error, SalesforceError::TooMuch(_))) {
                size = (size / 8).max(1);
            } else {
                self.api.pause(tries).await;
            }
        }
        results
    }

    async fn chunk(&self, records: &Records, chosen: &[usize], stop: &Stop) -> Vec<Result<(), SalesforceError>> {
        let answer = match stop.error() {
            Some(error) => Err(error),
            None => self.api.call(&records.call(&self.version, chosen)).await,
        };
        let error = match answer {
            Ok(Value::Array(rows)) if rows.len() == chosen.len() => {
                stop.answered();
                return rows.iter().map(row).collect();
            }
            Ok(_) => SalesforceError::Unclear { reason: "a multi-record answer of another length".to_owned() },
            Err(error) => error,
        };
        stop.note(&error);
        vec![Err(error); chosen.len()]
    }
}

/// Whether another try may help the row.
fn heals(error: &SalesforceError, alone: bool) -> bool {
    match error {
        SalesforceError::Busy { .. } => true,
        SalesforceError::TooMuch(_) => !alone,
        // With another status than 200 it is the whole call that was refused, perhaps for one row's sake.
        SalesforceError::Refused(refusal) | SalesforceError::Form(refusal) => refusal.status != 200 && !alone,
        _ => false,
    }
}

fn row(row: &Value) -> Result<(), SalesforceError> {
    if row.get("success").and_then(Value::as_bool) == Some(true) {
        return Ok(());
    }
    Err(error::from_row(row.get("errors").and_then(Value::as_array).map_or(&[], Vec::as_slice)))
}
