//! What comes back from the org: an answer, or one of the ways in which an answer does not come.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::Value as Json;

/// The outcome of one call, and how long the caller waits for it.
#[derive(Debug)]
pub struct Reply {
    /// What the caller gets.
    pub outcome: Outcome,
    /// How long it takes; zero unless a fault says otherwise. The server sleeps, others may ignore it.
    pub delay: Duration,
}

/// What the caller gets.
#[derive(Debug)]
pub enum Outcome {
    /// A whole answer.
    Answer(Response<Bytes>),
    /// The connection was refused: nothing was done.
    NotConnected,
    /// The call was carried out, the answer was lost.
    AnswerLost,
    /// The call was carried out; the connection broke in the middle of this answer's body.
    Truncated {
        /// The whole answer.
        answer: Response<Bytes>,
        /// How many bytes of its body arrive.
        length: usize,
    },
}

impl Reply {
    /// The answer, where there is a whole one.
    #[must_use]
    pub fn answer(self) -> Option<Response<Bytes>> {
        match self.outcome {
            Outcome::Answer(answer) => Some(answer),
            _ => None,
        }
    }
}

/// An answer instead of what was asked for. Boxed, because answers are large and refusals rare.
pub(crate) type Refused = Box<Response<Bytes>>;

/// An answer with a JSON body. Content type as recorded [rec].
pub(crate) fn json(status: u16, body: &Json) -> Response<Bytes> {
    with_type(status, "application/json;charset=UTF-8", body.to_string())
}

/// An answer with an HTML body, as gateways and maintenance pages send.
pub(crate) fn html(status: u16, body: &str) -> Response<Bytes> {
    with_type(status, "text/html;charset=UTF-8", body.to_owned())
}

/// An answer without body or type.
pub(crate) fn empty(status: u16) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// The error form of standard REST: an array of one `{message, errorCode}`.
pub(crate) fn rest_error(status: u16, code: &str, message: &str) -> Response<Bytes> {
    json(status, &serde_json::json!([{ "message": message, "errorCode": code }]))
}

/// [restforce fixture]
pub(crate) fn invalid_session() -> Response<Bytes> {
    rest_error(401, "INVALID_SESSION_ID", "Session expired or invalid")
}

/// [rec, in a Composite answer]
pub(crate) fn not_found() -> Response<Bytes> {
    rest_error(404, "NOT_FOUND", "The requested resource does not exist")
}

/// [test]
pub(crate) fn method_not_allowed(method: &str, allowed: &str) -> Response<Bytes> {
    rest_error(405, "METHOD_NOT_ALLOWED", &format!("HTTP Method '{method}' not allowed. Allowed are {allowed}"))
}

/// [Airbyte, Umbraco tests]
pub(crate) fn limit_exceeded() -> Response<Bytes> {
    rest_error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
}

fn with_type(status: u16, kind: &'static str, body: String) -> Response<Bytes> {
    let mut response = empty(status);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    *response.body_mut() = Bytes::from(body);
    response
}
