//! CSV rows by the csv crate. A last line without line end, or a quote that is never closed, may be the mark of a cut
//! file: such a line is not used, and the reading is not complete.

use std::collections::HashSet;
use std::io::Read;

use csv::{ByteRecord, Reader, ReaderBuilder};
use encoding_rs::Encoding;
use encoding_rs_io::DecodeReaderBytes;
use serde_json::{Map, Value};

use super::guard::{Guard, RowBytes};
use super::{Fault, RowReader, decode};

pub(super) struct CsvRows<R: Read> {
    reader: Reader<Guard<DecodeReaderBytes<R, Vec<u8>>>>,
    row_bytes: RowBytes,
    columns: Option<Vec<String>>,
    /// The record after the one given last: only at the end is it known whether a record's line was whole.
    ahead: Result<Option<ByteRecord>, Fault>,
}

impl<R: Read> CsvRows<R> {
    pub(super) fn new(reader: R, delimiter: u8, encoding: Option<&'static Encoding>) -> Self {
        let (guard, row_bytes) = Guard::new(decode::utf8(reader, encoding));
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(guard);
        Self { reader, row_bytes, columns: None, ahead: Ok(None) }
    }

    fn read(&mut self) -> Result<Option<ByteRecord>, Fault> {
        self.row_bytes.reset();
        let mut record = ByteRecord::new();
        match self.reader.read_byte_record(&mut record) {
            Ok(more) => Ok(more.then_some(record)),
            Err(error) => Err(match error.kind() {
                csv::ErrorKind::Io(error) => Fault::of_io(error),
                _ => Fault::Malformed(error.to_string()),
            }),
        }
    }

    /// Reads ahead; an error when the end comes and the record in hand is not whole.
    fn read_ahead(&mut self, record: &ByteRecord) -> Result<(), Fault> {
        self.ahead = self.read();
        if matches!(self.ahead, Ok(None))
            && let Some(cut) = self.cut(record)
        {
            return Err(cut);
        }
        Ok(())
    }

    /// Whether the end came inside a line, seen from the last record.
    fn cut(&self, last: &ByteRecord) -> Option<Fault> {
        let ending = self.reader.get_ref().last();
        let value_ends_line = last.iter().next_back().is_some_and(|value| value.ends_with(b"\n"));
        if !matches!(ending, [.., b'\n' | b'\r']) {
            Some(Fault::Truncated("the last line has no line end, so it may be cut".to_owned()))
        } else if value_ends_line && !matches!(ending, [_, b'"', b'\n'] | [b'"', b'\r', b'\n']) {
            Some(Fault::Truncated("a quote is not closed".to_owned()))
        } else {
            None
        }
    }
}

impl<R: Read> RowReader for CsvRows<R> {
    fn next_row(&mut self) -> Result<Option<Result<Value, String>>, Fault> {
        if self.columns.is_none() {
            let header = self.read()?.ok_or_else(|| Fault::Truncated("there is no header row".to_owned()))?;
            self.read_ahead(&header)?;
            self.columns = Some(columns(&header)?);
        }
        let Some(record) = std::mem::replace(&mut self.ahead, Ok(None))? else { return Ok(None) };
        self.read_ahead(&record)?;
        Ok(Some(row(self.columns.as_deref().unwrap_or_default(), &record)))
    }
}

fn columns(header: &ByteRecord) -> Result<Vec<String>, Fault> {
    let mut seen = HashSet::new();
    let mut columns = Vec::with_capacity(header.len());
    for (n, name) in header.iter().enumerate() {
        let number = n + 1;
        let name = str::from_utf8(name)
            .map_err(|_| Fault::Malformed(format!("the name of column {number} is not UTF-8; set its encoding")))?;
        let name = name.trim();
        if name.is_empty() {
            return Err(Fault::Malformed(format!("column {number} has no name")));
        }
        if !seen.insert(name) {
            return Err(Fault::Malformed(format!("two columns are named {name}")));
        }
        columns.push(name.to_owned());
    }
    Ok(columns)
}

fn row(columns: &[String], record: &ByteRecord) -> Result<Value, String> {
    if record.len() != columns.len() {
        return Err(format!("it has {} values, the header has {} columns", record.len(), columns.len()));
    }
    let mut row = Map::with_capacity(columns.len());
    for (column, value) in columns.iter().zip(record) {
        let value = str::from_utf8(value).map_err(|_| format!("the value of column {column} is not UTF-8"))?;
        let value = value.trim();
        row.insert(column.clone(), if value.is_empty() { Value::Null } else { Value::from(value) });
    }
    Ok(Value::Object(row))
}
