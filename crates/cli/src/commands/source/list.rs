//! `connector source list`: the configured sources, how they come and what they need.

use std::path::Path;

use clap::Args;
use policy::{DefinitionFile, Readable, Reading, SourceConfig};
use serde::Serialize;
use sources::Problem;

use super::report::{period, role};
use crate::arguments::ConfigurationArguments;
use crate::exit::Ending;
use crate::output::{Output, Report, clean, table};

/// List the sources of a configuration: how each comes, how often, and the secret that it needs.
///
/// Exit code 1 when a definition can't be used; `connector check` tells all.
#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    configuration: ConfigurationArguments,
}

#[derive(Serialize)]
struct Listed {
    sources: Vec<Entry>,
    problems: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    name: String,
    role: &'static str,
    comes_by: Vec<&'static str>,
    /// Where its file is, when configuration names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    every_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    everything_seconds: Option<u64>,
    definitions: Vec<String>,
    secrets: Vec<String>,
}

impl List {
    pub(super) fn run(&self, output: &Output) -> anyhow::Result<Ending> {
        let configuration = self.configuration.load(false)?;
        let dir = self.configuration.config.as_deref().unwrap_or(Path::new("."));
        let mut problems = Vec::new();
        let sources = configuration.sources.iter().map(|source| Entry::new(source, dir, &mut problems)).collect();
        let ending = if problems.is_empty() { Ending::Done } else { Ending::Failed };
        output.show(&Listed { sources, problems })?;
        Ok(ending)
    }
}

impl Entry {
    fn new(source: &SourceConfig, dir: &Path, problems: &mut Vec<String>) -> Self {
        let mut entry = Self {
            name: source.name.to_string(),
            role: role(source.role),
            comes_by: Vec::new(),
            path: None,
            every_seconds: None,
            everything_seconds: None,
            definitions: Vec::new(),
            secrets: Vec::new(),
        };
        if let Some(reading) = &source.reading {
            entry.read(reading, dir, problems);
        }
        if let Some(webhook) = &source.webhook {
            entry.comes_by.push("webhook");
            entry.definitions.extend(webhook.definition.iter().map(|definition| definition.path.clone()));
            entry.secrets.push(webhook.secret.to_string());
        }
        entry
    }

    fn read(&mut self, reading: &Reading, dir: &Path, problems: &mut Vec<String>) {
        let DefinitionFile { path, text } = reading.what.definition();
        self.definitions.push(path.clone());
        if reading.what.is_scheduled() {
            self.every_seconds = Some(reading.every.as_secs());
            self.everything_seconds = Some(reading.everything.as_secs());
        }
        let file = dir.join(path).display().to_string();
        let secret = match &reading.what {
            Readable::File { path, object, .. } => {
                self.comes_by.push("file");
                let address = object.as_ref().map(|object| format!("s3://{}/{}", object.bucket(), object.key()));
                self.path = path.clone().or(address);
                sources::Definition::parse(&file, text).map(|_| None)
            }
            Readable::ActiveDirectory { .. } => {
                self.comes_by.push("Active Directory");
                active_directory::Definition::parse(&file, text).map(|definition| Some(definition.secret))
            }
            _ => {
                self.comes_by.push("HTTP");
                sources::HttpSource::parse(&file, text).map(|source| Some(source.secret().clone()))
            }
        };
        match secret {
            Ok(secret) => self.secrets.extend(secret.map(|secret| secret.to_string())),
            Err(found) => problems.extend(found.iter().map(Problem::to_string)),
        }
    }

    fn how_often(&self) -> String {
        match (self.every_seconds.map(period), self.everything_seconds.map(period)) {
            (Some(every), Some(everything)) if every != everything && !self.comes_by.contains(&"file") => {
                format!("every {every}, everything every {everything}")
            }
            (Some(every), _) => format!("every {every}"),
            _ if self.comes_by.contains(&"file") => "when brought".to_owned(),
            _ => "when sent".to_owned(),
        }
    }
}

impl Report for Listed {
    fn human(&self) -> String {
        let row = |entry: &Entry| {
            let path = entry.path.as_ref().map(|path| format!(" {path}")).unwrap_or_default();
            [
                entry.name.clone(),
                entry.role.to_owned(),
                format!("{}{path}", entry.comes_by.join(", ")),
                entry.how_often(),
                entry.definitions.join(", "),
                entry.secrets.join(", "),
            ]
        };
        let headings = ["Source", "Role", "Comes by", "How often", "Definition", "Secret"];
        let table = match self.sources.is_empty() {
            true => "The configuration has no sources.".to_owned(),
            false => table(headings, self.sources.iter().map(row)),
        };
        let problems = self.problems.iter().map(|problem| clean(problem));
        std::iter::once(table).chain(problems).collect::<Vec<_>>().join("\n")
    }
}
