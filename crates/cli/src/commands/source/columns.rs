//! What the rows of a table have in common: for each column, how many rows have it and what sort of value it is. Values
//! are personal data: one example of each is kept, and whoever shows it has been asked to.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::Serialize;
use serde_json::Value;

use super::dates::shape;

/// Columns that are told apart; a document that uses ids as names has as many as it has ids.
const MOST_COLUMNS: usize = 500;
/// Objects within objects that are looked into.
const DEPTH: usize = 4;
/// Characters of an example.
const EXAMPLE: usize = 40;

/// The columns of a table.
#[derive(Debug, Default)]
pub(super) struct Columns {
    rows: u64,
    columns: BTreeMap<String, Column>,
    more: bool,
}

/// What a column holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Column {
    /// Rows in which it is neither null nor an empty text.
    pub(super) filled: u64,
    /// Its values by their sort. There may be more of them than rows: a list has several.
    pub(super) kinds: BTreeMap<Kind, u64>,
    /// The shortest and the longest: characters of texts, items of lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) size: Option<(usize, usize)>,
    /// How its dates are written, with 9 for each digit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) written: Option<String>,
    /// The first value, shortened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) example: Option<String>,
    #[serde(skip)]
    last_row: u64,
}

/// A sort of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Kind {
    Text,
    Date,
    Number,
    YesNo,
    List,
    Object,
}

impl Kind {
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Date => "date",
            Self::Number => "number",
            Self::YesNo => "yes or no",
            Self::List => "list",
            Self::Object => "object",
        }
    }
}

impl Columns {
    /// Those of all rows.
    pub(super) fn of(rows: impl IntoIterator<Item = Value>) -> Self {
        let mut columns = Self::default();
        rows.into_iter().for_each(|row| columns.add(&row));
        columns
    }

    /// Counts a row.
    pub(super) fn add(&mut self, row: &Value) {
        self.rows += 1;
        for (name, value) in row.as_object().into_iter().flatten() {
            self.visit(name, value, 0);
        }
    }

    /// Rows counted.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// The columns by their names: as an expression has them behind `row.`, with `[]` for the items of a list.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Column)> {
        self.columns.iter().map(|(name, column)| (name.as_str(), column))
    }

    /// Whether there are more columns than are told apart.
    pub(super) fn has_more(&self) -> bool {
        self.more
    }

    fn visit(&mut self, name: &str, value: &Value, depth: usize) {
        let full = self.columns.len() >= MOST_COLUMNS;
        let column = match self.columns.entry(name.to_owned()) {
            Entry::Vacant(_) if full => {
                self.more = true;
                return;
            }
            entry => entry.or_default(),
        };
        column.count(value, self.rows);
        if depth == DEPTH {
            return;
        }
        match value {
            Value::Object(fields) => {
                for (field, value) in fields {
                    self.visit(&below(name, field), value, depth + 1);
                }
            }
            Value::Array(items) => {
                let item = format!("{name}[]");
                for (field, value) in items.iter().filter_map(Value::as_object).flatten() {
                    self.visit(&below(&item, field), value, depth + 1);
                }
            }
            _ => {}
        }
    }
}

impl Column {
    fn count(&mut self, value: &Value, row: u64) {
        let (kind, size) = match value {
            Value::Null => return,
            Value::String(text) if text.trim().is_empty() => return,
            Value::String(text) => {
                let written = shape(text);
                let kind = if written.is_some() { Kind::Date } else { Kind::Text };
                self.written = self.written.take().or(written);
                (kind, (kind == Kind::Text).then(|| text.chars().count()))
            }
            Value::Number(_) => (Kind::Number, None),
            Value::Bool(_) => (Kind::YesNo, None),
            Value::Array(items) => (Kind::List, Some(items.len())),
            Value::Object(_) => (Kind::Object, None),
        };
        if self.last_row != row {
            (self.last_row, self.filled) = (row, self.filled + 1);
        }
        *self.kinds.entry(kind).or_default() += 1;
        if let Some(size) = size {
            let (least, most) = self.size.unwrap_or((size, size));
            self.size = Some((least.min(size), most.max(size)));
        }
        if self.example.is_none() && kind != Kind::Object {
            self.example = Some(shortened(value));
        }
    }
}

/// The field of an object, as an expression has it.
fn below(object: &str, field: &str) -> String {
    let plain = field.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && field.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain { format!("{object}.{field}") } else { format!("{object}['{field}']") }
}

fn shortened(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match text.char_indices().nth(EXAMPLE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests;
