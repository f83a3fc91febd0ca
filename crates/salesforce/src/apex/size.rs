//! How many persons a call to write takes. It is learned: an org whose own triggers and flows are slow on users does not
//! get through as many as another.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The contract's most.
const MOST: usize = 200;
/// Smaller calls than this are made for single persons' sake only, not for everybody's.
const LEAST: usize = 25;

pub(crate) struct CallSize(AtomicUsize);

impl Default for CallSize {
    fn default() -> Self {
        Self(AtomicUsize::new(MOST))
    }
}

impl CallSize {
    pub(super) fn most(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// A call of so many persons ran out of some limit or of time.
    pub(super) fn was_too_large(&self, persons: usize) {
        self.0.fetch_min((persons / 2).max(LEAST), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shrinks_by_half_and_never_below_the_least() {
        let size = CallSize::default();
        let mut seen = Vec::new();
        for persons in [180, 150, 90, 45, 3, 1] {
            size.was_too_large(persons);
            seen.push(size.most());
        }
        assert_eq!(seen, [90, 75, 45, 25, 25, 25]);
    }
}
