//! Paged results: a page counts only with the control that tells whether it was the last.

use crate::controls::Next;
use crate::directory::Answer;
use crate::error::AdError;

/// Where the next page begins; empty after the last.
pub(crate) fn cookie(answer: &Answer) -> Result<Vec<u8>, AdError> {
    match &answer.next {
        Some(Next::Page(cookie)) => Ok(cookie.clone()),
        Some(Next::DirSync { .. }) | None => Err(AdError::Malformed("a page does not tell whether it is the last")),
    }
}
