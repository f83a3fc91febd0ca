//! The simulated org from outside, by its HTTP calls: what it accepts, what it refuses, and what it keeps.

mod client;
mod collections;
mod faults;
mod oauth;
mod query;
mod records;
mod scim_groups;
mod scim_patch;
mod scim_users;
mod seeds;
mod server;
mod users;
