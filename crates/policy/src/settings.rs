//! The settings beside the policy: the organisation, the sources; the org's connection and the answers to drift in files
//! of their own.

mod drift;
mod export;
mod priority;
mod salesforce;
mod sources;
pub mod webhook;
pub mod write_back;

use domain::UserField;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

pub use self::drift::Drift;
pub(crate) use self::drift::drift;
pub use self::export::BucketObject;
pub(crate) use self::priority::priority;
pub(crate) use self::salesforce::salesforce;
pub use self::salesforce::{ApiBudget, Salesforce};
pub(crate) use self::sources::sources;
pub use self::sources::{DefinitionFile, Readable, Reading, SourceConfig};
pub use self::webhook::Webhook;
pub use self::write_back::WriteBack;
pub use crate::files::shape::{Absence, Api, DriftAnswer};
use crate::files::{Sink, shape};

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

    /// Its time zone.
    pub fn zone(&self) -> TimeZone {
        self.zone.clone()
    }
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
