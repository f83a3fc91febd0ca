//! Bytes become rows: each repeating element of an XML document, line of a CSV or JSON Lines file, item of a JSON array or
//! row of a sheet is one JSON value. Read as a stream, one row in memory at a time, but for a workbook, which is held
//! whole; what a row means is not known here.
//!
//! A reading that ends without an error has reached the proper end of its document: that is the proof of completeness.
//! For CSV and JSON Lines, which have no closing mark, a cut exactly between two lines can't be seen.

mod csv;
mod decode;
mod guard;
mod json;
mod json_lines;
mod xlsx;
mod xml;

use std::io::Read;

use domain::RecordError;
pub use encoding_rs::Encoding;
use serde_json::Value;

/// The largest row, in bytes of UTF-8. It bounds the memory that a damaged or hostile file can take.
pub const MAX_ROW_BYTES: usize = 4 * 1024 * 1024;
/// The deepest nesting in a row.
pub const MAX_DEPTH: usize = 32;

/// How a document's bytes become rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Format {
    /// XML: an element becomes an object of its attributes (`@name`) and child elements; its own text beside these is
    /// `#text`. An element with text alone is that text, trimmed; an empty one is null; a repeated one is a list.
    Xml {
        /// Names from the root element to the repeating one, at least two.
        rows: Vec<String>,
        /// Paths below the row of elements that are lists also when they come once or never.
        repeated: Vec<Vec<String>>,
    },
    /// CSV with a header row: an object of the columns, values trimmed, null where empty.
    Csv {
        /// The byte between two values.
        delimiter: u8,
        /// The encoding, where it is not UTF-8; a byte order mark goes before it.
        encoding: Option<&'static Encoding>,
    },
    /// A JSON array.
    Json {
        /// Member names from the top to the array; empty when the document is the array.
        rows: Vec<String>,
    },
    /// JSON Lines: one JSON value a line; blank lines are passed over.
    JsonLines,
    /// XLSX: an object of the columns of one sheet, texts as they are shown but for a number's own format (`100023`,
    /// `0.8`), dates as `2026-01-31`, with the time of day where there is one; null where empty, true and false as such.
    Xlsx {
        /// The sheet; the first that is not hidden when absent.
        sheet: Option<String>,
        /// The row that names the columns, from 1; rows above it are passed over.
        header: u32,
    },
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// 1 for the first.
    pub number: u64,
    /// What it holds, or why this row alone can't be used.
    pub content: Result<Value, RecordError>,
}

/// Why a document could not be read to its proper end. Holds nothing of its content but names of elements and members.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The bytes don't come.
    #[error("it can't be read: {reason}")]
    Unreadable {
        /// Why.
        reason: String,
    },
    /// It ends too early.
    #[error("it ends too early, after {rows} whole rows: {reason}")]
    Truncated {
        /// Whole rows before the end.
        rows: u64,
        /// What is missing.
        reason: String,
    },
    /// It does not follow its format, or has not the shape that the definition says.
    #[error("it is malformed after {rows} whole rows: {reason}")]
    Malformed {
        /// Whole rows before the fault.
        rows: u64,
        /// What is wrong and where.
        reason: String,
    },
    /// A row is larger than [`MAX_ROW_BYTES`].
    #[error("row {row} is larger than {MAX_ROW_BYTES} bytes")]
    RowTooLarge {
        /// The row.
        row: u64,
    },
    /// The second reading of the same file met other rows than the first.
    #[error("it changed while it was read, at row {row}")]
    Changed {
        /// The first row that differs.
        row: u64,
    },
}

/// The rows of a document, in its order. After an error there are no more.
pub struct Rows<'r> {
    reader: Box<dyn RowReader + Send + 'r>,
    number: u64,
    ended: bool,
}

/// Reads a document's rows.
pub fn rows<'r>(format: &Format, reader: impl Read + Send + 'r) -> Rows<'r> {
    let reader: Box<dyn RowReader + Send + 'r> = match format {
        Format::Xml { rows, repeated } => Box::new(xml::XmlRows::new(reader, rows.clone(), repeated)),
        Format::Csv { delimiter, encoding } => Box::new(csv::CsvRows::new(reader, *delimiter, *encoding)),
        Format::Json { rows } => Box::new(json::JsonRows::new(reader, rows.clone())),
        Format::JsonLines => Box::new(json_lines::JsonLineRows::new(reader)),
        Format::Xlsx { sheet, header } => {
            Box::new(xlsx::XlsxRows::new(reader, xlsx::Place { sheet: sheet.clone(), header: *header }))
        }
    };
    Rows { reader, number: 0, ended: false }
}

impl Rows<'_> {
    /// How many rows were given so far.
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.reader.next_row() {
            Ok(Some(content)) => {
                self.number += 1;
                let content = content.and_then(usable).map_err(|reason| RecordError::new(".", reason));
                Some(Ok(Row { number: self.number, content }))
            }
            Ok(None) => {
                self.ended = true;
                None
            }
            Err(fault) => {
                self.ended = true;
                Some(Err(fault.after(self.number)))
            }
        }
    }
}

fn usable(row: Value) -> Result<Value, String> {
    if !row.is_object() {
        Err("it is no object".to_owned())
    } else if deeper_than(&row, MAX_DEPTH) {
        Err(format!("it is nested deeper than {MAX_DEPTH} levels"))
    } else {
        Ok(row)
    }
}

/// The readers stop at 128 levels, so measuring can't overflow the stack.
pub(crate) fn deeper_than(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(|item| deeper_than(item, levels - 1)),
        Value::Object(fields) => levels == 0 || fields.values().any(|field| deeper_than(field, levels - 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// One format's reader.
trait RowReader {
    /// The next row, or what is wrong with it; `None` at the document's proper end.
    fn next_row(&mut self) -> Result<Option<Result<Value, String>>, Fault>;
}

/// A [`ReadError`] before it is known how many rows came before.
#[derive(Debug)]
enum Fault {
    Unreadable(String),
    Truncated(String),
    Malformed(String),
    TooLarge,
}

impl Fault {
    fn after(self, rows: u64) -> ReadError {
        match self {
            Self::Unreadable(reason) => ReadError::Unreadable { reason },
            Self::Truncated(reason) => ReadError::Truncated { rows, reason },
            Self::Malformed(reason) => ReadError::Malformed { rows, reason },
            Self::TooLarge => ReadError::RowTooLarge { row: rows + 1 },
        }
    }
}

#[cfg(test)]
mod tests;
