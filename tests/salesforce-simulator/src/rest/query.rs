//! `/query`: running SOQL, and reading the following pages of a long result.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Response;
use serde_json::{Value as Json, json};

use crate::call::Call;
use crate::org::Org;
use crate::org::ids::Id;
use crate::reply;
use crate::soql::{self, Answer};

/// Rows a page, unless the request asks for fewer [doc, rec].
const PAGE: usize = 2_000;
/// Open results a real org keeps; older ones are closed [doc: ten a user in older releases].
const MAX_OPEN: usize = 50;

/// Results of which pages are still to be read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cursors {
    open: BTreeMap<String, Cursor>,
    counter: u64,
}

#[derive(Debug, Clone)]
struct Cursor {
    rows: Vec<Json>,
    page: usize,
}

impl Org {
    pub(super) fn query(&mut self, call: &Call<'_>, base: &str) -> Response<Bytes> {
        if call.method != "GET" {
            return reply::method_not_allowed(&call.method, "HEAD,GET");
        }
        let Some(text) = call.parameter("q").filter(|text| !text.trim().is_empty()) else {
            return reply::rest_error(400, "MALFORMED_QUERY", "SOQL statements cannot be empty or null");
        };
        match soql::run(&self.world.state, base, text) {
            Err(error) => reply::json(400, &error.body()),
            Ok(Answer::Count(count)) => reply::json(200, &json!({ "totalSize": count, "done": true, "records": [] })),
            Ok(Answer::Rows(rows)) => {
                let page = page_size(call);
                if rows.len() <= page {
                    return reply::json(200, &json!({ "totalSize": rows.len(), "done": true, "records": rows }));
                }
                let locator = self.cursors.keep(rows, page);
                self.page(base, &locator, 0)
            }
        }
    }

    /// A following page: the path ends in the locator, a hyphen and the number of rows read [rec].
    pub(super) fn query_more(&self, base: &str, path: &str) -> Response<Bytes> {
        let place = path.rsplit_once('-').and_then(|(locator, from)| Some((locator, from.parse().ok()?)));
        place.map_or_else(invalid_locator, |(locator, from)| self.page(base, locator, from))
    }

    fn page(&self, base: &str, locator: &str, from: usize) -> Response<Bytes> {
        let Some(cursor) = self.cursors.open.get(locator) else { return invalid_locator() };
        let total = cursor.rows.len();
        if from >= total {
            return invalid_locator();
        }
        let until = total.min(from + cursor.page);
        let mut body = json!({ "totalSize": total, "done": until == total, "records": cursor.rows[from..until] });
        if let (false, Json::Object(map)) = (until == total, &mut body) {
            map.insert("nextRecordsUrl".to_owned(), format!("{base}/query/{locator}-{until}").into());
        }
        reply::json(200, &body)
    }
}

impl Cursors {
    fn keep(&mut self, rows: Vec<Json>, page: usize) -> String {
        self.counter += 1;
        while self.open.len() >= MAX_OPEN {
            self.open.pop_first();
        }
        let locator = Id::numbered("0r8", self.counter).as_str().to_owned();
        self.open.insert(locator.clone(), Cursor { rows, page });
        locator
    }
}

/// `Sforce-Query-Options: batchSize=200..2000` [doc].
fn page_size(call: &Call<'_>) -> usize {
    call.headers
        .get("sforce-query-options")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.trim().strip_prefix("batchSize="))
        .and_then(|size| size.parse::<usize>().ok())
        .map_or(PAGE, |size| size.clamp(200, PAGE))
}

fn invalid_locator() -> Response<Bytes> {
    reply::rest_error(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
}
