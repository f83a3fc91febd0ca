//! `connector check`: everything that is wrong with a configuration, each with file, line and column.

use std::path::{Path, PathBuf};

use clap::Args;
use domain::SourceRole;
use policy::{Configuration, DefinitionFile, Finding, Place, Readable, Severity, SourceConfig};
use ports::{Clock as _, SystemClock};
use serde::Serialize;

use crate::exit::Ending;
use crate::output::{Output, Report, clean};
use crate::words::count;

/// Check a configuration, without changing anything.
///
/// Every problem is told at once, as FILE:LINE:COLUMN: error: REASON. All expressions are evaluated on the persons in
/// the folder's examples/ and on some that are built in. `connector preflight` compares it with an org.
///
/// Exit code 1 when there is an error; warnings alone are no failure.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Folder of the configuration.
    #[arg(long, value_name = "DIR")]
    config: PathBuf,
}

#[derive(Serialize)]
struct Findings {
    errors: usize,
    warnings: usize,
    findings: Vec<Found>,
    /// What was tried, for the last line.
    #[serde(skip)]
    tried: String,
}

#[derive(Serialize)]
struct Found {
    file: String,
    line: u32,
    column: u32,
    severity: &'static str,
    message: String,
}

impl Report for Findings {
    fn human(&self) -> String {
        let mut lines: Vec<_> = self.findings.iter().map(Found::line).collect();
        let (errors, warnings) = (self.errors as u64, self.warnings as u64);
        let counts = [count(errors, "error", "errors"), count(warnings, "warning", "warnings")].join(", ");
        lines.push(if self.errors == 0 { format!("{counts}; {}", self.tried) } else { counts });
        lines.join("\n")
    }
}

impl Found {
    fn new(dir: &Path, finding: Finding) -> Self {
        let Finding { place: Place { file, line, column }, severity, message } = finding;
        // The path as seen from here, so that a terminal or an editor can open it.
        let file = if &*file == "." { dir.display().to_string() } else { dir.join(&*file).display().to_string() };
        let severity = if severity == Severity::Error { "error" } else { "warning" };
        Self { file, line, column, severity, message }
    }

    fn line(&self) -> String {
        let Self { file, line, column, severity, message } = self;
        let place = if *line == 0 { file.clone() } else { format!("{file}:{line}:{column}") };
        format!("{place}: {severity}: {}", clean(message))
    }
}

impl Check {
    pub(crate) fn run(&self, output: &Output) -> anyhow::Result<Ending> {
        let (findings, tried) = self.findings();
        let found: Vec<_> = findings.into_iter().map(|finding| Found::new(&self.config, finding)).collect();
        let errors = found.iter().filter(|found| found.severity == "error").count();
        output.show(&Findings { errors, warnings: found.len() - errors, findings: found, tried })?;
        Ok(if errors == 0 { Ending::Done } else { Ending::Failed })
    }

    fn findings(&self) -> (Vec<Finding>, String) {
        let configuration = match policy::load(&self.config) {
            Ok(configuration) => configuration,
            // Which definitions are used is not known then, so all in the usual place are checked.
            Err(problems) => {
                let mut findings = [problems.0, definitions_in(&self.config.join("sources"))].concat();
                findings.sort();
                findings.dedup();
                return (findings, String::new());
            }
        };
        let mut findings = configuration.warnings.clone();
        findings.extend(definitions(&configuration));
        let mut tried = format!("{}, ", count(configuration.sources.len() as u64, "source", "sources"));
        match policy::check::read_examples(&self.config) {
            Err(problems) => findings.extend(problems.0),
            Ok(examples) => {
                let today = configuration.organisation.today(SystemClock.now());
                findings.extend(policy::check::examples(&configuration, &examples, today));
                tried.push_str(&format!("{} tried", count(examples.len() as u64, "example person", "example persons")));
            }
        }
        findings.sort();
        findings.dedup();
        (findings, tried)
    }
}

/// What is wrong in the definitions of the sources that are read, and between them and the configuration.
fn definitions(configuration: &Configuration) -> Vec<Finding> {
    let read = configuration.sources.iter().filter_map(|source| Some((source, &source.reading.as_ref()?.what)));
    let bodies = configuration.sources.iter().filter_map(|source| source.webhook.as_ref()?.definition.as_ref());
    let in_bodies = bodies.flat_map(|file| findings(webhook::mapped::definition(file).err().unwrap_or_default()));
    let in_read = read.flat_map(|(source, what)| {
        let DefinitionFile { path, text } = what.definition();
        let findings = in_definition(path, text);
        let misfit = if findings.is_empty() { misfit(source, what) } else { None };
        findings.into_iter().chain(misfit.map(|reason| Finding::error(Place::file(path), reason))).collect::<Vec<_>>()
    });
    in_bodies.chain(in_read).collect()
}

/// Why a good definition is not one for this source.
fn misfit(source: &SourceConfig, what: &Readable) -> Option<String> {
    let DefinitionFile { path, text } = what.definition();
    let (sort, accounts) = match what {
        Readable::ActiveDirectory { .. } => {
            let definition = active_directory::Definition::parse(path, text).ok();
            let Some(definition) = definition else { return Some("it describes no Active Directory".to_owned()) };
            ("an Active Directory", matches!(definition.mapping, active_directory::Mapping::Account))
        }
        Readable::Http { .. } => match sources::Definition::parse(path, text).ok()?.input {
            sources::Input::Http(system) => ("a system over HTTP", system.gives_accounts()),
            _ => return Some("it describes no system over HTTP".to_owned()),
        },
        _ => match sources::Definition::parse(path, text).ok()?.input {
            sources::Input::File { .. } => return None,
            _ => return Some("it describes no file".to_owned()),
        },
    };
    let (gives, needed) = match (accounts, source.role) {
        (true, SourceRole::Authoritative) => ("accounts of persons", "dependent"),
        (false, SourceRole::Dependent) => ("persons", "authoritative"),
        _ => return None,
    };
    Some(format!("it describes {sort} that gives {gives}: source {} must be {needed}", source.name))
}

/// What is wrong in the definitions of a folder; none when there is no such folder.
fn definitions_in(folder: &Path) -> Vec<Finding> {
    let paths = std::fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let yaml = paths.filter(|path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml"));
    yaml.flat_map(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // A file that can't be read is told already.
        std::fs::read_to_string(&path).map(|text| in_definition(&format!("sources/{name}"), &text)).unwrap_or_default()
    })
    .collect()
}

fn in_definition(file: &str, text: &str) -> Vec<Finding> {
    let problems = if describes_directory(text) {
        active_directory::Definition::parse(file, text).err()
    } else {
        sources::Definition::parse(file, text).err()
    };
    findings(problems.unwrap_or_default())
}

fn findings(problems: Vec<sources::Problem>) -> Vec<Finding> {
    let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let finding = |problem: sources::Problem| {
        let place =
            Place { file: problem.file.as_str().into(), line: number(problem.line), column: number(problem.column) };
        Finding::error(place, problem.reason)
    };
    problems.into_iter().map(finding).collect()
}

/// Whether a file is the definition of an Active Directory.
fn describes_directory(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("active-directory:"))
}
