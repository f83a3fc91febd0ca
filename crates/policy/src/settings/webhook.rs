//! What a source sends to `POST /webhook/{name}`: how it is proven, and what a proven body means. Presets are files that
//! go through the same reading as a user's own scheme. Nothing of a request is known here; the receiver does as is said.

mod presets;
mod scheme;
mod signed;

use domain::SecretName;

pub use self::presets::{preset, preset_names};
pub use self::scheme::{Handshake, Hmac, Proof, RequestValue, Scheme, SentAt, Within};
pub use self::signed::SignedPart;
use super::sources::{DefinitionFile, Reading, definition_file, secret};
pub use crate::files::shape::webhook::{Algorithm, Content, Encoding, KeyForm, TimeForm};
use crate::files::{At, Sink, shape};

/// The preset of a webhook that names none.
pub const STANDARD: &str = "standard";

/// What a source sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Name of the secret with the keys.
    pub secret: SecretName,
    /// How a request is proven.
    pub scheme: Scheme,
    /// The webhook's address as the sender knows it, without a query; there where it is signed.
    pub url: Option<String>,
    /// How a body becomes persons. Without it a body holds events with canonical persons, unless the source is read:
    /// then it only says that there is something to read.
    pub definition: Option<DefinitionFile>,
}

/// A webhook; `reading` is how its source is read, `Some(None)` when that was refused.
pub(crate) fn webhook(
    shape: &shape::Webhook,
    reading: Option<Option<&Reading>>,
    file: impl Fn(&str) -> Option<String>,
    sink: &mut Sink,
) -> Option<Webhook> {
    let secret = secret(&shape.secret, sink);
    let place = shape.scheme.as_ref().map(|at| &at.place).or(shape.preset.as_ref().map(|at| &at.place));
    let place = place.unwrap_or(&shape.secret.place);
    let scheme = match (&shape.scheme, &shape.preset) {
        (Some(own), None) => scheme::scheme(own, sink),
        (None, named) => preset(named.as_ref().map_or(STANDARD, |named| named.value.0)),
        (Some(own), Some(_)) => {
            sink.error(&own.place, "a webhook has only one of `preset` and `scheme`");
            None
        }
    };
    let definition = shape.definition.as_ref().map(|path| definition_file(path, file, sink));
    if let (Some(scheme), Some(url)) = (&scheme, url(shape, sink)) {
        match (scheme.signs_url(), url) {
            (true, None) => sink.error(place, "the signed text holds {url}: `url` must say what the sender calls it"),
            (false, Some(url)) => sink.error(&url.place, "`url` is no part of what is signed here"),
            _ => {}
        }
    }
    match reading {
        Some(reading) => {
            if let Some(path) = &shape.definition {
                let told = "the source is read, so that its webhook only says when; `definition` has no part in it";
                sink.error(&path.place, told);
            }
            if reading.is_some_and(|reading| !reading.what.is_scheduled()) {
                sink.error(place, "the webhook says that there is something to read, but the export has no `path`");
            }
        }
        None => takes_bodies(shape, scheme.as_ref(), sink),
    }
    let url = shape.url.as_ref().map(|url| url.value.clone());
    Some(Webhook {
        secret: secret?,
        scheme: scheme?,
        url,
        definition: definition.map_or(Some(None), |file| file.map(Some))?,
    })
}

/// Whether a body may be taken as data.
fn takes_bodies(shape: &shape::Webhook, scheme: Option<&Scheme>, sink: &mut Sink) {
    let Some(scheme) = scheme else { return };
    let foreign = shape.preset.as_ref().filter(|preset| preset.value.0 != STANDARD);
    match (&shape.definition, foreign) {
        (None, Some(preset)) => {
            let name = preset.value.0;
            let told = format!(
                "what `{name}` sends holds no canonical events: say how the source is read (`http`, `file`), or by \
                 `definition` how a body becomes persons"
            );
            sink.error(&preset.place, told);
        }
        (Some(path), _) if !scheme.covers_body() => {
            sink.error(&path.place, "not all of the body is signed: it can only say that there is something to read");
        }
        (None, None) if !scheme.covers_body() => {
            sink.error(
                &shape.secret.place,
                "not all of the body is signed: it can only say that there is something to read",
            );
        }
        (Some(path), _) if scheme.timestamp.is_none() && scheme.id.is_none() => {
            let told = "a body has neither a time nor an event's id: one that comes again word for word within 30 days \
                        counts as the same, and of two that come in the wrong order the later one to come wins";
            sink.warning(&path.place, told);
        }
        _ => {}
    }
}

/// The webhook's address, checked: `None` when it is refused.
fn url<'s>(shape: &'s shape::Webhook, sink: &mut Sink) -> Option<Option<&'s At<String>>> {
    let Some(url) = &shape.url else { return Some(None) };
    let host = url.value.strip_prefix("https://").filter(|rest| !rest.is_empty() && !rest.starts_with('/'));
    if host.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\"<>\\@".contains(&byte))) {
        return Some(Some(url));
    }
    sink.error(&url.place, "an address is needed here, as https://hooks.example.com/webhook/hr, without a query");
    None
}

#[cfg(test)]
mod tests;
