//! From configuration to desired state: one folder of YAML is read and checked as a whole, and decides for a person and
//! a day what the Salesforce account should be and why. Pure but for [`load`]; nothing of how it is written to Salesforce.

mod address;
pub mod check;
mod code;
mod configuration;
mod decide;
mod files;
mod fingerprint;
mod policy;
mod problems;
mod schema;
mod settings;
mod world;

pub use configuration::{Configuration, load};
pub use decide::{Decision, Earlier, Problem, STRONG_KEYS};
pub use policy::Policy;
pub use problems::{Finding, Place, Problems, Severity};
pub use schema::schema;
pub use settings::{
    Absence, Api, ApiBudget, BucketObject, DefinitionFile, Drift, DriftAnswer, Organisation, Readable, Reading,
    Salesforce, SourceConfig, Webhook, WriteBack, webhook, write_back,
};
