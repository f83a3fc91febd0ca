//! What can go wrong with Salesforce, by what the caller may do. Log texts (`Display`, `Debug`) hold codes and field
//! names only; Salesforce's own words, which may hold personal data, are kept apart in [`Refusal::message`].

mod blockers;
mod body;
mod codes;

use std::fmt;
use std::time::Duration;

use domain::{EntitlementKind, EntitlementName, ParkedReason, UserField};
use http::{HeaderMap, StatusCode};
use ports::{Class, SecretError};

pub(crate) use body::from_row;

/// Wait before another try where Salesforce names none: a lock, a query that took too long.
const BUSY_WAIT: Duration = Duration::from_secs(30);

/// What Salesforce said when it refused something.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its error code, or ours where it gave none.
    pub code: String,
    /// Its words, or ours. For the stored record and the operator; may hold personal data.
    pub message: String,
    /// The fields that it named.
    pub fields: Vec<String>,
    /// HTTP status; 200 for a row of a call that worked as a whole.
    pub status: u16,
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Refusal({self})")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (HTTP {})", self.code, self.status)?;
        if !self.fields.is_empty() {
            write!(f, " on {}", self.fields.join(", "))?;
        }
        Ok(())
    }
}

/// What already belongs to another user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Taken {
    /// The username, in this or any other org.
    Username,
    /// The nickname, in this org.
    Nickname,
    /// The value of another unique field, by its API name where Salesforce gives it.
    Value(Option<String>),
}

impl Taken {
    /// The field of the User object, where it is one under management.
    pub fn field(&self) -> Option<UserField> {
        match self {
            Self::Username => Some(UserField::Username),
            Self::Nickname => Some(UserField::CommunityNickname),
            Self::Value(name) => name.as_deref().and_then(UserField::from_api_name),
        }
    }
}

/// Why Salesforce did not do, or perhaps did not do, what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SalesforceError {
    /// The secret can't be had or is not what it should be.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The log-in is refused, or a fresh token is. Heals when a person changes the secret or the org's set-up.
    #[error("Salesforce refuses the log-in: {0}")]
    LoginRefused(Refusal),
    /// The org's calls for the day are used up.
    #[error("Salesforce's API limit is reached: {refusal}")]
    LimitReached {
        /// What was said.
        refusal: Refusal,
        /// When to come back, if Salesforce says so.
        retry_after: Option<Duration>,
    },
    /// The org is not reachable, down, locked, in maintenance, or speaks no JSON.
    #[error("Salesforce is not available: {reason}")]
    Unavailable {
        /// What is wrong, without content.
        reason: String,
        /// When to come back, if Salesforce says so.
        retry_after: Option<Duration>,
    },
    /// The org does not serve this connector: API switched off, retired version, a query that it does not understand.
    #[error("Salesforce does not serve the connector: {0}")]
    Unusable(Refusal),
    /// Another change was in the way; nothing was done.
    #[error("Salesforce is busy: {refusal}")]
    Busy {
        /// What was said.
        refusal: Refusal,
        /// When to come back, if Salesforce says so.
        retry_after: Option<Duration>,
    },
    /// The records were too many for one call's time; nothing was done. Fewer at once may work.
    #[error("too much for one call: {0}")]
    TooMuch(Refusal),
    /// A value that must be unique belongs to somebody else. The next candidate may be free.
    #[error("taken: {refusal}")]
    Taken {
        /// Which.
        what: Taken,
        /// What was said.
        refusal: Refusal,
    },
    /// The assignment is there already: the wish is fulfilled.
    #[error("assigned already: {0}")]
    AssignedAlready(Refusal),
    /// The SCIM service does not take the form of the request, or not in this org; standard REST may do it.
    #[error("SCIM does not take the form: {0}")]
    Form(Refusal),
    /// Salesforce refuses it for this person or record, and will again.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// The answer was lost. It may have been done.
    #[error("no clear answer: {reason}")]
    Unclear {
        /// What came instead, without content.
        reason: String,
    },
    /// Configuration names something that the org does not have.
    #[error("the org has no {kind} {name}", kind = .kind.as_str())]
    UnknownEntitlement {
        /// The kind.
        kind: EntitlementKind,
        /// The name.
        name: EntitlementName,
        /// The org's names that come closest.
        similar: Vec<String>,
    },
    /// Several users carry the person's keys, so none may be taken.
    #[error("{users} users carry the person's keys")]
    SeveralUsers {
        /// How many.
        users: usize,
    },
}

impl SalesforceError {
    /// Reads the error that an answer tells, from a status that is no success on.
    pub fn from_answer(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        body::from_answer(status, headers, body)
    }

    /// What the caller may do.
    pub fn class(&self) -> Class {
        match self {
            Self::Secret(error) => error.class(),
            Self::LoginRefused(_) | Self::LimitReached { .. } | Self::Unavailable { .. } | Self::Unusable(_) => {
                Class::Systemic
            }
            Self::Busy { retry_after, .. } => Class::RetryAfter(retry_after.unwrap_or(BUSY_WAIT)),
            Self::TooMuch(_) => Class::RetryAfter(BUSY_WAIT),
            Self::Unclear { .. } => Class::Ambiguous,
            Self::AssignedAlready(_) => Class::Retry,
            Self::Taken { .. }
            | Self::Form(_)
            | Self::Refused(_)
            | Self::UnknownEntitlement { .. }
            | Self::SeveralUsers { .. } => Class::NeedsPerson,
        }
    }

    /// When to come back, where Salesforce said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::LimitReached { retry_after, .. }
            | Self::Unavailable { retry_after, .. }
            | Self::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The error for a person to read, in the parked record and in the audit log. May hold personal data.
    pub fn reason(&self) -> ParkedReason {
        let (code, message) = match self {
            Self::LoginRefused(refusal)
            | Self::LimitReached { refusal, .. }
            | Self::Unusable(refusal)
            | Self::Busy { refusal, .. }
            | Self::TooMuch(refusal)
            | Self::Taken { refusal, .. }
            | Self::AssignedAlready(refusal)
            | Self::Form(refusal)
            | Self::Refused(refusal) => (refusal.code.as_str(), refusal.message.clone()),
            Self::Secret(error) => ("secret", error.to_string()),
            Self::Unavailable { .. } => ("unavailable", self.to_string()),
            Self::Unclear { .. } => ("unclear-answer", self.to_string()),
            Self::UnknownEntitlement { similar, .. } if similar.is_empty() => ("unknown-entitlement", self.to_string()),
            Self::UnknownEntitlement { similar, .. } => {
                ("unknown-entitlement", format!("{self}; it has {}", similar.join(", ")))
            }
            Self::SeveralUsers { .. } => ("ambiguous-match", self.to_string()),
        };
        ParkedReason { code: code.to_owned(), message }
    }

    /// An error of ours about one person.
    pub(crate) fn refused(code: &str, message: impl Into<String>) -> Self {
        Self::Refused(Refusal { code: code.to_owned(), message: message.into(), fields: Vec::new(), status: 0 })
    }

    /// Whether nothing was done and the same call may well work in a moment.
    pub(crate) fn heals_soon(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Unavailable { .. })
    }
}

#[cfg(test)]
mod tests;
