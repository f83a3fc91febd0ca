//! The webhook function: a proven request becomes stored snapshots and wake-ups for mapping, or, for a source that is
//! read, a word to sync that there is something to read.

pub mod events;
mod handler;
mod handshake;
mod joined;
pub mod mapped;
mod replays;
pub mod signature;

pub use handler::Webhook;
