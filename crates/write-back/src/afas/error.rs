//! Why AFAS was not read or written. Every failure says what its caller may do and holds no value of a person: AFAS's own
//! message may quote one, so only its number and its reference for support are kept.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use ports::{Class, SecretError, TransportError};
use serde_json::Value;

/// What is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The address.
    #[error("the address can't be used: {0}")]
    Address(&'static str),
    /// A name.
    #[error("`{0}` is no name of a connector, a column or a field")]
    Name(String),
}

/// Why AFAS was not read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The secret can't be used.
    #[error("{0}")]
    Secret(SecretError),
    /// There was no answer.
    #[error("{0}")]
    NoAnswer(TransportError),
    /// The answer did not come in time; AFAS goes on all the same.
    #[error("there is no answer after {0} seconds")]
    TimedOut(u64),
    /// The token is wrong, or is another environment's.
    #[error("AFAS takes the token for none of this environment (401)")]
    Token,
    /// The address of the caller or the rights of the token's user.
    #[error(
        "AFAS lets nobody in with this token from this address (403): look at the app connector's IP addresses and rights"
    )]
    Forbidden,
    /// A connector is not there.
    #[error("AFAS knows no connector of that name, or the app connector does not have it (404)")]
    NoConnector,
    /// AFAS is closed for a while.
    #[error("AFAS can't be used at the moment ({status})")]
    Closed {
        /// The status.
        status: u16,
        /// For how long, as it says.
        after: Option<Duration>,
    },
    /// AFAS did not do it: what was sent is not valid, or may not be written.
    #[error("AFAS refuses the change ({status}{}{})", shown(", error ", .number.as_ref()), shown(", reference ", .reference.as_ref()))]
    Refused {
        /// The status.
        status: u16,
        /// AFAS's number of the error.
        number: Option<i64>,
        /// What AFAS's support finds it by in Profit's log.
        reference: Option<String>,
    },
    /// AFAS failed, and may have done it.
    #[error("AFAS fails ({0})")]
    Broken(u16),
    /// A redirect, which is not followed.
    #[error("AFAS sends to another address, which is not followed")]
    Elsewhere,
    /// The answer is not what AFAS documents.
    #[error("the answer is none of AFAS's")]
    Unreadable,
    /// The key can't stand in a filter.
    #[error("the record's key holds a character that can't stand in AFAS's filter")]
    UnfitKey,
    /// The GetConnector has no such column.
    #[error("the GetConnector {connector} has no column {column}")]
    NoColumn {
        /// The GetConnector.
        connector: String,
        /// The column.
        column: String,
    },
    /// Several rows have the key.
    #[error("the GetConnector {connector} has several rows with this key")]
    SeveralRows {
        /// The GetConnector.
        connector: String,
    },
    /// The row has another key than asked for.
    #[error("the GetConnector {connector} gives another record than the one that was asked for")]
    OtherRecord {
        /// The GetConnector.
        connector: String,
    },
    /// The row lacks what every update needs.
    #[error("the record has no value in the column {column}, which every update needs")]
    NoCompanion {
        /// The column.
        column: String,
    },
    /// The settings have no such section.
    #[error("{0} is not configured")]
    NotConfigured(&'static str),
    /// The request can't be made.
    #[error("the request can't be made")]
    Request,
}

impl Failure {
    /// By an answer without success. Statuses: docs.afas.help, troubleshooting.
    pub(super) fn of(answer: &Response<Bytes>) -> Self {
        let status = answer.status().as_u16();
        let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let number = body.get("errorNumber").and_then(Value::as_i64);
        let reference = body.get("profitLogReference").and_then(Value::as_str).filter(|text| is_reference(text));
        match status {
            300..=399 => Self::Elsewhere,
            401 => Self::Token,
            403 => Self::Forbidden,
            404 => Self::NoConnector,
            429 | 503 => Self::Closed { status, after: seconds(answer, &body) },
            // With a number it is a business rule that refused; without one AFAS itself failed.
            500.. if number.is_none() => Self::Broken(status),
            _ => Self::Refused { status, number, reference: reference.map(str::to_owned) },
        }
    }

    /// What the caller may do.
    pub fn class(&self) -> Class {
        match self {
            Self::Secret(error) => error.class(),
            Self::NoAnswer(error) => error.class(),
            Self::TimedOut(_) | Self::Broken(_) | Self::Unreadable => Class::Ambiguous,
            Self::Closed { after, .. } => Class::RetryAfter(after.unwrap_or(Duration::from_secs(300))),
            Self::Token
            | Self::Forbidden
            | Self::NoConnector
            | Self::Elsewhere
            | Self::NoColumn { .. }
            | Self::NotConfigured(_) => Class::Systemic,
            Self::Refused { .. }
            | Self::UnfitKey
            | Self::SeveralRows { .. }
            | Self::OtherRecord { .. }
            | Self::NoCompanion { .. }
            | Self::Request => Class::NeedsPerson,
        }
    }

    /// A code for what is in the way of one person.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused",
            Self::UnfitKey => "unfit-key",
            Self::SeveralRows { .. } | Self::OtherRecord { .. } => "ambiguous-record",
            Self::NoCompanion { .. } => "incomplete-record",
            _ => "no-answer",
        }
    }
}

/// `retry_after` in the body, or the header.
fn seconds(answer: &Response<Bytes>, body: &Value) -> Option<Duration> {
    let header =
        answer.headers().get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    body.get("retry_after").and_then(Value::as_u64).or(header).map(Duration::from_secs)
}

/// A hexadecimal id, so no text that could quote something.
fn is_reference(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

fn shown(before: &str, value: Option<&impl std::fmt::Display>) -> String {
    value.map(|value| format!("{before}{value}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn of(status: u16, body: &str) -> Failure {
        let mut answer = Response::new(Bytes::from(body.to_owned()));
        *answer.status_mut() = StatusCode::from_u16(status).unwrap();
        Failure::of(&answer)
    }

    #[test]
    fn each_answer_says_what_may_be_done() {
        let refused = r#"{"externalMessage":"jan@example.test","errorNumber":-2147220469,"profitLogReference":"0A1B"}"#;
        assert_eq!(of(500, refused).class(), Class::NeedsPerson);
        assert_eq!(of(400, r#"{"message":"Invalid json"}"#).class(), Class::NeedsPerson);
        assert_eq!(of(500, "").class(), Class::Ambiguous);
        assert_eq!(of(504, "").class(), Class::Ambiguous);
        assert_eq!(of(503, r#"{"retry_after":7200}"#).class(), Class::RetryAfter(Duration::from_secs(7200)));
        assert_eq!(of(503, "").class(), Class::RetryAfter(Duration::from_secs(300)));
        for status in [302, 401, 403, 404] {
            assert_eq!(of(status, "").class(), Class::Systemic, "{status}");
        }
    }

    #[test]
    fn no_failure_quotes_what_afas_says() {
        let said = r#"{"externalMessage":"value jan@example.test","errorNumber":-2147180996,"profitLogReference":"jan@example.test"}"#;
        let failure = of(500, said);
        assert!(!format!("{failure} {failure:?}").contains("jan"), "{failure:?}");
        assert_eq!(failure.to_string(), "AFAS refuses the change (500, error -2147180996)");
    }
}
