//! Signatures by HMAC over the signed text, and the comparison of secrets. Both take the same time wherever a difference
//! is.

use std::collections::BTreeMap;

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use hmac::{Hmac as Mac, KeyInit, Mac as _};
use policy::webhook::{Algorithm, Encoding, Hmac, Scheme, SignedPart};
use serde_json::value::RawValue;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::{Call, Refusal, WebhookKey, value};

const URL_SAFE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whether one of the signatures was made with one of the keys.
pub(super) fn signed_by(
    hmac: &Hmac,
    keys: &[WebhookKey],
    scheme: &Scheme,
    id: Option<&str>,
    call: &Call<'_>,
) -> Result<bool, Refusal> {
    let written = value::all(&hmac.signature, call)?;
    let signatures: Vec<Vec<u8>> = written.iter().filter_map(|text| decode(hmac.encoding, text)).collect();
    let mut signed: Vec<Vec<u8>> = Vec::with_capacity(hmac.signed.len());
    for part in &hmac.signed {
        signed.push(bytes(part, scheme, id, call)?);
    }
    Ok(keys.iter().any(|key| match hmac.algorithm {
        Algorithm::Sha1 => matches::<Mac<Sha1>>(key, &signed, &signatures),
        Algorithm::Sha256 => matches::<Mac<Sha256>>(key, &signed, &signatures),
        Algorithm::Sha512 => matches::<Mac<Sha512>>(key, &signed, &signatures),
    }))
}

fn matches<M: hmac::Mac + KeyInit + Clone>(key: &WebhookKey, signed: &[Vec<u8>], signatures: &[Vec<u8>]) -> bool {
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key.expose()) else { return false };
    signed.iter().for_each(|part| mac.update(part));
    // `verify_slice` compares in constant time.
    signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())
}

/// Whether a secret is the key. Of the two only digests under that key are compared, so that neither a common beginning
/// nor the length can be told from the time.
pub(super) fn equal(key: &WebhookKey, given: &[u8]) -> bool {
    let Ok(mac) = Mac::<Sha256>::new_from_slice(key.expose()) else { return false };
    let expected = mac.clone().chain_update(key.expose()).finalize().into_bytes();
    mac.chain_update(given).verify_slice(&expected).is_ok()
}

/// Strict, so that no second way of writing a signature is taken.
fn decode(encoding: Encoding, text: &str) -> Option<Vec<u8>> {
    let other_case = |c: char| if encoding == Encoding::Hex { c.is_ascii_uppercase() } else { c.is_ascii_lowercase() };
    match encoding {
        Encoding::Hex | Encoding::HexUpper if text.contains(other_case) => None,
        Encoding::Hex | Encoding::HexUpper => hex::decode(text).ok(),
        Encoding::Base64 => STANDARD.decode(text).ok(),
        Encoding::Base64Url => URL_SAFE.decode(text).ok(),
    }
}

fn bytes(part: &SignedPart, scheme: &Scheme, id: Option<&str>, call: &Call<'_>) -> Result<Vec<u8>, Refusal> {
    let missing = |what: &str| Refusal::Missing(what.to_owned());
    match part {
        SignedPart::Text(text) => Ok(text.clone().into_bytes()),
        SignedPart::Body => Ok(call.body.to_vec()),
        SignedPart::Member(path) => {
            let member = member(call.body, path);
            member.map(|raw| raw.as_bytes().to_vec()).ok_or_else(|| missing(&format!("{} in the body", path.join("/"))))
        }
        SignedPart::Id => id.map(|id| id.as_bytes().to_vec()).ok_or_else(|| missing("the event's id")),
        SignedPart::Timestamp => match &scheme.timestamp {
            Some(sent) => value::one(&sent.value, call).map(String::into_bytes),
            None => Err(missing("the time")),
        },
        SignedPart::Url => call.url.clone().map(String::into_bytes).ok_or_else(|| missing("the address")),
        _ => Err(missing("a part of the signed text")),
    }
}

/// The text of a member as it stands in the body. Of one that comes twice it is the last, which is the one that is read.
fn member<'b>(body: &'b [u8], path: &[String]) -> Option<&'b str> {
    let mut text = std::str::from_utf8(body).ok()?;
    for name in path {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
        text = members.get(name)?.get();
    }
    Some(text)
}
