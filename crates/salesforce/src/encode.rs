//! Percent-encoding, in one place: query values and form bodies.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// RFC 3986's unreserved characters stay, and `,`, which separates most of what stands in long lists of ids.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b',');

/// A value as it may stand in a URL's query or in a form body.
pub(crate) fn encode(value: &str) -> String {
    utf8_percent_encode(value, KEPT).to_string()
}

/// How long the encoded value is.
pub(crate) fn encoded_len(value: &str) -> usize {
    utf8_percent_encode(value, KEPT).map(str::len).sum()
}

/// A form body (`application/x-www-form-urlencoded`) or query.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let pairs = pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}
