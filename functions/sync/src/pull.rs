//! The `pull` task: reads a source and stores what changed. Only changed persons cost a write and a wake-up. A bad
//! record is refused and kept for an operator; a read that fails midway keeps what it got. Absence removes nobody.

use std::fs::File;
use std::io::{Read, Seek};
use std::time::Duration;

use domain::{Person, RecordId, Snapshot, SnapshotContent, SourceName, SourceRole};
use futures::{StreamExt as _, TryStreamExt as _};
use policy::SourceKind;
use ports::{QueueName, StoreError};
use records::sync_state::{RefusedRecord, RunReport};
use records::{Ingested, send_wake_ups};
use sources::{Completeness, Definition, FileRead};

use crate::{Report, Sync, SyncError};

/// Records compared with storage at a time.
const CHUNK: usize = 100;
/// Snapshots written at a time.
const CONCURRENCY: usize = 64;
/// A read that takes longer than this was abandoned, and another may begin.
const LONGEST_READ: Duration = Duration::from_secs(15 * 60);

/// Why a source could not be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PullError {
    /// No such source in configuration.
    #[error("there is no source {0} in configuration")]
    Unknown(SourceName),
    /// The source delivers by itself.
    #[error("source {0} sends its records by webhook; there is nothing to read")]
    NotReadable(SourceName),
    /// The source has no path to read from on a schedule.
    #[error("source {0} has no `path`; give the file to `connector import`")]
    NoPath(SourceName),
    /// Its file can't be opened.
    #[error("the file of source {source_name} can't be read: {reason}")]
    File {
        /// The source.
        source_name: SourceName,
        /// Why.
        reason: String,
    },
    /// Its definition is wrong.
    #[error("the definition of source {source_name} is wrong: {reason}")]
    Definition {
        /// The source.
        source_name: SourceName,
        /// Every problem, by its place.
        reason: String,
    },
    /// Another read of the same source is under way.
    #[error("source {0} is being read already")]
    Busy(SourceName),
}

/// How far a read is: records done, of so many.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Send + std::marker::Sync);

impl Sync {
    pub(crate) async fn pull(&self, source: &SourceName) -> Result<Report, SyncError> {
        let (_, path) = self.file_source(source)?;
        let path = path.ok_or_else(|| PullError::NoPath(source.clone()))?;
        let cannot = |error: std::io::Error| PullError::File { source_name: source.clone(), reason: error.to_string() };
        self.import(source, File::open(path).map_err(cannot)?, &|_, _| ()).await
    }

    /// Reads a file through a source's definition into the store and wakes the persons that changed.
    ///
    /// # Errors
    /// [`SyncError`]; what was stored until then stays stored, and its persons are woken by the next sweep at the latest.
    pub async fn import(
        &self,
        source: &SourceName,
        file: impl Read + Seek + Send,
        progress: Progress<'_>,
    ) -> Result<Report, SyncError> {
        let (definition, _) = self.file_source(source)?;
        let token = format!("{:016x}", self.random.next_u64());
        let task = format!("pull-{source}");
        if !self.state.lock(&task, &token, self.clock.now(), LONGEST_READ).await? {
            return Err(PullError::Busy(source.clone()).into());
        }
        let result = self.read(source, &definition, file, &token, progress).await;
        self.state.unlock(&task, &token).await?;
        result
    }

    async fn read(
        &self,
        source: &SourceName,
        definition: &Definition,
        file: impl Read + Seek + Send,
        run: &str,
        progress: Progress<'_>,
    ) -> Result<Report, SyncError> {
        let begun = self.clock.now();
        let cannot =
            |error: sources::ReadError| PullError::File { source_name: source.clone(), reason: error.to_string() };
        let mut rows = FileRead::open(definition, file).map_err(cannot)?;
        let (mut run_report, mut woken) = (RunReport::default(), 0);
        loop {
            let mut persons = Vec::with_capacity(CHUNK);
            for outcome in rows.by_ref().take(CHUNK) {
                run_report.read += 1;
                match outcome {
                    Ok(person) => persons.push(person),
                    Err(refused) => {
                        run_report.refused += 1;
                        let record = refused.record.map_or_else(|| format!("row {}", refused.row), String::from);
                        tracing::warn!(event = "record.refused", %source, row = refused.row, path = refused.error.path);
                        self.state.refuse(source, &RefusedRecord { record, error: refused.error, at: begun }).await?;
                    }
                }
            }
            if persons.is_empty() && rows.is_done() {
                break;
            }
            let changed = self.store_changed(source, persons, run).await?;
            run_report.changed += changed.len() as u64;
            woken += send_wake_ups(&*self.queue, QueueName::PersonEvents, changed).await?;
            progress(run_report.read, rows.rows());
        }
        run_report.complete = matches!(rows.completeness(), Completeness::Complete);
        if run_report.complete {
            self.state.forget_refused(source, begun).await?;
        }
        self.state.report(source, &run_report).await?;
        Ok(Report { mapping: woken, pull: Some(run_report), ..Report::default() })
    }

    /// Stores the snapshots that say something new; answers their persons.
    async fn store_changed(
        &self,
        source: &SourceName,
        persons: Vec<Person>,
        run: &str,
    ) -> Result<Vec<domain::PersonId>, StoreError> {
        let now = self.clock.now();
        let role = self.configuration.source_roles().of(source);
        let snapshots: Vec<_> =
            persons.into_iter().filter_map(|person| snapshot(source, role, person, now, run)).collect();
        let known = self.people.known(&snapshots).await?;
        let new = snapshots
            .iter()
            .zip(known)
            .filter(|(_, known)| !known)
            .map(|(snapshot, _)| self.people.ingest(snapshot, false, now));
        let ingested: Vec<_> = futures::stream::iter(new).buffer_unordered(CONCURRENCY).try_collect().await?;
        Ok(ingested
            .into_iter()
            .filter(|(what, _)| *what == Ingested::Stored)
            .flat_map(|(_, persons)| persons)
            .collect())
    }

    fn file_source(&self, source: &SourceName) -> Result<(Definition, Option<&str>), PullError> {
        let configured = self.configuration.sources.iter().find(|configured| configured.name == *source);
        let configured = configured.ok_or_else(|| PullError::Unknown(source.clone()))?;
        let SourceKind::File { definition, text, path } = &configured.kind else {
            return Err(PullError::NotReadable(source.clone()));
        };
        let wrong = |problems: Vec<sources::Problem>| {
            let all: Vec<_> = problems.iter().map(ToString::to_string).collect();
            PullError::Definition { source_name: source.clone(), reason: all.join("; ") }
        };
        Ok((Definition::parse(definition, text).map_err(wrong)?, path.as_deref()))
    }
}

/// A record as a snapshot: a whole person from an authoritative source, that source's account from a dependent one.
fn snapshot(
    source: &SourceName,
    role: Option<SourceRole>,
    person: Person,
    now: jiff::Timestamp,
    run: &str,
) -> Option<Snapshot> {
    let id = person.id.clone();
    let content = match role? {
        SourceRole::Authoritative => SnapshotContent::Person(Box::new(person)),
        SourceRole::Dependent => SnapshotContent::Account(person.accounts.get(source).cloned()?),
    };
    let record = RecordId::parse(id.as_str()).ok()?;
    Some(Snapshot {
        source: source.clone(),
        record,
        person: id,
        observed_at: now,
        event: Some(run.to_owned()),
        content,
    })
}
