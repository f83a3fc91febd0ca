//! What is stored and how: the connector's items over the storage port, their keys, and the few transitions between
//! their states. Also the wake-up messages that travel on the queues. No policy and no Salesforce here.

pub mod accounts;
pub mod audit;
pub mod findings;
pub mod joins;
pub mod keys;
pub mod people;
pub mod reads;
pub mod stored;
pub mod sync_state;
pub mod wake_up;
pub mod write_back;

pub use accounts::{Accounts, Commit, Decided, LeaseOutcome};
pub use audit::AuditLog;
pub use findings::{Action, Finding, FindingKind, Findings, ReconcileRun};
pub use joins::{Joins, PersonJoin, Unplaced, UnplacedAccount, Why};
pub use people::{Ingested, People, PersonData, PersonProblem};
pub use reads::{AbsentRecord, ReadRequest, ReadState, SavedRead, SourceReads, Wanted, request_read, request_read_now};
pub use stored::Stored;
pub use sync_state::SyncState;
pub use wake_up::{BatchError, Disposition, WakeUp, handle_each, send_wake_ups, settle_batch};
pub use write_back::{WriteBack, WriteBacks};
