//! Counts the bytes that go into one row, and stops a row that is too large before it fills the memory.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Fault, MAX_ROW_BYTES};

/// A reader that fails when one row takes more than [`MAX_ROW_BYTES`] (and what is read ahead).
pub(super) struct Guard<R> {
    inner: R,
    row: RowBytes,
    last: [u8; 3],
}

/// The count, shared between the guard and the format's reader, which has the guard inside its parser.
#[derive(Clone)]
pub(super) struct RowBytes(Arc<Counter>);

struct Counter {
    read: AtomicUsize,
    limit: AtomicUsize,
}

#[derive(Debug, thiserror::Error)]
#[error("row too large")]
struct RowTooLarge;

impl RowBytes {
    /// A new row begins.
    pub(super) fn reset(&self) {
        self.0.read.store(0, Ordering::Relaxed);
        self.0.limit.store(MAX_ROW_BYTES, Ordering::Relaxed);
    }

    /// What follows until the next row is passed over and takes no memory.
    pub(super) fn unlimited(&self) {
        self.0.limit.store(usize::MAX, Ordering::Relaxed);
    }
}

impl<R> Guard<R> {
    pub(super) fn new(inner: R) -> (Self, RowBytes) {
        let row = RowBytes(Arc::new(Counter { read: AtomicUsize::new(0), limit: AtomicUsize::new(MAX_ROW_BYTES) }));
        (Self { inner, row: row.clone(), last: [0; 3] }, row)
    }

    /// The last three bytes read, NUL where there were fewer.
    pub(super) fn last(&self) -> [u8; 3] {
        self.last
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.row.0.read.load(Ordering::Relaxed) > self.row.0.limit.load(Ordering::Relaxed) {
            return Err(io::Error::other(RowTooLarge));
        }
        let read = self.inner.read(buffer)?;
        self.row.0.read.fetch_add(read, Ordering::Relaxed);
        for byte in buffer.iter().take(read).skip(read.saturating_sub(3)) {
            self.last = [self.last[1], self.last[2], *byte];
        }
        Ok(read)
    }
}

impl Fault {
    /// What an error of the underlying reader means.
    pub(super) fn of_io(error: &io::Error) -> Self {
        if error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<RowTooLarge>) {
            Self::TooLarge
        } else if error.kind() == io::ErrorKind::InvalidData {
            Self::Malformed(error.to_string())
        } else {
            Self::Unreadable(error.to_string())
        }
    }
}
