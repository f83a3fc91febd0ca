//! An item's content: its size and depth as DynamoDB counts them, and numbers in the one form that both sides can keep.
//! DynamoDB's numbers have no float type of their own: what goes in as 1.0 comes out as 1, so both sides store 1.

use serde_json::{Map, Number, Value};

const MAX_DEPTH: usize = 32;
/// DynamoDB keeps magnitudes from 1E-130 up to 9.99…E+125, and nought.
const SMALLEST: f64 = 1e-130;
const TOO_LARGE: f64 = 1e126;

/// The content as it is stored, and its size in bytes.
pub(super) fn check(body: &Map<String, Value>) -> Result<(Map<String, Value>, usize), String> {
    let mut size = 0;
    let body = object(body, 1, &mut size)?;
    Ok((body, size))
}

fn object(fields: &Map<String, Value>, depth: usize, size: &mut usize) -> Result<Map<String, Value>, String> {
    container(fields.len(), depth, size)?;
    fields
        .iter()
        .map(|(name, value)| {
            if name.is_empty() {
                return Err("a field's name is empty".to_owned());
            }
            *size += name.len();
            Ok((name.clone(), any(value, depth, size)?))
        })
        .collect()
}

fn any(value: &Value, depth: usize, size: &mut usize) -> Result<Value, String> {
    match value {
        Value::Null | Value::Bool(_) => {
            *size += 1;
            Ok(value.clone())
        }
        Value::Number(number) => {
            let number = normal(number)?;
            // About one byte for two digits, plus one; more for a sign.
            *size += number.to_string().len() / 2 + 2;
            Ok(Value::Number(number))
        }
        Value::String(text) => {
            *size += text.len();
            Ok(value.clone())
        }
        Value::Array(values) => {
            container(values.len(), depth + 1, size)?;
            values.iter().map(|value| any(value, depth + 1, size)).collect()
        }
        Value::Object(fields) => Ok(Value::Object(object(fields, depth + 1, size)?)),
    }
}

fn container(len: usize, depth: usize, size: &mut usize) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("the content is nested more than {MAX_DEPTH} levels deep"));
    }
    *size += 3 + len;
    Ok(())
}

fn normal(number: &Number) -> Result<Number, String> {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else { return Ok(number.clone()) };
    let magnitude = float.abs();
    if magnitude >= TOO_LARGE || (magnitude > 0.0 && magnitude < SMALLEST) {
        return Err("a number is beyond the range of 1E-130 to 1E+126".to_owned());
    }
    // A whole float's text has no point and no exponent: it is the text that DynamoDB would give back.
    let text = float.to_string();
    let whole = text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from));
    Ok(whole.unwrap_or_else(|_| number.clone()))
}
