//! The second part of a run: rows, complete by now, become records.

use domain::{RecordError, RecordId, SnapshotContent};

use super::{Phase, Run, Step};
use crate::Refused;
use crate::http::assemble::Assembler;
use crate::http::path::{fingerprint, key_text};
use crate::http::plan::Subject;
use crate::http::record::{Mode, Record};
use crate::http::table::Table;
use crate::mapping::Fields;

/// Rows of the root stream that become records in one step.
const BATCH: usize = 500;

impl Run {
    /// The records of the next rows; those that are gone come first.
    pub(super) fn emit(&mut self, from: usize) -> Step {
        let mut records = Vec::new();
        if from == 0 {
            let gone = self.progress.changes.iter().filter(|(_, gone)| **gone);
            records.extend(gone.filter_map(|(id, _)| RecordId::parse(id.as_str()).ok()).map(Record::Removed));
            self.progress.report.removed += records.len() as u64;
        }
        let source = self.source.clone();
        let root = source.plan().root;
        let rows = self.progress.tables.get(root).map_or(0, Table::len);
        let to = rows.min(from + BATCH);
        for row in from..to {
            records.extend(self.record(row));
        }
        if to == rows && records.is_empty() {
            return self.complete();
        }
        // A last, empty step ends the run, so that the caller has stored all records by then.
        self.progress.phase = Phase::Emit(to.max(1));
        Step::Going(records)
    }

    fn record(&mut self, number: usize) -> Option<Record> {
        let source = self.source.clone();
        let plan = source.plan();
        let table = self.progress.tables.get(plan.root)?;
        let mut row = table.row(number);
        let count = number as u64 + 1;
        let full = self.progress.mode == Mode::Full;
        let key = plan.streams.get(plan.root).and_then(|root| key_text(&root.key, &row));
        let refused = |record, error| Refused { row: count, record, error };
        let id = match key.as_deref().map(RecordId::parse) {
            Some(Ok(id)) => id,
            Some(Err(error)) => {
                return Some(self.refuse(refused(None, RecordError::new("key", error.to_string()))));
            }
            None => return Some(self.refuse(refused(None, RecordError::new("key", "it is missing")))),
        };
        if full && table.find(0, id.as_str()).len() > 1 {
            let error = RecordError::new("key", "another row has the same key");
            return Some(self.refuse(refused(Some(id), error)));
        }
        // Of changes the last one counts.
        if !full && table.last(0, id.as_str()) != Some(number) {
            return None;
        }
        let mut assembler = Assembler { plan, tables: &self.progress.tables, circles: 0 };
        assembler.complete(&mut row);
        self.progress.report.circles += assembler.circles;
        let present = |person, content| Record::Present { record: id.clone(), person, content: Box::new(content) };
        let found = match &plan.subject {
            Subject::Person(mapping) => mapping
                .person(&row, count)
                .transpose()
                .map(|person| {
                    person.map(|person| present(person.id.clone(), SnapshotContent::Person(Box::new(person))))
                })
                .map_err(|refused| refused.error),
            Subject::Account(mapping) => mapping.account(&row).map(|account| {
                account.map(|(person, account): (_, Fields)| match person {
                    Some(person) => present(person, SnapshotContent::Account(account)),
                    None => Record::Unowned { record: id.clone(), account },
                })
            }),
        };
        match found {
            Ok(Some(found)) => {
                self.progress.report.present += 1;
                self.progress.report.unowned += u64::from(matches!(found, Record::Unowned { .. }));
                self.progress.present.insert(fingerprint(id.as_str()));
                Some(found)
            }
            Ok(None) => {
                self.progress.report.left_out += 1;
                (!full).then_some(Record::LeftOut(id))
            }
            Err(error) => Some(self.refuse(refused(Some(id), error))),
        }
    }

    fn refuse(&mut self, refused: Refused) -> Record {
        self.progress.report.refused += 1;
        match &refused.record {
            Some(record) => drop(self.progress.present.insert(fingerprint(record.as_str()))),
            None => self.progress.unnamed = true,
        }
        Record::Refused(refused)
    }
}
