//! Types for checking an expression before it runs: what the variables hold, and what an operation makes of them.
//! Every type also admits `null`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

/// What an expression can give.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// Not known before the data is there.
    Any,
    /// Always `null`.
    Null,
    /// True or false.
    Bool,
    /// A number.
    Number,
    /// A text; dates are texts.
    Text,
    /// A list of one type.
    List(Box<Type>),
    /// A record with exactly these fields.
    Record(Arc<BTreeMap<String, Type>>),
    /// A record whose fields are not known, each of one type.
    Map(Box<Type>),
}

impl Type {
    /// A record type from its fields.
    pub fn record<N: Into<String>>(fields: impl IntoIterator<Item = (N, Self)>) -> Self {
        Self::Record(Arc::new(fields.into_iter().map(|(name, field)| (name.into(), field)).collect()))
    }

    /// A list type.
    pub fn list(of: Self) -> Self {
        Self::List(Box::new(of))
    }

    /// A record of unknown fields.
    pub fn map(of: Self) -> Self {
        Self::Map(Box::new(of))
    }

    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Bool,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::Text,
            Value::Array(_) => Self::list(Self::Any),
            Value::Object(_) => Self::map(Self::Any),
        }
    }

    /// Whether a value of this type may be used where the other is needed.
    pub fn may_be(&self, needed: &Self) -> bool {
        match (self, needed) {
            (Self::Any | Self::Null, _) | (_, Self::Any | Self::Null) => true,
            (Self::List(a), Self::List(b)) => a.may_be(b),
            (Self::Record(_) | Self::Map(_), Self::Record(_) | Self::Map(_)) => true,
            (a, b) => a == b,
        }
    }

    /// The type of a value that may be of either.
    pub(crate) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Null, other) => other,
            (one, Self::Null) => one,
            (one, other) if one == other => one,
            (Self::List(_), Self::List(_)) => Self::list(Self::Any),
            _ => Self::Any,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "anything",
            Self::Null => "null",
            Self::Bool => "a bool",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::List(_) => "a list",
            Self::Record(_) | Self::Map(_) => "a record",
        })
    }
}

/// The names that an expression may use, with their types.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    pub(crate) types: BTreeMap<String, Type>,
    pub(crate) tables: BTreeSet<String>,
}

impl Variables {
    /// No names.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more variable.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, type_: Type) -> Self {
        self.types.insert(name.into(), type_);
        self
    }

    /// The names of the tables that `lookup` may read.
    #[must_use]
    pub fn with_tables<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.tables.extend(names.into_iter().map(Into::into));
        self
    }
}
