//! The client against the simulated org, under every reading of what is not known of the real one. Each test says what
//! the org must show afterwards, and how many calls that may cost.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may fail like tests")]

mod apex;
mod apex_parity;
mod apex_troubles;
mod assignments;
mod budget;
mod changes;
mod freezing;
mod identity;
mod joiners;
mod leavers;
mod licences;
mod links;
mod lost_answers;
mod survey;
mod troubles;
mod world;
