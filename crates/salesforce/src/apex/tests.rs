//! The client of the accounts service against a scripted service that answers by the contract. Every request that it gets
//! is held to the contract's schema.

mod answers;
mod any;
mod calls;
mod lookups;
mod requests;
mod service;
