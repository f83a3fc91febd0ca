//! Rules that every object shares: which fields may be written, required ones, lengths, restricted picklists, references.

use super::super::dml_error::DmlError;
use super::super::schema::{Kind, Object, Spec};
use super::super::state::State;
use super::super::value::Value;
use super::super::world::Fields;

/// Insert or update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Create,
    Update,
}

/// Refuses unknown and read-only fields.
pub(crate) fn check_writable(state: &State, object: Object, fields: &Fields, mode: Mode) -> Result<(), DmlError> {
    for name in fields.keys() {
        let Some(spec) = state.spec(object, name) else {
            return Err(no_such_column(object, name));
        };
        let writable = match mode {
            Mode::Create => spec.createable,
            Mode::Update => spec.updateable,
        };
        if !writable {
            // [test] for the text.
            return Err(DmlError::new(
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                format!(
                    "Unable to create/update fields: {name}. Please check the security settings of this field and verify \
                     that it is read/write for your profile or permission set."
                ),
                &[name],
            ));
        }
    }
    Ok(())
}

/// [restforce fixture]
pub(crate) fn no_such_column(object: Object, name: &str) -> DmlError {
    DmlError::new("INVALID_FIELD", format!("No such column '{name}' on sobject of type {}", object.name()), &[])
}

/// Checks required fields, and each value by itself.
pub(crate) fn check_values(state: &State, object: Object, fields: &Fields, mode: Mode) -> Result<(), DmlError> {
    let missing: Vec<&str> = state
        .specs(object)
        .filter(|spec| spec.required)
        .filter(|spec| match fields.get(spec.name.as_ref()) {
            Some(value) => value.is_null(),
            None => mode == Mode::Create,
        })
        .map(|spec| spec.name.as_ref())
        .collect();
    if !missing.is_empty() {
        // [test] for the text.
        return Err(DmlError::new(
            "REQUIRED_FIELD_MISSING",
            format!("Required fields are missing: [{}]", missing.join(", ")),
            &missing,
        ));
    }
    fields.iter().try_for_each(|(name, value)| {
        state
            .spec(object, name)
            .map_or_else(|| Err(no_such_column(object, name)), |spec| check_value(state, spec, value))
    })
}

fn check_value(state: &State, spec: &Spec, value: &Value) -> Result<(), DmlError> {
    let name = spec.name.as_ref();
    match (spec.kind, value) {
        (Kind::Picklist { values, restricted: true }, Value::Text(text)) if !values.contains(&text.as_str()) => {
            // Text [test]; that it is what User's keys give is not captured.
            Err(DmlError::new(
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                format!("{name}: bad value for restricted picklist field: {text}"),
                &[name],
            ))
        }
        (kind, Value::Text(text)) if kind.is_text() && text.chars().count() > spec.length => Err(DmlError::new(
            // Code [doc]; text from general knowledge [?].
            "STRING_TOO_LONG",
            format!("{name}: data value too large: {text} (max length={})", spec.length),
            &[name],
        )),
        // [doc: composite subrequest result] for the text.
        (Kind::Email, Value::Text(text)) if !is_email(text) => {
            Err(DmlError::new("INVALID_EMAIL_ADDRESS", format!("{name}: invalid email address: {text}"), &[name]))
        }
        (Kind::Reference { to, .. }, Value::Id(id)) => {
            if !to.iter().any(|object| object.prefix() == id.prefix()) {
                // [?] for code and text.
                return Err(DmlError::new(
                    "FIELD_INTEGRITY_EXCEPTION",
                    format!("{name}: id value of incorrect type: {id}"),
                    &[name],
                ));
            }
            if state.find(id).is_none() { Err(DmlError::cross_reference(&[name])) } else { Ok(()) }
        }
        _ => Ok(()),
    }
}

/// Whether a text has the form of a mail address: one `@`, something before it, a dotted name after it.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.split_once('@') else { return false };
    let plain = |c: char| !c.is_whitespace() && !matches!(c, '@' | ',' | ';' | '<' | '>' | '(' | ')' | '"' | '\\');
    !local.is_empty()
        && local.is_ascii()
        && host.is_ascii()
        && local.chars().all(plain)
        && host.chars().all(plain)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && host.split('.').count() > 1
        && host.split('.').all(|label| !label.is_empty())
}
