//! One record and its fields.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::org::ids::Id;
use crate::org::schema::Object;
use crate::org::value::Value;

static NULL: Value = Value::Null;

/// One record: an id and the fields that are not null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub id: Id,
    pub object: Object,
    fields: BTreeMap<String, Value>,
}

impl Record {
    pub(crate) fn new(object: Object, id: Id) -> Self {
        let mut fields = BTreeMap::new();
        fields.insert("Id".to_owned(), Value::Id(id.clone()));
        Self { id, object, fields }
    }

    pub(crate) fn get(&self, field: &str) -> &Value {
        self.fields.get(field).unwrap_or(&NULL)
    }

    pub(crate) fn text(&self, field: &str) -> &str {
        self.get(field).as_text().unwrap_or_default()
    }

    pub(crate) fn id_in(&self, field: &str) -> Option<&Id> {
        self.get(field).as_id()
    }

    pub(crate) fn is(&self, field: &str) -> bool {
        self.get(field).is_true()
    }

    pub(crate) fn number(&self, field: &str) -> i64 {
        match self.get(field) {
            Value::Int(number) => *number,
            _ => 0,
        }
    }

    pub(crate) fn set(&mut self, field: &str, value: impl Into<Value>) {
        match value.into() {
            Value::Null => self.fields.remove(field),
            value => self.fields.insert(field.to_owned(), value),
        };
    }

    /// The ticked checkboxes whose names begin so.
    pub(crate) fn ticked<'a>(&'a self, start: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields
            .range::<str, _>((Bound::Included(start), Bound::Unbounded))
            .take_while(move |(name, _)| name.starts_with(start))
            .filter(|(_, value)| value.is_true())
            .map(|(name, _)| name.as_str())
    }

    pub(crate) fn fields(&self) -> &BTreeMap<String, Value> {
        &self.fields
    }
}
