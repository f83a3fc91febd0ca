//! SOQL: the part of the language that reading users, rights and set-up needs, as a small parser and evaluator.
//!
//! Has: field lists with relationship paths, child subqueries, COUNT(), WHERE with AND, OR, NOT and brackets, semi-joins,
//! LIKE, ORDER BY, LIMIT, OFFSET. Has not: GROUP BY, aggregates, date literals like TODAY, FIELDS(), TYPEOF.

mod bind;
mod eval;
mod lexer;
mod parser;
#[cfg(test)]
mod tests;

use serde_json::{Value as Json, json};

pub(crate) use eval::{Answer, attributes, run};

/// A query that was refused, with the platform's code and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SoqlError {
    pub code: &'static str,
    pub message: String,
}

impl SoqlError {
    fn plain(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// An error at a place of the query: the line, a caret under the place, and `ERROR at Row:…:Column:…` [rec for
    /// INVALID_TYPE, in a Composite answer].
    fn at(code: &'static str, query: &str, offset: usize, message: &str) -> Self {
        let before = query.get(..offset).unwrap_or(query);
        let row = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(start..).unwrap_or_default().chars().count();
        let line = query.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let caret = format!("{}^", " ".repeat(column));
        Self { code, message: format!("\n{line}\n{caret}\nERROR at Row:{row}:Column:{}\n{message}", column + 1) }
    }

    fn malformed(query: &str, offset: usize, message: &str) -> Self {
        Self::at("MALFORMED_QUERY", query, offset, message)
    }

    /// The body of the answer: an array of one `{message, errorCode}`.
    pub(crate) fn body(&self) -> Json {
        json!([{ "message": self.message, "errorCode": self.code }])
    }
}
