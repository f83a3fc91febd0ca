//! `connector bench`: what so many persons cost, in Salesforce calls, time and memory.

mod load;
mod meter;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use serde::Serialize;

use self::load::Load;
use self::meter::Reading;
use crate::exit::Ending;
use crate::output::{Output, Report, table};

/// Measure what joiners, movers and leavers cost, against a simulated org in this process.
///
/// Each person has a profile, a role and three permission sets, written by SCIM. The org counts the calls. With
/// --latency-ms every answer of the org takes so long, as a real one's does. "Outside" is the time in which no call to
/// Salesforce was under way. Memory is the whole process's, the simulated org and the store in memory included.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// How many persons.
    #[arg(long, value_name = "NUMBER", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    persons: u32,
    /// How long each answer of the org takes.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency_ms: u64,
    /// Keep the store in this new folder; in memory when absent.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Measured {
    persons: u32,
    latency_ms: u64,
    runs: Vec<Run>,
    /// Most memory that the process ever had, in MiB; where the system tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_memory_mib: Option<u64>,
}

/// One run over all persons.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    what: &'static str,
    #[serde(flatten)]
    reading: Reading,
    persons_per_second: f64,
    outside_ms_per_person: f64,
}

impl Bench {
    pub(crate) async fn run(&self, output: &Output) -> anyhow::Result<Ending> {
        let file = self.data.as_ref().map(|dir| dir.join("connector.redb"));
        if let Some(file) = file.as_ref().filter(|file| file.exists()) {
            bail!("{} is there already; name a new folder with --data", file.display());
        }
        let load = Load::new(self.persons, Duration::from_millis(self.latency_ms), file.as_deref())?;
        let persons = f64::from(self.persons);
        let mut runs = Vec::new();
        for step in load::Step::ALL {
            let reading = load.run(step, output).await?;
            runs.push(Run {
                what: step.as_str(),
                persons_per_second: persons / reading.seconds.max(f64::EPSILON),
                outside_ms_per_person: reading.outside_seconds * 1000.0 / persons,
                reading,
            });
        }
        let peak_memory_mib = meter::peak_memory_mib();
        output.show(&Measured { persons: self.persons, latency_ms: self.latency_ms, runs, peak_memory_mib })?;
        Ok(Ending::Done)
    }
}

impl Report for Measured {
    fn human(&self) -> String {
        let rows = self.runs.iter().map(|run| {
            let kinds: Vec<_> = run.reading.calls_by_kind.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
            [
                run.what.to_owned(),
                run.reading.calls.to_string(),
                kinds.join(", "),
                format!("{:.1}", run.reading.seconds),
                format!("{:.0}", run.persons_per_second),
                format!("{:.2}", run.outside_ms_per_person),
            ]
        });
        let headings = ["Run", "Calls", "By kind", "Seconds", "Persons/s", "Outside ms/person"];
        let memory = self.peak_memory_mib.map(|mib| format!("\nPeak memory {mib} MiB.")).unwrap_or_default();
        format!(
            "{} persons; the org answers after {} ms{}.\n{}{memory}",
            self.persons,
            self.latency_ms,
            if cfg!(debug_assertions) { "; a debug build, several times slower than a release" } else { "" },
            table(headings, rows)
        )
    }
}
