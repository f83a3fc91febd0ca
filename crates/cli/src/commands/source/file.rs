//! Trying a file: once through its rows for the columns, then as an import reads it.

use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use domain::{Person, RecordId, SnapshotContent, SourceName, SourceRole};
use policy::{Absence, Readable};
use sources::{Completeness, Definition, FileRead, Input, Record, formats};

use super::columns::Columns;
use super::report::{Connection, End, Gives, Next, Proof, Reached, Stream, Tried, absence};
use super::tally::Tally;
use super::trial::Trial;

/// Reads the file to its end.
///
/// # Errors
/// When nothing of it can be read.
pub(super) fn read(trial: &Trial<'_>, definition: &Definition, path: &Path) -> anyhow::Result<Tried> {
    let Input::File { format, .. } = &definition.input else {
        return Err(anyhow!("{}: it describes no file", trial.definition));
    };
    let open = || File::open(path).with_context(|| format!("{} can't be read", path.display()));
    let mut columns = Columns::default();
    // What is wrong with the file is told by the second reading.
    for row in formats::rows(format, open()?).map_while(Result::ok).filter_map(|row| row.content.ok()) {
        columns.add(&row);
    }
    let mut rows = FileRead::open(definition, open()?)
        .with_context(|| format!("{} is no such file as {} describes", path.display(), trial.definition))?;
    let (mut tally, mut met) = (Tally::new(trial.most), 0);
    let progress = trial.output.progress("reading the file");
    for outcome in rows.by_ref() {
        met += 1;
        match outcome {
            Err(refused) => tally.add(Record::Refused(refused)),
            Ok(person) => match record(trial.source.role, &trial.source.name, person) {
                Some(record) => tally.add(record),
                None => tally.left_out(1),
            },
        }
        progress.at(met, columns.rows());
    }
    drop(progress);
    tally.left_out(rows.rows().saturating_sub(met));
    let end = end(trial, &rows, met);
    let gives = if trial.source.role == SourceRole::Dependent { Gives::Accounts } else { Gives::Persons };
    let size = std::fs::metadata(path).map(|metadata| metadata.len()).unwrap_or_default();
    let address = format!("{}, {size} bytes", path.display());
    let connection = Connection { address, signed: None, secret: None, first_answer: None };
    Ok(trial.tried(gives, connection, vec![Stream::new("file", &columns)], tally, end))
}

fn end(trial: &Trial<'_>, rows: &FileRead<'_>, met: u64) -> End {
    let fault = match rows.completeness() {
        Completeness::Complete => None,
        Completeness::Incomplete(error) => Some(error.to_string()),
    };
    let proof = match &fault {
        _ if rows.proves_absence() => Proof::Proven,
        Some(_) => Proof::NotProven("the file is not whole"),
        None if met == 0 => Proof::NotProven("it gave no record"),
        None => Proof::NotProven("it gave nobody, or of a refused row it is not known whose it is"),
    };
    let means = match trial.reading.what {
        Readable::File { absence, .. } => absence,
        _ => Absence::Ignore,
    };
    let what_to_do = || format!("is the export finished, and has it the form that {} says?", trial.definition);
    End {
        reached: if fault.is_some() { Reached::Failed } else { Reached::Complete },
        what_to_do: fault.is_some().then(what_to_do),
        why: fault,
        advice: Vec::new(),
        requests: 0,
        milliseconds: trial.elapsed(),
        absence: absence(means),
        proof,
        next: Next::new(trial.reading, false),
    }
}

/// A row as a record, as an import makes it: of a dependent source only its own account counts.
fn record(role: SourceRole, source: &SourceName, mut person: Person) -> Option<Record> {
    let (id, record) = (person.id.clone(), RecordId::parse(person.id.as_str()).ok()?);
    let content = match role {
        SourceRole::Authoritative => SnapshotContent::Person(Box::new(person)),
        SourceRole::Dependent => SnapshotContent::Account(person.accounts.remove(source)?),
    };
    Some(Record::Present { record, person: id, content: Box::new(content) })
}
