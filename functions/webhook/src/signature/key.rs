//! A source's keys and the secret that holds them: `{"keys": ["…", …]}`, or `{"key": "…"}` for a single one. How a key
//! is written there, the scheme says. A key can't be printed, and no error here holds any part of one.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use policy::webhook::KeyForm;
use secrecy::{ExposeSecret, SecretSlice};
use serde_json::Value;

const PREFIX: &str = "whsec_";
const MAX_KEYS: usize = 10;

/// One key.
#[derive(Clone)]
pub struct WebhookKey(SecretSlice<u8>);

/// Why a secret holds no usable key: the field and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct KeyError {
    /// The field of the secret, as `keys[1]`; `.` for the secret as a whole.
    pub field: String,
    /// What is wrong.
    pub reason: &'static str,
}

impl WebhookKey {
    /// Reads a key of Standard Webhooks: base64 (with padding) of 24 to 64 bytes, after `whsec_` or without it.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        Self::read(text, KeyForm::Whsec)
    }

    /// Reads a key that is written in that form.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn read(text: &str, form: KeyForm) -> Result<Self, &'static str> {
        let bytes = match form {
            KeyForm::Whsec => STANDARD
                .decode(text.strip_prefix(PREFIX).unwrap_or(text))
                .map_err(|_| "not base64 after an optional whsec_")?,
            KeyForm::Base64 => STANDARD.decode(text).map_err(|_| "not base64")?,
            KeyForm::Hex => hex::decode(text).map_err(|_| "not hexadecimal")?,
            KeyForm::Text if text.trim() != text => return Err("it begins or ends with a blank"),
            KeyForm::Text => text.as_bytes().to_vec(),
        };
        match (form, bytes.len()) {
            // The standard's own bounds.
            (KeyForm::Whsec, 24..=64) => Ok(Self(bytes.into())),
            (KeyForm::Whsec, _) => Err("a key has 24 to 64 bytes"),
            (_, 8..=1024) => Ok(Self(bytes.into())),
            (_, _) => Err("a key has 8 to 1024 bytes"),
        }
    }

    pub(super) fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

impl fmt::Debug for WebhookKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookKey([REDACTED])")
    }
}

/// Reads the keys of Standard Webhooks, as [`keys`].
///
/// # Errors
/// [`KeyError`]
pub fn parse_keys(secret: &str) -> Result<Vec<WebhookKey>, KeyError> {
    keys(secret, KeyForm::Whsec)
}

/// Reads a secret's JSON text: 1 to 10 keys, all of which are taken as right during a rotation.
///
/// # Errors
/// [`KeyError`]
pub fn keys(secret: &str, form: KeyForm) -> Result<Vec<WebhookKey>, KeyError> {
    let error = |field: &str, reason| KeyError { field: field.to_owned(), reason };
    // A parser's own message could quote what it found, so its place is all that is told.
    let secret: Value = serde_json::from_str(secret).map_err(|_| error(".", "not JSON"))?;
    let fields = secret.as_object().ok_or_else(|| error(".", "not an object"))?;
    let one = |key: &Value| WebhookKey::read(key.as_str().ok_or("not a text")?, form);
    match (fields.get("key"), fields.get("keys")) {
        (Some(key), None) => Ok(vec![one(key).map_err(|reason| error("key", reason))?]),
        (None, Some(Value::Array(keys))) if keys.is_empty() || keys.len() > MAX_KEYS => {
            Err(error("keys", "1 to 10 keys"))
        }
        (None, Some(Value::Array(keys))) => {
            let keys = keys.iter().enumerate();
            keys.map(|(n, key)| one(key).map_err(|reason| error(&format!("keys[{n}]"), reason))).collect()
        }
        (None, Some(_)) => Err(error("keys", "not a list")),
        (Some(_), Some(_)) => Err(error(".", "it has both key and keys")),
        (None, None) => Err(error(".", "it has neither key nor keys")),
    }
}
