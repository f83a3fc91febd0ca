//! The YAML form of one field: `row.name`, or `{ value: row.end, none: ["2099-01-01"], date: "%d-%m-%Y", optional: true }`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

/// A field: an expression alone, or an expression with what is special about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FieldForm {
    pub(super) value: String,
    pub(super) none: Vec<String>,
    pub(super) date: Option<String>,
    pub(super) optional: bool,
}

/// A field that may be left out. `endDate:` with nothing behind it is not left out but forgotten, and refused.
#[derive(Default)]
pub(super) struct Part(pub(super) Option<Spanned<FieldForm>>);

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(|field| Self(Some(field)))
    }
}

/// An expression with what is special about it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DetailedForm {
    /// The expression.
    value: String,
    /// Results that mean that there is no value.
    #[serde(default)]
    none: Vec<String>,
    /// How a date is written, when not as 2026-01-31: %d day, %m month, %Y year.
    date: Option<String>,
    /// Whether the column that the expression names may be missing from a row.
    #[serde(default)]
    optional: bool,
}

impl<'de> Deserialize<'de> for FieldForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = FieldForm;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an expression, or an object with value, none, date and optional")
    }

    fn visit_str<E>(self, value: &str) -> Result<FieldForm, E> {
        Ok(FieldForm { value: value.to_owned(), ..FieldForm::default() })
    }

    fn visit_bool<E>(self, value: bool) -> Result<FieldForm, E> {
        Ok(FieldForm { value: value.to_string(), ..FieldForm::default() })
    }

    fn visit_u64<E>(self, value: u64) -> Result<FieldForm, E> {
        Ok(FieldForm { value: value.to_string(), ..FieldForm::default() })
    }

    fn visit_i64<E>(self, value: i64) -> Result<FieldForm, E> {
        Ok(FieldForm { value: value.to_string(), ..FieldForm::default() })
    }

    fn visit_f64<E>(self, value: f64) -> Result<FieldForm, E> {
        Ok(FieldForm { value: format!("{value:?}"), ..FieldForm::default() })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FieldForm, A::Error> {
        let DetailedForm { value, none, date, optional } = DetailedForm::deserialize(MapAccessDeserializer::new(map))?;
        Ok(FieldForm { value, none, date, optional })
    }
}

impl JsonSchema for FieldForm {
    fn schema_name() -> Cow<'static, str> {
        "Field".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let detailed = generator.subschema_for::<DetailedForm>();
        json_schema!({
            "description": "A CEL expression, or one with what is special about it.",
            "anyOf": [{ "type": ["string", "number", "boolean"] }, detailed]
        })
    }
}

impl JsonSchema for Part {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Part".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<FieldForm>()
    }
}
