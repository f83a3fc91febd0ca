//! What a sender is told, and what of it may be logged.

use bytes::Bytes;
use domain::SourceName;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use policy::webhook::Content;

use crate::events::BodyError;

/// An answer that takes nothing, with what the sender may know.
pub(super) struct Rejection(pub(super) StatusCode, pub(super) String);

impl From<BodyError> for Rejection {
    fn from(error: BodyError) -> Self {
        let status = if matches!(error, BodyError::TooLarge { .. }) {
            StatusCode::PAYLOAD_TOO_LARGE
        } else {
            StatusCode::BAD_REQUEST
        };
        Self(status, error.to_string())
    }
}

pub(super) fn unavailable(source: &SourceName, error: &dyn std::fmt::Display) -> Rejection {
    tracing::error!(event = "webhook.not_stored", %source, %error);
    Rejection(StatusCode::SERVICE_UNAVAILABLE, "the events could not be stored; send them again".to_owned())
}

/// Refuses a body of another sort than the scheme's.
pub(super) fn content_type(content: Content, headers: &HeaderMap) -> Result<(), Rejection> {
    let wanted = match content {
        Content::Json => "application/json",
        Content::Form => "application/x-www-form-urlencoded",
    };
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if given.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    Err(Rejection(StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("content-type must be {wanted}")))
}

/// What of an unknown path may stand in a log.
pub(super) fn loggable(source: &str) -> &str {
    if SourceName::parse(source).is_ok() { source } else { "-" }
}

pub(super) fn answer(status: StatusCode, body: &serde_json::Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}
