//! `connector import`: reads a source's export into the store; with `--wait` the pipeline runs until it is quiet, and
//! the command reports what came of it.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use policy::{Readable, SourceConfig};
use ports::{Clock as _, SystemClock};
use sync::{PullError, Sync, SyncError};

use super::outcome::{Imported, Records, carry_out};
use crate::arguments::{ConfigurationArguments, OrgArguments, StoreArguments};
use crate::configuration::source;
use crate::exit::{Ending, wrong_use};
use crate::output::Output;
use crate::pipeline::{Assembled, assemble, reader};

/// Read a source's export into the store, and wake the persons that changed.
///
/// Records that say nothing new cost nothing, so the same file can be imported
/// again and again. What it means that a person is no longer in a whole file
/// stands in the configuration: `absence`, nothing unless it says so. A record that can't be used is refused and shown; it stops
/// nobody else.
///
/// Without --wait the changes wait for `connector serve`, or for the stack that
/// --stack names. With --wait this process carries them out and reports; with
/// --simulated-org no Salesforce is needed:
///
///   connector import --source exact-synergy FILE --simulated-org --wait
///
/// Exit code 3 when something is refused or parked.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Import {
    /// The source, as the configuration names it.
    #[arg(long, value_name = "NAME")]
    source: String,
    /// The export.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Carry the changes out, and report when nothing is left to do.
    #[arg(long, conflicts_with = "stack")]
    wait: bool,
    #[command(flatten)]
    configuration: ConfigurationArguments,
    #[command(flatten)]
    org: OrgArguments,
    #[command(flatten)]
    store: StoreArguments,
}

impl Import {
    pub(crate) async fn run(&self, output: &Output) -> anyhow::Result<Ending> {
        if self.org.simulated_org && !self.wait {
            return Err(wrong_use("--simulated-org needs --wait: without it this command writes to no org"));
        }
        let configuration = self.configuration.load(self.org.simulated_org)?;
        let source = source(&configuration, &self.source, is_file)?;
        let file = File::open(&self.file).with_context(|| format!("{} can't be read", self.file.display()))?;
        let imported = if self.wait {
            let assembled = assemble(&self.store.local, &self.org, &configuration)?;
            self.import_and_wait(source, file, &assembled, output).await?
        } else {
            let opened = self.store.open_or_create(Arc::new(SystemClock)).await?;
            let sync = reader(&opened, configuration.clone(), None)?;
            let records = self.read(&sync, source, file, output).await?;
            Imported { source: source.name.to_string(), records, outcome: None }
        };
        let waiting = imported.is_waiting();
        output.show(&imported)?;
        Ok(Ending::waiting_if(waiting))
    }

    async fn import_and_wait(
        &self,
        source: &SourceConfig,
        file: File,
        assembled: &Assembled,
        output: &Output,
    ) -> anyhow::Result<Imported> {
        let Assembled { pipeline, opened, .. } = assembled;
        let begun = SystemClock.now();
        opened.resume(pipeline).await?;
        let records = self.read(&pipeline.sync, source, file, output).await?;
        let outcome = carry_out(begun, pipeline, opened, output).await?;
        Ok(Imported { source: source.name.to_string(), records, outcome: Some(outcome) })
    }

    async fn read(&self, sync: &Sync, source: &SourceConfig, file: File, output: &Output) -> anyhow::Result<Records> {
        let progress = output.progress("reading the file");
        let report = sync.import(&source.name, file, &|done, of| progress.at(done, of)).await.map_err(explain)?;
        drop(progress);
        let run = report.pull.unwrap_or_default();
        let refused = if run.refused == 0 { Vec::new() } else { sync.state.refused(&source.name).await? };
        Ok(Records::new(run, refused))
    }
}

fn is_file(source: &SourceConfig) -> bool {
    matches!(source.reading.as_ref().map(|reading| &reading.what), Some(Readable::File { .. }))
}

pub(super) fn explain(error: SyncError) -> anyhow::Error {
    let busy = matches!(error, SyncError::Pull(PullError::Busy(_)));
    let error = anyhow::Error::new(error);
    if busy { error.context("try again when the other read has ended, at the latest in 15 minutes") } else { error }
}
