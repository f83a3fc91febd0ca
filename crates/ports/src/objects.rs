//! Objects in buckets as a port: exports that other systems leave there. Whole objects, read only.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::Class;

/// The largest object that is read; it is held in memory.
pub const MAX_OBJECT_BYTES: u64 = 256 * 1024 * 1024;

/// Reads objects.
#[async_trait]
pub trait Objects: Send + Sync {
    /// The object as it is at one moment; nothing of it while it has the tag `unless`.
    ///
    /// # Errors
    /// [`ObjectError`]; it holds nothing of the content. An object without content, or with more than
    /// [`MAX_OBJECT_BYTES`], is one.
    async fn read(&self, bucket: &str, key: &str, unless: Option<&str>) -> Result<Fetched, ObjectError>;
}

/// What a read gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// It is the version that the caller knows.
    Unchanged,
    /// Another version.
    Object(Object),
}

/// A version of an object.
#[derive(Clone, PartialEq, Eq)]
pub struct Object {
    /// All of it.
    pub content: Vec<u8>,
    /// Tells this content from others (S3: the ETag).
    pub tag: String,
    /// When it was written.
    pub modified: Option<Timestamp>,
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Object").field("bytes", &self.content.len()).field("tag", &self.tag).finish_non_exhaustive()
    }
}

/// Why an object could not be had. `object` names it, as `s3://bucket/key`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// It is not there.
    #[error("there is no {object}")]
    Missing {
        /// The object.
        object: String,
    },
    /// It may not be read.
    #[error("{object} may not be read ({reason}), or is not there: S3 says the same where objects may not be listed")]
    Denied {
        /// The object.
        object: String,
        /// S3's code.
        reason: String,
    },
    /// Its bucket is in another region than the one that is asked.
    #[error("{object} is not in region {asked}, but in {}", .region.as_deref().unwrap_or("another"))]
    OtherRegion {
        /// The object.
        object: String,
        /// The region that was asked.
        asked: String,
        /// The bucket's region, if it is said.
        region: Option<String>,
    },
    /// It has no content.
    #[error("{object} is empty")]
    Empty {
        /// The object.
        object: String,
    },
    /// It is too large.
    #[error("{object} has {bytes} bytes, more than the {MAX_OBJECT_BYTES} that are read")]
    TooLarge {
        /// The object.
        object: String,
        /// Its size.
        bytes: u64,
    },
    /// It was replaced while it was read.
    #[error("{object} was replaced while it was read")]
    Replaced {
        /// The object.
        object: String,
    },
    /// The answer is no, whatever is tried.
    #[error("{object} can't be read: {reason}")]
    Refused {
        /// The object.
        object: String,
        /// Status and code.
        reason: String,
    },
    /// There is no whole answer now.
    #[error("{object} can't be read now: {reason}")]
    Unavailable {
        /// The object.
        object: String,
        /// Why.
        reason: String,
    },
    /// Nothing can be asked: region or credentials are missing.
    #[error("S3 can't be asked: {reason}")]
    NotSetUp {
        /// What is missing.
        reason: String,
    },
}

impl ObjectError {
    /// What the caller may do.
    pub fn class(&self) -> Class {
        match self {
            Self::Replaced { .. } | Self::Unavailable { .. } => Class::Retry,
            Self::NotSetUp { .. } => Class::Systemic,
            Self::Missing { .. }
            | Self::Denied { .. }
            | Self::OtherRegion { .. }
            | Self::Empty { .. }
            | Self::TooLarge { .. }
            | Self::Refused { .. } => Class::NeedsPerson,
        }
    }
}
