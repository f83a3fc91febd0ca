//! Rows of a JSON Lines file. A bad line is a bad row, but for the last one: without line end it is a cut.

use std::io::{BufRead, BufReader, Read};

use encoding_rs_io::DecodeReaderBytes;
use serde_json::Value;

use super::guard::{Guard, RowBytes};
use super::{Fault, RowReader, decode};

pub(super) struct JsonLineRows<R: Read> {
    reader: BufReader<Guard<DecodeReaderBytes<R, Vec<u8>>>>,
    row_bytes: RowBytes,
    line: Vec<u8>,
}

impl<R: Read> JsonLineRows<R> {
    pub(super) fn new(reader: R) -> Self {
        let (guard, row_bytes) = Guard::new(decode::utf8(reader, None));
        Self { reader: BufReader::new(guard), row_bytes, line: Vec::new() }
    }
}

impl<R: Read> RowReader for JsonLineRows<R> {
    fn next_row(&mut self) -> Result<Option<Result<Value, String>>, Fault> {
        loop {
            self.row_bytes.reset();
            self.line.clear();
            if self.reader.read_until(b'\n', &mut self.line).map_err(|error| Fault::of_io(&error))? == 0 {
                return Ok(None);
            }
            let whole = self.line.ends_with(b"\n");
            if self.line.trim_ascii().is_empty() {
                continue;
            }
            // serde_json stops at 127 levels, so a deep line can't overflow the stack; its messages quote nothing here,
            // for only the syntax can be wrong.
            return match serde_json::from_slice::<Value>(&self.line) {
                Ok(row) => Ok(Some(Ok(row))),
                Err(_) if !whole => Err(Fault::Truncated("the last line is cut".to_owned())),
                Err(error) => Ok(Some(Err(format!("it is not JSON: {error}")))),
            };
        }
    }
}
