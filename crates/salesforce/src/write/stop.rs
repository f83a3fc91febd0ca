//! The brake of one `apply`: set by the first systemic error, or when the org keeps giving no answer.

use std::sync::{Mutex, MutexGuard, PoisonError};

use ports::Class;

use crate::error::SalesforceError;

/// Calls in a row without a clear answer, each tried several times, that are taken for an outage.
const MOST_UNCLEAR: usize = 3;

#[derive(Debug, Default)]
pub(crate) struct Stop(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    error: Option<SalesforceError>,
    unclear: usize,
}

impl Stop {
    /// Why nothing more is to be done.
    pub(crate) fn error(&self) -> Option<SalesforceError> {
        self.lock().error.clone()
    }

    /// Takes notice of an error.
    pub(crate) fn note(&self, error: &SalesforceError) {
        let mut state = self.lock();
        let systemic = match error.class() {
            Class::Systemic => Some(error.clone()),
            Class::Ambiguous => {
                state.unclear += 1;
                (state.unclear >= MOST_UNCLEAR).then(|| SalesforceError::Unavailable {
                    reason: format!("{MOST_UNCLEAR} calls in a row got no clear answer; the last: {error}"),
                    retry_after: None,
                })
            }
            _ => {
                state.unclear = 0;
                None
            }
        };
        if state.error.is_none() {
            state.error = systemic;
        }
    }

    /// Takes notice of a clear answer.
    pub(crate) fn answered(&self) {
        self.lock().unclear = 0;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
