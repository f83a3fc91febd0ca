//! A stateful Salesforce org for tests: OAuth, SCIM v2, standard REST and the connector's own Apex REST service over users and
//! their rights, in memory.
//!
//! It judges a client, so it is strict: each rule carries its evidence in a comment: [doc] Salesforce documentation, [rec] a
//! recording of a live org, [apex], [test], [sec] second-hand texts, [src pilot] the source of Salesforce's public SCIM pilot,
//! [src list] a public list of entries of the set-up audit trail, [se N] a question on salesforce.stackexchange.com, [?] not
//! known. What is not known is a switch in [`Behaviours`]. The Apex REST service follows its written contract.
//!
//! Start with [`Org::sample`] and [`Org::handle`]; [`InProcess`] is the same as a `ports::HttpTransport`; [`server`] puts it
//! behind a loopback port.

mod accounting;
mod apex;
mod behaviours;
mod call;
mod faults;
mod in_process;
mod oauth;
mod org;
mod reply;
mod rest;
mod scim;
pub mod server;
mod soql;

pub use behaviours::{
    AddAssigned, Behaviours, DuplicateMember, ExpiredAssignment, ExtensionUrn, GroupsInPost, LicenceOfSet, LimitHeader,
    ReplaceEntitlements, ScimDmlErrors,
};
pub use faults::{Fault, FaultPlan, FaultRule, Times};
pub use in_process::InProcess;
pub use oauth::ClientApp;
pub use org::Org;
pub use org::admin::{Admin, AdminError};
pub use org::builder::{ADMINISTRATOR_USERNAME, OrgBuilder, SeedError};
pub use org::dml_error::DmlError;
pub use org::ids::{Id, MalformedId, checksum};
pub use org::journal::{Actor, Api, Change, FieldChange, JournalEntry};
pub use org::sample::{CLIENT_ID, CLIENT_SECRET, INTEGRATION_USERNAME, TEST_PRIVATE_KEY};
pub use org::schema::Object;
pub use org::value::Value;
pub use org::views::{AuditEntry, UserView};
pub use org::world::{Mail, MailReason};
pub use reply::{Outcome, Reply};
