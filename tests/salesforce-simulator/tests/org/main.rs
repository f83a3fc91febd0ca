//! The simulated org from outside, by its HTTP calls: what it accepts, what it refuses, and what it keeps.

#[cfg(test)]
mod client;
#[cfg(test)]
mod collections;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod oauth;
#[cfg(test)]
mod query;
#[cfg(test)]
mod records;
#[cfg(test)]
mod scim_groups;
#[cfg(test)]
mod scim_lists;
#[cfg(test)]
mod scim_patch;
#[cfg(test)]
mod scim_users;
#[cfg(test)]
mod seeds;
#[cfg(test)]
mod server;
#[cfg(test)]
mod users;
