//! Rows of a JSON array by struson, which reads a document as a stream. The document is complete when everything around
//! the array is closed as well.

use std::io::Read;

use encoding_rs_io::DecodeReaderBytes;
use serde_json::Value;
use struson::reader::{JsonReader, JsonStreamReader, ReaderError, SyntaxErrorKind, UnexpectedStructureKind};
use struson::serde::DeserializerError;

use super::guard::{Guard, RowBytes};
use super::{Fault, RowReader, decode};

type Reader<R> = JsonStreamReader<Guard<DecodeReaderBytes<R, Vec<u8>>>>;

pub(super) struct JsonRows<R: Read> {
    /// `None` after the end.
    reader: Option<Reader<R>>,
    row_bytes: RowBytes,
    rows: Vec<String>,
    begun: bool,
}

impl<R: Read> JsonRows<R> {
    pub(super) fn new(reader: R, rows: Vec<String>) -> Self {
        let (guard, row_bytes) = Guard::new(decode::utf8(reader, None));
        // struson's own limit of 128 levels keeps the stack safe; a row deeper than ours is refused by itself.
        let reader = JsonStreamReader::new(guard);
        Self { reader: Some(reader), row_bytes, rows, begun: false }
    }
}

impl<R: Read> RowReader for JsonRows<R> {
    fn next_row(&mut self) -> Result<Option<Result<Value, String>>, Fault> {
        self.row_bytes.reset();
        let Some(reader) = &mut self.reader else { return Ok(None) };
        if !self.begun {
            seek(reader, &self.rows).map_err(|error| fault(&error))?;
            reader.begin_array().map_err(|error| fault(&error))?;
            self.begun = true;
        }
        if reader.has_next().map_err(|error| fault(&error))? {
            let row: Value = reader.deserialize_next().map_err(|error| match error {
                DeserializerError::ReaderError(error) => fault(&error),
                error => Fault::Malformed(error.to_string()),
            })?;
            return Ok(Some(Ok(row)));
        }
        reader.end_array().and_then(|()| reader.skip_to_top_level()).map_err(|error| fault(&error))?;
        match self.reader.take().map(JsonReader::consume_trailing_whitespace) {
            Some(Err(error)) => Err(fault(&error)),
            Some(Ok(())) | None => Ok(None),
        }
    }
}

fn seek<R: Read>(reader: &mut Reader<R>, path: &[String]) -> Result<(), ReaderError> {
    let path: Vec<_> = path.iter().map(|name| name.as_str().into()).collect();
    reader.seek_to(&path)
}

fn fault(error: &ReaderError) -> Fault {
    match error {
        ReaderError::IoError { error, .. } => Fault::of_io(error),
        ReaderError::SyntaxError(syntax) if syntax.kind == SyntaxErrorKind::IncompleteDocument => {
            Fault::Truncated("the document is not closed".to_owned())
        }
        ReaderError::UnexpectedStructure {
            kind: UnexpectedStructureKind::MissingObjectMember { member_name }, ..
        } => Fault::Malformed(format!("there is no member {member_name}")),
        error => Fault::Malformed(error.to_string()),
    }
}
