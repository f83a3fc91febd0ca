//! One person out of two systems: a joiner in AFAS (emulated, behind a port) and the account in a real Samba directory
//! become one person whose mail comes from the directory, and the Salesforce account follows. By the built connector, on
//! this machine; the same on AWS is in aws_end_to_end.rs.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests, which fail by panicking")]

mod company;
mod joining;
mod owning;
mod sources;
mod staying;
#[path = "../../../crates/active-directory/tests/support/mod.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "shared with the tests of active-directory, which use all of it")]
mod support;
