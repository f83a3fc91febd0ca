//! A whole file of a source: persons out of it one by one, and whether the file was whole. It is read twice. The first
//! pass counts rows, finds ids that come twice (then none of them is taken) and looks for the proper end, so that all
//! this is known before the first person is used; memory holds one row and the ids.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Read, Seek, SeekFrom};

use domain::{Person, RecordError, RecordId};

use crate::formats::{self, Format, ReadError, Row, Rows};
use crate::{Definition, Input, Mapping, Refused};

/// Whether a file was read to its proper end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// It was: what is not in it is not in the source's export.
    Complete,
    /// It was not: its persons may be used, what is missing proves nothing.
    Incomplete(ReadError),
}

/// Reads a file; iterates over its persons and refused rows.
pub struct FileRead<'r> {
    mapping: &'r Mapping,
    rows: Rows<'r>,
    first: FirstPass,
    completeness: Completeness,
    persons: u64,
    unnamed_refused: bool,
    done: bool,
}

#[derive(Default)]
struct FirstPass {
    /// One for each row.
    fingerprints: Vec<u64>,
    twice: HashSet<RecordId>,
}

impl<'r> FileRead<'r> {
    /// Reads the file for the first time and stands before its first row.
    ///
    /// # Errors
    /// When nothing of it can be read. A file that ends too early or is malformed further down is no error here: its
    /// good rows come, and [`completeness`](Self::completeness) says the rest.
    pub fn open(definition: &'r Definition, mut reader: impl Read + Seek + Send + 'r) -> Result<Self, ReadError> {
        let Input::File { format, mapping } = &definition.input else {
            return Err(ReadError::Unreadable { reason: "its definition reads over HTTP, not from a file".to_owned() });
        };
        let (first, completeness) = FirstPass::over(format, mapping, &mut reader);
        if let Completeness::Incomplete(error @ ReadError::Unreadable { .. }) = completeness {
            return Err(error);
        }
        reader.seek(SeekFrom::Start(0)).map_err(|error| ReadError::Unreadable { reason: error.to_string() })?;
        let rows = formats::rows(format, reader);
        Ok(Self { mapping, rows, first, completeness, persons: 0, unnamed_refused: false, done: false })
    }

    /// How many rows there are, those left out by `where` included.
    pub fn rows(&self) -> u64 {
        u64::try_from(self.first.fingerprints.len()).unwrap_or(u64::MAX)
    }

    /// Whether the last row was given. Fewer rows may come than [`rows`](Self::rows) says: those left out by `where` give
    /// nothing, and a file that changes meanwhile ends where it changed.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Whether the file was whole. Final after the last row.
    pub fn completeness(&self) -> &Completeness {
        &self.completeness
    }

    /// Whether a record that did not come may be taken as gone: the file was read to its proper end, it gave at least one
    /// person, and of every refused row it is known whose it is. False before the last row was given.
    pub fn proves_absence(&self) -> bool {
        self.done && self.completeness == Completeness::Complete && self.persons > 0 && !self.unnamed_refused
    }

    fn row(&mut self, row: Row) -> Option<Result<Person, Refused>> {
        let Row { number, content } = row;
        let outcome = match content {
            Ok(row) => match self.mapping.person(&row, number)? {
                Ok(person) => self.once(person, number),
                refused => refused,
            },
            Err(error) => Err(Refused { row: number, record: None, error }),
        };
        self.persons += u64::from(outcome.is_ok());
        self.unnamed_refused |= matches!(&outcome, Err(Refused { record: None, .. }));
        Some(outcome)
    }

    fn once(&self, person: Person, row: u64) -> Result<Person, Refused> {
        match RecordId::parse(person.id.as_str()) {
            Ok(record) if self.first.twice.contains(&record) => {
                let error = RecordError::new("id", "another row has the same id");
                Err(Refused { row, record: Some(record), error })
            }
            _ => Ok(person),
        }
    }

    fn end(&mut self, how: Option<ReadError>) {
        self.done = true;
        if let Some(error) = how {
            self.completeness = Completeness::Incomplete(error);
        }
    }
}

impl Iterator for FileRead<'_> {
    type Item = Result<Person, Refused>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.done {
            match self.rows.next() {
                Some(Ok(row)) => {
                    let number = row.number;
                    let record = row.content.as_ref().ok().and_then(|row| self.mapping.record(row));
                    if self.first.at(number) != Some(fingerprint(record.as_ref())) {
                        self.end(Some(ReadError::Changed { row: number }));
                    } else if let Some(outcome) = self.row(row) {
                        return Some(outcome);
                    }
                }
                Some(Err(error)) => self.end(Some(error)),
                None if self.rows.number() == self.rows() => self.end(None),
                None => self.end(Some(ReadError::Changed { row: self.rows.number() + 1 })),
            }
        }
        None
    }
}

impl FirstPass {
    fn over(format: &Format, mapping: &Mapping, reader: &mut (impl Read + Send)) -> (Self, Completeness) {
        let mut pass = Self::default();
        let mut seen = HashSet::new();
        for row in formats::rows(format, reader) {
            let row = match row {
                Ok(row) => row,
                Err(error) => return (pass, Completeness::Incomplete(error)),
            };
            let row = row.content.ok();
            let record = row.as_ref().and_then(|row| mapping.record(row));
            pass.fingerprints.push(fingerprint(record.as_ref()));
            let record = record.filter(|_| row.is_some_and(|row| mapping.reads(&row)));
            if let Some(record) = record
                && let Some(record) = seen.replace(record)
            {
                pass.twice.insert(record);
            }
        }
        (pass, Completeness::Complete)
    }

    fn at(&self, number: u64) -> Option<u64> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.fingerprints.get(index).copied()
    }
}

/// Tells whether the second pass meets the same records in the same places.
fn fingerprint(record: Option<&RecordId>) -> u64 {
    let mut hasher = DefaultHasher::new();
    record.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
