//! What a read is asked for and what it gives.

use std::collections::BTreeSet;

use domain::RecordError;

use crate::bookmark::{Bookmark, FullBecause};
use crate::guid::Guid;
use crate::record::Record;

/// What the caller asks for.
#[derive(Clone, Debug)]
pub enum Ask {
    /// Everybody. With the bookmark of the last read, if there is one, going on from it stays possible afterwards.
    Full(Option<Bookmark>),
    /// What changed since the bookmark; everybody where that can't be told.
    Changes(Bookmark),
}

/// What a read does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It reads everybody.
    Full(FullBecause),
    /// It reads what changed.
    Changes,
}

/// A step of a read.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Some of it. There is more.
    Page(Page),
    /// The end: the read is complete.
    Done(Box<Done>),
}

/// Some of what is read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// Users, or what became of them.
    pub changes: Vec<Change>,
    /// Users that can't be used. They are there: they must not be taken as gone.
    pub refused: Vec<RefusedRecord>,
    /// To be stored once the changes of this page and of all before it are.
    pub bookmark: Option<Bookmark>,
}

/// A user, or what became of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The user as it is now, whole.
    Present(Box<Record>),
    /// It is no longer among those that are read. May name objects that were never known.
    Gone {
        /// Which.
        key: Guid,
        /// Why.
        why: Gone,
    },
}

/// Why a user is no longer there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It was deleted.
    Deleted,
    /// It is still there, but outside of the bases and the filter now.
    OutOfScope,
    /// The account that reads can no longer see it.
    Unseen,
}

/// A user that can't be used.
#[derive(Clone, PartialEq, Eq)]
pub struct RefusedRecord {
    /// Which.
    pub key: Guid,
    /// The attribute and what is wrong with it.
    pub error: RecordError,
}

/// Why a full read should follow soon, though this read is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Advice {
    /// No deleted object was ever seen: the account may not read them, so deletes show in full reads only.
    DeletesUnseen,
    /// A group was deleted, and nobody tells who was in it.
    GroupDeleted,
    /// A group changed, and nobody tells all who left it.
    GroupChanged,
    /// A container was renamed or moved: everything in it has another name and perhaps another place now.
    ContainerMoved,
}

/// A complete read.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// What it did.
    pub kind: Kind,
    /// Users read.
    pub read: u64,
    /// Users told as gone.
    pub gone: u64,
    /// Users that can't be used.
    pub refused: u64,
    /// Other parts of the directory that the server refers to. They were not read, and people there are not known.
    pub referrals: BTreeSet<String>,
    /// Why a full read should follow soon.
    pub advice: BTreeSet<Advice>,
    /// To be stored once all changes are; `None` when changes can't be read.
    pub bookmark: Option<Bookmark>,
}

impl Done {
    /// Whether who was not met is not there. Never after a read that met nobody: a wrong filter or a right taken away
    /// look the same as an empty directory.
    pub fn proves_absence(&self) -> bool {
        matches!(self.kind, Kind::Full(_)) && self.read > 0
    }
}

impl std::fmt::Debug for RefusedRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefusedRecord").field("key", &self.key).field("path", &self.error.path).finish_non_exhaustive()
    }
}
