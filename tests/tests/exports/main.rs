//! Exports that lie in a bucket: what S3 answers and what an in-memory bucket answers are the same, and a read of such a
//! source takes what is new, nothing twice and nothing half.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests, which fail by panicking")]

mod bucket;
mod contract;
mod reading;
