//! The connector's vocabulary as plain types and pure functions: persons and their contracts, what a Salesforce account
//! should be and is, and the change between the two. No I/O, no clock, nothing of AWS, HTTP or a source's own form.

pub mod account;
pub mod audit;
pub mod change;
pub mod contract;
pub mod digest;
pub mod entitlement;
pub mod field;
pub mod id;
pub mod join;
pub mod merge;
pub mod name;
pub mod person;
pub mod snapshot;

pub use account::{
    AccountRecord, AccountStatus, ActualUser, Applied, Assignment, AttributeValue, Cause, Correlation, DesiredAccount,
    DesiredState, HowCorrelated, Parked, ParkedReason, Reason,
};
pub use audit::{AuditHead, AuditRecord, Outcome};
pub use change::{Change, DriftKind, Known, Operation, diff};
pub use contract::{Contract, Reference};
pub use entitlement::{Entitlement, EntitlementKind, EntitlementName, Ownership};
pub use field::{UserField, UserLink};
pub use id::{PersonId, RecordId, SalesforceId, SalesforceUserId, SecretName, SourceName};
pub use join::{JoinId, JoinKey, PersonKeys};
pub use merge::{Merged, PersonPart, SourceRole, SourceRoles, merge};
pub use name::{Name, NameConvention};
pub use person::{Contact, Person, RecordError};
pub use snapshot::{Snapshot, SnapshotContent};
