//! The YAML form of a definition, as it is written, with the place of each part. What its parts mean together is not
//! checked here.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use super::Place;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    pub(super) file: Spanned<FileForm>,
    #[serde(rename = "where")]
    pub(super) only: Option<Spanned<String>>,
    pub(super) person: PersonForm,
    pub(super) contracts: Option<ContractsForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileForm {
    pub(super) format: FormatForm,
    pub(super) rows: Option<Spanned<String>>,
    pub(super) repeated: Option<Spanned<Vec<String>>>,
    pub(super) delimiter: Option<Spanned<String>>,
    pub(super) encoding: Option<Spanned<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FormatForm {
    Xml,
    Csv,
    Json,
    Jsonl,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct PersonForm {
    pub(super) id: Spanned<FieldForm>,
    pub(super) name: NameForm,
    #[serde(default)]
    pub(super) contact: ContactForm,
    pub(super) blocked: Option<Spanned<FieldForm>>,
    #[serde(default)]
    pub(super) custom: BTreeMap<String, Spanned<FieldForm>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct NameForm {
    pub(super) given_name: Option<Spanned<FieldForm>>,
    pub(super) nick_name: Option<Spanned<FieldForm>>,
    pub(super) initials: Option<Spanned<FieldForm>>,
    pub(super) family_name: Option<Spanned<FieldForm>>,
    pub(super) family_name_prefix: Option<Spanned<FieldForm>>,
    pub(super) partner_name: Option<Spanned<FieldForm>>,
    pub(super) partner_name_prefix: Option<Spanned<FieldForm>>,
    pub(super) convention: Option<Spanned<FieldForm>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct ContactForm {
    pub(super) email: Option<Spanned<FieldForm>>,
    pub(super) phone: Option<Spanned<FieldForm>>,
    pub(super) mobile_phone: Option<Spanned<FieldForm>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ContractsForm {
    pub(super) each: Option<Spanned<FieldForm>>,
    #[serde(default)]
    pub(super) allow_none: bool,
    pub(super) id: Spanned<FieldForm>,
    pub(super) start_date: Spanned<FieldForm>,
    pub(super) end_date: Option<Spanned<FieldForm>>,
    #[serde(rename = "type")]
    pub(super) kind: Option<Spanned<FieldForm>>,
    pub(super) fte: Option<Spanned<FieldForm>>,
    pub(super) hours_per_week: Option<Spanned<FieldForm>>,
    pub(super) percentage: Option<Spanned<FieldForm>>,
    pub(super) sequence: Option<Spanned<FieldForm>>,
    pub(super) department: Option<ReferenceForm>,
    pub(super) title: Option<ReferenceForm>,
    pub(super) location: Option<ReferenceForm>,
    pub(super) cost_center: Option<ReferenceForm>,
    pub(super) employer: Option<ReferenceForm>,
    pub(super) manager: Option<ReferenceForm>,
    #[serde(default)]
    pub(super) custom: BTreeMap<String, Spanned<FieldForm>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ReferenceForm {
    pub(super) id: Option<Spanned<FieldForm>>,
    pub(super) name: Option<Spanned<FieldForm>>,
    pub(super) manager_id: Option<Spanned<FieldForm>>,
}

/// A field: an expression alone, or an expression with what is special about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FieldForm {
    pub(super) value: String,
    pub(super) none: Vec<String>,
    pub(super) date: Option<String>,
    pub(super) optional: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DetailedForm {
    value: String,
    #[serde(default)]
    none: Vec<String>,
    date: Option<String>,
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

/// Reads the YAML.
pub(super) fn read(yaml: &str) -> Result<Form, (Place, String)> {
    serde_saphyr::from_str(yaml).map_err(|error| {
        let (line, column) = error.location().map_or((0, 0), |location| (location.line(), location.column()));
        let reason = error.without_snippet().to_string();
        let reason = reason.strip_suffix(&format!(" at line {line}, column {column}")).unwrap_or(&reason);
        ((line, column), reason.to_owned())
    })
}

/// Where a part stands.
pub(super) fn place<T>(part: &Spanned<T>) -> Place {
    (part.referenced.line(), part.referenced.column())
}
