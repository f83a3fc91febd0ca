//! `connector sync`: reads a source now, on this machine or in a deployed stack.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use domain::SourceName;
use policy::SourceConfig;
use ports::{Clock as _, SystemClock};
use records::{SourceReads, SyncState, request_read_now};
use serde::Serialize;
use sync::Task;

use super::import::explain;
use super::outcome::{Imported, Records, carry_out};
use crate::arguments::{ConfigurationArguments, OrgArguments, StoreArguments};
use crate::configuration::source;
use crate::exit::{Ending, wrong_use};
use crate::output::{Output, Report};
use crate::pipeline::{assemble, reader};
use crate::secrets::Layered;
use crate::store::Opened;

/// How long a stack's read is waited for, and how often it is looked for.
const LONGEST_READ: Duration = Duration::from_secs(60 * 60);
const LOOK: Duration = Duration::from_secs(2);

/// Read a source now, and wake the persons that changed.
///
/// On this machine it reads with the secrets of --secrets; the changes wait for
/// `connector serve`, or with --wait this process carries them out and reports:
///
///   connector sync afas --config DIR --secrets FILE --wait
///
/// With --stack it asks the stack to read; with --wait it waits for the report.
///
/// Exit code 3 when something is refused, held or parked, or the read is not
/// complete.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Sync {
    /// The source, as the configuration names it.
    #[arg(value_name = "NAME")]
    source: String,
    /// Read everything, though changes could be asked for.
    #[arg(long)]
    full: bool,
    /// Wait until all is done, and report.
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    configuration: ConfigurationArguments,
    #[command(flatten)]
    org: OrgArguments,
    #[command(flatten)]
    store: StoreArguments,
}

impl Sync {
    pub(crate) async fn run(&self, output: &Output) -> anyhow::Result<Ending> {
        if self.store.stack.is_some() {
            return self.in_stack(output).await;
        }
        if self.org.simulated_org && !self.wait {
            return Err(wrong_use("--simulated-org needs --wait: without it this command writes to no org"));
        }
        let configuration = self.configuration.load(self.org.simulated_org)?;
        let source = source(&configuration, &self.source, is_read)?;
        let task = Task::Pull { source: Some(source.name.clone()), everything: self.full };
        let read = if self.wait {
            let assembled = assemble(&self.store.local, &self.org, &configuration)?;
            let begun = SystemClock.now();
            assembled.opened.resume(&assembled.pipeline).await?;
            let records = self.read(&assembled.pipeline.sync, &task, output).await?;
            let outcome = carry_out(begun, &assembled.pipeline, &assembled.opened, output).await?;
            Imported { source: source.name.to_string(), records, outcome: Some(outcome) }
        } else {
            let secrets = Layered::over(self.org.secrets.as_deref())?;
            let opened = self.store.open_or_create(Arc::new(SystemClock)).await?;
            let sync = reader(&opened, configuration.clone(), Some(Arc::new(secrets)))?;
            let records = self.read(&sync, &task, output).await?;
            Imported { source: source.name.to_string(), records, outcome: None }
        };
        let waiting = read.is_waiting();
        output.show(&read)?;
        Ok(Ending::waiting_if(waiting))
    }

    async fn read(&self, sync: &sync::Sync, task: &Task, output: &Output) -> anyhow::Result<Records> {
        let Task::Pull { source: Some(source), .. } = task else { bail!("this task reads no source") };
        let progress = output.progress("reading the source");
        progress.left(0);
        let report = sync.run(task).await.map_err(explain)?;
        drop(progress);
        let run = report.pull.unwrap_or_default();
        let refused = if run.refused == 0 { Vec::new() } else { sync.state.refused(source).await? };
        Ok(Records::new(run, refused))
    }

    async fn in_stack(&self, output: &Output) -> anyhow::Result<Ending> {
        if self.org.simulated_org || self.org.secrets.is_some() {
            return Err(wrong_use("a stack has its own org and secrets: leave --simulated-org and --secrets out"));
        }
        let name = SourceName::parse(self.source.as_str()).map_err(|error| wrong_use(error.to_string()))?;
        let opened = self.store.open(Arc::new(SystemClock)).await?;
        let reads = SourceReads::new(opened.store.clone());
        reads.want(&name, self.full, SystemClock.now()).await?;
        request_read_now(&*opened.queue, &name, self.full).await?;
        if !self.wait {
            output.show(&Asked { source: name.to_string() })?;
            return Ok(Ending::Done);
        }
        let records = wait_for(&name, &opened, &reads, output).await?;
        let read = Imported { source: name.to_string(), records, outcome: None };
        let waiting = read.is_waiting();
        output.show(&read)?;
        Ok(Ending::waiting_if(waiting))
    }
}

/// Waits until the stack has read: then the mark is gone, or the report says why it is not.
async fn wait_for(
    source: &SourceName,
    opened: &Opened,
    reads: &SourceReads,
    output: &Output,
) -> anyhow::Result<Records> {
    let state = SyncState::new(opened.store.clone());
    let before = state.last_report(source).await?;
    let (begun, progress) = (SystemClock.now(), output.progress("the stack reads"));
    loop {
        progress.left(0);
        let report = state.last_report(source).await?;
        let read = reads.wanted(source).await?.is_none();
        let failed = report != before && report.as_ref().is_some_and(|report| report.fault.is_some());
        if let Some(report) = report.filter(|_| read || failed) {
            let refused = if report.refused == 0 { Vec::new() } else { state.refused(source).await? };
            return Ok(Records::new(report, refused));
        }
        let waited = SystemClock.now().duration_since(begun).unsigned_abs();
        if waited > LONGEST_READ {
            return Err(anyhow::anyhow!("the stack has not read {source} in an hour")).context(
                "is it a source of the stack's configuration? `connector parked --stack NAME` shows dead letters",
            );
        }
        SystemClock.sleep(LOOK).await;
    }
}

fn is_read(source: &SourceConfig) -> bool {
    source.reading.as_ref().is_some_and(|reading| reading.what.is_scheduled())
}

#[derive(Serialize)]
struct Asked {
    source: String,
}

impl Report for Asked {
    fn human(&self) -> String {
        format!("The stack was asked to read {}.", self.source)
    }
}
