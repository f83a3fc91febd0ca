//! One read, step by step: first every stream to its end, each step one request, then the records in batches. Nothing is
//! handed out before everything is read and proven complete. Between two steps a run can be saved and taken up
//! elsewhere.

mod emit;
mod job;
mod read;
mod save;

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::HttpSource;
use super::auth::Session;
use super::call::Stop;
use super::error::{Fault, What};
use super::outside::Ports;
use super::paging::Cursor;
use super::plan::IncrementalKind;
use super::record::{End, Mode, Outcome, Present, ReadReport, Record};
use super::state::{Calls, State};
use super::table::Table;

pub use save::ResumeError;

/// A run may take so long, waits included; then what was read first is too old to go with what is read last.
const LONGEST_RUN: Duration = Duration::from_secs(6 * 3600);
/// Waits without a good answer between them.
const MOST_WAITS: u32 = 5;

/// What a step did.
#[derive(Debug)]
pub enum Step {
    /// Some of the way. Records come only after everything is read.
    Going(Vec<Record>),
    /// The source wants to be left alone for a while, or its budget of calls is used up for the moment. The run is
    /// good: go on after this time, here or, saved, elsewhere.
    Wait(Duration, Fault),
    /// The end.
    Done(Box<Outcome>),
}

/// A read under way.
pub struct Run {
    source: HttpSource,
    session: Session,
    progress: Progress,
}

/// What a run knows; can be saved.
#[derive(Serialize, Deserialize)]
struct Progress {
    definition: String,
    mode: Mode,
    begun: Timestamp,
    before: State,
    phase: Phase,
    cursor: Cursor,
    /// The job of the stream that is read.
    #[serde(default)]
    job: Option<job::Under>,
    tables: Vec<Table>,
    /// Where the next read asks for changes.
    link: Option<String>,
    /// Changed objects by key; `true` for one that is gone.
    changes: BTreeMap<String, bool>,
    present: HashSet<u64>,
    unnamed: bool,
    report: ReadReport,
    calls: Calls,
    waits: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    /// The first link of a source with a list of changes.
    Link,
    /// Its list of changes.
    Changes,
    /// Each changed object.
    Reread,
    /// A stream.
    Stream(usize),
    /// Records, from that row of the root stream on.
    Emit(usize),
    /// Nothing more.
    Ended,
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run")
            .field("mode", &self.progress.mode)
            .field("phase", &self.progress.phase)
            .finish_non_exhaustive()
    }
}

impl Run {
    pub(super) fn new(source: HttpSource, mode: Mode, state: State, now: Timestamp) -> Self {
        let plan = source.plan();
        let progress = Progress {
            definition: plan.fingerprint.clone(),
            mode,
            begun: now,
            phase: Phase::Ended,
            cursor: Cursor::default(),
            job: None,
            tables: Vec::new(),
            link: None,
            changes: BTreeMap::new(),
            present: HashSet::new(),
            unnamed: false,
            report: ReadReport::default(),
            calls: state.calls,
            waits: 0,
            before: state,
        };
        let mut run = Self { source, session: Session::default(), progress };
        run.begin(mode);
        run
    }

    /// Whether everything is read or only what changed.
    pub fn mode(&self) -> Mode {
        self.progress.mode
    }

    /// When it was begun: the time at which its records were true.
    pub fn begun(&self) -> Timestamp {
        self.progress.begun
    }

    /// What was met so far.
    pub fn report(&self) -> &ReadReport {
        &self.progress.report
    }

    pub(super) fn source(&self) -> &HttpSource {
        &self.source
    }

    /// The rows of a stream as far as they are read.
    pub(super) fn table(&self, stream: usize) -> Option<&Table> {
        self.progress.tables.get(stream)
    }

    /// Does one request, with its tries, or hands out one batch of records.
    pub async fn step(&mut self, ports: &Ports) -> Step {
        let now = ports.clock.now();
        if now.duration_since(self.progress.begun).unsigned_abs() > LONGEST_RUN {
            return self.fail(What::TooOld);
        }
        let done = match self.progress.phase {
            Phase::Link => self.first_link(ports).await,
            Phase::Changes => self.changes(ports).await,
            Phase::Reread => self.reread(ports).await,
            Phase::Stream(stream) => self.stream(stream, ports).await,
            Phase::Emit(row) => return self.emit(row),
            Phase::Ended => return self.fail(What::TooOld),
        };
        match done {
            Ok(()) => {
                self.progress.waits = 0;
                Step::Going(Vec::new())
            }
            Err(Stop::Wait(wait, what)) => {
                self.progress.waits += 1;
                if self.progress.waits > MOST_WAITS {
                    return self.fail(what);
                }
                Step::Wait(wait, self.fault(what))
            }
            Err(Stop::Fault(What::Refused { status, code, .. })) if self.wants_resync(status, code.as_deref()) => {
                tracing::info!(status, "source.resync");
                self.begin(Mode::Full);
                self.progress.report.resynced = true;
                Step::Going(Vec::new())
            }
            Err(Stop::Fault(what)) => self.fail(what),
        }
    }

    /// Stands before the first request.
    fn begin(&mut self, mode: Mode) {
        let plan = self.source.plan();
        let delta =
            plan.incremental.as_ref().is_some_and(|incremental| matches!(incremental.kind, IncrementalKind::Delta(_)));
        self.progress.mode = mode;
        self.progress.phase = match (delta, mode) {
            (true, Mode::Full) => Phase::Link,
            (true, Mode::Changes) => Phase::Changes,
            (false, _) => Phase::Stream(0),
        };
        self.progress.tables = (0..plan.streams.len()).map(|stream| Table::new(plan.keys(stream))).collect();
        self.progress.cursor = Cursor::default();
        self.progress.job = None;
        self.progress.changes.clear();
        self.progress.link = None;
        self.progress.report.rows.clear();
    }

    /// The next phase but for a stream's own pages.
    fn turn_to(&mut self, phase: Phase) {
        self.progress.phase = phase;
        self.progress.cursor = Cursor::default();
        self.progress.job = None;
    }

    fn wants_resync(&self, status: u16, code: Option<&str>) -> bool {
        let Some(delta) = self.source.delta() else { return false };
        self.progress.phase == Phase::Changes
            && (delta.expired.contains(&status)
                || code.is_some_and(|code| delta.expired_codes.iter().any(|known| known == code)))
    }

    fn fault(&self, what: What) -> Fault {
        let plan = self.source.plan();
        let name = |stream: usize| plan.streams.get(stream).map(|stream| stream.name.clone());
        let stream = match self.progress.phase {
            Phase::Link | Phase::Changes | Phase::Reread => name(plan.root),
            Phase::Stream(stream) => name(stream),
            Phase::Emit(_) | Phase::Ended => None,
        };
        Fault { stream, page: self.progress.cursor.asked.max(1), what }
    }

    fn fail(&mut self, what: What) -> Step {
        let fault = self.fault(what);
        tracing::warn!(event = "source.incomplete", stream = fault.stream, page = fault.page, reason = %fault.what);
        // The next read asks for the same again; only the day's calls are counted on.
        let state = State { calls: self.progress.calls, ..self.progress.before.clone() };
        self.progress.phase = Phase::Ended;
        self.progress.tables.clear();
        self.done(End::Incomplete(fault), state)
    }

    fn complete(&mut self) -> Step {
        let progress = &mut self.progress;
        let full = progress.mode == Mode::Full;
        let state = State {
            definition: progress.definition.clone(),
            full_at: if full { Some(progress.begun) } else { progress.before.full_at },
            read_at: Some(progress.begun),
            link: progress.link.take(),
            calls: progress.calls,
        };
        let proven = full && progress.report.present > 0 && !progress.unnamed;
        let present = std::mem::take(&mut progress.present);
        progress.phase = Phase::Ended;
        progress.tables.clear();
        self.done(End::Complete { present: proven.then_some(Present(present)) }, state)
    }

    fn done(&mut self, end: End, state: State) -> Step {
        let report = self.progress.report.clone();
        Step::Done(Box::new(Outcome { mode: self.progress.mode, end, state, report }))
    }
}
