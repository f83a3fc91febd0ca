//! Reading a source step by step, a page at a time. A step gives records and, when everything up to there is in the
//! caller's hands, a bookmark. Only [`Step::Done`] proves that a read is complete; an error, whatever it is, leaves
//! everything open, and nobody may be taken as gone.

mod changes;
mod people;
mod stage;
mod step;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use crate::bookmark::Bookmark;
use crate::connection::Connection;
use crate::controls::Control;
use crate::credentials::Credentials;
use crate::definition::{Definition, Incremental};
use crate::directory::{Directory, Search, names};
use crate::error::AdError;
use crate::feed::{Feed, Hint};
use crate::filter::Filter;
use crate::groups::Graph;
use crate::guid::Guid;
use crate::record::{Manager, Moment, STATE};
use crate::root::Root;
use crate::schema::Schema;
use crate::server::Server;

use stage::Stage;
pub use step::{Advice, Ask, Change, Done, Gone, Kind, Page, RefusedRecord, Step};

/// A read that is under way.
pub struct Reader {
    directory: Box<dyn Directory>,
    definition: Definition,
    server: Server,
    moment: Moment,
    root: Root,
    schema: Schema,
    feed: Feed,
    stage: Stage,
    work: VecDeque<Work>,
    /// Goes out with the last piece of the work before it.
    pending: Option<Bookmark>,
    groups: Option<Graph>,
    managers: HashMap<Guid, Manager>,
    done: Done,
    failed: bool,
}

/// A piece of work: one page at most.
#[derive(Clone, Debug)]
enum Work {
    /// Everybody below a base for whom a filter holds.
    Scan { base: String, filter: Filter, cookie: Vec<u8> },
    /// What became of these objects.
    Look(Vec<Hint>),
    /// Members that a group got or lost.
    Members(Vec<String>),
    /// These users, if they are still among those that are read.
    Users(Vec<Guid>),
}

/// Objects that are asked for in one search.
const BATCH: usize = 50;
/// Managers kept in memory.
const MANAGERS: usize = 20_000;
/// Referrals that are told.
const REFERRALS: usize = 20;

impl Reader {
    /// Connects to the first server that serves and prepares the read.
    ///
    /// # Errors
    /// [`AdError`]
    pub async fn open(
        definition: &Definition,
        credentials: &Credentials,
        ask: Ask,
        moment: Moment,
    ) -> Result<Self, AdError> {
        let last = match &ask {
            Ask::Full(bookmark) => bookmark.as_ref(),
            Ask::Changes(bookmark) => Some(bookmark),
        };
        let last = last.map(Bookmark::server).filter(|server| definition.servers.contains(server));
        let others = definition.servers.iter().filter(|server| Some(*server) != last);
        let mut errors = Vec::new();
        for server in last.into_iter().chain(others) {
            match connect(server, definition, credentials).await {
                Ok((connection, root)) => {
                    tracing::info!(event = "directory.connected", %server);
                    return Self::over(Box::new(connection), root, server.clone(), definition, ask, moment).await;
                }
                Err(error) if error.is_of_one_server() => {
                    tracing::warn!(event = "directory.server_failed", %server, %error);
                    errors.push(error);
                }
                Err(error) => return Err(error),
            }
        }
        match <[AdError; 1]>::try_from(errors) {
            Ok([error]) => Err(error),
            Err(errors) => Err(AdError::NoServer(errors)),
        }
    }

    pub(crate) async fn over(
        mut directory: Box<dyn Directory>,
        root: Root,
        server: Server,
        definition: &Definition,
        ask: Ask,
        moment: Moment,
    ) -> Result<Self, AdError> {
        // An unknown attribute in a filter is no error to a server: it would silently hold for nobody.
        let wanted: BTreeSet<&str> =
            definition.record_attributes().into_iter().chain(definition.filter.attributes()).collect();
        let wanted: Vec<&str> = wanted.into_iter().collect();
        let schema = Schema::read(&mut *directory, &root.schema, &wanted).await?;
        let feed = Feed::new(definition, &root.domain, &schema);
        let (kind, stage) = stage::begin(definition, &root, &ask, &moment);
        let done = Done {
            kind,
            read: 0,
            gone: 0,
            refused: 0,
            referrals: BTreeSet::new(),
            advice: BTreeSet::new(),
            bookmark: None,
        };
        let mut reader = Self {
            directory,
            definition: definition.clone(),
            server,
            moment,
            root,
            schema,
            feed,
            stage,
            work: VecDeque::new(),
            pending: None,
            groups: None,
            managers: HashMap::new(),
            done,
            failed: false,
        };
        if definition.incremental != Incremental::None && !reader.sees_deleted().await? {
            reader.done.advice.insert(Advice::DeletesUnseen);
        }
        if let (Kind::Full(_), Stage::Last) = (kind, &reader.stage) {
            reader.done.bookmark = reader.bookmark_of(&ask);
            reader.scan_all();
        }
        Ok(reader)
    }

    /// What the read does. May turn from changes to everybody at the first step.
    pub fn kind(&self) -> Kind {
        self.done.kind
    }

    /// The next step.
    ///
    /// # Errors
    /// [`AdError`]; the read is over then and incomplete.
    pub async fn next(&mut self) -> Result<Step, AdError> {
        if self.failed {
            return Err(AdError::Stopped);
        }
        let step = self.step().await;
        self.failed = step.is_err();
        step
    }

    /// Has the next steps tell what became of these: of records that a complete read did not meet, before they are taken
    /// as gone. Somebody who was moved while pages were read may have been on neither side.
    pub fn look_at(&mut self, keys: impl IntoIterator<Item = Guid>) {
        self.take(keys.into_iter().map(Hint::at).collect());
    }

    async fn step(&mut self) -> Result<Step, AdError> {
        let mut page = match self.work.pop_front() {
            Some(work) => self.perform(work).await?,
            None => match self.stage.clone() {
                Stage::Begin(cookie) => self.begin(cookie).await?,
                Stage::DirSync { cookie, first } => self.dirsync(cookie, first).await?,
                Stage::Usn { after, cookie } => self.usn(after, cookie).await?,
                Stage::Last => return Ok(Step::Done(Box::new(self.done.clone()))),
            },
        };
        if self.work.is_empty() {
            page.bookmark = self.pending.take();
        }
        let gone = page.changes.iter().filter(|change| matches!(change, Change::Gone { .. })).count() as u64;
        self.done.gone += gone;
        self.done.read += page.changes.len() as u64 - gone;
        self.done.refused += page.refused.len() as u64;
        Ok(Step::Page(page))
    }

    async fn perform(&mut self, work: Work) -> Result<Page, AdError> {
        match work {
            Work::Scan { base, filter, cookie } => self.scan(base, filter, cookie).await,
            Work::Look(hints) => self.look(hints).await,
            Work::Members(names) => self.members(names).await,
            Work::Users(keys) => self.users(&keys).await,
        }
    }

    fn take(&mut self, hints: Vec<Hint>) {
        // The newest of several hints at one object is enough, but for members.
        let mut by_key: BTreeMap<Guid, Hint> = BTreeMap::new();
        for hint in hints {
            match by_key.get_mut(&hint.key) {
                Some(known) => known.join(hint),
                None => drop(by_key.insert(hint.key, hint)),
            }
        }
        let mut hints: Vec<Hint> = by_key.into_values().collect();
        while !hints.is_empty() {
            let rest = hints.split_off(hints.len().min(BATCH));
            self.work.push_back(Work::Look(std::mem::replace(&mut hints, rest)));
        }
    }

    fn scan_all(&mut self) {
        let filter = self.definition.filter.clone();
        self.scan_for(&filter);
    }

    /// Everybody for whom the filter holds, wherever people are read.
    fn scan_for(&mut self, filter: &Filter) {
        for base in &self.definition.bases {
            self.work.push_back(Work::Scan { base: base.clone(), filter: filter.clone(), cookie: Vec::new() });
        }
    }

    /// Whether the account sees deleted objects. A domain in use always has some; where none is seen, the right is
    /// missing, which the server does not say: it answers as if there were none.
    async fn sees_deleted(&mut self) -> Result<bool, AdError> {
        let filter = Filter::all([Filter::equals("isDeleted", b"TRUE"), Filter::equals("objectClass", b"user")]);
        let search = Search::tree(&self.root.domain, filter, names(&["objectGUID"]))
            .with(Control::ShowDeleted)
            .with(Control::Paged { size: 1, cookie: Vec::new() });
        Ok(!self.directory.search(&search).await?.entries.is_empty())
    }

    fn attributes(&self) -> Vec<String> {
        let mut attributes = names(&STATE);
        attributes.extend(self.definition.record_attributes().into_iter().map(str::to_owned));
        if self.definition.groups.is_some() {
            attributes.push("memberOf".to_owned());
        }
        if self.definition.reads_managers() {
            attributes.push("manager".to_owned());
        }
        attributes
    }

    fn note_referrals(&mut self, referrals: Vec<String>) {
        for referral in referrals {
            if self.done.referrals.len() < REFERRALS {
                self.done.referrals.insert(referral);
            }
        }
    }
}

async fn connect(
    server: &Server,
    definition: &Definition,
    credentials: &Credentials,
) -> Result<(Connection, Root), AdError> {
    let mut connection = Connection::open(server, &definition.authorities, credentials, definition.timeout).await?;
    let root = Root::read(&mut connection, server).await?;
    Ok((connection, root))
}

#[cfg(test)]
mod tests;
