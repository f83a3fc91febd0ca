//! The secret of the reading account: `{"bindDn": …, "password": …}`.

use std::fmt;

use ports::secrets::{ExposeSecret as _, SecretString};
use ports::{SecretError, SecretName};
use serde_json::{Map, Value};

/// Who reads. Can't be printed.
#[derive(Clone)]
pub struct Credentials {
    bind_dn: String,
    password: SecretString,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

impl Credentials {
    /// Reads the secret's JSON text. `bindDn` is the account's DN, its user principal name or `DOMAIN\name`.
    ///
    /// # Errors
    /// [`SecretError::Malformed`] with the field and what is wrong with it.
    pub fn parse(name: &SecretName, secret: &SecretString) -> Result<Self, SecretError> {
        let malformed = |reason: String| SecretError::Malformed { name: name.clone(), reason };
        // The JSON reader's own message could quote the content.
        let fields: Map<String, Value> =
            serde_json::from_str(secret.expose_secret()).map_err(|_| malformed("it is no JSON object".to_owned()))?;
        // An empty password is taken by LDAP servers as an anonymous log-in that succeeds (RFC 4513, 5.1.2).
        let text = |field: &'static str| match fields.get(field) {
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(text.as_str()),
            Some(Value::String(_)) => Err(malformed(format!("{field} is empty"))),
            Some(_) => Err(malformed(format!("{field} is no text"))),
            None => Err(malformed(format!("{field} is missing"))),
        };
        Ok(Self { bind_dn: text("bindDn")?.to_owned(), password: SecretString::from(text("password")?) })
    }

    pub(crate) fn bind_dn(&self) -> &str {
        &self.bind_dn
    }

    pub(crate) fn password(&self) -> &str {
        self.password.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Credentials, SecretError> {
        Credentials::parse(&SecretName::parse("active-directory").unwrap(), &SecretString::from(json))
    }

    #[test]
    fn the_secret_is_read_and_never_printed() {
        let credentials = parse(r#"{"bindDn":"reader@corp.example.com","password":"hunter2"}"#).unwrap();
        assert_eq!(credentials.bind_dn(), "reader@corp.example.com");
        assert_eq!(credentials.password(), "hunter2");
        assert_eq!(format!("{credentials:?}"), "Credentials { .. }");
    }

    #[test]
    fn what_is_wrong_is_told_without_content() {
        for (json, told) in [
            ("hunter2", "it is no JSON object"),
            (r#"["hunter2"]"#, "it is no JSON object"),
            (r#"{"password":"hunter2"}"#, "bindDn is missing"),
            (r#"{"bindDn":"hunter2"}"#, "password is missing"),
            (r#"{"bindDn":"hunter2","password":""}"#, "password is empty"),
            (r#"{"bindDn":"hunter2","password":2}"#, "password is no text"),
        ] {
            let error = parse(json).unwrap_err();
            let SecretError::Malformed { reason, .. } = &error else { panic!("{error}") };
            assert_eq!(reason, told);
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
    }
}
