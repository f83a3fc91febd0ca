//! Between numbers and texts.

use serde_json::Value;

use super::{Absent, Call, Function};
use crate::operators::number_text;
use crate::types::Type;

pub(super) static FUNCTIONS: &[Function] = &[
    conversion("string", &Type::Text, |call| match call.value(0) {
        Value::String(text) => Ok(text.as_str().into()),
        Value::Number(number) => Ok(number_text(number).into()),
        Value::Bool(bool) => Ok(bool.to_string().into()),
        other => Err(no(call, other)),
    }),
    conversion("int", &Type::Number, |call| match call.value(0) {
        Value::String(text) => text.trim().parse::<i64>().map(Value::from).map_err(|_| not_a("whole number")),
        other => whole(other).ok_or_else(|| no(call, other)),
    }),
    conversion("double", &Type::Number, |call| match call.value(0) {
        Value::String(text) => {
            let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
            number.map(Value::from).ok_or_else(|| not_a("number"))
        }
        Value::Number(number) => Ok(Value::from(number.as_f64())),
        other => Err(no(call, other)),
    }),
];

const fn conversion(
    name: &'static str,
    result: &'static Type,
    call: fn(&Call<'_>) -> Result<Value, String>,
) -> Function {
    Function { name, parameters: &[Type::Any], optional: &[], rest: None, result, absent: Absent::Null, call }
}

/// Rounds towards zero, as CEL does.
fn whole(value: &Value) -> Option<Value> {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be small enough")]
    let truncated = |float: f64| (float.abs() < 9e15).then_some(float as i64);
    value.as_i64().or_else(|| truncated(value.as_f64()?)).map(Value::from)
}

fn not_a(what: &str) -> String {
    format!("the text is no {what}")
}

fn no(call: &Call<'_>, value: &Value) -> String {
    format!("{} can't convert {}", call.name, Type::of(value))
}
