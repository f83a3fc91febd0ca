//! What a trial of a source found, for people and for machines.

mod human;

use std::time::Duration;

use domain::SourceRole;
use jiff::SignedDuration;
use policy::{Absence, Reading};
use serde::Serialize;

use super::columns::{Column, Columns};
use super::tally::Records;
use crate::exit::Ending;

/// A trial of a source.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tried {
    pub(super) source: String,
    pub(super) role: &'static str,
    pub(super) gives: Gives,
    /// Whether the accounts find their persons by keys of the configuration.
    pub(super) joined: bool,
    pub(super) connection: Connection,
    pub(super) streams: Vec<Stream>,
    pub(super) records: Records,
    pub(super) end: End,
}

/// What a definition makes of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Gives {
    Persons,
    Accounts,
}

/// Whom the source was read from.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Connection {
    /// Its address, or the path of its file.
    pub(super) address: String,
    /// How it is signed or logged in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) signed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<SecretNeeded>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_answer: Option<FirstAnswer>,
}

/// The secret that a source needs.
#[derive(Clone, Debug, Serialize)]
pub(super) struct SecretNeeded {
    pub(super) name: String,
    pub(super) fields: Vec<String>,
}

/// The first answer that came.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FirstAnswer {
    pub(super) from: String,
    pub(super) milliseconds: u64,
}

/// A table of rows as the source has them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stream {
    pub(super) name: String,
    pub(super) rows: u64,
    pub(super) columns: Vec<Named>,
    /// Whether there are more columns than are told.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) more_columns: bool,
}

/// A column.
#[derive(Debug, Serialize)]
pub(super) struct Named {
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) column: Column,
}

/// How the read ended.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct End {
    pub(super) reached: Reached,
    /// Why it went no further.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) what_to_do: Option<String>,
    /// What else there is to know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) advice: Vec<String>,
    pub(super) requests: u64,
    pub(super) milliseconds: u64,
    /// What absence means: `leaver`, `ignore` or `hold`.
    pub(super) absence: &'static str,
    pub(super) proof: Proof,
    /// What the next read asks for.
    pub(super) next: Next,
}

/// How far a read came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Reached {
    /// The proven end.
    Complete,
    /// What was asked for.
    Stopped,
    /// A fault.
    Failed,
}

/// Whether a record that did not come is known to be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "absent", content = "because")]
pub(super) enum Proof {
    Proven,
    NotProven(&'static str),
}

/// What the next read asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Next {
    /// Only for what changed.
    pub(super) changes: bool,
    /// Between two reads; `None` where somebody brings the file.
    pub(super) every_seconds: Option<u64>,
    /// Between two reads of everything.
    pub(super) everything_seconds: u64,
}

impl Tried {
    /// How the command ends.
    pub(super) fn ending(&self) -> Ending {
        match self.end.reached {
            Reached::Failed => Ending::Failed,
            Reached::Complete | Reached::Stopped => Ending::waiting_if(self.records.refused > 0),
        }
    }

    /// Without the examples of values.
    pub(super) fn masked(mut self) -> Self {
        for stream in &mut self.streams {
            stream.columns.iter_mut().for_each(|named| named.column.example = None);
        }
        self
    }
}

impl Stream {
    pub(super) fn new(name: &str, columns: &Columns) -> Self {
        let named = |(name, column): (&str, &Column)| Named { name: name.to_owned(), column: column.clone() };
        Self {
            name: name.to_owned(),
            rows: columns.rows(),
            columns: columns.iter().map(named).collect(),
            more_columns: columns.has_more(),
        }
    }
}

impl FirstAnswer {
    pub(super) fn new(from: String, after: Duration) -> Self {
        Self { from, milliseconds: milliseconds(after) }
    }
}

impl Next {
    pub(super) fn new(reading: &Reading, changes: bool) -> Self {
        let every = reading.what.is_scheduled().then_some(reading.every.as_secs());
        Self { changes, every_seconds: every, everything_seconds: reading.everything.as_secs() }
    }
}

/// A role as configuration has it.
pub(super) fn role(role: SourceRole) -> &'static str {
    match role {
        SourceRole::Authoritative => "authoritative",
        SourceRole::Dependent => "dependent",
    }
}

/// What absence means, as configuration has it.
pub(super) fn absence(absence: Absence) -> &'static str {
    match absence {
        Absence::Leaver => "leaver",
        Absence::Ignore => "ignore",
        Absence::Hold => "hold",
    }
}

/// `15m`, `1h`, `24h`.
pub(super) fn period(seconds: u64) -> String {
    format!("{:#}", SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)))
}

/// A time to the millisecond.
pub(super) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
