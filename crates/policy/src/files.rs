//! The files of the configuration as they are written: YAML to checked shapes, every value with its place. What the
//! shapes mean is for `configuration` to say.

mod read;
pub(crate) mod shape;
mod tree;

pub(crate) use read::{At, Read, Sink};
pub(crate) use tree::Tree;
