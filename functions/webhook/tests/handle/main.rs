//! Requests through the whole handler, on embedded storage.

#![cfg(test)]

mod support;
mod thick;
mod thin;
