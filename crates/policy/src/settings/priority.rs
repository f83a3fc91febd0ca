//! Which source is trusted with which part of a person, where that is another order than the sources' own.

use domain::{PersonPart, SourceName, SourceRole};

use super::SourceConfig;
use crate::files::shape::Entries;
use crate::files::{At, Sink};

/// The parts and their sources, in the order of the configuration.
pub(crate) fn priority(
    shape: &Entries<Vec<At<String>>>,
    sources: &[SourceConfig],
    sink: &mut Sink,
) -> Vec<(PersonPart, Vec<SourceName>)> {
    let mut parts = Vec::new();
    for (key, names) in &shape.0 {
        let part = key.value.parse::<PersonPart>();
        if let Err(error) = &part {
            sink.error(&key.place, format!("`{}`: {error}", key.value));
        }
        if names.is_empty() {
            sink.error(&key.place, "at least one source is needed");
        }
        let mut trusted = Vec::new();
        for At { place, value: name } in names {
            match sources.iter().find(|source| source.name.as_str() == name) {
                Some(source) if source.role == SourceRole::Authoritative => trusted.push(source.name.clone()),
                Some(_) => sink.error(
                    place,
                    format!("source `{name}` is dependent: what its account says is found as `person.accounts.{name}`"),
                ),
                None => sink.error(place, format!("there is no source `{name}`")),
            }
        }
        parts.extend(part.ok().map(|part| (part, trusted)));
    }
    parts
}
