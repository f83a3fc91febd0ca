//! Reading an export from a file.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Seek};

use domain::{Person, RecordId, SnapshotContent, SourceName, SourceRole};
use policy::{Absence, DefinitionFile, Readable};
use sources::{Completeness, Definition, FileRead, Record};

use super::{End, Pull, PullError};
use crate::{Report, Sync, SyncError};

/// Records compared with storage at a time.
const CHUNK: usize = 100;

/// How far a read is: records done, of so many.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Send + std::marker::Sync);

impl Sync {
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
        let (source, reading) = self.readable(source)?;
        let Readable::File { definition, .. } = &reading.what else {
            return Err(PullError::NoFile(source.name.clone()).into());
        };
        let mut pull = self.begin(source, reading, true, None).await?;
        let end = pull.file(definition, file, progress).await;
        pull.finish(end).await
    }
}

impl Pull<'_> {
    pub(super) async fn scheduled_file(
        &mut self,
        definition: &DefinitionFile,
        path: Option<&str>,
    ) -> Result<End, SyncError> {
        let path = path.ok_or_else(|| PullError::NoPath(self.name().clone()))?;
        let file = File::open(path).map_err(|error| self.unreadable(&error))?;
        self.file(definition, file, &|_, _| ()).await
    }

    pub(super) async fn file(
        &mut self,
        DefinitionFile { path, text }: &DefinitionFile,
        file: impl Read + Seek + Send,
        progress: Progress<'_>,
    ) -> Result<End, SyncError> {
        let definition = Definition::parse(path, text).map_err(|problems| self.wrong(&problems))?;
        let mut rows = FileRead::open(&definition, file).map_err(|error| self.unreadable(&error))?;
        let mut present = HashSet::new();
        let absence = self.file_absence();
        loop {
            let mut records = Vec::with_capacity(CHUNK);
            for outcome in rows.by_ref().take(CHUNK) {
                let record =
                    outcome.map_or_else(|refused| Some(Record::Refused(refused)), |person| self.record(person));
                let id = match &record {
                    Some(Record::Present { record, .. }) => Some(record),
                    Some(Record::Refused(refused)) => refused.record.as_ref(),
                    _ => None,
                };
                present.extend(id.cloned());
                records.extend(record);
            }
            if records.is_empty() && rows.is_done() {
                break;
            }
            self.keep(records, absence).await?;
            self.live().await?;
            progress(self.report.read, rows.rows());
        }
        self.report.everything = true;
        if rows.proves_absence() {
            let missing = self.missing(|record| present.contains(record)).await?;
            self.settle(missing, absence).await?;
        }
        Ok(match rows.completeness() {
            Completeness::Complete => End::Complete { place: None },
            Completeness::Incomplete(error) => {
                End::Incomplete { class: ports::Class::NeedsPerson, fault: error.to_string(), place: None }
            }
        })
    }

    /// A row as a record: a whole person from an authoritative source, that source's account from a dependent one.
    fn record(&self, mut person: Person) -> Option<Record> {
        let id = person.id.clone();
        let content = match self.source.role {
            SourceRole::Authoritative => SnapshotContent::Person(Box::new(person)),
            SourceRole::Dependent => SnapshotContent::Account(person.accounts.remove(self.name())?),
        };
        let record = RecordId::parse(id.as_str()).ok()?;
        Some(Record::Present { record, person: id, content: Box::new(content) })
    }

    fn file_absence(&self) -> Absence {
        match self.reading.what {
            Readable::File { absence, .. } => absence,
            _ => Absence::Ignore,
        }
    }

    pub(super) fn unreadable(&self, error: &dyn std::fmt::Display) -> PullError {
        PullError::File { source_name: self.name().clone(), reason: error.to_string() }
    }
}
