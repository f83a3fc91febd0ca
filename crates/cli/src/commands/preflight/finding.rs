//! One line of the report: how it stands, what is so, where in the configuration, and what helps.

use policy::Place;
use salesforce::SalesforceError;
use serde::Serialize;

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// It may go wrong, or deserves a look.
    Warning,
    /// Some write will be refused.
    Fails,
    /// Nothing can be said.
    Skipped,
}

/// How one thing stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) level: Level,
    pub(super) what: String,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(super) place: Option<Spot>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) help: Option<String>,
}

/// A place in the configuration; line and column are 0 for the file as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Spot {
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// Findings about one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Topic {
    pub(super) topic: &'static str,
    pub(super) findings: Vec<Finding>,
}

impl Finding {
    pub(super) fn ok(what: impl Into<String>) -> Self {
        Self::new(Level::Ok, what)
    }

    pub(super) fn warning(what: impl Into<String>) -> Self {
        Self::new(Level::Warning, what)
    }

    pub(super) fn fails(what: impl Into<String>) -> Self {
        Self::new(Level::Fails, what)
    }

    pub(super) fn skipped(what: impl Into<String>) -> Self {
        Self::new(Level::Skipped, what)
    }

    fn new(level: Level, what: impl Into<String>) -> Self {
        Self { level, what: what.into(), place: None, help: None }
    }

    pub(super) fn at(self, place: &Place) -> Self {
        let Place { file, line, column } = place;
        Self { place: Some(Spot { file: file.to_string(), line: *line, column: *column }), ..self }
    }

    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// Something that could not be read from the org.
pub(super) fn unread(level: Level, what: &str, error: &SalesforceError) -> Finding {
    let finding = Finding::new(level, format!("{what}: {}", told(error)));
    match error {
        SalesforceError::Unusable(_) => finding.help(
            "the connector's user needs View Setup and Configuration and Manage Users, see docs/SALESFORCE.md, \
             Permissions",
        ),
        SalesforceError::LimitReached { .. } => {
            finding.help("wait, or see in Setup, System Overview, who uses the calls")
        }
        SalesforceError::Unavailable { .. } | SalesforceError::Busy { .. } => finding.help("try again in a moment"),
        _ => finding,
    }
}

/// An error in the org's own words where it has some.
pub(super) fn told(error: &SalesforceError) -> String {
    let reason = error.reason();
    if matches!(
        error,
        SalesforceError::Secret(_) | SalesforceError::Unavailable { .. } | SalesforceError::Unclear { .. }
    ) {
        return reason.message;
    }
    match (reason.code.as_str(), reason.message.as_str()) {
        (code, "") => code.to_owned(),
        (code, message) if message.contains(code) => message.to_owned(),
        (code, message) => format!("{message} ({code})"),
    }
}
