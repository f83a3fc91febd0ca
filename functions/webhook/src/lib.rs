//! The webhook function: a signed request becomes stored snapshots and wake-ups for mapping.

pub mod events;
mod handler;
pub mod signature;

pub use handler::Webhook;
