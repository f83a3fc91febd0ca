//! Why a round ended before its end, and what may be done about it.

use std::time::Duration;

use active_directory::AdError;
use ports::{Class, StoreError};

use super::super::deliver::Undelivered;

/// Why a round ended before its end. Fit for the log.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum Fault {
    /// The directory could not be read.
    #[error(transparent)]
    Directory(#[from] AdError),
    /// The events could not be delivered.
    #[error(transparent)]
    Undelivered(#[from] Undelivered),
    /// The log-in was refused a short while ago. Each try counts towards locking the account.
    #[error("the log-in was refused a short while ago; the next try is in {} min", .0.as_secs().div_ceil(60))]
    LeftAlone(Duration),
    /// The agent's own file failed.
    #[error("the agent's own data can't be used: {0}")]
    State(#[from] StoreError),
}

impl Fault {
    /// What the agent may do.
    pub(in super::super) fn class(&self) -> Class {
        match self {
            Self::Directory(error) => error.class(),
            Self::LeftAlone(left) => Class::RetryAfter(*left),
            // Asking the receiver once more harms nobody.
            Self::Undelivered(_) | Self::State(_) => Class::Retry,
        }
    }

    /// What a person may do.
    pub(in super::super) fn to_do(&self) -> Option<&'static str> {
        match self {
            Self::Undelivered(Undelivered::NeedsPerson { to_do, .. }) => Some(to_do),
            Self::Undelivered(Undelivered::Unsigned(_)) => Some(
                "the secrets file needs the webhook's key, as `ad-webhook: { key: whsec_… }` (--key-secret names it)",
            ),
            Self::Undelivered(Undelivered::NotNow { .. }) => Some("nothing is lost: the next round sends it"),
            Self::LeftAlone(_) => Some("mend the account or the secret, then save the secrets file, changed or not"),
            Self::Directory(error) if matches!(error.class(), Class::Systemic | Class::NeedsPerson) => {
                Some("see \"Try it\" in docs/ACTIVE-DIRECTORY.md")
            }
            Self::Directory(_) | Self::State(_) => None,
        }
    }

    /// What happened, in full: for the operator only, since a directory's words may name people.
    pub(in super::super) fn in_full(&self) -> String {
        let words = match self {
            Self::Directory(error) => error.refusal().map(|refusal| format!(" ({})", refusal.words)),
            Self::Undelivered(_) | Self::LeftAlone(_) | Self::State(_) => None,
        };
        format!("{self}{}", words.unwrap_or_default())
    }
}
