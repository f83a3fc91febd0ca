//! Who sent a request, and that it is fresh and whole: proven as the source's scheme says. Pure: scheme, keys, request
//! and time come in. Own code because no crate knows these schemes, and `standardwebhooks` reads the wall clock itself;
//! the tests hold the two against each other. Which answer a refusal gets is the handler's matter.

mod key;
mod mac;
mod value;

use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use policy::webhook::{Proof, RequestValue, STANDARD, Scheme, SentAt, SignedPart, TimeForm, Within, preset};
use serde_json::Value;

pub use self::key::{KeyError, WebhookKey, keys, parse_keys};

/// A request, as far as it is looked at here.
#[derive(Clone, Debug)]
pub struct Call<'r> {
    /// Its headers.
    pub headers: &'r HeaderMap,
    /// Its body.
    pub body: &'r [u8],
    /// What its body holds; `None` when that can't be read.
    pub document: Option<&'r Value>,
    /// The address that the sender called, with the query; where it is signed.
    pub url: Option<String>,
}

/// A request that is proven by one of the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The event's id, where the scheme names one.
    pub id: Option<String>,
}

/// Why a request is not believed. Holds nothing of the request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A value is missing.
    #[error("{0} is missing")]
    Missing(String),
    /// A value can't be right, whoever sent it.
    #[error("{what} is malformed: {rule}")]
    Malformed {
        /// Which.
        what: String,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// The request is too old, or a replay of an old one.
    #[error("{what} is more than {} old", minutes(tolerance))]
    TooOld {
        /// Where the time stands.
        what: String,
        /// How old it may be.
        tolerance: SignedDuration,
    },
    /// The sender's clock is ahead.
    #[error("{what} is more than {} ahead", minutes(tolerance))]
    TooEarly {
        /// Where the time stands.
        what: String,
        /// How far it may be ahead.
        tolerance: SignedDuration,
    },
    /// It was not made with any of the keys over exactly this request.
    #[error("no signature matches")]
    NoMatch,
}

/// Configuration gives whole minutes.
fn minutes(tolerance: &SignedDuration) -> String {
    match tolerance.as_mins() {
        1 => "1 minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    }
}

/// Checks a request by Standard Webhooks 1.0.
///
/// # Errors
/// [`Refusal`]
pub fn verify(keys: &[WebhookKey], headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Verified, Refusal> {
    let scheme = preset(STANDARD).ok_or(Refusal::NoMatch)?;
    check(&scheme, keys, &Call { headers, body, document: None, url: None }, now)
}

/// Checks a request. Any match of a key and a signature counts, so that keys can be rotated on either side.
///
/// # Errors
/// [`Refusal`]
pub fn check(scheme: &Scheme, keys: &[WebhookKey], call: &Call<'_>, now: Timestamp) -> Result<Verified, Refusal> {
    let id = scheme.id.as_ref().map(|id| event_id(scheme, id, call)).transpose()?;
    if let Some(SentAt { value, tolerance: Some(tolerance), .. }) = &scheme.timestamp {
        let tolerance = SignedDuration::try_from(*tolerance).unwrap_or(SignedDuration::ZERO);
        let age = sent_at(scheme, call)?.map_or(SignedDuration::ZERO, |sent| now.duration_since(sent));
        let what = || value::name(&value.within);
        if age > tolerance {
            return Err(Refusal::TooOld { what: what(), tolerance });
        }
        if age < -tolerance {
            return Err(Refusal::TooEarly { what: what(), tolerance });
        }
    }
    let proven = match &scheme.proof {
        Proof::Hmac(hmac) => mac::signed_by(hmac, keys, scheme, id.as_deref(), call)?,
        Proof::Token(place) => {
            let tokens = value::all(place, call)?;
            !tokens.is_empty() && tokens.iter().all(|token| keys.iter().any(|key| mac::equal(key, token.as_bytes())))
        }
        Proof::Basic => {
            let credentials = value::basic(call.headers)?;
            keys.iter().any(|key| mac::equal(key, &credentials))
        }
        // A proof that this version does not know proves nothing.
        _ => false,
    };
    if proven { Ok(Verified { id }) } else { Err(Refusal::NoMatch) }
}

/// When a request was sent or its event happened; `None` when the scheme names no time.
///
/// # Errors
/// When it names one, and there is none.
pub fn sent_at(scheme: &Scheme, call: &Call<'_>) -> Result<Option<Timestamp>, Refusal> {
    let Some(SentAt { value, form, .. }) = &scheme.timestamp else { return Ok(None) };
    let text = value::one(value, call)?;
    let (time, rule) = match form {
        TimeForm::Seconds => (
            digits(&text, 11).and_then(|seconds| Timestamp::from_second(seconds).ok()),
            "seconds since 1970, digits only",
        ),
        TimeForm::Milliseconds => (
            digits(&text, 14).and_then(|ms| Timestamp::from_millisecond(ms).ok()),
            "milliseconds since 1970, digits only",
        ),
        TimeForm::Iso => (text.parse().ok(), "a time with an offset, as 2026-11-24T09:30:00Z"),
    };
    time.map(Some).ok_or_else(|| Refusal::Malformed { what: value::name(&value.within), rule })
}

fn digits(text: &str, most: usize) -> Option<i64> {
    let digits = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// The longest id of an event.
const MAX_ID_LENGTH: usize = 256;

fn event_id(scheme: &Scheme, place: &RequestValue, call: &Call<'_>) -> Result<String, Refusal> {
    let id = value::one(place, call)?;
    let rule = if id.is_empty() || id.len() > MAX_ID_LENGTH {
        "1 to 256 characters"
    } else if !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        "it must be printable ASCII without blanks"
    } else if behind_id(scheme).is_some_and(|text| id.contains(text)) {
        // Otherwise the signed text, as `id.timestamp.body`, could be cut in another place.
        "it must not hold what stands behind it in the signed text, as a dot"
    } else {
        return Ok(id);
    };
    Err(Refusal::Malformed { what: value::name(&place.within), rule })
}

/// The fixed text that stands behind the id in the signed text.
fn behind_id(scheme: &Scheme) -> Option<&str> {
    let Proof::Hmac(hmac) = &scheme.proof else { return None };
    hmac.signed.windows(2).find_map(|pair| match pair {
        [SignedPart::Id, SignedPart::Text(text)] => Some(text.as_str()),
        _ => None,
    })
}

/// Whether a request's body must be read before it is proven.
pub fn needs_document(scheme: &Scheme) -> bool {
    let in_body = |value: &RequestValue| matches!(value.within, Within::Body(_));
    let proof = match &scheme.proof {
        Proof::Hmac(hmac) => in_body(&hmac.signature),
        Proof::Token(token) => in_body(token),
        _ => false,
    };
    proof
        || scheme.id.as_ref().is_some_and(in_body)
        || scheme.timestamp.as_ref().is_some_and(|time| in_body(&time.value))
}

#[cfg(test)]
mod tests;
