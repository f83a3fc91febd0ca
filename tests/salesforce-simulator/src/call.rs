//! A request taken apart: method, path segments, query, body. Percent-decoding happens here and nowhere else.

use http::{HeaderMap, Request};
use percent_encoding::percent_decode_str;

/// A request as the handlers see it.
pub(crate) struct Call<'a> {
    pub(crate) method: String,
    /// Path and query as sent.
    pub(crate) target: String,
    /// Decoded path segments, without empty ones.
    pub(crate) segments: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    /// The host that was called, where the request says so.
    pub(crate) host: Option<String>,
}

impl<'a> Call<'a> {
    pub(crate) fn read(request: &'a Request<bytes::Bytes>) -> Self {
        let uri = request.uri();
        let from_header = || request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok());
        Self {
            method: request.method().as_str().to_owned(),
            target: uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string),
            segments: uri.path().split('/').filter(|part| !part.is_empty()).map(decode).collect(),
            query: pairs(uri.query().unwrap_or_default()),
            headers: request.headers(),
            body: request.body(),
            host: uri.authority().map(http::uri::Authority::as_str).or_else(from_header).map(str::to_owned),
        }
    }

    /// The segments from `from` on, for matching.
    pub(crate) fn path_from(&self, from: usize) -> Vec<&str> {
        self.segments.iter().skip(from).map(String::as_str).collect()
    }

    /// A query parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Size of the request line's target and the headers in bytes.
    pub(crate) fn head_size(&self) -> usize {
        self.target.len()
            + self.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>()
    }

    /// Whether the body says to be JSON, or says nothing.
    pub(crate) fn has_json_type(&self) -> bool {
        self.headers.get(http::header::CONTENT_TYPE).is_none_or(|value| {
            value.to_str().is_ok_and(|value| {
                let kind = value.split(';').next().unwrap_or_default().trim();
                kind.eq_ignore_ascii_case("application/json") || kind.eq_ignore_ascii_case("application/scim+json")
            })
        })
    }
}

/// The fields of a form body.
pub(crate) fn form(body: &[u8]) -> Vec<(String, String)> {
    pairs(&String::from_utf8_lossy(body))
}

fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            // In queries and forms a plus is a space.
            (decode(&key.replace('+', " ")), decode(&value.replace('+', " ")))
        })
        .collect()
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
