//! A row becomes a person: each field of the canonical person is an expression over the row. Pure and the same for all
//! sources. Where a definition names a column as it stands (`row.Contract.EndDate`), the row must have it, so that a
//! renamed column is noticed and never reads as "no end date"; `optional: true` allows it to be missing.

mod dates;
mod fields;

use std::borrow::Cow;
use std::fmt;

pub(crate) use dates::DateForm;
use domain::{Person, PersonId, RecordError, RecordId};
use expression::{Expression, Scope};
pub(crate) use fields::{Column, Field, Kind, Object, Slot};
use serde_json::{Map, Value};

/// How rows become persons.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// Whether a row is read at all.
    pub(crate) only: Option<Expression>,
    pub(crate) person: Object,
    pub(crate) contracts: Option<Contracts>,
}

/// How contracts come out of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Contracts {
    /// The list with one entry for each contract; without it the row itself is the one contract.
    pub(crate) each: Option<Field>,
    /// Whether a person may come without any.
    pub(crate) allow_none: bool,
    pub(crate) contract: Object,
}

/// How a row becomes a person's account in the source's own system.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AccountMapping {
    /// Whether a row is read at all.
    pub(crate) only: Option<Expression>,
    /// The id of the person that the account belongs to.
    pub(crate) person: Option<Field>,
    pub(crate) fields: Object,
}

/// A row that gives no person.
#[derive(Clone, PartialEq, Eq)]
pub struct Refused {
    /// The row's number, 1 for the first.
    pub row: u64,
    /// The record's id, where it could be read: the record is there, it must not be taken as gone.
    pub record: Option<RecordId>,
    /// The field of the person and what is wrong with it. May quote the row: for the operator, not for the log.
    pub error: RecordError,
}

/// Without the reason, which may quote the row.
impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused")
            .field("row", &self.row)
            .field("record", &self.record)
            .field("path", &self.error.path)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {}", self.row)?;
        if let Some(record) = &self.record {
            write!(f, ", record {record}")?;
        }
        write!(f, ": {}", self.error)
    }
}

impl Mapping {
    /// The person of a row; `None` for a row that the definition leaves out (`where`).
    ///
    /// # Errors
    /// Why this row gives no person.
    pub fn person(&self, row: &Value, number: u64) -> Option<Result<Person, Refused>> {
        let context = Context::of_row(row);
        let person = match self.applies(&context) {
            Ok(false) => return None,
            Ok(true) => self.build(&context),
            Err(error) => Err(error),
        };
        Some(person.map_err(|error| Refused { row: number, record: self.record(row), error }))
    }

    /// The id of a row's record, which is the person's, where the row has a usable one.
    pub fn record(&self, row: &Value) -> Option<RecordId> {
        let id = self.person.iter().find_map(|(name, slot)| match slot {
            Slot::Field(id) if name == "id" => Some(id),
            _ => None,
        })?;
        let id = id.evaluate(&Context::of_row(row), "id").ok()??;
        RecordId::parse(id.as_str()?).ok()
    }

    /// Whether the row is read at all; a row for which that can't be told is.
    pub(crate) fn reads(&self, row: &Value) -> bool {
        self.applies(&Context::of_row(row)).unwrap_or(true)
    }

    fn applies(&self, context: &Context<'_>) -> Result<bool, RecordError> {
        applies(self.only.as_ref(), context)
    }

    fn build(&self, context: &Context<'_>) -> Result<Person, RecordError> {
        let mut person = fields::object(&self.person, context, "")?;
        if let Some(contracts) = &self.contracts {
            person.insert("contracts".to_owned(), Value::Array(contracts.build(context)?));
        }
        Person::from_json(&Value::Object(person))
    }
}

impl AccountMapping {
    /// The account of a row and the person that it names; `None` for a row that the definition leaves out (`where`).
    pub(crate) fn account(&self, row: &Value) -> Result<Option<(Option<PersonId>, Fields)>, RecordError> {
        let context = Context::of_row(row);
        if !applies(self.only.as_ref(), &context)? {
            return Ok(None);
        }
        let person = match &self.person {
            Some(person) => person.evaluate(&context, "person")?,
            None => None,
        };
        let person = person.map(|person| PersonId::parse(person.as_str().unwrap_or_default()));
        let person = person.transpose().map_err(|error| RecordError::new("person", error.to_string()))?;
        fields::custom(&self.fields, &context, "fields").map(|fields| Some((person, fields)))
    }
}

fn applies(only: Option<&Expression>, context: &Context<'_>) -> Result<bool, RecordError> {
    let Some(only) = only else { return Ok(true) };
    only.as_bool(&context.scope).map_err(|error| RecordError::new("where", error.to_string()))
}

impl Contracts {
    fn build(&self, context: &Context<'_>) -> Result<Vec<Value>, RecordError> {
        let Some(each) = &self.each else { return Ok(vec![self.contract(context, 0)?]) };
        let items = match each.evaluate(context, "contracts")? {
            Some(Value::Array(items)) => items,
            Some(_) | None => Vec::new(),
        };
        let mut contracts = Vec::with_capacity(items.len());
        // An empty element among repeated ones stands for nothing.
        for (n, item) in items.iter().filter(|item| !item.is_null()).enumerate() {
            contracts.push(self.contract(&Context::of_item(context.row, item, n + 1), n)?);
        }
        if contracts.is_empty() && !self.allow_none {
            return Err(RecordError::new("contracts", "the row gives no contract"));
        }
        Ok(contracts)
    }

    fn contract(&self, context: &Context<'_>, n: usize) -> Result<Value, RecordError> {
        fields::object(&self.contract, context, &format!("contracts[{n}]")).map(Value::Object)
    }
}

/// What an expression sees.
pub(crate) struct Context<'a> {
    row: &'a Value,
    item: Option<&'a Value>,
    scope: Scope<'a>,
}

impl<'a> Context<'a> {
    fn of_row(row: &'a Value) -> Self {
        Self { row, item: None, scope: Scope::new().with("row", Cow::Borrowed(row)) }
    }

    fn of_item(row: &'a Value, item: &'a Value, index: usize) -> Self {
        let scope = Scope::new()
            .with("row", Cow::Borrowed(row))
            .with("item", Cow::Borrowed(item))
            .with("index", Cow::Owned(Value::from(index)));
        Self { row, item: Some(item), scope }
    }
}

/// Fields of an object by name.
pub(crate) type Fields = Map<String, Value>;

#[cfg(test)]
mod tests;
