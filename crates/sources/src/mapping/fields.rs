//! One field of the canonical person: its expression, the values that mean "none", and how what comes out of it fits the
//! field's type. Formats without types (XML, CSV) give texts for numbers, systems with types give numbers for ids.

use domain::RecordError;
use expression::Expression;
use serde_json::{Number, Value};

use super::dates::DateForm;
use super::{Context, Fields};

/// The fields of an object, in the order of the definition.
pub(crate) type Object = Vec<(String, Slot)>;

/// What stands at a name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Slot {
    /// A value.
    Field(Field),
    /// An object that is left out when nothing is in it.
    Object(Object),
    /// An object of free values, which are kept also when they are null.
    Custom(Object),
}

/// How a field gets its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) value: Expression,
    pub(crate) kind: Kind,
    /// Texts that mean that there is no value.
    pub(crate) none: Vec<String>,
    /// How a date is written, where not as `2026-01-31`.
    pub(crate) date: Option<DateForm>,
    /// The column that the expression names as it stands and that must be there.
    pub(crate) column: Option<Column>,
}

/// `row.Contract.EndDate` as its parts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    root: String,
    names: Vec<String>,
}

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Integer,
    Bool,
    Date,
    List,
    Any,
}

impl Column {
    /// Reads a source such as `row.A.B`; `None` for any other expression.
    pub(crate) fn of(source: &str) -> Option<Self> {
        let mut parts = source.trim().split('.').map(str::to_owned);
        let root = parts.next().filter(|root| root == "row" || root == "item")?;
        let names: Vec<String> = parts.collect();
        let plain = |name: &String| {
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        (!names.is_empty() && names.iter().all(plain)).then_some(Self { root, names })
    }

    fn is_in(&self, context: &Context<'_>) -> bool {
        let root = if self.root == "row" { Some(context.row) } else { context.item };
        let Some(mut value) = root else { return false };
        for name in &self.names {
            match value.get(name) {
                Some(inner) => value = inner,
                None => return false,
            }
        }
        true
    }
}

/// Evaluates an object's fields.
pub(super) fn object(object: &Object, context: &Context<'_>, path: &str) -> Result<Fields, RecordError> {
    let mut fields = Fields::new();
    for (name, slot) in object {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match slot {
            Slot::Field(field) => {
                if let Some(value) = field.evaluate(context, &path)? {
                    fields.insert(name.clone(), value);
                }
            }
            Slot::Object(inner) => {
                let inner = self::object(inner, context, &path)?;
                if !inner.is_empty() {
                    fields.insert(name.clone(), Value::Object(inner));
                }
            }
            Slot::Custom(inner) => {
                fields.insert(name.clone(), Value::Object(custom(inner, context, &path)?));
            }
        }
    }
    Ok(fields)
}

/// Evaluates free values, which are kept also when they are null.
pub(super) fn custom(object: &Object, context: &Context<'_>, path: &str) -> Result<Fields, RecordError> {
    let mut values = Fields::new();
    for (name, slot) in object {
        if let Slot::Field(field) = slot {
            let value = field.evaluate(context, &format!("{path}.{name}"))?;
            values.insert(name.clone(), value.unwrap_or(Value::Null));
        }
    }
    Ok(values)
}

impl Field {
    /// The field's value; `None` where there is none.
    pub(super) fn evaluate(&self, context: &Context<'_>, path: &str) -> Result<Option<Value>, RecordError> {
        if let Some(column) = self.column.as_ref().filter(|column| !column.is_in(context)) {
            let reason = format!("there is no {} in {}", column.names.join("."), column.root);
            return Err(RecordError::new(path, reason));
        }
        let value = self.value.evaluate(&context.scope).map_err(|error| RecordError::new(path, error.to_string()))?;
        let Some(value) = self.present(value) else { return Ok(None) };
        self.fit(value).map(Some).map_err(|reason| RecordError::new(path, reason))
    }

    fn present(&self, value: Value) -> Option<Value> {
        match value {
            Value::Null => None,
            Value::String(text) => {
                let trimmed = text.trim();
                if trimmed.is_empty() || self.none.iter().any(|none| none == trimmed) {
                    None
                } else if trimmed.len() == text.len() {
                    Some(Value::String(text))
                } else {
                    Some(Value::from(trimmed))
                }
            }
            Value::Number(number) if self.none.contains(&number_text(&number)) => None,
            value => Some(value),
        }
    }

    fn fit(&self, value: Value) -> Result<Value, String> {
        match (self.kind, value) {
            (Kind::Date, value) => match (&self.date, value) {
                (Some(form), value) => form.read(&value).map(|date| Value::from(date.to_string())),
                (None, Value::String(text)) => Ok(Value::String(text)),
                (None, _) => Err("it is no date".into()),
            },
            (Kind::Text, Value::Number(number)) => Ok(Value::from(number_text(&number))),
            (Kind::Number, Value::String(text)) => {
                text.parse().ok().and_then(Number::from_f64).map(Value::Number).ok_or_else(|| "it is no number".into())
            }
            (Kind::Integer, Value::String(text)) => {
                text.parse::<i64>().map(Value::from).map_err(|_| "it is no whole number".into())
            }
            (Kind::Integer, Value::Number(number)) => {
                number_text(&number).parse::<i64>().map(Value::from).map_err(|_| "it is no whole number".into())
            }
            (Kind::Text, value @ Value::String(_))
            | (Kind::Number, value @ Value::Number(_))
            | (Kind::Bool, value @ Value::Bool(_))
            | (Kind::List, value @ Value::Array(_))
            | (Kind::Any, value) => Ok(value),
            (kind, _) => Err(format!("it is no {}", kind.name())),
        }
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Integer => "whole number",
            Self::Bool => "bool",
            Self::Date => "date",
            Self::List => "list",
            Self::Any => "value",
        }
    }
}

/// Whole numbers without a point, whatever the source's JSON has: an id of `100023.0` is `100023`.
fn number_text(number: &Number) -> String {
    let text = number.to_string();
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
