//! Reading requests and writing answers.

use bytes::Bytes;
use http::{Request, Response};
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// A percent-encoded text, decoded; `+` is a blank.
pub fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// The parameters of a query or form body, decoded.
pub fn pairs(text: &str) -> Vec<(String, String)> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    };
    text.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

/// A parameter of a request's query.
pub fn parameter(request: &Request<Bytes>, name: &str) -> Option<String> {
    let pairs = pairs(request.uri().query().unwrap_or_default());
    pairs.into_iter().find(|(parameter, _)| parameter == name).map(|(_, value)| value)
}

/// A parameter of a request's form body.
pub fn form_parameter(request: &Request<Bytes>, name: &str) -> Option<String> {
    let pairs = pairs(&String::from_utf8_lossy(request.body()));
    pairs.into_iter().find(|(parameter, _)| parameter == name).map(|(_, value)| value)
}

/// A header as text.
pub fn header<'r>(request: &'r Request<Bytes>, name: &str) -> &'r str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// An answer with a body.
pub fn answer(status: u16, content_type: &str, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut answer = Response::new(body.into());
    *answer.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(value) = content_type.parse() {
        answer.headers_mut().insert(http::header::CONTENT_TYPE, value);
    }
    answer
}

/// An answer in JSON.
pub fn json(status: u16, body: &Value) -> Response<Bytes> {
    answer(status, "application/json; charset=utf-8", body.to_string())
}

/// An answer without a body.
pub fn empty(status: u16) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    answer
}
