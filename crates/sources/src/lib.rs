//! Reading people from other systems. A source is a file of configuration, its definition: how bytes become rows
//! ([`formats`]) and how a row becomes a person ([`mapping`]). [`FileRead`] puts both together for a file,
//! [`HttpSource`] for a system that is asked over HTTP; the mapping knows nothing of either.
//!
//! A bad row is refused by itself and stops nobody else. Whether a reading may prove that somebody is gone is answered
//! by [`FileRead::proves_absence`] and [`End::Complete`]; what absence then means is the caller's matter.

pub mod definition;
pub mod file;
pub mod formats;
pub mod http;
pub mod mapping;

pub use definition::{Definition, Input, Problem, schema};
pub use file::{Completeness, FileRead};
pub use formats::{Format, ReadError, Row, Rows};
pub use http::{
    About, Absence, End, Fault, HttpSource, Mode, NoTokens, Outcome, Ports, Present, ReadReport, Record, ResumeError,
    Run, State, Step, TokenStore, Want, What,
};
pub use mapping::{Mapping, Refused};
