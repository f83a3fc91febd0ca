//! What is stored and how: the connector's items over the storage port, their keys, and the few transitions between
//! their states. Also the wake-up messages that travel on the queues. No policy and no Salesforce here.

pub mod accounts;
pub mod audit;
pub mod findings;
pub mod keys;
pub mod people;
pub mod stored;
pub mod sync_state;
pub mod wake_up;

pub use accounts::{Accounts, Commit, Decided, LeaseOutcome};
pub use audit::AuditLog;
pub use findings::{Action, Finding, FindingKind, Findings, ReconcileRun};
pub use people::{Ingested, People, PersonData, PersonProblem};
pub use stored::Stored;
pub use sync_state::SyncState;
pub use wake_up::{BatchError, Disposition, WakeUp, handle_each, send_wake_ups, settle_batch};
