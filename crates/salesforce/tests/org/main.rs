//! The client against the simulated org, under every reading of what is not known of the real one. Each test says what
//! the org must show afterwards, and how many calls that may cost.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may fail like tests")]

mod assignments;
mod changes;
mod joiners;
mod leavers;
mod lost_answers;
mod troubles;
mod world;
