//! What a caller may do about an error. Every library error in the workspace answers `class()` with one of these;
//! the batch handlers decide by it alone.

use std::time::Duration;

/// What the caller of a failed operation may do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Class {
    /// Nothing happened and the same call may succeed at once.
    Retry,
    /// Nothing happened; the same call may succeed after the given time.
    RetryAfter(Duration),
    /// It may have happened: read the truth again before repeating it.
    Ambiguous,
    /// Only a person can heal it (data, configuration, licence): park it with its reason.
    NeedsPerson,
    /// Every other piece of work would fail in the same way: stop the batch.
    Systemic,
}
