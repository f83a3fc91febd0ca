//! `connector source test`: reads a source as the stack would, shows what it gives, and stores nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{anyhow, bail};
use clap::Args;
use domain::SourceRole;
use jiff::Timestamp;
use policy::{Configuration, DefinitionFile, Readable, Reading, SourceConfig};
use ports::{Clock, Secrets, SystemClock};
use sources::{Definition, Input, Problem};

use super::report::{Connection, End, Gives, Stream, Tried, milliseconds, role};
use super::tally::Tally;
use super::{directory, file, http};
use crate::arguments::ConfigurationArguments;
use crate::configuration::source;
use crate::exit::{Ending, wrong_use};
use crate::output::Output;
use crate::secrets::Layered;

/// Try a source: connect, show its columns and the first persons as they would be stored. Nothing is written.
///
///   connector source test afas --config DIR --secrets FILE
///
/// A system over HTTP is read to its end, since only then its rows are known to
/// fit together. Of an Active Directory the first page is read, with --all
/// everything and what asking for changes needs.
///
/// The persons are shown as they are; of the columns' values only sizes, unless
/// --values asks for an example of each. Both are personal data.
///
/// Exit code 1 when the read fails, 3 when records are refused.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Test {
    /// The source, as the configuration names it.
    #[arg(value_name = "NAME")]
    source: String,
    #[command(flatten)]
    configuration: ConfigurationArguments,
    /// File with the secrets.
    #[arg(long, value_name = "FILE")]
    secrets: Option<PathBuf>,
    /// The export, for a source that is read from a file; without it the one that the configuration names.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Show so many persons.
    #[arg(long, value_name = "N", default_value_t = 5)]
    records: usize,
    /// Read to the end, and show all persons.
    #[arg(long, conflicts_with = "records")]
    all: bool,
    /// Show a value of each column.
    #[arg(long)]
    values: bool,
}

/// What all ways of reading need.
pub(super) struct Trial<'a> {
    pub(super) source: &'a SourceConfig,
    pub(super) reading: &'a Reading,
    pub(super) configuration: &'a Configuration,
    /// Where the definition is, as seen from here.
    pub(super) definition: String,
    pub(super) secrets_file: Option<&'a Path>,
    pub(super) secrets: Arc<dyn Secrets>,
    pub(super) all: bool,
    pub(super) most: usize,
    pub(super) output: &'a Output,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) begun: Timestamp,
}

impl Test {
    pub(super) async fn run(&self, output: &Output) -> anyhow::Result<Ending> {
        let configuration = self.configuration.load(false)?;
        let source = source(&configuration, &self.source, |source| source.reading.is_some())?;
        let Some(reading) = &source.reading else { bail!("source {} is not read", source.name) };
        let dir = self.configuration.config.as_deref().unwrap_or(Path::new("."));
        let DefinitionFile { path, text } = reading.what.definition();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let trial = Trial {
            source,
            reading,
            configuration: &configuration,
            definition: dir.join(path).display().to_string(),
            secrets_file: self.secrets.as_deref(),
            secrets: Arc::new(Layered::over(self.secrets.as_deref())?),
            all: self.all,
            most: if self.all { usize::MAX } else { self.records },
            output,
            begun: clock.now(),
            clock,
        };
        let tried = self.read(&trial, text).await?;
        let ending = tried.ending();
        output.show(&if self.values { tried } else { tried.masked() })?;
        Ok(ending)
    }

    async fn read(&self, trial: &Trial<'_>, text: &str) -> anyhow::Result<Tried> {
        let no_file = || match &self.file {
            Some(_) => Err(wrong_use(format!("--file: source {} is not read from a file", trial.source.name))),
            None => Ok(()),
        };
        match &trial.reading.what {
            Readable::File { path, .. } => {
                let definition = trial.parse(text)?;
                let path = self.file.clone().or_else(|| path.as_ref().map(PathBuf::from));
                let path = path.ok_or_else(|| {
                    let name = &trial.source.name;
                    wrong_use(format!(
                        "source {name} has no `path` in the configuration: name the export with --file FILE"
                    ))
                })?;
                file::read(trial, &definition, &path)
            }
            Readable::Http { .. } => {
                no_file()?;
                match trial.parse(text)?.input {
                    Input::Http(source) => http::read(trial, &source).await,
                    _ => bail!("{}: it describes no system over HTTP", trial.definition),
                }
            }
            Readable::ActiveDirectory { .. } => {
                no_file()?;
                let definition = active_directory::Definition::parse(&trial.definition, text);
                directory::read(trial, &definition.map_err(|problems| told(&problems))?).await
            }
            _ => bail!("source {} is read in a way that can't be tried", trial.source.name),
        }
    }
}

impl Trial<'_> {
    fn parse(&self, text: &str) -> anyhow::Result<Definition> {
        Definition::parse(&self.definition, text).map_err(|problems| told(&problems))
    }

    /// Refuses a definition that gives what a source of that role can't use.
    ///
    /// # Errors
    /// How to mend it.
    pub(super) fn check_role(&self, gives: Gives) -> anyhow::Result<()> {
        let (gives, needed) = match (gives, self.source.role) {
            (Gives::Accounts, SourceRole::Authoritative) => ("accounts of persons", "dependent"),
            (Gives::Persons, SourceRole::Dependent) => ("persons", "authoritative"),
            _ => return Ok(()),
        };
        bail!("{}: it gives {gives}, so source {} must be {needed}", self.definition, self.source.name)
    }

    /// Refuses to begin without the file that holds a secret.
    ///
    /// # Errors
    /// Wrong use, with the fields of the secret.
    pub(super) fn need_secrets(&self, secret: &str, fields: &[String]) -> anyhow::Result<()> {
        if self.secrets_file.is_some() {
            return Ok(());
        }
        let form = fields.iter().map(|field| format!("{field}: …")).collect::<Vec<_>>().join(", ");
        let name = &self.source.name;
        Err(wrong_use(format!(
            "source {name} needs a secret: --secrets FILE with `{secret}: {{ {form} }}` in it (chmod 600)"
        )))
    }

    /// Milliseconds since the trial began.
    pub(super) fn elapsed(&self) -> u64 {
        milliseconds(self.clock.now().duration_since(self.begun).unsigned_abs())
    }

    /// The report.
    pub(super) fn tried(
        &self,
        gives: Gives,
        connection: Connection,
        streams: Vec<Stream>,
        tally: Tally,
        end: End,
    ) -> Tried {
        let columns: Vec<_> =
            streams.iter().flat_map(|stream| &stream.columns).map(|named| named.name.as_str()).collect();
        let records = tally.finish(&columns);
        let joined = self.configuration.joins(&self.source.name);
        let (source, role) = (self.source.name.to_string(), role(self.source.role));
        Tried { source, role, gives, joined, connection, streams, records, end }
    }
}

fn told(problems: &[Problem]) -> anyhow::Error {
    let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
    anyhow!("the definition can't be used:\n{}", problems.join("\n"))
}
