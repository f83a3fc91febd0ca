//! The environment variables that the template sets. A missing one stops the function in its Init, with its name.

use std::env::{self, VarError};

/// A variable that must be set.
///
/// # Errors
/// [`VariableError`]
pub fn required(name: &'static str) -> Result<String, VariableError> {
    optional(name)?.ok_or(VariableError::Missing(name))
}

/// A variable that may be left out; an empty one counts as left out.
///
/// # Errors
/// [`VariableError::NotText`]
pub fn optional(name: &'static str) -> Result<Option<String>, VariableError> {
    read(name, env::var(name))
}

/// Why a variable can't be used. Its value is not told: it might be a secret in the wrong place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VariableError {
    /// It is not set, or empty.
    #[error("environment variable {0} is not set")]
    Missing(&'static str),
    /// It is not Unicode.
    #[error("environment variable {0} is no text")]
    NotText(&'static str),
}

fn read(name: &'static str, value: Result<String, VarError>) -> Result<Option<String>, VariableError> {
    match value {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(VariableError::NotText(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_variable_is_read() {
        // Cargo sets it for every test.
        assert_eq!(required("CARGO_PKG_NAME"), Ok("lambda".to_owned()));
        assert_eq!(optional("CARGO_PKG_NAME"), Ok(Some("lambda".to_owned())));
    }

    #[test]
    fn a_missing_one_is_named() {
        assert_eq!(optional("CONNECTOR_NEVER_SET"), Ok(None));
        let error = required("CONNECTOR_NEVER_SET").unwrap_err();
        assert_eq!(error.to_string(), "environment variable CONNECTOR_NEVER_SET is not set");
    }

    #[test]
    fn empty_is_missing_and_bytes_are_refused_without_being_told() {
        assert_eq!(read("X", Ok(String::new())), Ok(None));
        let error = read("X", Err(VarError::NotUnicode("hush".into()))).unwrap_err();
        assert_eq!(error, VariableError::NotText("X"));
        assert!(!error.to_string().contains("hush"));
    }
}
