//! `connector agent` as a user runs it: from a real domain controller (Samba) to the connector's own webhook, and what
//! it says where something is wrong.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail like tests")]

#[path = "../connector/common.rs"]
#[expect(dead_code, clippy::expect_used, reason = "the other tests of the binary use the rest, and fail by panicking")]
mod common;
#[path = "../../../active-directory/tests/support/mod.rs"]
#[expect(dead_code, reason = "the tests of the directory use the rest")]
mod support;

mod delivering;
mod refusing;
mod site;
