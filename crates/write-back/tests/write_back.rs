//! Writing back against the emulator of AFAS: what is written and told, and whatever call fails.

#![cfg(test)]

#[path = "write_back/faults.rs"]
mod faults;
#[path = "write_back/support.rs"]
mod support;
#[path = "write_back/writing.rs"]
mod writing;
