//! `connector verify-audit`: checks the logs of all persons, or of one, for tampering.

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::Args;
use domain::PersonId;
use ports::SystemClock;
use records::{Accounts, AuditLog};
use serde::Serialize;

use super::audit::Log;
use crate::arguments::StoreArguments;
use crate::exit::Ending;
use crate::output::{Output, Report, table};
use crate::words::count;

/// Check that no record of the audit log was changed, added or removed.
///
/// Exit code 1 when a log is not whole.
#[derive(Debug, Args)]
pub(crate) struct VerifyAudit {
    /// Only this person's log.
    #[arg(value_name = "PERSON")]
    person: Option<PersonId>,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Verdict {
    persons: usize,
    records: usize,
    broken: Vec<Broken>,
}

#[derive(Serialize)]
struct Broken {
    person: PersonId,
    reason: String,
}

impl Report for Verdict {
    fn human(&self) -> String {
        let what = format!(
            "{}, {}",
            count(self.persons as u64, "person", "persons"),
            count(self.records as u64, "record", "records")
        );
        if self.broken.is_empty() {
            return format!("{what}: every log is whole.");
        }
        let rows = self.broken.iter().map(|broken| [broken.person.to_string(), broken.reason.clone()]);
        format!("{what}: {} NOT WHOLE\n{}", self.broken.len(), table(["Person", "Where it breaks"], rows))
    }
}

impl VerifyAudit {
    pub(crate) async fn run(&self, output: &Output) -> anyhow::Result<Ending> {
        let opened = self.store.open(Arc::new(SystemClock)).await?;
        let (accounts, log) = (Accounts::new(opened.store.clone()), AuditLog::new(opened.store));
        let persons = match &self.person {
            Some(person) => BTreeSet::from([person.clone()]),
            None => everybody(&accounts, &log).await?,
        };
        let mut verdict = Verdict { persons: persons.len(), ..Verdict::default() };
        let progress = output.progress("checking the logs");
        for (done, person) in persons.iter().enumerate() {
            let read = Log::read(person, &accounts, &log).await?;
            verdict.records += read.records().len();
            verdict
                .broken
                .extend(read.broken().map(|reason| Broken { person: person.clone(), reason: reason.to_owned() }));
            progress.at(done as u64 + 1, persons.len() as u64);
        }
        drop(progress);
        let ending = if verdict.broken.is_empty() { Ending::Done } else { Ending::Failed };
        output.show(&verdict)?;
        Ok(ending)
    }
}

/// Everybody with an account's record or with a log: either could have been removed.
async fn everybody(accounts: &Accounts, log: &AuditLog) -> anyhow::Result<BTreeSet<PersonId>> {
    let mut persons = BTreeSet::new();
    let mut after = None;
    loop {
        let (page, next) = accounts.page(after.as_ref()).await?;
        persons.extend(page.into_iter().map(|(person, _)| person));
        after = next;
        if after.is_none() {
            break;
        }
    }
    loop {
        let (page, next) = log.page(after.as_ref()).await?;
        persons.extend(page.into_iter().map(|record| record.person));
        after = next;
        if after.is_none() {
            return Ok(persons);
        }
    }
}
