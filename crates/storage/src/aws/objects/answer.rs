//! What S3 answers to a request for a part of an object (AWS: GetObject, Error responses). Of the service's own words only
//! its codes are passed on.

use bytes::Bytes;
use http::header::{CONTENT_RANGE, ETAG, LAST_MODIFIED};
use http::{HeaderMap, Response, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use ports::ObjectError;

/// What came.
pub(super) enum Answer {
    /// The version that the caller knows is the newest.
    Unchanged,
    /// A part of the object.
    Piece(Piece),
}

/// A part of an object, from the byte that was asked for on.
pub(super) struct Piece {
    pub(super) content: Bytes,
    /// The whole object's size.
    pub(super) total: u64,
    pub(super) tag: String,
    pub(super) modified: Option<Timestamp>,
}

/// What an answer from `region` to a request for an object's bytes from `start` on means.
pub(super) fn of(object: &str, region: &str, start: u64, response: &Response<Bytes>) -> Result<Answer, ObjectError> {
    let (status, headers) = (response.status(), response.headers());
    let object = object.to_owned();
    let code = || code(response.body()).unwrap_or("no code");
    let says = || format!("{} {}", status.as_u16(), code());
    match status {
        StatusCode::OK | StatusCode::PARTIAL_CONTENT => piece(object, start, response).map(Answer::Piece),
        StatusCode::NOT_MODIFIED => Ok(Answer::Unchanged),
        StatusCode::PRECONDITION_FAILED => Err(ObjectError::Replaced { object }),
        // Nothing can be asked for within nothing.
        StatusCode::RANGE_NOT_SATISFIABLE if start == 0 => Err(ObjectError::Empty { object }),
        StatusCode::RANGE_NOT_SATISFIABLE => Err(ObjectError::Replaced { object }),
        StatusCode::MOVED_PERMANENTLY | StatusCode::TEMPORARY_REDIRECT | StatusCode::BAD_REQUEST
            if is_elsewhere(status, headers, region) =>
        {
            let of_bucket = text(headers, "x-amz-bucket-region").map(str::to_owned);
            Err(ObjectError::OtherRegion { object, asked: region.to_owned(), region: of_bucket })
        }
        StatusCode::NOT_FOUND if code() == "NoSuchBucket" => Err(ObjectError::Refused { object, reason: says() }),
        StatusCode::NOT_FOUND => Err(ObjectError::Missing { object }),
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => Err(ObjectError::Denied { object, reason: says() }),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS | StatusCode::TEMPORARY_REDIRECT => {
            Err(ObjectError::Unavailable { object, reason: says() })
        }
        other if other.is_server_error() => Err(ObjectError::Unavailable { object, reason: says() }),
        _ => Err(ObjectError::Refused { object, reason: says() }),
    }
}

fn piece(object: String, start: u64, response: &Response<Bytes>) -> Result<Piece, ObjectError> {
    let (headers, content) = (response.headers(), response.body().clone());
    let length = content.len() as u64;
    let (first, end, total) = match response.status() {
        StatusCode::PARTIAL_CONTENT => text(headers, CONTENT_RANGE.as_str()).and_then(range).unwrap_or_default(),
        _ => (0, length, length),
    };
    if length == 0 && response.status() == StatusCode::OK {
        return Err(ObjectError::Empty { object });
    }
    if first != start || end <= start || end - start != length || end > total {
        // The client undoes a compression that the answer tells of; then the bytes are not those that were asked for.
        let reason =
            "a part is not as long as it says (an object stored with Content-Encoding can't be read)".to_owned();
        return Err(ObjectError::Unavailable { object, reason });
    }
    let Some(tag) = text(headers, ETAG.as_str()).map(str::to_owned) else {
        return Err(ObjectError::Unavailable { object, reason: "the answer has no ETag".to_owned() });
    };
    let modified = text(headers, LAST_MODIFIED.as_str()).and_then(|date| Some(rfc2822::parse(date).ok()?.timestamp()));
    Ok(Piece { content, total, tag, modified })
}

/// The first byte, the one behind the last, and the object's size, of `bytes 0-9/443`.
fn range(text: &str) -> Option<(u64, u64, u64)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    Some((first.parse().ok()?, last.parse::<u64>().ok()?.checked_add(1)?, total.parse().ok()?))
}

/// S3 names the bucket's region also where the bucket is in the right one.
fn is_elsewhere(status: StatusCode, headers: &HeaderMap, region: &str) -> bool {
    match text(headers, "x-amz-bucket-region") {
        Some(of_bucket) => of_bucket != region,
        None => status == StatusCode::MOVED_PERMANENTLY,
    }
}

/// The code of an error, a plain word, from `<Error><Code>NoSuchKey</Code>…`.
fn code(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    (code.len() <= 64 && code.chars().all(|letter| letter.is_ascii_alphanumeric())).then_some(code)
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}
