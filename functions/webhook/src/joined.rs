//! Events of a source whose accounts find their persons by keys. `data` of `person.upserted` is `{"record": id of the
//! account there, "account": {…}}`, of `person.removed` `{"record": …}`; an `id` beside them is passed over, for the keys
//! decide.

use domain::{RecordError, RecordId};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::events::{BodyError, Event, EventType, below, each, no_nul};

/// What an event says of an account.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Said {
    /// The account's id in its source.
    pub(crate) record: RecordId,
    /// When it was so.
    pub(crate) at: Timestamp,
    /// The account; `None` when it is gone.
    pub(crate) account: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    record: Option<RecordId>,
    #[serde(rename = "id")]
    _id: Option<IgnoredAny>,
    account: Option<Map<String, Value>>,
}

/// Reads the events of a body.
///
/// # Errors
/// [`BodyError`]; then nothing of the body may be taken.
pub(crate) fn accounts(body: &Value, now: Timestamp) -> Result<Vec<Said>, BodyError> {
    each(body, |event| said(event, now))
}

fn said(event: &Value, now: Timestamp) -> Result<Said, RecordError> {
    let Event { kind, timestamp, data } = Event::read(event, now)?;
    let Data { record, account, _id: _ } = domain::person::from_value(&data).map_err(|error| below("data", error))?;
    let wrong = |path: &str, reason: &str| RecordError::new(path, reason);
    let record =
        record.ok_or_else(|| wrong("data.record", "it is missing: the source's accounts are joined by keys"))?;
    match (kind, &account) {
        (EventType::Upserted, Some(account)) => no_nul(account).map_err(|error| below("data", error))?,
        (EventType::Upserted, None) => return Err(wrong("data.account", "it is missing")),
        (EventType::Removed, Some(_)) => return Err(wrong("data.account", "what is removed has none")),
        (EventType::Removed, None) => {}
    }
    Ok(Said { record, at: timestamp, account })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn now() -> Timestamp {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    fn event(kind: &str, data: &Value) -> Value {
        json!({ "type": kind, "timestamp": "2026-03-01T11:00:00Z", "data": data })
    }

    #[test]
    fn an_account_needs_no_person() {
        let body = json!([
            event("person.upserted", &json!({ "record": "g-1", "account": { "mail": "a@example.com" } })),
            event("person.upserted", &json!({ "record": "g-2", "id": "7", "account": {} })),
            event("person.removed", &json!({ "record": "g-3" })),
        ]);
        let said = accounts(&body, now()).unwrap();
        assert_eq!(said.iter().map(|said| said.record.as_str()).collect::<Vec<_>>(), ["g-1", "g-2", "g-3"]);
        assert_eq!(said[0].account.as_ref().unwrap()["mail"], "a@example.com");
        assert!(said[2].account.is_none());
    }

    #[test]
    fn what_is_wrong_is_told_by_its_place() {
        for (kind, data, told) in [
            ("person.upserted", json!({ "id": "7", "account": {} }), "[0].data.record: it is missing"),
            ("person.upserted", json!({ "record": "g" }), "[0].data.account: it is missing"),
            ("person.removed", json!({ "record": "g", "account": {} }), "[0].data.account: what is removed"),
            ("person.upserted", json!({ "record": "g", "account": { "a": "\u{0}" } }), "[0].data.account.a: it holds"),
            ("person.upserted", json!({ "record": "g", "account": {}, "x": 1 }), "[0].data"),
        ] {
            let error = accounts(&json!([event(kind, &data)]), now()).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
