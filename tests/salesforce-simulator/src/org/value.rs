//! What a field can hold, and how it looks in JSON.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value as Json;

use super::ids::Id;

/// The value of one field of one record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Value {
    /// No value. Salesforce knows no empty text: it is null.
    #[default]
    Null,
    /// Text of any kind: string, picklist, e-mail, phone.
    Text(String),
    /// A checkbox.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A moment, kept to the millisecond.
    Time(Timestamp),
    /// A reference to a record.
    Id(Id),
}

impl Value {
    /// The text of the value where it is text or an id, else nothing.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Id(id) => Some(id.as_str()),
            _ => None,
        }
    }

    /// The id where it is a reference, else nothing.
    #[must_use]
    pub fn as_id(&self) -> Option<&Id> {
        match self {
            Self::Id(id) => Some(id),
            _ => None,
        }
    }

    /// Whether it is a ticked checkbox.
    #[must_use]
    pub fn is_true(&self) -> bool {
        *self == Self::Bool(true)
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_null(&self) -> bool {
        *self == Self::Null
    }

    /// The value as standard REST shows it. Moments look like `2026-05-01T07:35:37.000+0000` [rec].
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Text(text) => Json::from(text.as_str()),
            Self::Bool(flag) => Json::from(*flag),
            Self::Int(number) => Json::from(*number),
            Self::Time(at) => Json::from(rest_time(*at)),
            Self::Id(id) => Json::from(id.as_str()),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        if text.is_empty() { Self::Null } else { Self::Text(text.to_owned()) }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        if text.is_empty() { Self::Null } else { Self::Text(text) }
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Time(at)
    }
}

impl From<Id> for Value {
    fn from(id: Id) -> Self {
        Self::Id(id)
    }
}

impl From<&Id> for Value {
    fn from(id: &Id) -> Self {
        Self::Id(id.clone())
    }
}

/// A moment in the form of standard REST.
pub(crate) fn rest_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}

/// A moment in the form of SCIM `meta`, on the 24-hour clock since Spring '24 [doc].
pub(crate) fn scim_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
