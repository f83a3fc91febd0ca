//! What an expression sees: named values and the configured lookup tables.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

/// Lookup tables by name: key to text.
pub type Lookups = BTreeMap<String, BTreeMap<String, String>>;

/// Named values for one evaluation. Dates are texts as `2026-01-31`, so that they compare in order of time.
#[derive(Clone, Debug, Default)]
pub struct Scope<'a> {
    values: BTreeMap<&'a str, Cow<'a, Value>>,
    lookups: Option<&'a Lookups>,
}

impl<'a> Scope<'a> {
    /// Without values.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more value; a value of the same name is replaced.
    #[must_use]
    pub fn with(mut self, name: &'a str, value: Cow<'a, Value>) -> Self {
        self.set(name, value);
        self
    }

    /// With the tables that `lookup` reads.
    #[must_use]
    pub fn with_lookups(mut self, lookups: &'a Lookups) -> Self {
        self.lookups = Some(lookups);
        self
    }

    /// Sets a value in place.
    pub fn set(&mut self, name: &'a str, value: Cow<'a, Value>) {
        self.values.insert(name, value);
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name).map(AsRef::as_ref)
    }

    pub(crate) fn table(&self, name: &str) -> Option<&'a BTreeMap<String, String>> {
        self.lookups?.get(name)
    }
}
