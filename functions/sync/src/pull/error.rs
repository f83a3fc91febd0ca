//! Why a source can't be read at all. That a read is not complete is no error: it is told in its report.

use domain::SourceName;

/// Why a source could not be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PullError {
    /// No such source in configuration.
    #[error("there is no source {0} in configuration")]
    Unknown(SourceName),
    /// The source delivers by itself.
    #[error("source {0} sends its records by webhook; there is nothing to read")]
    NotReadable(SourceName),
    /// The source has no path to read from on a schedule.
    #[error("source {0} has no `path`; give the file to `connector import`")]
    NoPath(SourceName),
    /// The source is no export.
    #[error("source {0} is not read from a file")]
    NoFile(SourceName),
    /// Its file can't be opened.
    #[error("the file of source {source_name} can't be read: {reason}")]
    File {
        /// The source.
        source_name: SourceName,
        /// Why.
        reason: String,
    },
    /// Its definition is wrong.
    #[error("the definition of source {source_name} is wrong: {reason}")]
    Definition {
        /// The source.
        source_name: SourceName,
        /// Every problem, by its place.
        reason: String,
    },
    /// Its definition gives what a source of that role can't use.
    #[error("source {source_name} is {role}, but its definition gives {gives}")]
    Role {
        /// The source.
        source_name: SourceName,
        /// Its role in configuration.
        role: &'static str,
        /// What the definition gives.
        gives: &'static str,
    },
    /// Another read of the same source is under way.
    #[error("source {0} is being read already")]
    Busy(SourceName),
}
