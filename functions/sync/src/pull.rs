//! The `pull` task: reads a source and stores what changed. Only changed persons cost a write and a wake-up. A read that
//! is not proven complete removes nobody and says why; one that does not fit into an invocation is laid aside and goes
//! on in the next. Two reads of one source never overlap.

mod absence;
mod arrived;
mod directory;
mod due;
mod error;
mod file;
mod http;
mod keep;
mod object;
mod requests;

use std::collections::BTreeSet;
use std::time::Duration;

use active_directory::Definition as Directory;
use domain::{RecordId, SourceName};
use jiff::{SignedDuration, Timestamp};
use policy::{DefinitionFile, Readable, Reading, SourceConfig};
use ports::Class;
use records::sync_state::RunReport;
use records::{ReadState, SavedRead, Stored, Wanted, request_read};
use serde_json::Value;
use sources::{Definition, Input};

pub use error::PullError;
pub use file::Progress;

use crate::{Report, Sync, SyncError};

/// A read that was silent for so long was abandoned, and another may begin.
const LONGEST_SILENCE: Duration = Duration::from_secs(15 * 60);
/// How often a read says that it is still there.
const SIGN_OF_LIFE: SignedDuration = SignedDuration::from_mins(3);
/// Time of an invocation that is kept for laying a read aside: a request with its tries may take so long.
const RESERVE: SignedDuration = SignedDuration::from_secs(180);

/// A read under way, by whom the source's lock is held.
struct Pull<'a> {
    sync: &'a Sync,
    source: &'a SourceConfig,
    reading: &'a Reading,
    /// Names the read in snapshots and saved content, and holds the lock.
    run: String,
    begun: Timestamp,
    alive: Timestamp,
    deadline: Option<Timestamp>,
    everything: bool,
    state: ReadState,
    wanted: Option<Stored<Wanted>>,
    /// Absent records that wait for a decision.
    held: BTreeSet<RecordId>,
    report: RunReport,
    woken: usize,
}

/// How a read ended.
enum End {
    /// It is proven complete.
    Complete {
        /// For the next read.
        place: Option<Value>,
    },
    /// It is not.
    Incomplete {
        /// What the next read may do.
        class: Class,
        /// Why, free of the source's data.
        fault: String,
        /// For the next read.
        place: Option<Value>,
    },
    /// It goes on later.
    Aside {
        /// Its content.
        saved: SavedRead,
        /// Not before this has passed.
        after: Duration,
        /// Why it waits, when the source asked for it.
        fault: Option<String>,
    },
}

impl Sync {
    /// Reads a source.
    pub(crate) async fn pull(
        &self,
        source: &SourceName,
        everything: bool,
        deadline: Option<Timestamp>,
    ) -> Result<Report, SyncError> {
        let (source, reading) = self.readable(source)?;
        let mut pull = self.begin(source, reading, everything, deadline).await?;
        let end = match &reading.what {
            Readable::File { definition, object: Some(object), .. } => pull.object(definition, object).await,
            Readable::File { definition, path, .. } => pull.scheduled_file(definition, path.as_deref()).await,
            Readable::Http { definition } => pull.system(definition).await,
            Readable::ActiveDirectory { definition } => pull.directory(definition).await,
            _ => Err(PullError::NotReadable(source.name.clone()).into()),
        };
        pull.finish(end).await
    }

    fn readable(&self, source: &SourceName) -> Result<(&SourceConfig, &Reading), PullError> {
        let configured = self.configuration.sources.iter().find(|configured| configured.name == *source);
        let configured = configured.ok_or_else(|| PullError::Unknown(source.clone()))?;
        let reading = configured.reading.as_ref().ok_or_else(|| PullError::NotReadable(source.clone()))?;
        Ok((configured, reading))
    }

    /// Takes the source's lock.
    async fn begin<'a>(
        &'a self,
        source: &'a SourceConfig,
        reading: &'a Reading,
        everything: bool,
        deadline: Option<Timestamp>,
    ) -> Result<Pull<'a>, SyncError> {
        let (now, run) = (self.clock.now(), format!("{:016x}", self.random.next_u64()));
        if !self.state.lock(&lock_name(&source.name), &run, now, LONGEST_SILENCE).await? {
            return Err(PullError::Busy(source.name.clone()).into());
        }
        // Read under the lock; the mark before anything is asked, so that one set later is not taken away.
        let state = self.reads.state(&source.name).await?;
        let wanted = match self.reads.wanted(&source.name).await? {
            Some(mark) => Some(self.reads.take_up(&source.name, mark).await?),
            None => None,
        };
        let everything = everything
            || wanted.as_ref().is_some_and(|wanted| wanted.value.everything)
            || due::everything(reading, &state, now);
        let held = self.reads.held(&source.name).await?.into_iter().map(|absent| absent.record).collect();
        let report = RunReport { begun: Some(now), ..RunReport::default() };
        let alive = now;
        Ok(Pull {
            sync: self,
            source,
            reading,
            run,
            begun: now,
            alive,
            deadline,
            everything,
            state,
            wanted,
            held,
            report,
            woken: 0,
        })
    }
}

impl Pull<'_> {
    fn name(&self) -> &SourceName {
        &self.source.name
    }

    fn now(&self) -> Timestamp {
        self.sync.clock.now()
    }

    /// Whether so little time is left that the read must be laid aside.
    fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline.duration_since(self.now()) < RESERVE)
    }

    /// Keeps the lock of a long read.
    async fn live(&mut self) -> Result<(), SyncError> {
        let now = self.now();
        if now.duration_since(self.alive) > SIGN_OF_LIFE {
            if !self.sync.state.lock(&lock_name(self.name()), &self.run, now, LONGEST_SILENCE).await? {
                return Err(PullError::Busy(self.name().clone()).into());
            }
            self.alive = now;
        }
        Ok(())
    }

    /// Stores how the read ended and gives the lock back.
    async fn finish(mut self, end: Result<End, SyncError>) -> Result<Report, SyncError> {
        let result = match end {
            Ok(end) => self.conclude(end).await,
            Err(SyncError::Pull(error)) if !matches!(error, PullError::Busy(_)) => {
                self.report.fault = Some(error.to_string());
                self.state.not_before = self.now().saturating_add(due::pause(Class::NeedsPerson)).ok();
                let stored = self.store_state().await;
                stored.and(Err(error.into()))
            }
            Err(error) => Err(error),
        };
        let unlocked = self.sync.state.unlock(&lock_name(self.name()), &self.run).await;
        let again = result?;
        unlocked?;
        if again {
            request_read(&*self.sync.queue, self.name(), false).await?;
        }
        let RunReport { read, changed, refused, removed, absent, held, complete, .. } = self.report;
        let source = self.name();
        tracing::info!(
            event = "source.read", %source, run = self.run, complete, read, changed, refused, removed, absent, held
        );
        Ok(Report { mapping: self.woken, pull: Some(self.report), ..Report::default() })
    }

    /// Stores how the read ended; answers whether another is to follow at once.
    async fn conclude(&mut self, end: End) -> Result<bool, SyncError> {
        let mut again = false;
        match end {
            End::Complete { place } => {
                self.report.complete = true;
                self.state.read_at = Some(self.begun);
                if self.report.everything {
                    self.state.everything_at = Some(self.begun);
                }
                self.state.place = place;
                (self.state.not_before, self.state.saved) = (None, None);
                self.store_state().await?;
                if self.report.everything {
                    self.sync.state.forget_refused(self.name(), self.begun).await?;
                }
                again = match &self.wanted {
                    Some(wanted) => !self.sync.reads.clear_wanted(self.name(), wanted).await?,
                    None => self.sync.reads.wanted(self.name()).await?.is_some(),
                };
            }
            End::Incomplete { class, fault, place } => {
                let source = self.name();
                tracing::warn!(event = "source.incomplete", %source, run = self.run, reason = fault);
                self.report.fault = Some(fault);
                self.state.place = place.or(self.state.place.take());
                self.state.saved = None;
                self.state.not_before = self.now().saturating_add(due::pause(class)).ok();
                self.store_state().await?;
            }
            End::Aside { saved, after, fault } => {
                (self.report.unfinished, self.report.fault) = (true, fault);
                self.state.saved = Some(saved);
                self.state.not_before = self.now().saturating_add(after).ok();
                self.store_state().await?;
                again = after.is_zero();
            }
        }
        self.sync.reads.forget_saved(self.name(), self.state.saved.as_ref()).await?;
        Ok(again)
    }

    async fn store_state(&mut self) -> Result<(), SyncError> {
        self.report.ended = Some(self.now());
        self.sync.reads.set_state(self.name(), &self.state).await?;
        Ok(self.sync.state.report(self.name(), &self.report).await?)
    }

    fn wrong(&self, problems: &[sources::Problem]) -> PullError {
        let all: Vec<_> = problems.iter().map(ToString::to_string).collect();
        PullError::Definition { source_name: self.name().clone(), reason: all.join("; ") }
    }

    fn input(&self, DefinitionFile { path, text }: &DefinitionFile) -> Result<Input, PullError> {
        Definition::parse(path, text).map(|definition| definition.input).map_err(|problems| self.wrong(&problems))
    }

    fn directory_definition(&self, DefinitionFile { path, text }: &DefinitionFile) -> Result<Directory, PullError> {
        Directory::parse(path, text).map_err(|problems| self.wrong(&problems))
    }
}

fn lock_name(source: &SourceName) -> String {
    format!("pull-{source}")
}
