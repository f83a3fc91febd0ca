//! Reads the error bodies that Salesforce really sends: an array or a single object of standard REST, SCIM's with a
//! `CODE:text;CODE:text;` detail or with an Apex exception's text, an OAuth error, rows of a multi-record call, HTML,
//! half a JSON, nothing.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use serde_json::Value;

use super::codes::classify;
use super::{Refusal, SalesforceError};

/// The error that an answer with a status of 400 or more tells.
pub(crate) fn from_answer(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> SalesforceError {
    let retry_after = retry_after(headers);
    match serde_json::from_slice::<Value>(body).ok().and_then(|body| refusal(status.as_u16(), &body)) {
        Some(refusal) => classify(refusal, retry_after),
        None => without_words(status.as_u16(), body, retry_after),
    }
}

/// The error of one row of a multi-record call: `{statusCode, message, fields}`.
pub(crate) fn from_row(errors: &[Value]) -> SalesforceError {
    let refusal = errors.first().and_then(|error| rest(200, error));
    refusal.map_or_else(|| without_words(200, b"", None), |refusal| classify(refusal, None))
}

/// Seconds only: the form with a date would need a clock, and Salesforce is not known to send it.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn without_words(status: u16, body: &[u8], retry_after: Option<Duration>) -> SalesforceError {
    if status >= 500 || status == 200 {
        let reason = format!("HTTP {status} without a readable error");
        return SalesforceError::Unavailable { reason, retry_after };
    }
    let message = format!("Salesforce answered {status} without an error that can be read");
    let refusal = Refusal { code: format!("HTTP_{status}"), message, fields: Vec::new(), status };
    let web_page = body.trim_ascii_start().starts_with(b"<");
    match status {
        401 | 410 | 429 => classify(refusal, retry_after),
        // A proxy's or the edge's page, or a redirect: nobody's data is to blame.
        _ if web_page || status < 400 => SalesforceError::Unusable(refusal),
        // Salesforce refused it, but the reason got lost on the way.
        _ => SalesforceError::Busy { refusal, retry_after },
    }
}

fn refusal(status: u16, body: &Value) -> Option<Refusal> {
    match body {
        Value::Array(errors) => rest(status, errors.first()?),
        Value::Object(object) if object.contains_key("detail") => scim(status, object.get("detail")?.as_str()?),
        Value::Object(object) if object.contains_key("error") => oauth(status, body),
        Value::Object(object) if object.contains_key("Errors") => {
            let first = object.get("Errors")?.as_array()?.first()?;
            scim(status, first.get("description")?.as_str()?)
        }
        Value::Object(_) => rest(status, body),
        _ => None,
    }
}

fn rest(status: u16, error: &Value) -> Option<Refusal> {
    let text = |name: &str| error.get(name).and_then(Value::as_str);
    let code = text("errorCode").or_else(|| text("statusCode")).filter(|code| is_code(code));
    let message = text("message").unwrap_or_default();
    let fields = error.get("fields").and_then(Value::as_array).into_iter().flatten();
    let fields = fields.filter_map(Value::as_str).filter(|field| is_field_name(field)).map(str::to_owned).collect();
    let code = code.map_or_else(|| format!("HTTP_{status}"), str::to_owned);
    (text("errorCode").is_some() || text("statusCode").is_some() || !message.is_empty()).then(|| Refusal {
        code,
        message: message.to_owned(),
        fields,
        status,
    })
}

fn oauth(status: u16, error: &Value) -> Option<Refusal> {
    let code = error.get("error")?.as_str()?;
    let known = !code.is_empty() && code.len() <= 60 && code.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let message = error.get("error_description").and_then(Value::as_str).unwrap_or_default();
    let code = if known { code } else { "oauth_error" };
    Some(Refusal { code: code.to_owned(), message: message.to_owned(), fields: Vec::new(), status })
}

/// The detail of a SCIM error. Several problems stand one after the other; the first decides, all are told.
fn scim(status: u16, detail: &str) -> Option<Refusal> {
    if let Some(refusal) = apex_exception(status, detail) {
        return Some(refusal);
    }
    let (code, rest) = match detail.split_once(':') {
        Some((code, rest)) if is_code(code.trim()) => (code.trim().to_owned(), rest),
        _ => (format!("SCIM_{status}"), detail),
    };
    let first = rest.split(';').next().unwrap_or_default().trim();
    let names_a_field = matches!(code.as_str(), "REQUIRED_FIELD_MISSING" | "UNSUPPORTED_FIELD") && is_field_name(first);
    let fields = if names_a_field { vec![first.to_owned()] } else { Vec::new() };
    Some(Refusal { code, message: detail.to_owned(), fields, status })
}

/// `Insert failed. First exception on row 0; first error: CODE, message: [Field, Field]`, also with an id after the row.
fn apex_exception(status: u16, detail: &str) -> Option<Refusal> {
    let (_, error) = detail.split_once("first error: ")?;
    let (code, rest) = error.split_once(',')?;
    let code = Some(code.trim()).filter(|code| is_code(code))?;
    let (message, fields) = match rest.rsplit_once(": [") {
        Some((message, fields)) => (message, fields.split(']').next().unwrap_or_default()),
        None => (rest, ""),
    };
    let fields = fields.split(',').map(str::trim).filter(|field| is_field_name(field)).map(str::to_owned).collect();
    Some(Refusal { code: code.to_owned(), message: message.trim().to_owned(), fields, status })
}

/// Only what looks like one of Salesforce's codes is taken for one: codes get into logs.
fn is_code(text: &str) -> bool {
    let code = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    (1..=80).contains(&text.len()) && text.starts_with(|c: char| c.is_ascii_uppercase()) && text.chars().all(code)
}

/// Names of fields get into logs too.
pub(super) fn is_field_name(text: &str) -> bool {
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    (1..=50).contains(&text.len()) && text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(name)
}
