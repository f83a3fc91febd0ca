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
/// Each person has a profile, a role, three permission sets, a public group and a permission set licence, written by
/// each of the two interfaces. The org counts the calls, log-in and look-ups included. With
/// --latency-ms every answer of the org takes so long, as a real one's does. "Outside" is the time in which no call to
/// Salesforce was under way. Memory is the whole process's, the simulated org and the store in memory included.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// How many persons.
    #[arg(long, value_name = "NUMBER", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    persons: u32,
    /// The interface to measure; both when absent.
    #[arg(long, value_name = "INTERFACE", value_parser = ["scim", "apex"])]
    api: Option<String>,
    /// Print the runs as a table in Markdown.
    #[arg(long)]
    markdown: bool,
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
    api: String,
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
        let apis = self.api.clone().map_or_else(|| vec!["scim".to_owned(), "apex".to_owned()], |api| vec![api]);
        if apis.len() > 1 && file.is_some() {
            bail!("a folder holds one store: name an interface with --api");
        }
        let latency = Duration::from_millis(self.latency_ms);
        let persons = f64::from(self.persons);
        let mut runs = Vec::new();
        let mut steps = Vec::new();
        for api in &apis {
            let load = Load::new(self.persons, latency, api, file.as_deref())?;
            for step in load::Step::ALL {
                steps.push((api, step, load.run(step, output).await?));
            }
        }
        for (api, step, reading) in steps {
            runs.push(Run {
                what: step.as_str(),
                api: api.clone(),
                persons_per_second: persons / reading.seconds.max(f64::EPSILON),
                outside_ms_per_person: reading.outside_seconds * 1000.0 / persons,
                reading,
            });
        }
        let peak_memory_mib = meter::peak_memory_mib();
        let measured = Measured { persons: self.persons, latency_ms: self.latency_ms, runs, peak_memory_mib };
        if self.markdown {
            output.say(&measured.markdown())?;
            return Ok(Ending::Done);
        }
        output.show(&measured)?;
        Ok(Ending::Done)
    }
}

impl Report for Measured {
    fn human(&self) -> String {
        let rows = self.runs.iter().map(|run| {
            let kinds: Vec<_> = run.reading.calls_by_kind.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
            [
                format!("{}: {}", run.api, run.what),
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

impl Measured {
    /// A line for each step, with both interfaces beside one another.
    fn markdown(&self) -> String {
        let n = self.persons;
        let mut lines = vec![
            format!("| {n} persons, {} ms a call | SCIM: calls | s | Apex REST: calls | s |", self.latency_ms),
            "| --- | ---: | ---: | ---: | ---: |".to_owned(),
        ];
        for step in load::Step::ALL.map(load::Step::as_str) {
            let cells = ["scim", "apex"].map(|api| {
                let run = self.runs.iter().find(|run| run.what == step && run.api == api);
                run.map_or("| ".to_owned(), |run| format!("{} | {:.1}", run.reading.calls, run.reading.seconds))
            });
            lines.push(format!("| {step} | {} | {} |", cells[0], cells[1]));
        }
        lines.join("\n")
    }
}
