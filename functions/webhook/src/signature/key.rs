//! Webhook keys and the secret that holds them: `{"keys": ["whsec_…", …]}`, or `{"key": "whsec_…"}` for a single one.
//! A key can't be printed, and no error here holds any part of one.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretSlice};
use serde_json::Value;

const PREFIX: &str = "whsec_";
const MAX_KEYS: usize = 10;

/// One key for HMAC-SHA256, 24 to 64 bytes (as the standard asks).
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
    /// Reads a key: base64 (with padding), after `whsec_` or without it.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.strip_prefix(PREFIX).unwrap_or(text);
        let bytes = STANDARD.decode(text).map_err(|_| "not base64 after an optional whsec_")?;
        if !(24..=64).contains(&bytes.len()) {
            return Err("a key has 24 to 64 bytes");
        }
        Ok(Self(bytes.into()))
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

/// Reads a secret's JSON text: 1 to 10 keys, all of which are taken as right during a rotation.
///
/// # Errors
/// [`KeyError`]
pub fn parse_keys(secret: &str) -> Result<Vec<WebhookKey>, KeyError> {
    let error = |field: &str, reason| KeyError { field: field.to_owned(), reason };
    // A parser's own message could quote what it found, so its place is all that is told.
    let secret: Value = serde_json::from_str(secret).map_err(|_| error(".", "not JSON"))?;
    let fields = secret.as_object().ok_or_else(|| error(".", "not an object"))?;
    match (fields.get("key"), fields.get("keys")) {
        (Some(key), None) => Ok(vec![one_key(key).map_err(|reason| error("key", reason))?]),
        (None, Some(Value::Array(keys))) if keys.is_empty() || keys.len() > MAX_KEYS => {
            Err(error("keys", "1 to 10 keys"))
        }
        (None, Some(Value::Array(keys))) => {
            let keys = keys.iter().enumerate();
            keys.map(|(n, key)| one_key(key).map_err(|reason| error(&format!("keys[{n}]"), reason))).collect()
        }
        (None, Some(_)) => Err(error("keys", "not a list")),
        (Some(_), Some(_)) => Err(error(".", "it has both key and keys")),
        (None, None) => Err(error(".", "it has neither key nor keys")),
    }
}

fn one_key(key: &Value) -> Result<WebhookKey, &'static str> {
    WebhookKey::parse(key.as_str().ok_or("not a text")?)
}
