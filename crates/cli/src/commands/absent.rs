//! `connector absent`: records that no longer came in a complete read, and what an operator decides about them.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::bail;
use clap::Args;
use domain::{PersonId, RecordId, Snapshot, SnapshotContent, SourceName};
use ports::{Clock as _, QueueName, SystemClock};
use records::{AbsentRecord, Joins, People, SourceReads, send_wake_ups};
use serde::Serialize;

use crate::arguments::StoreArguments;
use crate::exit::{Ending, wrong_use};
use crate::output::{Output, Report, table};
use crate::store::Opened;
use crate::words::moment;

/// Show records that are absent from their source and wait for a decision, or decide.
///
/// A source with `absence: hold` keeps everybody who no longer comes; so does one with `absence: leaver` when more are
/// absent at once than it may take as gone. Who comes again is let go by itself. Those who are really gone are said so
/// here; their persons then leave.
///
/// Exit code 3 when anything waits.
#[derive(Debug, Args)]
pub(crate) struct Absent {
    /// Only of this source.
    #[arg(value_name = "SOURCE")]
    source: Option<SourceName>,
    /// This record is gone. May be given several times.
    #[arg(long, value_name = "RECORD", requires = "source")]
    gone: Vec<RecordId>,
    /// All that are shown are gone.
    #[arg(long, requires = "source", conflicts_with = "gone")]
    all_gone: bool,
    #[command(flatten)]
    store: StoreArguments,
}

impl Absent {
    pub(crate) async fn run(&self, output: &Output) -> anyhow::Result<Ending> {
        let opened = self.store.open(Arc::new(SystemClock)).await?;
        let reads = SourceReads::new(opened.store.clone());
        let mut held = match &self.source {
            Some(source) => reads.held(source).await?,
            None => reads.all_held().await?,
        };
        let mut gone = 0;
        if self.all_gone || !self.gone.is_empty() {
            for record in &self.gone {
                if !held.iter().any(|absent| absent.record == *record) {
                    return Err(wrong_use(format!("{record} is not among the absent records of this source")));
                }
            }
            let (decided, left): (Vec<_>, Vec<_>) =
                held.into_iter().partition(|absent| self.all_gone || self.gone.contains(&absent.record));
            gone = decided.len();
            decide(&opened, &reads, decided).await?;
            held = left;
        }
        let waiting = !held.is_empty();
        output.show(&Shown { gone, absent: held })?;
        Ok(Ending::waiting_if(waiting))
    }
}

/// Stores that records are gone, and wakes their persons.
async fn decide(opened: &Opened, reads: &SourceReads, decided: Vec<AbsentRecord>) -> anyhow::Result<()> {
    let (people, joins) = (People::new(opened.store.clone()), Joins::new(opened.store.clone()));
    let mut woken: BTreeSet<PersonId> = BTreeSet::new();
    for absent in decided {
        let AbsentRecord { source, record, person, .. } = absent;
        let (now, event) = (SystemClock.now(), Some("absent".to_owned()));
        woken.extend(joins.remove(&source, &record, now, event.clone(), now).await?);
        // The person may be another by now; then the record came again, and is held no longer.
        if people.person_of(&source, &record).await? == Some(person.clone()) {
            let content = SnapshotContent::Removed;
            let removed =
                Snapshot { source: source.clone(), record: record.clone(), person, observed_at: now, event, content };
            woken.extend(people.ingest(&removed, false, now).await?.1);
        }
        reads.release(&source, &record).await?;
    }
    if send_wake_ups(&*opened.queue, QueueName::PersonEvents, woken).await.is_err() {
        bail!("the decision is stored, but the persons could not be woken: the next sweep does it");
    }
    Ok(())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    /// Records that were taken as gone just now.
    gone: usize,
    absent: Vec<AbsentRecord>,
}

impl Report for Shown {
    fn human(&self) -> String {
        let mut parts = Vec::new();
        if self.gone > 0 {
            parts.push(format!(
                "{} taken as gone. It is carried out as soon as `connector serve` or the stack runs.",
                self.gone
            ));
        }
        if self.absent.is_empty() {
            parts.push("No absent record waits.".to_owned());
        } else {
            let row = |absent: &AbsentRecord| {
                let AbsentRecord { source, record, person, since } = absent;
                [source.to_string(), record.to_string(), person.to_string(), moment(*since)]
            };
            let table = table(["Source", "Record", "Person", "Absent since"], self.absent.iter().map(row));
            parts.push(format!("Absent from their source\n{table}"));
        }
        parts.join("\n\n")
    }
}
