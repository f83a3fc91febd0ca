//! Rows of a JSON array by struson, which reads a document as a stream. The document is complete when everything around
//! the array is closed as well.

use std::io::Read;

use encoding_rs_io::DecodeReaderBytes;
use serde_json::Value;
use struson::reader::{
    JsonReader, JsonStreamReader, ReaderError, ReaderSettings, SyntaxErrorKind, TransferError, UnexpectedStructureKind,
};
use struson::writer::{JsonStreamWriter, JsonWriter};

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
        // struson's own limit of 128 levels keeps the stack safe; a row deeper than ours is refused by itself, and so
        // is a row with a number that is out of range.
        let settings = ReaderSettings { restrict_number_values: false, ..ReaderSettings::default() };
        let reader = JsonStreamReader::new_custom(guard, settings);
        Self { reader: Some(reader), row_bytes, rows, begun: false }
    }
}

impl<R: Read> RowReader for JsonRows<R> {
    fn next_row(&mut self) -> Result<Option<Result<Value, String>>, Fault> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        if !self.begun {
            self.row_bytes.unlimited();
            seek(reader, &self.rows).map_err(|error| fault(&error))?;
            reader.begin_array().map_err(|error| fault(&error))?;
            self.begun = true;
        }
        self.row_bytes.reset();
        if reader.has_next().map_err(|error| fault(&error))? {
            return row(reader).map(Some);
        }
        self.row_bytes.unlimited();
        reader.end_array().and_then(|()| reader.skip_to_top_level()).map_err(|error| fault(&error))?;
        match self.reader.take().map(JsonReader::consume_trailing_whitespace) {
            Some(Err(error)) => Err(fault(&error)),
            Some(Ok(())) | None => Ok(None),
        }
    }
}

/// Copies one value out of the stream before it is read as a whole: then what is wrong with it, though it is JSON, is
/// wrong with this row alone.
fn row<R: Read>(reader: &mut Reader<R>) -> Result<Result<Value, String>, Fault> {
    let mut text = Vec::new();
    let mut writer = JsonStreamWriter::new(&mut text);
    let copied = reader.transfer_to(&mut writer).and_then(|()| Ok(writer.finish_document().map(drop)?));
    match copied {
        Ok(()) => Ok(serde_json::from_slice(&text).map_err(|error| format!("it can't be used: {error}"))),
        Err(TransferError::ReaderError(error)) => Err(fault(&error)),
        Err(TransferError::WriterError(error)) => Err(Fault::Unreadable(error.to_string())),
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
