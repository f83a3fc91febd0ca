//! Operators on values: arithmetic, comparison, membership. Whole numbers and fractions mix, because JSON does not tell
//! them apart; two whole numbers give a whole number.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use crate::functions::MAX_TEXT;
use crate::node::Operator;
use crate::types::Type;

/// Applies an operator.
///
/// # Errors
/// What does not fit, by type and never by value.
pub(crate) fn apply(operator: Operator, left: &Value, right: &Value) -> Result<Value, String> {
    use Operator::{Add, Divide, Equal, Greater, GreaterOrEqual, In, Less, LessOrEqual, Multiply, NotEqual};
    use Operator::{Remainder, Subtract};
    match operator {
        Equal => Ok(same(left, right).into()),
        NotEqual => Ok((!same(left, right)).into()),
        In => contains(left, right).map(Value::from),
        Less => Ok(compare(operator, left, right)?.is_some_and(Ordering::is_lt).into()),
        LessOrEqual => Ok(compare(operator, left, right)?.is_some_and(Ordering::is_le).into()),
        Greater => Ok(compare(operator, left, right)?.is_some_and(Ordering::is_gt).into()),
        GreaterOrEqual => Ok(compare(operator, left, right)?.is_some_and(Ordering::is_ge).into()),
        Add => match (left, right) {
            (Value::Null, _) | (_, Value::Null) => Ok(Value::Null),
            (Value::String(a), Value::String(b)) if a.len() + b.len() > MAX_TEXT => {
                Err(format!("the text grows beyond {MAX_TEXT} bytes"))
            }
            (Value::String(a), Value::String(b)) => Ok(format!("{a}{b}").into()),
            (Value::Array(a), Value::Array(b)) => Ok(a.iter().chain(b).cloned().collect()),
            _ => arithmetic(operator, left, right),
        },
        Subtract | Multiply | Divide | Remainder => arithmetic(operator, left, right),
    }
}

/// Equality as CEL has it: numbers by value, everything else by type and content.
pub(crate) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => number_order(a, b) == Some(Ordering::Equal),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => left == right,
    }
}

/// Digits, without a point for a whole number.
pub(crate) fn number_text(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if !number.is_i64() && !number.is_u64() && float.fract() == 0.0 && float.abs() < 1e15 => {
            format!("{float:.0}")
        }
        _ => number.to_string(),
    }
}

fn compare(operator: Operator, left: &Value, right: &Value) -> Result<Option<Ordering>, String> {
    match (left, right) {
        (Value::Null, _) | (_, Value::Null) => Ok(None),
        (Value::Number(a), Value::Number(b)) => Ok(number_order(a, b)),
        (Value::String(a), Value::String(b)) => Ok(Some(a.cmp(b))),
        (Value::Bool(a), Value::Bool(b)) => Ok(Some(a.cmp(b))),
        _ => Err(mismatch(operator, left, right)),
    }
}

fn number_order(a: &Number, b: &Number) -> Option<Ordering> {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

fn contains(item: &Value, container: &Value) -> Result<bool, String> {
    match container {
        Value::Null => Ok(false),
        Value::Array(items) => Ok(items.iter().any(|other| same(item, other))),
        Value::Object(fields) => match item {
            Value::String(name) => Ok(fields.contains_key(name)),
            Value::Null => Ok(false),
            _ => Err(mismatch(Operator::In, item, container)),
        },
        _ => Err(mismatch(Operator::In, item, container)),
    }
}

fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Result<Value, String> {
    let (a, b) = match (left, right) {
        (Value::Null, _) | (_, Value::Null) => return Ok(Value::Null),
        (Value::Number(a), Value::Number(b)) => (a, b),
        _ => return Err(mismatch(operator, left, right)),
    };
    if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
        let result = match operator {
            Operator::Subtract => a.checked_sub(b),
            Operator::Multiply => a.checked_mul(b),
            Operator::Divide | Operator::Remainder if b == 0 => return Err("a division by zero".to_owned()),
            Operator::Divide => a.checked_div(b),
            Operator::Remainder => a.checked_rem(b),
            _ => a.checked_add(b),
        };
        return result.map(Value::from).ok_or_else(|| format!("the result of `{}` is too large", operator.symbol()));
    }
    let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
    let result = match operator {
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide => a / b,
        Operator::Remainder => return Err("`%` needs two whole numbers".to_owned()),
        _ => a + b,
    };
    Number::from_f64(result).map(Value::Number).ok_or_else(|| format!("`{}` gives no number", operator.symbol()))
}

fn mismatch(operator: Operator, left: &Value, right: &Value) -> String {
    format!("`{}` does not work on {} and {}", operator.symbol(), Type::of(left), Type::of(right))
}
