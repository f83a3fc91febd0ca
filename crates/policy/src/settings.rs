//! The settings beside the policy: the organisation, the sources; the org's connection and the answers to drift in files
//! of their own.

mod drift;
mod salesforce;

use domain::{SecretName, SourceName, SourceRole, UserField};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

pub use self::drift::Drift;
pub(crate) use self::drift::drift;
pub(crate) use self::salesforce::salesforce;
pub use self::salesforce::{ApiBudget, Salesforce};
pub use crate::files::shape::{Api, DriftAnswer};
use crate::files::{At, Sink, shape};

/// The organisation whose people these are.
#[derive(Clone, Debug)]
pub struct Organisation {
    /// IANA name of the time zone.
    pub time_zone: String,
    /// Default of `LocaleSidKey`.
    pub locale: String,
    /// Default of `LanguageLocaleKey`.
    pub language: String,
    zone: TimeZone,
}

impl Organisation {
    /// The calendar day at an instant: when contracts start and end.
    pub fn today(&self, now: Timestamp) -> Date {
        self.zone.to_datetime(now).date()
    }
}

/// A configured source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceConfig {
    /// Its name.
    pub name: SourceName,
    /// What it decides.
    pub role: SourceRole,
    /// How its records come in.
    pub kind: SourceKind,
}

/// How a source's records come in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceKind {
    /// It sends them to `POST /webhook/{name}`.
    Webhook {
        /// Name of the secret with the signing keys.
        secret: SecretName,
    },
    /// They are read from an export.
    File {
        /// Path of the definition within the folder.
        definition: String,
        /// The definition file's text; whoever reads the export parses it.
        text: String,
        /// Path of the export, when it is read on a schedule.
        path: Option<String>,
    },
}

pub(crate) fn organisation(shape: &shape::Organisation, sink: &mut Sink) -> Option<Organisation> {
    let name = &shape.time_zone.value;
    // An offset or the machine's own zone would parse too; only names mean the same everywhere.
    let zone = TimeZone::get(name).ok().filter(|zone| zone.iana_name().is_some());
    if zone.is_none() || name.chars().count() > UserField::TimeZoneSidKey.max_length() {
        sink.error(
            &shape.time_zone.place,
            format!("`{name}` is no time zone; an IANA name as Europe/Amsterdam is needed"),
        );
    }
    let or_english = |text: &Option<String>| text.clone().unwrap_or_else(|| "en_US".to_owned());
    Some(Organisation {
        time_zone: name.clone(),
        locale: or_english(&shape.locale),
        language: or_english(&shape.language),
        zone: zone?,
    })
}

/// The sources; `definition` finds a file of the folder by its path.
pub(crate) fn sources(
    shapes: &[At<shape::Source>],
    definition: impl Fn(&str) -> Option<String>,
    sink: &mut Sink,
) -> Vec<SourceConfig> {
    let mut sources: Vec<SourceConfig> = Vec::new();
    for At { place, value: shape } in shapes {
        let kind = match (&shape.webhook, &shape.file) {
            (Some(webhook), None) => secret(&webhook.secret, sink).map(|secret| SourceKind::Webhook { secret }),
            (None, Some(export)) => {
                let path = &export.definition;
                let text = Some(&path.value).filter(|path| is_inside(path)).and_then(|path| definition(path));
                if text.is_none() {
                    sink.error(&path.place, format!("there is no file `{}` in the folder", path.value));
                }
                text.map(|text| SourceKind::File { definition: path.value.clone(), text, path: export.path.clone() })
            }
            _ => {
                sink.error(place, "a source has exactly one of `webhook` and `file`");
                None
            }
        };
        match SourceName::parse(shape.name.value.clone()) {
            Err(error) => sink.error(&shape.name.place, error.to_string()),
            Ok(name) if sources.iter().any(|source| source.name == name) => {
                sink.error(&shape.name.place, format!("there is another source `{name}`"));
            }
            Ok(name) => sources.extend(kind.map(|kind| SourceConfig { name, role: shape.role.into(), kind })),
        }
    }
    sources
}

fn secret(name: &At<String>, sink: &mut Sink) -> Option<SecretName> {
    let secret = SecretName::parse(name.value.clone());
    if let Err(error) = &secret {
        sink.error(&name.place, format!("`{}` is {error}", name.value));
    }
    secret.ok()
}

/// Whether a path stays within the folder.
pub(crate) fn is_inside(path: &str) -> bool {
    !path.is_empty() && !path.contains('\\') && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}
