//! A made-up service, like those of several vendors, that hands out people only as files: a request begins an export,
//! another tells how far it is, and the files lie at a host of their own, which refuses what is signed for the service.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Method, Request, Response};
use jiff::{SignedDuration, Timestamp};
use ports::Clock;
use serde_json::{Value, json};

use crate::request::{answer, empty, header, json};
use crate::{Emulator, lock};

/// The host of the service.
pub const SERVICE: &str = "api.exports.test";
/// The host of its files.
pub const FILES: &str = "files.exports.test";

/// A file's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON Lines, told as bytes.
    JsonLines,
    /// CSV, told as text.
    Csv,
    /// JSON, `{"people": […]}`.
    Json,
}

/// The service.
pub struct Exports {
    key: String,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    format: Format,
    rows: Vec<Value>,
    per_file: usize,
    takes: SignedDuration,
    fails: bool,
    jobs: Vec<Timestamp>,
}

impl Exports {
    /// A service without rows whose exports take a minute; `key` signs.
    pub fn new(key: &str, clock: Arc<dyn Clock>) -> Self {
        let state = State {
            format: Format::JsonLines,
            rows: Vec::new(),
            per_file: 2,
            takes: SignedDuration::from_secs(60),
            fails: false,
            jobs: Vec::new(),
        };
        Self { key: key.to_owned(), clock, state: Mutex::new(state) }
    }

    /// The format of its files.
    pub fn format(&self, format: Format) {
        lock(&self.state).format = format;
    }

    /// Its rows, objects of texts.
    pub fn put(&self, rows: Vec<Value>) {
        lock(&self.state).rows = rows;
    }

    /// How long an export takes.
    pub fn takes(&self, seconds: i64) {
        lock(&self.state).takes = SignedDuration::from_secs(seconds);
    }

    /// Whether exports fail.
    pub fn fails(&self, fails: bool) {
        lock(&self.state).fails = fails;
    }

    /// How many exports were begun.
    pub fn begun(&self) -> usize {
        lock(&self.state).jobs.len()
    }

    fn service(&self, request: &Request<Bytes>) -> Response<Bytes> {
        if header(request, "x-api-key") != self.key {
            return empty(401);
        }
        let mut state = lock(&self.state);
        let path = request.uri().path();
        if request.method() == Method::POST && path == "/v1/exports" {
            state.jobs.push(self.clock.now());
            let id = state.jobs.len();
            let mut begun = json(202, &json!({ "export": { "id": id, "link": format!("/v1/exports/{id}") } }));
            if let Ok(place) = format!("https://{SERVICE}/v1/exports/{id}").parse() {
                begun.headers_mut().insert("operation-location", place);
            }
            return begun;
        }
        let id = path.strip_prefix("/v1/exports/").and_then(|id| id.parse::<usize>().ok());
        let Some((id, begun)) = id.and_then(|id| Some((id, *state.jobs.get(id.checked_sub(1)?)?))) else {
            return empty(404);
        };
        let gone = self.clock.now().duration_since(begun);
        let done = gone >= state.takes;
        let status = match (done, state.fails) {
            (true, true) => "failed",
            (true, false) => "completed",
            (false, _) if gone.as_secs() < 15 => "queued",
            (false, _) => "running",
        };
        let count = state.rows.len().div_ceil(state.per_file.max(1));
        let files: Vec<_> =
            (1..=count).map(|n| json!({ "href": format!("https://{FILES}/{id}/{n}?signature=made-up") })).collect();
        let files = if status == "completed" { json!(files) } else { Value::Null };
        json(200, &json!({ "status": status, "files": files, "rows": state.rows.len() }))
    }

    fn file(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let signed = ["x-api-key", "authorization", "x-customer"].iter().any(|name| !header(request, name).is_empty());
        if signed || request.uri().query() != Some("signature=made-up") {
            return empty(400);
        }
        let state = lock(&self.state);
        let number = request.uri().path().rsplit('/').next().and_then(|number| number.parse::<usize>().ok());
        let Some(rows) = number.and_then(|number| state.rows.chunks(state.per_file).nth(number.checked_sub(1)?)) else {
            return empty(404);
        };
        match state.format {
            Format::JsonLines => {
                answer(200, "binary/octet-stream", rows.iter().map(|row| format!("{row}\n")).collect::<String>())
            }
            Format::Csv => answer(200, "text/plain", csv(rows)),
            Format::Json => json(200, &json!({ "people": rows })),
        }
    }
}

impl Emulator for Exports {
    fn serves(&self, host: &str) -> bool {
        [SERVICE, FILES].contains(&host)
    }

    fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        if request.uri().host() == Some(FILES) { self.file(request) } else { self.service(request) }
    }
}

fn csv(rows: &[Value]) -> String {
    let line = |cells: Vec<String>| format!("{}\n", cells.join(","));
    let objects = || rows.iter().filter_map(Value::as_object);
    let header = objects().next().map(|row| line(row.keys().cloned().collect())).unwrap_or_default();
    let lines =
        objects().map(|row| line(row.values().map(|cell| cell.as_str().unwrap_or_default().to_owned()).collect()));
    lines.fold(header, |text, line| text + &line)
}
