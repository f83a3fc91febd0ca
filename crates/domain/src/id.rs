//! A type per identity. Each is checked once, where it comes in, and is right from then on.

mod salesforce;

use std::fmt;

pub use salesforce::{SalesforceId, SalesforceUserId};

/// Why a text is no valid id. Names the kind and the rule, never the text itself: it may be personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}: {rule}")]
pub struct IdError {
    /// What was expected.
    pub kind: &'static str,
    /// The rule that is broken.
    pub rule: &'static str,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the text.
            ///
            /// # Errors
            /// The rule that the text breaks.
            pub fn parse(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                match $check(&text) {
                    None => Ok(Self(text)),
                    Some(rule) => Err(IdError { kind: $kind, rule }),
                }
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// A person's id in the authoritative source: 1 to 100 characters, none of them a control character, no blank at
    /// either end. Everything else is allowed, so whoever puts it into SOQL, a filter or a URL escapes it.
    PersonId, "person id", check_free_text
}

text_id! {
    /// The id of a record in its source; for an authoritative source the same as the person's.
    RecordId, "record id", check_free_text
}

text_id! {
    /// A source's name in configuration, in URLs and keys: a lower-case letter, then up to 39 of `a-z`, `0-9`, `-`.
    SourceName, "source name", check_source_name
}

text_id! {
    /// A secret's name in configuration (`salesforce`, `hr-webhook`): a letter or digit, then up to 63 of letters,
    /// digits, `-`, `_` and `/`.
    SecretName, "secret name", check_secret_name
}

fn check_free_text(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("it is empty")
    } else if text.chars().count() > 100 {
        Some("it has more than 100 characters")
    } else if text.chars().any(char::is_control) {
        Some("it holds a control character")
    } else if text.trim() != text {
        Some("it begins or ends with a blank")
    } else {
        None
    }
}

fn check_source_name(text: &str) -> Option<&'static str> {
    let rest_ok = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if text.len() <= 40 && rest_ok && text.starts_with(|c: char| c.is_ascii_lowercase()) {
        None
    } else {
        Some("1 to 40 of a-z, 0-9 and -, the first a letter")
    }
}

fn check_secret_name(text: &str) -> Option<&'static str> {
    let rest_ok = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'/'));
    if text.len() <= 64 && rest_ok && text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        None
    } else {
        Some("1 to 64 letters, digits, -, _ or /, the first a letter or digit")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn person_ids_take_what_escaping_can_carry_and_refuse_the_rest() {
        for good in ["100023", "o'brien", "a\"b", "50%", "*", "x\\y", "Łukasz", "名前", "a b"] {
            assert_eq!(PersonId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", " 1", "1 ", "a\nb", "a\0b", "\u{7f}", &"x".repeat(101)] {
            assert!(PersonId::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn source_names_are_safe_in_urls_and_keys() {
        assert!(SourceName::parse("exact-synergy").is_ok());
        for bad in ["", "HR", "1hr", "hr/x", "hr#", "é", &"x".repeat(41)] {
            assert!(SourceName::parse(bad).is_err(), "{bad:?}");
        }
    }
}
