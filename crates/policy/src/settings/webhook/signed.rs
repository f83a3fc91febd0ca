//! The signed text as it is written: fixed text, and parts of the request in braces.

use super::Content;
use super::scheme::names;

/// A part of the signed text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignedPart {
    /// This text.
    Text(String),
    /// The body's bytes.
    Body,
    /// The bytes of one member of the body, as they stand there.
    Member(Vec<String>),
    /// The event's id.
    Id,
    /// The time, as it was sent.
    Timestamp,
    /// The address, with the request's query.
    Url,
}

/// Reads `{id}.{timestamp}.{body}`.
pub(super) fn parse(text: &str, content: Content) -> Result<Vec<SignedPart>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or("a { is not closed")?;
        if !before.is_empty() {
            parts.push(SignedPart::Text(before.to_owned()));
        }
        parts.push(part(name, content)?);
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(SignedPart::Text(rest.to_owned()));
    }
    clear(&parts, content)?;
    Ok(parts)
}

fn part(name: &str, content: Content) -> Result<SignedPart, String> {
    let member = name.strip_prefix("body/").and_then(names).filter(|path| path.iter().all(|name| name != "*"));
    match (name, member) {
        ("body", _) => Ok(SignedPart::Body),
        ("id", _) => Ok(SignedPart::Id),
        ("timestamp", _) => Ok(SignedPart::Timestamp),
        ("url", _) => Ok(SignedPart::Url),
        (_, Some(path)) if content == Content::Json => Ok(SignedPart::Member(path)),
        _ => Err(format!("{{{name}}} is none of {{body}}, {{body/NAME}}, {{timestamp}}, {{id}} and {{url}}")),
    }
}

/// Whether two requests can't have the same signed text by cutting it in another place.
fn clear(parts: &[SignedPart], content: Content) -> Result<(), String> {
    let is_body = |part: &SignedPart| matches!(part, SignedPart::Body | SignedPart::Member(_));
    if !parts.iter().any(is_body) {
        return Err("neither {body} nor a part of it is signed: anybody could send anything".to_owned());
    }
    if content == Content::Form && parts.contains(&SignedPart::Url) {
        return Err("{url} can't be signed beside a form: both are texts without an end of their own".to_owned());
    }
    // Where a JSON object or list begins and ends is plain from itself; nothing else's is.
    let plain = |part: &SignedPart| matches!(part, SignedPart::Text(_)) || (content == Content::Json && is_body(part));
    match parts.windows(2).any(|pair| !pair.iter().any(plain)) {
        true => Err("between two parts of the signed text something must tell where one ends".to_owned()),
        false => Ok(()),
    }
}
