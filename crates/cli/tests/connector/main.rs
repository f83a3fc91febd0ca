//! The binary as a user runs it: what it prints, its exit codes, what is left on disk, and how it survives kills.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests, which fail by panicking"
)]

mod check;
mod common;
mod demo;
mod import;
#[cfg(unix)]
mod preflight;
#[cfg(unix)]
mod serve;
#[cfg(unix)]
mod simulated;
#[cfg(unix)]
mod source;
