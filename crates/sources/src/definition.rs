//! A source's definition, one YAML file, read strictly and as a whole: everything that is wrong is told at once, with its
//! place. Its form is in `form`; it becomes an [`Input`] and a [`Mapping`] or an [`HttpSource`].

mod compile;
mod field;
mod form;
mod http;
mod http_form;
mod job_form;
mod names;

use std::fmt;

pub(crate) use http::READ_FOR;
pub(crate) use http_form::{AlgorithmForm, EncodingForm, HowForm, PlaceForm, SendForm, ThumbprintForm};

use crate::formats::Format;
use crate::http::HttpSource;
use crate::mapping::Mapping;

/// A source's definition.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Definition {
    /// Where its rows come from and what they become.
    pub input: Input,
}

/// Where a source's rows come from, and how a row becomes a person.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "there is one for each source")]
pub enum Input {
    /// A file with a row for each person.
    File {
        /// Its format.
        format: Format,
        /// How a row becomes a person.
        mapping: Mapping,
    },
    /// A system that is read over HTTP.
    Http(HttpSource),
}

/// Something that is wrong in a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, as its reader named it.
    pub file: String,
    /// Line, from 1; 0 when it is not known.
    pub line: u64,
    /// Column, from 1; 0 when it is not known.
    pub column: u64,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.reason)
    }
}

impl Definition {
    /// Reads a definition. `file` only names it in problems.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the file; of the YAML's own form only the first fault.
    pub fn parse(file: &str, yaml: &str) -> Result<Self, Vec<Problem>> {
        let form = form::read(yaml).map_err(|(place, reason)| vec![problem(file, place, reason)])?;
        let fingerprint = domain::digest::digest(&yaml);
        compile::definition(form, fingerprint).map_err(|mut faults| {
            faults.sort();
            faults.into_iter().map(|(place, reason)| problem(file, place, reason)).collect()
        })
    }
}

/// The JSON Schema of a definition, for editors. What lies inside an expression only [`Definition::parse`] finds.
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(form::Form).to_value();
    schema["title"] = "Salesforce Target Connector: source definition".into();
    schema
}

/// Line and column.
type Place = (u64, u64);

fn problem(file: &str, (line, column): Place, reason: String) -> Problem {
    Problem { file: file.to_owned(), line, column, reason }
}

#[cfg(test)]
mod tests;
