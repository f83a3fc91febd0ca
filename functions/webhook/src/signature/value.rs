//! Values of a request: by a header's name, or by a place in the body. A header that comes twice is refused, for two
//! readers could disagree on which of them counts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use policy::webhook::{RequestValue, Within};
use serde_json::Value;

use super::{Call, Refusal};

/// The values in a place, without what stands before each; none when all begin with something else.
pub(super) fn all(value: &RequestValue, call: &Call<'_>) -> Result<Vec<String>, Refusal> {
    let texts = match &value.within {
        Within::Header(name) => {
            let text = header_text(call.headers, name)?;
            match value.separator {
                // Lists by commas have blanks behind them.
                Some(separator) => text.split(separator).map(|part| part.trim_matches(' ').to_owned()).collect(),
                None => vec![text.to_owned()],
            }
        }
        within @ Within::Body(path) => {
            let found = call.document.and_then(|document| find(document, path));
            let found = found.ok_or_else(|| Refusal::Missing(name(within)))?;
            let texts: Option<Vec<_>> = found.into_iter().map(text_of).collect();
            texts.ok_or_else(|| Refusal::Malformed { what: name(within), rule: "a text or number is needed" })?
        }
        _ => Vec::new(),
    };
    Ok(texts.into_iter().filter_map(|text| text.strip_prefix(value.prefix.as_str()).map(str::to_owned)).collect())
}

/// The only value in a place.
pub(super) fn one(value: &RequestValue, call: &Call<'_>) -> Result<String, Refusal> {
    let mut values = all(value, call)?.into_iter();
    let first = values.next().ok_or_else(|| Refusal::Missing(name(&value.within)))?;
    match values.next() {
        Some(_) => Err(Refusal::Malformed { what: name(&value.within), rule: TWICE }),
        None => Ok(first),
    }
}

const TWICE: &str = "it comes more than once";

/// User and password of HTTP Basic (RFC 7617), with the colon between them.
pub(super) fn basic(headers: &HeaderMap) -> Result<Vec<u8>, Refusal> {
    let text = header_text(headers, header::AUTHORIZATION.as_str())?;
    let encoded = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
    let decoded = encoded.and_then(|(_, encoded)| STANDARD.decode(encoded.trim_start()).ok());
    let what = "header authorization".to_owned();
    decoded.ok_or(Refusal::Malformed { what, rule: "`Basic` and base64 are needed" })
}

/// What a place is called in an answer.
pub(super) fn name(within: &Within) -> String {
    match within {
        Within::Header(name) => format!("header {name}"),
        Within::Body(path) => format!("{} in the body", path.join("/")),
        _ => "a value".to_owned(),
    }
}

fn header_text<'h>(headers: &'h HeaderMap, name: &str) -> Result<&'h str, Refusal> {
    let what = || format!("header {name}");
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or_else(|| Refusal::Missing(what()))?;
    if values.next().is_some() {
        return Err(Refusal::Malformed { what: what(), rule: TWICE });
    }
    value.to_str().map_err(|_| Refusal::Malformed { what: what(), rule: "it must be printable ASCII" })
}

/// What is in a place; `None` when it is missing anywhere, or a list has no items.
fn find<'v>(document: &'v Value, path: &[String]) -> Option<Vec<&'v Value>> {
    let Some((first, rest)) = path.split_first() else { return Some(vec![document]) };
    if first != "*" {
        return find(document.get(first)?, rest);
    }
    let items = document.as_array().filter(|items| !items.is_empty())?;
    let found: Option<Vec<_>> = items.iter().map(|item| find(item, rest)).collect();
    found.map(|found| found.into_iter().flatten().collect())
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
