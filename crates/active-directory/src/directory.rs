//! The directory as a port: one search, one whole answer. The two sides are a domain controller
//! ([`Connection`](crate::Connection)) and a scripted one in tests.

use async_trait::async_trait;

use crate::controls::{Control, Next};
use crate::entry::Entry;
use crate::error::AdError;
use crate::filter::Filter;
use crate::guid::Guid;

/// Searches.
#[async_trait]
pub trait Directory: Send {
    /// One search. `Ok` means that the server said that this is all of it, or, with [`Control::Paged`] and
    /// [`Control::DirSync`], a whole page of it.
    ///
    /// # Errors
    /// [`AdError`]; the entries that came before the error are thrown away.
    async fn search(&mut self, search: &Search) -> Result<Answer, AdError>;
}

/// What is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Where.
    pub base: String,
    /// How deep.
    pub depth: Depth,
    /// Which.
    pub filter: Filter,
    /// What of them.
    pub attributes: Vec<String>,
    /// How.
    pub controls: Vec<Control>,
}

/// How deep a search goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// The base itself.
    Object,
    /// The base and all below it.
    Tree,
}

/// The answer to a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// What was found.
    pub entries: Vec<Entry>,
    /// Other parts of the directory that the server refers to and that were not read.
    pub referrals: Vec<String>,
    /// How to go on.
    pub next: Option<Next>,
}

impl Search {
    /// The object with the key, wherever it is.
    pub(crate) fn object(key: Guid, attributes: Vec<String>) -> Self {
        Self::of_base(key.as_base(), attributes)
    }

    /// The object with that name.
    pub(crate) fn of_base(base: String, attributes: Vec<String>) -> Self {
        let filter = Filter::present("objectClass");
        Self { base, depth: Depth::Object, filter, attributes, controls: Vec::new() }
    }

    /// The base and all below it.
    pub(crate) fn tree(base: impl Into<String>, filter: Filter, attributes: Vec<String>) -> Self {
        Self { base: base.into(), depth: Depth::Tree, filter, attributes, controls: Vec::new() }
    }

    pub(crate) fn with(mut self, control: Control) -> Self {
        self.controls.push(control);
        self
    }
}

/// Names of attributes as the protocol takes them.
pub(crate) fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
