//! The commands, one a file: its arguments, what it does, and its report.

pub(crate) mod absent;
pub(crate) mod agent;
pub(crate) mod audit;
pub(crate) mod bench;
pub(crate) mod check;
pub(crate) mod demo;
pub(crate) mod drift;
pub(crate) mod import;
pub(crate) mod link;
mod outcome;
pub(crate) mod parked;
pub(crate) mod preflight;
pub(crate) mod retry;
pub(crate) mod serve;
pub(crate) mod sign;
pub(crate) mod source;
mod stop;
pub(crate) mod sync;
pub(crate) mod verify_audit;
