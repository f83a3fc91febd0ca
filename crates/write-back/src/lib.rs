//! Writing back: what Salesforce or the connector decided, such as a mail address, goes to the system that the person
//! comes from. The plan is pure; the client knows AFAS Profit's update connectors; the run brings the two together,
//! person by person, and can be stopped anywhere. What a person's values are is for the caller to say.

pub mod afas;
mod plan;
mod run;

pub use afas::{Afas, Failure, Section, Settings};
pub use plan::{Managed, OnLeaving, Step, UpdateConnector, Wish, apply, missing, same, steps};
pub use run::{Answer, Report, Run, Stopped, Wishes, run};
