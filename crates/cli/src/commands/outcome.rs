//! What a read of a source found and what came of it, counted from the audit log.

mod found;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::{AuditRecord, Operation, PersonId};
use jiff::Timestamp;
use local::{Pipeline, Quiet};
use records::sync_state::RefusedRecord;
use records::{Accounts, AuditLog};
use salesforce::CallKind;
use serde::Serialize;

pub(super) use self::found::Records;
use crate::commands::parked::Waiting;
use crate::output::{Output, Report, fields, table};
use crate::store::Opened;

/// The report of a read.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Imported {
    pub(super) source: String,
    pub(super) records: Records,
    /// With `--wait`: what came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) outcome: Option<Outcome>,
}

/// How long a command waits for quiet.
pub(super) const PATIENCE: Duration = Duration::from_secs(2 * 60 * 60);

/// Lets the pipeline work until it is quiet, and counts what it did since `begun`.
///
/// # Errors
/// When it fails, or finds no rest.
pub(super) async fn carry_out(
    begun: Timestamp,
    pipeline: &Pipeline,
    opened: &Opened,
    output: &Output,
) -> anyhow::Result<Outcome> {
    let progress = output.progress("writing to the org");
    let quiet = pipeline.run_until_quiet(PATIENCE, &|left| progress.left(left)).await?;
    drop(progress);
    let waiting = Waiting::collect(opened).await?;
    let calls = pipeline.writer.salesforce.calls();
    Outcome::since(begun, opened, quiet, calls, waiting).await
}

/// What the pipeline did since the import began, and how the accounts stand.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outcome {
    created: u64,
    linked: u64,
    updated: u64,
    frozen: u64,
    deactivated: u64,
    /// Persons for whom nothing could be done; the reasons are in `waiting`.
    failed: u64,
    accounts: Standing,
    salesforce_calls: u64,
    salesforce_calls_by_kind: BTreeMap<&'static str, u64>,
    waiting: Waiting,
    /// Why the last batch failed as a whole, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

/// How all accounts of the store stand.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Standing {
    active: u64,
    frozen: u64,
    inactive: u64,
    /// Persons who are known and have no user.
    absent: u64,
}

impl Imported {
    /// Whether anybody has to look at something.
    pub(super) fn is_waiting(&self) -> bool {
        let outcome = self.outcome.as_ref();
        self.records.refused > 0
            || self.records.held > 0
            || !self.records.complete
            || outcome.is_some_and(|outcome| !outcome.waiting.is_empty() || outcome.trouble.is_some())
    }
}

impl Outcome {
    /// Counts what was done since `begun`.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn since(
        begun: Timestamp,
        opened: &Opened,
        quiet: Quiet,
        calls: BTreeMap<CallKind, u64>,
        waiting: Waiting,
    ) -> anyhow::Result<Self> {
        let mut outcome = Self { trouble: quiet.trouble.filter(|_| quiet.dead > 0), waiting, ..Self::default() };
        outcome.salesforce_calls = calls.values().sum();
        outcome.salesforce_calls_by_kind = calls.into_iter().map(|(kind, calls)| (kind.as_str(), calls)).collect();
        outcome.count_persons(begun, &AuditLog::new(opened.store.clone())).await?;
        outcome.accounts = Standing::of(&Accounts::new(opened.store.clone())).await?;
        Ok(outcome)
    }

    async fn count_persons(&mut self, begun: Timestamp, log: &AuditLog) -> anyhow::Result<()> {
        let mut persons: BTreeMap<PersonId, BTreeSet<Effect>> = BTreeMap::new();
        let mut after = None;
        loop {
            let (page, next) = log.page(after.as_ref()).await?;
            for record in page.iter().filter(|record| record.at >= begun) {
                persons.entry(record.person.clone()).or_default().extend(effects(record));
            }
            after = next;
            if after.is_none() {
                break;
            }
        }
        for effects in persons.values() {
            // A person counts once, by the weightiest that happened.
            let counter = match effects.first() {
                Some(Effect::Created) => &mut self.created,
                Some(Effect::Linked) => &mut self.linked,
                Some(Effect::Frozen) => &mut self.frozen,
                Some(Effect::Deactivated) => &mut self.deactivated,
                Some(Effect::Updated) => &mut self.updated,
                None => &mut self.failed,
            };
            *counter += 1;
        }
        Ok(())
    }
}

/// What an operation did, the weightiest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Effect {
    Created,
    Linked,
    Deactivated,
    Frozen,
    Updated,
}

fn effects(record: &AuditRecord) -> impl Iterator<Item = Effect> {
    let done = record.entries.iter().filter(|entry| entry.outcome == domain::Outcome::Done);
    done.map(|entry| match &entry.operation {
        Operation::Create { .. } => Effect::Created,
        Operation::Correlate { .. } => Effect::Linked,
        Operation::Deactivate => Effect::Deactivated,
        Operation::Freeze => Effect::Frozen,
        _ => Effect::Updated,
    })
}

impl Standing {
    async fn of(accounts: &Accounts) -> anyhow::Result<Self> {
        let (mut standing, mut after) = (Self::default(), None);
        loop {
            let (page, next) = accounts.page(after.as_ref()).await?;
            for (_, record) in page {
                let active = record.applied.as_ref().and_then(|applied| applied.active);
                let frozen = record.applied.as_ref().is_some_and(|applied| applied.frozen);
                let counter = match (record.correlation.is_some(), active) {
                    (false, _) => &mut standing.absent,
                    (true, Some(false)) => &mut standing.inactive,
                    (true, _) if frozen => &mut standing.frozen,
                    (true, _) => &mut standing.active,
                };
                *counter += 1;
            }
            after = next;
            if after.is_none() {
                return Ok(standing);
            }
        }
    }
}

impl Report for Imported {
    fn human(&self) -> String {
        let Records { read, changed, refused, refused_records, .. } = &self.records;
        let mut rows = self.records.rows();
        if let Some(outcome) = &self.outcome {
            rows.push(("users created", outcome.created.to_string()));
            rows.push(("  linked", outcome.linked.to_string()));
            rows.push(("  updated", outcome.updated.to_string()));
            rows.push(("  frozen", outcome.frozen.to_string()));
            rows.push(("  deactivated", outcome.deactivated.to_string()));
            rows.push(("  failed", outcome.failed.to_string()));
            let touched = outcome.created
                + outcome.linked
                + outcome.updated
                + outcome.frozen
                + outcome.deactivated
                + outcome.failed;
            rows.push(("  unchanged", (read - refused).saturating_sub(touched).to_string()));
            let Standing { active, frozen, inactive, absent } = outcome.accounts;
            let now = format!("{active} active, {frozen} frozen, {inactive} inactive, {absent} without a user");
            rows.push(("accounts now", now));
            rows.push(("Salesforce calls", outcome.calls()));
        }
        let mut parts = vec![format!("Source {}\n{}", self.source, fields(rows))];
        parts.extend(self.records.advice.iter().cloned());
        if let Some(outcome) = &self.outcome {
            parts.extend(outcome.trouble.as_ref().map(|trouble| format!("The last batch failed: {trouble}")));
            if !outcome.waiting.is_empty() {
                parts.push(outcome.waiting.human());
            }
        } else if !refused_records.is_empty() {
            let row = |refused: &RefusedRecord| {
                [refused.record.clone(), refused.error.path.clone(), refused.error.reason.clone()]
            };
            let table = table(["Record", "Where", "Why"], refused_records.iter().map(row));
            parts.push(format!("Refused records\n{table}"));
        }
        if self.outcome.is_none() && *changed > 0 {
            parts.push("The changes are carried out by `connector serve` or the stack.".to_owned());
        }
        parts.join("\n\n")
    }
}

impl Outcome {
    fn calls(&self) -> String {
        let kinds: Vec<_> =
            self.salesforce_calls_by_kind.iter().map(|(kind, calls)| format!("{calls} {kind}")).collect();
        let all = self.salesforce_calls;
        if kinds.is_empty() { all.to_string() } else { format!("{all} ({})", kinds.join(", ")) }
    }
}
