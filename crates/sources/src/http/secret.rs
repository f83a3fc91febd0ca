//! The source's secret, a JSON object of texts. Errors name a field and never hold content.

use ports::{SecretError, SecretName, Secrets};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

/// The fields of a secret.
pub(crate) struct Fields {
    name: SecretName,
    fields: Map<String, Value>,
}

impl Fields {
    /// Reads the secret; `fresh` goes past any memory.
    pub(crate) async fn read(secrets: &dyn Secrets, name: &SecretName, fresh: bool) -> Result<Self, SecretError> {
        let text = if fresh { secrets.read_fresh(name).await? } else { secrets.read(name).await? };
        // The JSON reader's own message could quote the content.
        let fields = serde_json::from_str(text.expose_secret())
            .map_err(|_| SecretError::Malformed { name: name.clone(), reason: "it is no JSON object".to_owned() })?;
        Ok(Self { name: name.clone(), fields })
    }

    /// A field's text.
    pub(crate) fn text(&self, field: &str) -> Result<SecretString, SecretError> {
        let reason = match self.fields.get(field) {
            Some(Value::String(text)) if !text.trim().is_empty() => return Ok(SecretString::from(text.trim())),
            Some(Value::String(_)) => "is empty",
            Some(_) => "is no text",
            None => "is missing",
        };
        Err(SecretError::Malformed { name: self.name.clone(), reason: format!("{field} {reason}") })
    }

    /// Whether both hold the same.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        self.fields == other.fields
    }

    /// An error about a field.
    pub(crate) fn wrong(&self, field: &str, what: &str) -> SecretError {
        SecretError::Malformed { name: self.name.clone(), reason: format!("{field}: {what}") }
    }
}
