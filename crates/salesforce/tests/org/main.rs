//! The client against the simulated org, under every reading of what is not known of the real one. Each test says what
//! the org must show afterwards, and how many calls that may cost.

mod assignments;
mod changes;
mod joiners;
mod leavers;
mod lost_answers;
mod troubles;
mod world;
