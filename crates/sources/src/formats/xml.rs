//! XML rows by quick-xml. No document type definition is taken, so no entity beyond XML's own five can be declared.

mod element;

use std::io::{BufReader, Read};

use quick_xml::Reader;
use quick_xml::errors::Error;
use quick_xml::events::Event;
use serde_json::Value;

use self::element::{Builder, Lists};
use super::guard::{Guard, RowBytes};
use super::{Fault, MAX_DEPTH, RowReader, decode};

type Source<'r> = BufReader<Guard<Box<dyn Read + Send + 'r>>>;

pub(super) struct XmlRows<'r> {
    state: State<'r>,
    rows: Vec<String>,
    lists: Lists,
}

enum State<'r> {
    New(Option<Box<dyn Read + Send + 'r>>),
    Reading(Box<Document<'r>>),
}

struct Document<'r> {
    reader: Reader<Source<'r>>,
    row_bytes: RowBytes,
    buffer: Vec<u8>,
    /// Names of the open elements above the rows.
    open: Vec<String>,
    root_seen: bool,
}

impl<'r> XmlRows<'r> {
    pub(super) fn new(reader: impl Read + Send + 'r, rows: Vec<String>, repeated: &[Vec<String>]) -> Self {
        Self { state: State::New(Some(Box::new(reader))), rows, lists: Lists::new(repeated) }
    }
}

impl RowReader for XmlRows<'_> {
    fn next_row(&mut self) -> Result<Option<Result<Value, String>>, Fault> {
        if let State::New(reader) = &mut self.state {
            let reader = reader.take().ok_or_else(|| Fault::Unreadable("it could not be begun".to_owned()))?;
            self.state = State::Reading(Box::new(Document::begin(reader)?));
        }
        match &mut self.state {
            State::Reading(document) => document.next_row(&self.rows, &self.lists),
            State::New(_) => Ok(None),
        }
    }
}

impl<'r> Document<'r> {
    fn begin(reader: Box<dyn Read + Send + 'r>) -> Result<Self, Fault> {
        let reader: Box<dyn Read + Send + 'r> = Box::new(decode::xml(reader).map_err(|error| Fault::of_io(&error))?);
        let (guard, row_bytes) = Guard::new(reader);
        let reader = Reader::from_reader(BufReader::new(guard));
        Ok(Self { reader, row_bytes, buffer: Vec::new(), open: Vec::new(), root_seen: false })
    }

    fn next_row(&mut self, rows: &[String], lists: &Lists) -> Result<Option<Result<Value, String>>, Fault> {
        loop {
            self.row_bytes.reset();
            self.buffer.clear();
            let event = self.reader.read_event_into(&mut self.buffer);
            match event.map_err(|error| fault(&error, self.reader.error_position()))? {
                Event::Start(start) => {
                    if is_row(&self.open, rows, start.name().as_ref()) {
                        let row = Builder::new(lists, &start);
                        return self.finish_row(row).map(Some);
                    }
                    let name = start.name().as_ref().to_owned();
                    self.enter(&name, rows)?;
                    self.open.push(name);
                }
                Event::Empty(start) => {
                    if is_row(&self.open, rows, start.name().as_ref()) {
                        return Ok(Some(Builder::new(lists, &start).close().unwrap_or(Ok(Value::Null))));
                    }
                    let name = start.name().as_ref().to_owned();
                    self.enter(&name, rows)?;
                }
                Event::End(_) => drop(self.open.pop()),
                Event::Text(text) if self.open.is_empty() && !text.trim().is_empty() => {
                    return Err(self.malformed("text outside the root element"));
                }
                Event::CData(_) | Event::GeneralRef(_) if self.open.is_empty() => {
                    return Err(self.malformed("text outside the root element"));
                }
                Event::DocType(_) => return Err(self.malformed("a document type definition is not taken")),
                Event::Eof if !self.root_seen => return Err(Fault::Truncated("there is no root element".to_owned())),
                Event::Eof => {
                    return match self.open.last() {
                        Some(name) => Err(Fault::Truncated(format!("element {name} is not closed"))),
                        None => Ok(None),
                    };
                }
                Event::Text(_)
                | Event::CData(_)
                | Event::GeneralRef(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_) => {}
            }
        }
    }

    fn enter(&mut self, name: &str, rows: &[String]) -> Result<(), Fault> {
        if self.open.is_empty() {
            if self.root_seen {
                return Err(self.malformed("there is a second root element"));
            }
            if let Some(root) = rows.first().filter(|root| *root != name) {
                return Err(self.malformed(&format!("the root element is {name}, not {root}")));
            }
            self.root_seen = true;
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(self.malformed(&format!("elements are nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(())
    }

    fn finish_row(&mut self, mut row: Builder<'_>) -> Result<Result<Value, String>, Fault> {
        loop {
            self.buffer.clear();
            let event = self.reader.read_event_into(&mut self.buffer);
            let closed = match event.map_err(|error| fault(&error, self.reader.error_position()))? {
                Event::Start(start) => {
                    row.open(&start);
                    None
                }
                Event::Empty(start) => {
                    row.open(&start);
                    row.close()
                }
                Event::End(_) => row.close(),
                Event::Text(text) => {
                    row.text(&text.xml10_content());
                    None
                }
                Event::CData(text) => {
                    row.text(&text.xml10_content());
                    None
                }
                Event::GeneralRef(reference) => {
                    row.reference(&reference);
                    None
                }
                Event::DocType(_) => return Err(self.malformed("a document type definition is not taken")),
                Event::Eof => return Err(Fault::Truncated("the row's element is not closed".to_owned())),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => None,
            };
            if let Some(row) = closed {
                return Ok(row);
            }
        }
    }

    fn malformed(&self, what: &str) -> Fault {
        Fault::Malformed(format!("{what}, near byte {}", self.reader.buffer_position()))
    }
}

fn is_row(open: &[String], rows: &[String], name: &str) -> bool {
    matches!(rows.split_last(), Some((last, above)) if last == name && above == open)
}

fn fault(error: &Error, position: u64) -> Fault {
    match error {
        Error::Io(error) => Fault::of_io(error),
        // quick-xml reports a syntax error only where the document ends inside a tag, comment or the like.
        Error::Syntax(error) => Fault::Truncated(error.to_string()),
        error => Fault::Malformed(format!("{error}, near byte {position}")),
    }
}
