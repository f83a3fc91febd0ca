//! How far a source has been read: an opaque value that comes with the data and is given back at the next read. It is
//! stored after the data and never before: a bookmark that is too old only repeats changes, one too new loses them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::digest::digest;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::definition::{Definition, Incremental};
use crate::guid::Guid;
use crate::record::Moment;
use crate::server::Server;

/// How far a source has been read.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bookmark {
    /// Fingerprint of what is read: with another definition, old changes would be missing.
    scope: String,
    /// When it was last moved.
    taken: Timestamp,
    /// The server that gave it; asked first the next time.
    server: Server,
    position: Position,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Position {
    /// DirSync's cookie, good at every domain controller, best at the one that gave it.
    DirSync { cookie: String },
    /// A number of one server's own count of changes.
    Usn { invocation: Guid, usn: u64 },
}

/// Deleted objects are forgotten after 60 days at the earliest (tombstoneLifetime); a bookmark must not come near that.
const OLDEST: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Why everything is read and not only what changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FullBecause {
    /// The caller asked for it.
    Asked,
    /// The definition says so.
    Configured,
    /// There is no bookmark.
    First,
    /// The definition has changed since the bookmark.
    DefinitionChanged,
    /// The bookmark is so old that deletes may be missing.
    TooOld,
    /// Another server answers, or it was restored: its count of changes is another one.
    OtherServer,
    /// The server does not take the bookmark.
    Refused,
}

impl Bookmark {
    pub(crate) fn new(definition: &Definition, server: &Server, moment: &Moment, position: Position) -> Self {
        Self { scope: scope(definition), taken: moment.now, server: server.clone(), position }
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    pub(crate) fn position(&self) -> &Position {
        &self.position
    }

    /// Whether changes can be read from here on.
    pub(crate) fn fits(
        &self,
        definition: &Definition,
        invocation: Option<Guid>,
        moment: &Moment,
    ) -> Result<(), FullBecause> {
        if self.scope != scope(definition) {
            return Err(FullBecause::DefinitionChanged);
        }
        if moment.now.duration_since(self.taken) > OLDEST {
            return Err(FullBecause::TooOld);
        }
        match &self.position {
            Position::Usn { invocation: known, .. } if Some(*known) != invocation => Err(FullBecause::OtherServer),
            Position::Usn { .. } | Position::DirSync { .. } => Ok(()),
        }
    }
}

impl Position {
    pub(crate) fn dirsync(cookie: &[u8]) -> Self {
        Self::DirSync { cookie: STANDARD.encode(cookie) }
    }
}

/// DirSync's cookie as it came; empty, which reads everything again, when it was damaged.
pub(crate) fn cookie(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap_or_default()
}

impl fmt::Debug for Bookmark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bookmark").field("server", &self.server).field("taken", &self.taken).finish_non_exhaustive()
    }
}

/// Everything that decides which changes are seen and what a record holds.
fn scope(definition: &Definition) -> String {
    let groups = definition.groups.as_ref().map(|groups| {
        json!({
            "nested": groups.nested,
            "base": groups.base,
            "filter": groups.filter.as_ref().map(ToString::to_string),
            "name": groups.name,
        })
    });
    digest(&json!({
        "incremental": match definition.incremental {
            Incremental::Dirsync => "dirsync",
            Incremental::Usn => "usn",
            Incremental::None => "none",
        },
        "bases": definition.bases,
        "filter": definition.filter.to_string(),
        "attributes": definition.record_attributes(),
        "groups": groups,
        "managers": definition.reads_managers(),
    }))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::definition::tests::definition;

    fn at(text: &str) -> Moment {
        Moment { now: text.parse().unwrap(), zone: TimeZone::UTC }
    }

    #[test]
    fn a_bookmark_fits_only_what_it_was_taken_of() {
        let definition = definition("");
        let (server, begun) = (definition.servers[0].clone(), at("2026-01-01T00:00:00Z"));
        let bookmark = Bookmark::new(&definition, &server, &begun, Position::dirsync(b"MSDS"));
        let text = serde_json::to_string(&bookmark).unwrap();
        let bookmark: Bookmark = serde_json::from_str(&text).unwrap();
        assert_eq!(bookmark.fits(&definition, None, &at("2026-01-20T00:00:00Z")), Ok(()));
        assert_eq!(bookmark.fits(&definition, None, &at("2026-02-01T00:00:00Z")), Err(FullBecause::TooOld));
        let other = super::super::definition::tests::definition("  attributes: [company]\n");
        assert_eq!(bookmark.fits(&other, None, &begun), Err(FullBecause::DefinitionChanged));
        assert!(!format!("{bookmark:?}").contains("TVNEUw"));
        let Position::DirSync { cookie } = bookmark.position() else { panic!("a cookie") };
        assert_eq!(super::cookie(cookie), b"MSDS");
    }

    #[test]
    fn a_number_counts_at_one_server_only() {
        let definition = definition("  incremental: usn\n");
        let (server, begun) = (definition.servers[0].clone(), at("2026-01-01T00:00:00Z"));
        let invocation = Guid::from_bytes(b"0123456789abcdef").unwrap();
        let bookmark = Bookmark::new(&definition, &server, &begun, Position::Usn { invocation, usn: 7 });
        assert_eq!(bookmark.fits(&definition, Some(invocation), &begun), Ok(()));
        let restored = Guid::from_bytes(b"0123456789abcdeX");
        assert_eq!(bookmark.fits(&definition, restored, &begun), Err(FullBecause::OtherServer));
        assert_eq!(bookmark.fits(&definition, None, &begun), Err(FullBecause::OtherServer));
    }
}
