//! Choosing among values, and lookup tables.

use serde_json::Value;

use super::{Absent, Call, Function};
use crate::types::Type;

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "first",
        parameters: &[],
        optional: &[],
        rest: Some(&Type::Any),
        result: &Type::Any,
        absent: Absent::Handled,
        call: |call| Ok(chosen(call, |value| !is_blank(value))),
    },
    Function {
        name: "coalesce",
        parameters: &[],
        optional: &[],
        rest: Some(&Type::Any),
        result: &Type::Any,
        absent: Absent::Handled,
        call: |call| Ok(chosen(call, |value| !value.is_null())),
    },
    Function {
        name: "lookup",
        parameters: &[Type::Text, Type::Any],
        optional: &[Type::Text],
        rest: None,
        result: &Type::Text,
        absent: Absent::Handled,
        call: lookup,
    },
];

fn chosen(call: &Call<'_>, suits: impl Fn(&Value) -> bool) -> Value {
    call.arguments.iter().map(AsRef::as_ref).find(|value| suits(value)).cloned().unwrap_or_default()
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// The key may be a number, for ids are numbers in some sources.
fn lookup(call: &Call<'_>) -> Result<Value, String> {
    let name = call.text(0)?;
    let table = call.scope.table(name).ok_or_else(|| format!("there is no lookup table `{name}`"))?;
    let found = match call.value(1) {
        Value::Null => None,
        Value::String(key) => table.get(key.as_str()),
        Value::Number(key) => table.get(&crate::operators::number_text(key)),
        other => return Err(format!("lookup needs a text as key, not {}", Type::of(other))),
    };
    Ok(found.map_or_else(|| call.value(2).clone(), |text| Value::from(text.as_str())))
}
