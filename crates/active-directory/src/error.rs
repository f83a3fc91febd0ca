//! What can go wrong with Active Directory, by what the caller may do. Log texts (`Display`, `Debug`) hold codes, server
//! names and names of attributes only; the server's own words, which may hold names of people, are kept apart.

mod refusal;

use std::time::Duration;

use ports::{Class, SecretError};

pub use refusal::{LoginRefusal, Refusal};

use crate::server::Server;

/// Wait before another try where a domain controller is busy or not ready.
const BUSY_WAIT: Duration = Duration::from_secs(60);
/// Wait before another try with a locked account: Windows' usual lockout time. Trying earlier would only prolong it.
const LOCKED_WAIT: Duration = Duration::from_secs(30 * 60);

/// Why a read ended before its proper end. Whatever it is: nothing may be concluded from what was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdError {
    /// The secret can't be had or is not what it should be.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// None of the servers serves the read; why, for each in the order tried.
    #[error("no server serves the read: {}", listed(.0))]
    NoServer(Vec<AdError>),
    /// The server can't be reached.
    #[error("{server} can't be reached: {reason}")]
    Unreachable {
        /// The server.
        server: Server,
        /// What went wrong.
        reason: String,
    },
    /// The server's certificate is not accepted: other authority, other host name, expired.
    #[error("the certificate of {server} is not accepted: {reason}")]
    Certificate {
        /// The server.
        server: Server,
        /// What is wrong with it.
        reason: String,
    },
    /// The server does not turn on encryption, so no password is sent to it.
    #[error("{server} refuses StartTLS: {refusal}")]
    StartTlsRefused {
        /// The server.
        server: Server,
        /// What it said.
        refusal: Refusal,
    },
    /// It answers, but not as a domain controller whose answers can be used.
    #[error("{server} is no domain controller to read from: {reason}")]
    Unsuitable {
        /// The server.
        server: Server,
        /// What is missing.
        reason: &'static str,
    },
    /// The log-in is refused. No other server is tried: each try counts towards locking the account.
    #[error("the log-in is refused, {why}: {refusal}")]
    LoginRefused {
        /// Why, as far as the server tells.
        why: LoginRefusal,
        /// What it said.
        refusal: Refusal,
    },
    /// The server demands a stronger log-in than a password over TLS.
    #[error("a stronger log-in is demanded: {0}")]
    StrongerAuthRequired(Refusal),
    /// No answer in time.
    #[error("no answer within {} s to {what}", .after.as_secs())]
    Timeout {
        /// What was asked.
        what: &'static str,
        /// How long was waited.
        after: Duration,
    },
    /// The connection broke.
    #[error("the connection was lost during {what}: {reason}")]
    Lost {
        /// What was asked.
        what: &'static str,
        /// What went wrong.
        reason: String,
    },
    /// The server is busy or going down; nothing is wrong with the request.
    #[error("the server is busy: {0}")]
    Busy(Refusal),
    /// A limit of the server cut the answer off. What came until then is not all.
    #[error("a limit of the server was reached: {0}")]
    LimitReached(Refusal),
    /// The server does not do such a thing.
    #[error("the server is unwilling: {0}")]
    Unwilling(Refusal),
    /// The account may not do that.
    #[error("the account may not do that: {0}")]
    Denied(Refusal),
    /// The base, or an object in the middle of being read, is not there.
    #[error("there is no such object: {0}")]
    NoSuchObject(Refusal),
    /// The server refers to another one for the whole of what was asked.
    #[error("the server refers to another one: {0}")]
    NotHere(Refusal),
    /// Any other answer that is no success.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// The answer is not what the protocol demands.
    #[error("the answer is malformed: {0}")]
    Malformed(&'static str),
    /// The definition names attributes that the directory does not know.
    #[error("the directory has no attribute {}", .0.join(", "))]
    UnknownAttributes(Vec<String>),
    /// There are more groups than are kept in memory.
    #[error("there are more than {0} groups")]
    TooManyGroups(usize),
    /// The read has failed before; it must be begun again.
    #[error("the read has failed and can't go on")]
    Stopped,
}

impl AdError {
    /// What the caller may do. A source is read as a whole, so only a person heals what is wrong with its definition or
    /// rights, and a refused log-in stops everything that needs this directory.
    pub fn class(&self) -> Class {
        match self {
            Self::Secret(error) => error.class(),
            // The first that says more than "not now" decides; with only those, another try may find a server.
            Self::NoServer(errors) => errors
                .iter()
                .map(Self::class)
                .find(|class| !matches!(class, Class::Retry | Class::RetryAfter(_)))
                .unwrap_or(Class::RetryAfter(BUSY_WAIT)),
            Self::Unreachable { .. } | Self::Timeout { .. } | Self::Lost { .. } | Self::Stopped => Class::Retry,
            Self::Busy(_) => Class::RetryAfter(BUSY_WAIT),
            Self::LoginRefused { why: LoginRefusal::Locked, .. } => Class::RetryAfter(LOCKED_WAIT),
            Self::LoginRefused { .. }
            | Self::StrongerAuthRequired(_)
            | Self::Certificate { .. }
            | Self::StartTlsRefused { .. }
            | Self::Unsuitable { .. }
            | Self::Malformed(_) => Class::Systemic,
            Self::LimitReached(_)
            | Self::Unwilling(_)
            | Self::Denied(_)
            | Self::NoSuchObject(_)
            | Self::NotHere(_)
            | Self::Refused(_)
            | Self::UnknownAttributes(_)
            | Self::TooManyGroups(_) => Class::NeedsPerson,
        }
    }

    /// What the server said, where it said something.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::StartTlsRefused { refusal, .. } | Self::LoginRefused { refusal, .. } => Some(refusal),
            Self::StrongerAuthRequired(refusal)
            | Self::Busy(refusal)
            | Self::LimitReached(refusal)
            | Self::Unwilling(refusal)
            | Self::Denied(refusal)
            | Self::NoSuchObject(refusal)
            | Self::NotHere(refusal)
            | Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether another server may be asked instead.
    pub(crate) fn is_of_one_server(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Certificate { .. }
                | Self::StartTlsRefused { .. }
                | Self::Unsuitable { .. }
                | Self::Timeout { .. }
                | Self::Lost { .. }
                | Self::Busy(_)
        )
    }

    /// From the result of a bind that is no success.
    pub(crate) fn from_bind(refusal: Refusal) -> Self {
        match refusal.code {
            // invalidCredentials
            49 => Self::LoginRefused { why: refusal.login(), refusal },
            _ => Self::from_result(refusal),
        }
    }

    /// From the result of any operation that is no success (RFC 4511, 4.1.9 and appendix A).
    pub(crate) fn from_result(refusal: Refusal) -> Self {
        match refusal.code {
            // sizeLimitExceeded, adminLimitExceeded
            4 | 11 => Self::LimitReached(refusal),
            // strongerAuthRequired, confidentialityRequired
            8 | 13 => Self::StrongerAuthRequired(refusal),
            // referral
            10 => Self::NotHere(refusal),
            // noSuchObject
            32 => Self::NoSuchObject(refusal),
            // inappropriateAuthentication, invalidCredentials
            48 | 49 => Self::LoginRefused { why: refusal.login(), refusal },
            // insufficientAccessRights
            50 => Self::Denied(refusal),
            // timeLimitExceeded, busy, unavailable
            3 | 51 | 52 => Self::Busy(refusal),
            // unwillingToPerform
            53 => Self::Unwilling(refusal),
            _ => Self::Refused(refusal),
        }
    }
}

fn listed(errors: &[AdError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests;
