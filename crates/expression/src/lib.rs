//! Expressions of configuration: conditions and values in CEL. The crate `cel` reads the text; checking and evaluation
//! are ours, because configuration needs what `cel`'s interpreter lacks: a bound on the work done, errors with their
//! place and without the data, one rule for absent values, and whole numbers that storage writes as `1` or `1.0` alike.
//!
//! # Absent values
//! A field that is not there is `null`, and so is a field of `null`: `contract.department.id` never fails.
//! - `has(x.y)` is whether `x.y` is there and not `null`.
//! - Text, number and date operations with `null` give `null`; `first` and `coalesce` put something in its place.
//! - `<`, `<=`, `>`, `>=`, `startsWith`, `endsWith`, `contains` and `matches` with `null` are false; `==` and `!=`
//!   compare as usual.
//! - Where a condition is needed `null` is false; where a list is needed it is the empty list; its `size` is 0.

mod check;
mod compile;
mod evaluate;
mod functions;
mod lower;
mod node;
mod operators;
mod scope;
mod types;

pub use compile::{CompileError, Expression, MAX_NESTING, MAX_SOURCE};
pub use evaluate::EvaluationError;
pub use functions::{closest, function_names};
pub use node::Position;
pub use scope::{Lookups, Scope};
pub use types::{Type, Variables};
