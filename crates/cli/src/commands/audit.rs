//! `connector audit`: a person's log, checked for tampering, and what the person had on a day.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use domain::audit::{AuditEntry, verify_chain};
use domain::{AuditRecord, Outcome, PersonId};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ports::SystemClock;
use records::{Accounts, AuditLog};
use serde::Serialize;

use crate::arguments::StoreArguments;
use crate::exit::Ending;
use crate::history::{AccountThen, account_before};
use crate::output::{Output, Report, fields, table};
use crate::words::{self, count, moment};

/// Show what was done to a person's account: when, what, before and after, by which rule and cause.
///
/// The records of a person form a chain by digest; the command checks it and ends with exit code 1 if a record was
/// changed, added or removed. Times are those of this machine's time zone.
#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// The person's id in the HR system.
    #[arg(value_name = "PERSON")]
    person: PersonId,
    /// Show instead what the person had at the end of this day, as 2026-03-31.
    #[arg(long, value_name = "DATE")]
    at: Option<Date>,
    #[command(flatten)]
    store: StoreArguments,
}

/// A person's log.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Log {
    person: PersonId,
    /// Whether the chain is whole; else where it breaks.
    whole: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    broken: Option<String>,
    records: Vec<AuditRecord>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OnDay {
    person: PersonId,
    on: Date,
    whole: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    broken: Option<String>,
    #[serde(flatten)]
    account: AccountThen,
}

impl Audit {
    pub(crate) async fn run(&self, output: &Output) -> anyhow::Result<Ending> {
        let opened = self.store.open(Arc::new(SystemClock)).await?;
        let log = Log::read(&self.person, &Accounts::new(opened.store.clone()), &AuditLog::new(opened.store)).await?;
        if log.records.is_empty() && log.whole {
            bail!("nothing was ever done to an account of person {}", self.person);
        }
        let ending = if log.whole { Ending::Done } else { Ending::Failed };
        match self.at {
            None => output.show(&log)?,
            Some(on) => output.show(&log.on(on)?)?,
        }
        Ok(ending)
    }
}

impl Log {
    /// Reads and checks the log.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn read(person: &PersonId, accounts: &Accounts, log: &AuditLog) -> anyhow::Result<Self> {
        let records = log.of(person).await?;
        let head = accounts.load(std::slice::from_ref(person)).await?.pop().and_then(|stored| stored.value.audit);
        let broken = verify_chain(&records, head.as_ref()).err().map(|error| error.to_string());
        Ok(Self { person: person.clone(), whole: broken.is_none(), broken, records })
    }

    /// Where the chain breaks, if it does.
    pub(crate) fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    /// The records, oldest first.
    pub(crate) fn records(&self) -> &[AuditRecord] {
        &self.records
    }

    fn on(self, on: Date) -> anyhow::Result<OnDay> {
        let next = on.tomorrow().context("there is no day after that")?;
        let until = next.to_zoned_datetime(TimeZone::system())?.timestamp();
        let account = account_before(&self.records, until);
        Ok(OnDay { person: self.person, on, whole: self.whole, broken: self.broken, account })
    }
}

fn verdict(broken: Option<&str>) -> String {
    match broken {
        None => "the log is whole: no record was changed, added or removed".to_owned(),
        Some(broken) => format!("THE LOG IS NOT WHOLE: {broken}"),
    }
}

impl Report for Log {
    fn human(&self) -> String {
        let records = count(self.records.len() as u64, "record", "records");
        let mut parts = vec![format!("Person {}: {records}; {}.", self.person, verdict(self.broken.as_deref()))];
        for record in &self.records {
            let user = record.user.as_ref().map(|user| format!(", user {user}")).unwrap_or_default();
            let mut head =
                format!("{}. {}{user}\n   cause: {}", record.sequence, moment(record.at), words::cause(&record.cause));
            if !record.why.is_empty() {
                head.push_str(&format!("\n   why: {}", crate::output::clean(&record.why)));
            }
            if record.recovered {
                head.push_str("\n   the answer was lost; the results were read from the org afterwards");
            }
            for failure in failures(record) {
                head.push_str(&format!("\n   failed: {}", crate::output::clean(&failure)));
            }
            let rows = record.entries.iter().flat_map(|entry| {
                let outcome = words::outcome(&entry.outcome);
                words::steps(&entry.operation)
                    .into_iter()
                    .map(move |step| [step.what.clone(), step.change(), step.rules(&entry.rules), outcome.to_owned()])
            });
            let rows: Vec<_> = rows.collect();
            parts.push(if rows.is_empty() { head } else { format!("{head}\n{}", table(HEADINGS, rows)) });
        }
        parts.join("\n\n")
    }
}

/// Why operations failed, each reason once.
fn failures(record: &AuditRecord) -> BTreeSet<String> {
    let failure = |entry: &AuditEntry| match &entry.outcome {
        Outcome::Failed { code, message } => Some(format!("{code}: {message}")),
        Outcome::Done | Outcome::NotDone => None,
    };
    record.entries.iter().filter_map(failure).collect()
}

const HEADINGS: [&str; 4] = ["What", "Before → after", "Rules", "Result"];

impl Report for OnDay {
    fn human(&self) -> String {
        let head = format!(
            "Person {} at the end of {} ({} of the log); {}.",
            self.person,
            self.on,
            count(self.account.records as u64, "record", "records"),
            verdict(self.broken.as_deref())
        );
        let Some(user) = &self.account.user else {
            return format!("{head}\nThe connector had done nothing for this person by then.");
        };
        let access = match self.account.active {
            Some(true) if self.account.frozen => "frozen",
            Some(true) => "active",
            Some(false) => "inactive",
            None => "as it was before the connector",
        };
        let given = self.account.entitlements.iter().map(|e| (words::kind(e.kind), e.name.to_string()));
        let held = self.account.fields.iter().map(|(field, value)| (*field, value.clone()));
        let rows = [("user", user.to_string()), ("access", access.to_owned())].into_iter().chain(given).chain(held);
        format!("{head}\n{}", fields(rows))
    }
}
