//! Sources that are read, through the whole pipeline: what a read leads to in Salesforce, that one which is not proven
//! complete removes nobody, and that nothing is read twice, half or at the same time.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests, which fail by panicking")]

mod absence;
mod accounts;
mod broken;
mod employer;
mod runs;
mod written_back;
