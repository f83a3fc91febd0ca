//! The simulated org from outside, by its HTTP calls: what it accepts, what it refuses, and what it keeps.

#[cfg(test)]
mod accounts_lookup;
#[cfg(test)]
mod accounts_refusals;
#[cfg(test)]
mod accounts_service;
#[cfg(test)]
mod accounts_write;
#[cfg(test)]
mod client;
#[cfg(test)]
mod collections;
#[cfg(test)]
mod composite;
#[cfg(test)]
mod entitlements;
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
#[cfg(test)]
mod who_changed_what;
