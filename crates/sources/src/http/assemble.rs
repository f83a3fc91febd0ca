//! One row for each record out of the rows of all streams.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::path::text_of;
use super::plan::{HowForm, Join, Plan};
use super::table::Table;

/// Joins rows.
pub(crate) struct Assembler<'r> {
    pub(crate) plan: &'r Plan,
    pub(crate) tables: &'r [Table],
    /// Rows that are their own ancestors, met so far.
    pub(crate) circles: u64,
}

impl Assembler<'_> {
    /// Adds everything that the definition joins to a row.
    pub(crate) fn complete(&mut self, row: &mut Value) {
        let plan = self.plan;
        for join in &plan.joins {
            self.inside(row, &join.inside, join);
        }
    }

    fn inside(&mut self, value: &mut Value, path: &[String], join: &Join) {
        match (path.split_first(), value) {
            (None, Value::Object(fields)) => {
                let found = self.value(join, fields);
                fields.insert(join.name.clone(), found);
            }
            (Some((name, rest)), Value::Object(fields)) => match fields.get_mut(name) {
                Some(Value::Array(items)) if rest.is_empty() && join.how == HowForm::Each => {
                    *items = std::mem::take(items).into_iter().flat_map(|item| self.each(join, item)).collect();
                }
                Some(Value::Array(items)) => items.iter_mut().for_each(|item| self.inside(item, rest, join)),
                Some(inner) => self.inside(inner, rest, join),
                None => {}
            },
            _ => {}
        }
    }

    fn value(&mut self, join: &Join, fields: &Map<String, Value>) -> Value {
        let mut rows = self.rows(join, fields);
        if join.how == HowForm::List {
            return Value::Array(rows);
        }
        match rows.pop() {
            Some(mut row) => {
                self.ancestors(join, &mut row);
                row
            }
            None => Value::Null,
        }
    }

    /// The item once for each match, and once without when there is none.
    fn each(&mut self, join: &Join, item: Value) -> Vec<Value> {
        let Value::Object(fields) = item else { return vec![item] };
        let mut rows = self.rows(join, &fields);
        if rows.is_empty() {
            rows.push(Value::Null);
        }
        let with = |row| {
            let mut fields = fields.clone();
            fields.insert(join.name.clone(), row);
            Value::Object(fields)
        };
        rows.into_iter().map(with).collect()
    }

    fn rows(&self, join: &Join, fields: &Map<String, Value>) -> Vec<Value> {
        let (Some(text), Some(table)) = (of(join, fields), self.tables.get(join.stream)) else { return Vec::new() };
        table.find(join.index, &text).into_iter().map(|row| table.row(row)).collect()
    }

    /// Walks up: nearest first, until there is no parent or one comes again.
    fn ancestors(&mut self, join: &Join, row: &mut Value) {
        let (Some(parent), Some(table)) = (&join.parent, self.tables.get(join.stream)) else { return };
        let mut ancestors: Vec<Value> = Vec::new();
        let mut seen: HashSet<String> = join.key.of(row).and_then(text_of).into_iter().collect();
        let mut next = parent.of(row).and_then(text_of).filter(|text| !text.is_empty());
        while let Some(key) = next {
            if !seen.insert(key.clone()) {
                self.circles += 1;
                break;
            }
            let Some(found) = table.last(join.index, &key).map(|number| table.row(number)) else { break };
            next = parent.of(&found).and_then(text_of).filter(|text| !text.is_empty());
            ancestors.push(found);
        }
        if let Value::Object(fields) = row {
            fields.insert("ancestors".to_owned(), Value::Array(ancestors));
        }
    }
}

fn of(join: &Join, fields: &Map<String, Value>) -> Option<String> {
    // A place is looked up in a value; the map is borrowed as one through its first name.
    let (first, rest) = join.of.names().split_first()?;
    let value = rest.iter().try_fold(fields.get(first)?, |value, name| value.get(name))?;
    text_of(value).filter(|text| !text.is_empty())
}
