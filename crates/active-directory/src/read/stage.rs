//! Where a read begins, and how it goes on when there is no work left: by the next answer of what changed.

use super::{Ask, Kind, Page, Reader};
use crate::bookmark::{self, Bookmark, FullBecause, Position};
use crate::definition::{Definition, Incremental};
use crate::error::AdError;
use crate::guid::Guid;
use crate::record::Moment;
use crate::root::Root;

/// Where a read stands.
#[derive(Clone, Debug)]
pub(super) enum Stage {
    /// Before a full read: DirSync is read to its end, so that its cookie stands for "now". What it tells is not used.
    Begin(Vec<u8>),
    /// Changes by DirSync, after this cookie.
    DirSync { cookie: Vec<u8>, first: bool },
    /// Changes by uSNChanged, after this number.
    Usn { after: u64, cookie: Vec<u8> },
    /// Nothing is left but the work at hand.
    Last,
}

impl Reader {
    /// One answer of DirSync from its beginning on.
    pub(super) async fn begin(&mut self, cookie: Vec<u8>) -> Result<Page, AdError> {
        let told = self.feed.dirsync(&mut *self.directory, cookie).await?;
        if told.more {
            self.stage = Stage::Begin(told.cookie);
        } else {
            self.done.bookmark = Some(self.bookmark(Position::dirsync(&told.cookie)));
            self.stage = Stage::Last;
            self.scan_all();
        }
        Ok(Page::default())
    }

    pub(super) async fn dirsync(&mut self, cookie: Vec<u8>, first: bool) -> Result<Page, AdError> {
        let told = match self.feed.dirsync(&mut *self.directory, cookie).await {
            Err(error) if first && refuses_cookie(&error) => {
                tracing::warn!(event = "directory.bookmark_refused", %error);
                self.done.kind = Kind::Full(FullBecause::Refused);
                return self.begin(Vec::new()).await;
            }
            told => told?,
        };
        let bookmark = self.bookmark(Position::dirsync(&told.cookie));
        self.stage = if told.more { Stage::DirSync { cookie: told.cookie, first: false } } else { Stage::Last };
        self.take(told.hints);
        self.done.bookmark = Some(bookmark.clone());
        self.pending = Some(bookmark);
        Ok(Page::default())
    }

    pub(super) async fn usn(&mut self, after: u64, cookie: Vec<u8>) -> Result<Page, AdError> {
        let told = self.feed.usn(&mut *self.directory, after, cookie).await?;
        self.stage = if told.more { Stage::Usn { after, cookie: told.cookie } } else { Stage::Last };
        self.take(told.hints);
        if !told.more {
            // Everything up to the number that was read before the first search has been seen.
            self.done.bookmark = self.root.invocation.map(|invocation| self.usn_bookmark(invocation));
            self.pending.clone_from(&self.done.bookmark);
        }
        Ok(Page::default())
    }

    /// The bookmark of a full read that begins without DirSync's help: by number, or the one that the caller has.
    pub(super) fn bookmark_of(&self, ask: &Ask) -> Option<Bookmark> {
        match (self.definition.incremental, ask) {
            (Incremental::Usn, _) => self.root.invocation.map(|invocation| self.usn_bookmark(invocation)),
            (Incremental::Dirsync, Ask::Full(Some(bookmark))) => Some(bookmark.clone()),
            _ => None,
        }
    }

    fn usn_bookmark(&self, invocation: Guid) -> Bookmark {
        self.bookmark(Position::Usn { invocation, usn: self.root.usn })
    }

    fn bookmark(&self, position: Position) -> Bookmark {
        Bookmark::new(&self.definition, &self.server, &self.moment, position)
    }
}

/// What a read does, and where it begins.
pub(super) fn begin(definition: &Definition, root: &Root, ask: &Ask, moment: &Moment) -> (Kind, Stage) {
    let from_the_beginning = |because| {
        let stage = if definition.incremental == Incremental::Dirsync { Stage::Begin(Vec::new()) } else { Stage::Last };
        (Kind::Full(because), stage)
    };
    if definition.incremental == Incremental::None {
        return (Kind::Full(FullBecause::Configured), Stage::Last);
    }
    let fits = |bookmark: &Bookmark| bookmark.fits(definition, root.invocation, moment);
    match ask {
        Ask::Full(None) => from_the_beginning(FullBecause::First),
        // Changes from the old bookmark on are told again after this read, which does no harm.
        Ask::Full(Some(bookmark)) if fits(bookmark).is_ok() => (Kind::Full(FullBecause::Asked), Stage::Last),
        Ask::Full(Some(_)) => from_the_beginning(FullBecause::Asked),
        Ask::Changes(bookmark) => match (fits(bookmark), bookmark.position()) {
            (Err(because), _) => from_the_beginning(because),
            (Ok(()), Position::DirSync { cookie }) => {
                (Kind::Changes, Stage::DirSync { cookie: bookmark::cookie(cookie), first: true })
            }
            (Ok(()), Position::Usn { usn, .. }) => (Kind::Changes, Stage::Usn { after: *usn, cookie: Vec::new() }),
        },
    }
}

/// Samba answers 12 to a cookie that it does not know (recorded); Windows' code is not documented, so all that say
/// "this request" and not "this account" or "not now" are taken for it. If the cookie was not the reason, reading from
/// the beginning fails in the same way.
fn refuses_cookie(error: &AdError) -> bool {
    matches!(error, AdError::Refused(_) | AdError::Unwilling(_))
}
