//! Ways of failing that every system has: statuses, lost and cut answers, pages that repeat, links that lead elsewhere.

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use serde_json::Value;

use crate::request::{answer, empty, json};

/// Which requests are broken: those whose path or query holds a text, from the nth of them on, so many times.
#[derive(Clone, Debug)]
pub struct When {
    /// What path and query must hold; any when empty.
    pub holds: String,
    /// From which of them on, 1 for the first.
    pub from: usize,
    /// How many times.
    pub times: usize,
}

impl When {
    /// From the nth matching request on, for ever.
    pub fn from(holds: &str, from: usize) -> Self {
        Self { holds: holds.to_owned(), from, times: usize::MAX }
    }

    /// The nth matching request only.
    pub fn once(holds: &str, from: usize) -> Self {
        Self { holds: holds.to_owned(), from, times: 1 }
    }
}

/// A way of failing.
#[derive(Clone, Debug)]
pub enum Breakage {
    /// This status with no body.
    Status(u16),
    /// This status with a JSON body.
    Refusal(u16, Value),
    /// This status with `Retry-After`.
    RetryAfter(u16, String),
    /// The request never arrives.
    NotSent,
    /// The answer is lost on its way.
    Lost,
    /// There is never an answer.
    Never,
    /// The body ends in its middle.
    Cut,
    /// The body ends in its middle, its header says so.
    CutWithLength,
    /// The body is empty.
    NoBody,
    /// An HTML page with status 200.
    Html,
    /// HTML that says that it is JSON.
    HtmlAsJson,
    /// The right body with another content type.
    Type(String),
    /// The body is JSON of another shape.
    OtherShape(Value),
    /// The body is no JSON.
    Garbage,
    /// A redirect to this address.
    Redirect(String),
    /// The document, changed.
    Change(fn(&mut Value)),
    /// The answer to the first matching request, again.
    Repeat,
}

pub(crate) struct Plan {
    when: When,
    breakage: Breakage,
    met: usize,
    broken: usize,
    first: Option<Response<Bytes>>,
}

pub(crate) struct Broken {
    breakage: Breakage,
    first: Option<Response<Bytes>>,
}

pub(crate) enum Answer {
    Given(Response<Bytes>),
    NotSent,
    Lost,
    Never,
}

impl Plan {
    pub(crate) fn new(when: When, breakage: Breakage) -> Self {
        Self { when, breakage, met: 0, broken: 0, first: None }
    }

    fn matches(&self, request: &Request<Bytes>) -> bool {
        crate::request::decode(&request.uri().to_string()).contains(&self.when.holds)
    }

    pub(crate) fn breaks(&mut self, request: &Request<Bytes>) -> Option<Broken> {
        if !self.matches(request) {
            return None;
        }
        self.met += 1;
        if self.met < self.when.from || self.broken >= self.when.times {
            return None;
        }
        self.broken += 1;
        Some(Broken { breakage: self.breakage.clone(), first: self.first.clone() })
    }

    pub(crate) fn remember(&mut self, request: &Request<Bytes>, answer: &Response<Bytes>) {
        if self.matches(request) && self.first.is_none() {
            self.first = Some(answer.clone());
        }
    }

    pub(crate) fn has_broken(&self) -> bool {
        self.broken > 0
    }
}

impl Broken {
    pub(crate) fn answer(
        self,
        request: &Request<Bytes>,
        handle: impl FnOnce(&Request<Bytes>) -> Response<Bytes>,
    ) -> Answer {
        Answer::Given(match self.breakage {
            Breakage::NotSent => return Answer::NotSent,
            Breakage::Lost => return Answer::Lost,
            Breakage::Never => return Answer::Never,
            Breakage::Status(status) => empty(status),
            Breakage::Refusal(status, body) => json(status, &body),
            Breakage::RetryAfter(status, text) => with(empty(status), header::RETRY_AFTER, &text),
            Breakage::Redirect(address) => with(empty(302), header::LOCATION, &address),
            Breakage::Html => {
                answer(200, "text/html; charset=utf-8", "<!DOCTYPE html><html><body>Log in</body></html>")
            }
            Breakage::HtmlAsJson => answer(200, "application/json", "<html><body>Maintenance</body></html>"),
            Breakage::Garbage => answer(200, "application/json", "{\"rows\": [}, 1"),
            Breakage::OtherShape(document) => json(200, &document),
            Breakage::NoBody => answer(200, "application/json", ""),
            Breakage::Repeat => self.first.unwrap_or_else(|| handle(request)),
            Breakage::Cut => handle(request).map(|body| body.slice(..body.len() / 2)),
            Breakage::CutWithLength => {
                let whole = handle(request);
                let length = whole.body().len().to_string();
                with(whole.map(|body| body.slice(..body.len() / 2)), header::CONTENT_LENGTH, &length)
            }
            Breakage::Type(content_type) => with(handle(request), header::CONTENT_TYPE, &content_type),
            Breakage::Change(change) => {
                let whole = handle(request);
                whole.map(|body| match serde_json::from_slice::<Value>(&body) {
                    Ok(mut document) => {
                        change(&mut document);
                        Bytes::from(document.to_string())
                    }
                    Err(_) => body,
                })
            }
        })
    }
}

fn with(mut answer: Response<Bytes>, name: header::HeaderName, value: &str) -> Response<Bytes> {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
    answer
}
