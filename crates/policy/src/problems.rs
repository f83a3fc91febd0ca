//! What is wrong with a configuration, each with its place: all of it at once, so that one round of correcting is enough.

use std::fmt;
use std::sync::Arc;

/// A place in a file of the configuration; line and column count from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, relative to the configuration's folder.
    pub file: Arc<str>,
    /// Line; 0 for the file as a whole.
    pub line: u32,
    /// Column, in characters; 0 for the file as a whole.
    pub column: u32,
}

impl Place {
    /// A file as a whole.
    pub fn file(name: &str) -> Self {
        Self { file: name.into(), line: 0, column: 0 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (0, _) => f.write_str(&self.file),
            (line, column) => write!(f, "{}:{line}:{column}", self.file),
        }
    }
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The configuration can't be used.
    Error,
    /// It can, but something deserves a look.
    Warning,
}

/// One thing that is wrong, or deserves a look.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// How bad.
    pub severity: Severity,
    /// What, and what helps.
    pub message: String,
}

impl Finding {
    /// An error.
    pub fn error(place: Place, message: impl Into<String>) -> Self {
        Self { place, severity: Severity::Error, message: message.into() }
    }

    /// A warning.
    pub fn warning(place: Place, message: impl Into<String>) -> Self {
        Self { place, severity: Severity::Warning, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{}: {severity}: {}", self.place, self.message)
    }
}

/// Why a configuration is refused: at least one error, and the warnings beside it, in order of file and line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.0))]
pub struct Problems(pub Vec<Finding>);

impl Problems {
    /// The errors alone.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter().filter(|finding| finding.severity == Severity::Error)
    }

    /// The warnings alone.
    pub fn warnings(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter().filter(|finding| finding.severity == Severity::Warning)
    }
}

fn lines(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
