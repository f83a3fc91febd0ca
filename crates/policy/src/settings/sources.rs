//! Where people come from: sources that send, and sources that are read. What a definition holds is not known here; who
//! reads the source parses it.

use std::time::Duration;

use domain::{SecretName, SourceName, SourceRole};

use super::export::{BucketObject, object};
use super::webhook::{Webhook, webhook};
use crate::files::shape::Absence;
use crate::files::{At, Sink, shape};

/// A configured source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceConfig {
    /// Its name.
    pub name: SourceName,
    /// What it decides.
    pub role: SourceRole,
    /// What it sends. For a source that is read too, that only says that there is something to read.
    pub webhook: Option<Webhook>,
    /// How it is read; at least one of the two is there.
    pub reading: Option<Reading>,
}

/// How and how often a source is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What is read.
    pub what: Readable,
    /// How often it is asked for changes.
    pub every: Duration,
    /// How often everything is read, where changes can be asked for.
    pub everything: Duration,
    /// How many records may be gone in one read before all of them are held; `None` for the usual measure.
    pub most_absent: Option<u16>,
}

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Readable {
    /// An export.
    File {
        /// Its definition.
        definition: DefinitionFile,
        /// Path of the export, when it is read on a schedule.
        path: Option<String>,
        /// The object that holds the export, when it lies in a bucket; then there is no path.
        object: Option<BucketObject>,
        /// What it means when a record is not in a complete export.
        absence: Absence,
    },
    /// A system over HTTP.
    Http {
        /// Its definition.
        definition: DefinitionFile,
    },
    /// An Active Directory over LDAP.
    ActiveDirectory {
        /// Its definition.
        definition: DefinitionFile,
    },
}

/// A file that the configuration refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionFile {
    /// Its path within the folder.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl Readable {
    /// The file that describes it.
    pub fn definition(&self) -> &DefinitionFile {
        let (Self::File { definition, .. } | Self::Http { definition } | Self::ActiveDirectory { definition }) = self;
        definition
    }

    /// Whether it can be read at any time; an export of which it is not said where it lies waits for somebody who brings
    /// it.
    pub fn is_scheduled(&self) -> bool {
        !matches!(self, Self::File { path: None, object: None, .. })
    }
}

/// How often a source is asked for changes when configuration says nothing.
const EVERY: Duration = Duration::from_secs(3600);
/// How often everything is read when configuration says nothing.
const EVERYTHING: Duration = Duration::from_secs(24 * 3600);

/// The sources; `file` finds a file of the folder by its path.
pub(crate) fn sources(
    shapes: &[At<shape::Source>],
    file: impl Fn(&str) -> Option<String>,
    sink: &mut Sink,
) -> Vec<SourceConfig> {
    let mut sources: Vec<SourceConfig> = Vec::new();
    for shape in shapes {
        let reading = reading(shape, &file, sink);
        let read = reading.as_ref().map(Option::as_ref);
        let webhook = shape.value.webhook.as_ref().map(|shape| webhook(shape, read, &file, sink));
        let At { place, value: shape } = shape;
        match SourceName::parse(shape.name.value.clone()) {
            Err(error) => sink.error(&shape.name.place, error.to_string()),
            Ok(name) if sources.iter().any(|source| source.name == name) => {
                sink.error(&shape.name.place, format!("there is another source `{name}`"));
            }
            Ok(_) if reading.is_none() && webhook.is_none() => {
                sink.error(place, "a source has `webhook`, or one of `file`, `http` and `activeDirectory`, or both");
            }
            Ok(name) => {
                let (webhook, reading) = (webhook.flatten(), reading.flatten());
                sources.push(SourceConfig { name, role: shape.role.into(), webhook, reading });
            }
        }
    }
    sources
}

/// How a source is read: `None` when it is not, `Some(None)` when that is refused.
fn reading(
    At { place, value: shape }: &At<shape::Source>,
    file: impl Fn(&str) -> Option<String>,
    sink: &mut Sink,
) -> Option<Option<Reading>> {
    let object = shape.file.as_ref().and_then(|export| object(export, sink));
    let mut definition = |path: &At<String>| definition_file(path, &file, sink);
    let what = match (&shape.file, &shape.http, &shape.active_directory) {
        (None, None, None) => return None,
        (Some(export), None, None) => definition(&export.definition).map(|definition| Readable::File {
            definition,
            path: export.path.clone(),
            object,
            absence: export.absence.unwrap_or_default(),
        }),
        (None, Some(system), None) => definition(&system.definition).map(|definition| Readable::Http { definition }),
        (None, None, Some(system)) => {
            definition(&system.definition).map(|definition| Readable::ActiveDirectory { definition })
        }
        _ => {
            sink.error(place, "a source has only one of `file`, `http` and `activeDirectory`");
            None
        }
    };
    Some(what.map(|what| Reading {
        what,
        every: shape.every.map_or(EVERY, |every| every.0),
        everything: shape.everything.map_or(EVERYTHING, |every| every.0),
        most_absent: shape.most_absent,
    }))
}

/// A file of the folder.
pub(super) fn definition_file(
    path: &At<String>,
    file: impl Fn(&str) -> Option<String>,
    sink: &mut Sink,
) -> Option<DefinitionFile> {
    let text = Some(&path.value).filter(|path| is_inside(path)).and_then(|path| file(path));
    if text.is_none() {
        sink.error(&path.place, format!("there is no file `{}` in the folder", path.value));
    }
    Some(DefinitionFile { path: path.value.clone(), text: text? })
}

/// The name of a secret.
pub(crate) fn secret(name: &At<String>, sink: &mut Sink) -> Option<SecretName> {
    let secret = SecretName::parse(name.value.clone());
    if let Err(error) = &secret {
        sink.error(&name.place, format!("`{}` is {error}", name.value));
    }
    secret.ok()
}

/// Whether a path stays within the folder.
fn is_inside(path: &str) -> bool {
    !path.is_empty() && !path.contains('\\') && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}
