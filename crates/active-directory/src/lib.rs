//! Reading people from Active Directory over LDAP: everybody in pages, or only what changed. A [`Definition`] says which
//! servers, whom and what; a [`Reader`] reads step by step with bounded memory; each record becomes a person's dependent
//! account or a whole person ([`Definition::map`]).
//!
//! There is no way in without TLS, and no way to take somebody as gone without a proof: see [`Done::proves_absence`].

pub mod account;
pub mod bookmark;
mod connection;
pub mod controls;
mod credentials;
pub mod definition;
pub mod directory;
pub mod entry;
pub mod error;
pub mod events;
mod feed;
pub mod filter;
mod groups;
mod guid;
pub mod handover;
mod pages;
pub mod ranges;
pub mod read;
pub mod record;
mod root;
pub mod schema;
#[cfg(test)]
mod scripted;
pub mod server;
mod sid;
mod time;

pub use account::JoinKeys;
pub use bookmark::{Bookmark, FullBecause};
pub use connection::{Authorities, Connection};
pub use credentials::Credentials;
pub use definition::{Absence, Definition, Incremental, Mapped, Mapping};
pub use error::{AdError, LoginRefusal, Refusal};
pub use guid::Guid;
pub use read::{Advice, Ask, Change, Done, Gone, Kind, Page, Reader, RefusedRecord, Step};
pub use record::{Content, Manager, Moment, Record, Status};
pub use server::Server;
pub use sid::Sid;
pub use time::Expiry;
