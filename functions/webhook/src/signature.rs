//! Standard Webhooks 1.0, verified: who sent a request, and that it is fresh and whole. Pure: keys, headers, body and
//! time come in. Own code because the crate `standardwebhooks` reads the wall clock itself; the tests hold the two
//! against each other. Which answer a refusal gets is the handler's matter.
//!
//! Rules: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>.

mod key;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
pub use key::{KeyError, WebhookKey, parse_keys};
use sha2::Sha256;

/// How far the sender's clock may be from ours, both ways.
pub const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// The header with the event's id, which stays the same when the sender tries again.
pub const ID_HEADER: &str = "webhook-id";
/// The header with the time of sending, in seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with one or several signatures, separated by blanks: `v1,<base64>`.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

const MAX_ID_LENGTH: usize = 256;

/// A request that was signed with one of the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The event's id.
    pub id: String,
    /// When this try was sent; not when the event happened.
    pub timestamp: Timestamp,
}

/// Why a request is not believed. Holds nothing of the request but a header's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A header is missing.
    #[error("header {0} is missing")]
    Missing(&'static str),
    /// A header can't be right, whoever sent it.
    #[error("header {header} is malformed: {rule}")]
    Malformed {
        /// The header.
        header: &'static str,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// The request is too old, or a replay of an old one.
    #[error("header webhook-timestamp is more than 5 minutes old")]
    TooOld,
    /// The sender's clock is ahead.
    #[error("header webhook-timestamp is more than 5 minutes ahead")]
    TooEarly,
    /// No signature was made with any of the keys over exactly this id, timestamp and body.
    #[error("no signature matches")]
    NoMatch,
}

/// Checks a request. Any match of a key and a signature counts, so that keys can be rotated on either side; signatures
/// of other versions are passed over.
///
/// # Errors
/// [`Refusal`]
pub fn verify(keys: &[WebhookKey], headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Verified, Refusal> {
    let id = event_id(single(headers, ID_HEADER)?)?;
    let sent = single(headers, TIMESTAMP_HEADER)?;
    let timestamp = seconds(sent)?;
    let signatures = single(headers, SIGNATURE_HEADER)?;
    let age = now.duration_since(timestamp);
    if age > TOLERANCE {
        return Err(Refusal::TooOld);
    }
    if age < -TOLERANCE {
        return Err(Refusal::TooEarly);
    }
    let signatures: Vec<Vec<u8>> = signatures
        .split(' ')
        .filter_map(|entry| entry.strip_prefix("v1,"))
        .filter_map(|signature| STANDARD.decode(signature).ok())
        .collect();
    let matches = keys.iter().any(|key| {
        let Ok(mac) = Hmac::<Sha256>::new_from_slice(key.expose()) else { return false };
        let mac = mac.chain_update(id).chain_update(".").chain_update(sent).chain_update(".").chain_update(body);
        // `verify_slice` compares in constant time.
        signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())
    });
    if matches { Ok(Verified { id: id.to_owned(), timestamp }) } else { Err(Refusal::NoMatch) }
}

fn single<'h>(headers: &'h HeaderMap, header: &'static str) -> Result<&'h str, Refusal> {
    let mut values = headers.get_all(header).iter();
    let value = values.next().ok_or(Refusal::Missing(header))?;
    if values.next().is_some() {
        return Err(Refusal::Malformed { header, rule: "it comes more than once" });
    }
    value.to_str().map_err(|_| Refusal::Malformed { header, rule: "it must be printable ASCII" })
}

fn event_id(id: &str) -> Result<&str, Refusal> {
    let rule = if id.is_empty() || id.len() > MAX_ID_LENGTH {
        "1 to 256 characters"
    } else if !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        "it must be printable ASCII without blanks"
    } else if id.contains('.') {
        // The signed text is `id.timestamp.body`: with a dot in the id it could be cut in another place.
        "it must not hold a dot"
    } else {
        return Ok(id);
    };
    Err(Refusal::Malformed { header: ID_HEADER, rule })
}

fn seconds(text: &str) -> Result<Timestamp, Refusal> {
    let digits = (1..=11).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits
        .then(|| text.parse().ok())
        .flatten()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .ok_or(Refusal::Malformed { header: TIMESTAMP_HEADER, rule: "seconds since 1970, digits only" })
}

#[cfg(test)]
mod tests;
