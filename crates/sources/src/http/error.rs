//! Why a read is not complete. Each fault names the stream, the page and the place, never a value of the source or a
//! part of a secret, and answers what its caller may do.

use std::fmt;
use std::time::Duration;

use ports::{Class, SecretError};

/// What stopped a read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The stream; `None` before the first one.
    pub stream: Option<String>,
    /// The page of the stream, from 1; for a stream with a request for each row, the request.
    pub page: u64,
    /// What happened.
    pub what: What,
}

/// What stopped a read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum What {
    /// There was no answer.
    #[error("{0}")]
    NoAnswer(String),
    /// The answer did not come in time.
    #[error("there is no answer after {0} seconds")]
    TimedOut(u64),
    /// The source refused.
    #[error("the source answers {status}{}", code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default())]
    Refused {
        /// The status.
        status: u16,
        /// The source's own code for it.
        code: Option<String>,
        /// How long it asks to be left alone.
        after: Option<Duration>,
        /// Whether it may heal by waiting.
        heals: bool,
    },
    /// No token was given.
    #[error("logging in: {reason}")]
    Login {
        /// Why, without a part of any secret.
        reason: String,
        /// Whether only a person can heal it.
        person: bool,
    },
    /// The secret can't be used.
    #[error("{0}")]
    Secret(SecretError),
    /// The token that replaces a used one could not be stored.
    #[error("the new refresh token could not be stored: {0}")]
    TokenNotStored(String),
    /// The answer points to another host, or anywhere by a redirect.
    #[error("the source sends the reader to another address ({0}), which is not followed")]
    Elsewhere(&'static str),
    /// The answer is a page for people.
    #[error("there is HTML in place of data")]
    Html,
    /// The answer has another type of content.
    #[error("the answer is no {expected} by its content type")]
    WrongType {
        /// What was expected.
        expected: &'static str,
    },
    /// The answer ends too early.
    #[error("the answer is cut: {0}")]
    Cut(String),
    /// The answer is not what the definition says.
    #[error("the answer is malformed: {0}")]
    Malformed(String),
    /// The number of rows is another than the source says.
    #[error("the source says {told} rows, {read} were read")]
    CountDiffers {
        /// By the source.
        told: u64,
        /// Read.
        read: u64,
    },
    /// The source changed while it was read.
    #[error("the source changed while it was read: {0}")]
    Changed(&'static str),
    /// The source gives a page that was read already.
    #[error("the page was read already, the source goes in a circle")]
    Circle,
    /// Nothing came where something must.
    #[error("there are no rows")]
    Empty,
    /// A stream of one row has another number.
    #[error("one row is expected, there are {0}")]
    NotSingle(u64),
    /// A limit of calls is reached.
    #[error("the budget of calls is used up for {}", words(*.0))]
    Budget(Duration),
    /// The job that makes the files is still at it.
    #[error("the job that makes the files is not done")]
    JobRunning,
    /// It was asked for as often as it may.
    #[error("the job that makes the files is not done after {0} questions")]
    JobTooLong(u32),
    /// The source says that there will be no files.
    #[error("the job that makes the files ended as `{0}`")]
    JobFailed(String),
    /// The request can't be made.
    #[error("the request can't be made: {0}")]
    Request(String),
    /// The link for the next read is missing.
    #[error("there is no link for the next read at {0}")]
    NoLink(String),
    /// The read takes more memory than it may.
    #[error("the rows take more than {0} megabytes")]
    TooLarge(usize),
    /// The read was left for too long.
    #[error("the read was begun too long ago to go on")]
    TooOld,
}

impl Fault {
    /// What the caller may do. The next read begins anew in any case.
    pub fn class(&self) -> Class {
        match &self.what {
            What::NoAnswer(_)
            | What::TimedOut(_)
            | What::Cut(_)
            | What::Changed(_)
            | What::CountDiffers { .. }
            | What::TooOld => Class::Retry,
            What::Refused { after: Some(after), heals: true, .. } | What::Budget(after) => Class::RetryAfter(*after),
            What::Refused { heals: true, .. }
            | What::Html
            | What::Login { person: false, .. }
            | What::JobRunning
            | What::JobTooLong(_)
            | What::JobFailed(_) => Class::RetryAfter(Duration::from_secs(300)),
            What::Secret(error) => error.class(),
            What::TokenNotStored(_) => Class::Ambiguous,
            What::Refused { .. }
            | What::Login { .. }
            | What::Elsewhere(_)
            | What::WrongType { .. }
            | What::Malformed(_)
            | What::Circle
            | What::Empty
            | What::NotSingle(_)
            | What::Request(_)
            | What::NoLink(_)
            | What::TooLarge(_) => Class::NeedsPerson,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stream {
            Some(stream) => write!(f, "stream {stream}, page {}: {}", self.page, self.what),
            None => write!(f, "{}", self.what),
        }
    }
}

impl std::error::Error for Fault {}

fn words(duration: Duration) -> String {
    format!("{} seconds", duration.as_secs())
}
