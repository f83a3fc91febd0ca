//! Keys by which a dependent account finds its person: equal on both sides, they belong together. A key is kept as a
//! digest from the start, so that no value of it can reach an item's key, a list or a log.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::digest::digest;

/// One key of an account or of a person. Keys that different configurations made are never equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JoinKey(String);

impl JoinKey {
    /// The key in place `position` of the join that `join` identifies; `None` for a blank value.
    pub fn new(join: &JoinId, position: usize, value: &str) -> Option<Self> {
        let value = value.trim();
        (!value.is_empty()).then(|| Self(format!("{}.{}", join.0, digest(&(position, value)))))
    }

    /// Whether it was made by that join.
    pub fn is_of(&self, join: &JoinId) -> bool {
        self.0.split('.').next() == Some(join.0.as_str())
    }

    /// As text, without the value.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Identifies how the accounts of one source are joined: as long as it is the same, so are the keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JoinId(String);

impl JoinId {
    /// From all that the keys are made by.
    pub fn of(made_by: &impl Serialize) -> Self {
        Self(digest(made_by).chars().take(12).collect())
    }
}

/// The keys of one person for the accounts of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonKeys {
    /// What made them; also known when there are none.
    pub join: JoinId,
    /// The keys.
    pub keys: BTreeSet<JoinKey>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_equal_when_join_place_and_value_are() {
        let (a, b) = (JoinId::of(&"a"), JoinId::of(&"b"));
        let key = JoinKey::new(&a, 0, " jan@example.com ").unwrap();
        assert_eq!(Some(&key), JoinKey::new(&a, 0, "jan@example.com").as_ref());
        assert_ne!(Some(&key), JoinKey::new(&a, 0, "Jan@example.com").as_ref());
        assert_ne!(Some(&key), JoinKey::new(&a, 1, "jan@example.com").as_ref());
        assert_ne!(Some(&key), JoinKey::new(&b, 0, "jan@example.com").as_ref());
        assert!(key.is_of(&a) && !key.is_of(&b));
        assert!(!format!("{key:?}").contains("jan"));
    }

    #[test]
    fn a_blank_is_no_key() {
        assert_eq!(JoinKey::new(&JoinId::of(&"a"), 0, " \t"), None);
    }
}
