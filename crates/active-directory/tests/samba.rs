//! Reading from a real domain controller (Samba), and from servers that are none. What Windows does otherwise is in
//! docs/ACTIVE-DIRECTORY.md.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail like tests")]

mod support;

#[path = "samba/changes.rs"]
mod changes;
#[path = "samba/convergence.rs"]
mod convergence;
#[path = "samba/everybody.rs"]
mod everybody;
#[path = "samba/impostors.rs"]
mod impostors;
#[path = "samba/logging_in.rs"]
mod logging_in;
