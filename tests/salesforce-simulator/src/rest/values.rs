//! JSON of a request to typed field values, by the fields' types.

use serde_json::{Map, Value as Json};

use crate::org::dml_error::DmlError;
use crate::org::ids::Id;
use crate::org::rules::fields::no_such_column;
use crate::org::schema::{Kind, Object, Spec};
use crate::org::state::State;
use crate::org::value::Value;
use crate::org::world::Fields;

/// The fields of a JSON object, without `attributes` and the record's own id.
pub(super) fn fields(state: &State, object: Object, json: &Map<String, Json>) -> Result<Fields, DmlError> {
    json.iter()
        .filter(|(name, _)| name.as_str() != "attributes" && !name.eq_ignore_ascii_case("id"))
        .map(|(name, value)| {
            let spec = state.spec(object, name).ok_or_else(|| no_such_column(object, name))?;
            Ok((spec.name.to_string(), value_of(spec, value)?))
        })
        .collect()
}

fn value_of(spec: &Spec, json: &Json) -> Result<Value, DmlError> {
    match (spec.kind, json) {
        (Kind::Bool, Json::Bool(flag)) => Ok(Value::Bool(*flag)),
        // A checkbox cannot be null: null means false [general knowledge].
        (Kind::Bool, Json::Null) => Ok(Value::Bool(false)),
        (_, Json::Null) => Ok(Value::Null),
        (Kind::Int, Json::Number(number)) => number.as_i64().map(Value::Int).ok_or_else(|| unfit(spec, json)),
        (kind, Json::String(text)) if kind.is_id() => {
            if text.is_empty() {
                return Ok(Value::Null);
            }
            // [test] for the text.
            Id::parse(text)
                .map(Value::Id)
                .map_err(|error| DmlError::new("MALFORMED_ID", error.to_string(), &[&spec.name]))
        }
        (Kind::DateTime, Json::String(text)) => {
            // The API writes `+0000`, readers of RFC 3339 want `+00:00`.
            let text = text.strip_suffix("+0000").map_or_else(|| text.clone(), |head| format!("{head}Z"));
            text.parse().map(Value::Time).map_err(|_| unfit(spec, json))
        }
        (kind, Json::String(text)) if kind.is_text() => Ok(Value::from(text.trim_end())),
        _ => Err(unfit(spec, json)),
    }
}

/// The text follows the platform's JSON reader; the exact wording for each type is not captured [?].
fn unfit(spec: &Spec, json: &Json) -> DmlError {
    let token = match json {
        Json::Null => "VALUE_NULL",
        Json::Bool(true) => "VALUE_TRUE",
        Json::Bool(false) => "VALUE_FALSE",
        Json::Number(_) => "VALUE_NUMBER",
        Json::String(_) => "VALUE_STRING",
        Json::Array(_) => "START_ARRAY",
        Json::Object(_) => "START_OBJECT",
    };
    DmlError::new(
        "JSON_PARSER_ERROR",
        format!("Cannot deserialize instance of {} from {token} value", spec.kind.describe_name()),
        &[&spec.name],
    )
}
