//! Several requests in one: `/composite`, whose requests may refer to earlier answers, and `/composite/batch`, whose requests
//! are independent. Each counts as one call [doc].

mod references;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, Response, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value as Json, json};

use super::records::json_error;
use crate::call::Call;
use crate::org::Org;
use crate::org::journal::Actor;
use crate::reply::{self, Refused};
use references::Missing;

/// Requests a call, for both [doc].
const MAX_REQUESTS: usize = 25;
/// Queries and collections among them in `/composite` [doc].
const MAX_HEAVY: usize = 5;

/// What may not stand in a URL as it is. Recorded requests have bare blanks in their queries [rec].
const UNSAFE: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'{').add(b'}').add(b'|').add(b'\\').add(b'^');

/// One request of several.
struct Part<'a> {
    method: &'a str,
    url: &'a str,
    body: Option<&'a Json>,
    reference: &'a str,
}

impl Org {
    /// `POST /composite`
    pub(super) fn composite(&mut self, call: &Call<'_>, actor: &Actor) -> Response<Bytes> {
        let body: Json = match serde_json::from_slice(call.body) {
            Ok(body) => body,
            Err(error) => return json_error(&error.to_string()),
        };
        let parts = match parts(&body) {
            Ok(parts) => parts,
            Err(answer) => return *answer,
        };
        let all_or_none = body.get("allOrNone").and_then(Json::as_bool).unwrap_or(false);
        let start = self.world.savepoint();
        let mut answers: BTreeMap<&str, Json> = BTreeMap::new();
        let mut results: Vec<(u16, Json)> = Vec::new();
        for part in &parts {
            let (status, result) = self.composite_part(actor, part, &answers);
            answers.insert(part.reference, result["body"].clone());
            results.push((status, result));
        }
        if all_or_none && results.iter().any(|(status, _)| *status >= 400) {
            self.world.rollback(start);
            for ((status, result), part) in results.iter_mut().zip(&parts).filter(|((status, _), _)| *status < 400) {
                // [restforce fixture]
                let text = "The transaction was rolled back since another operation in the same transaction failed.";
                *status = 400;
                *result = shown(400, &halted(text), &json!({}), part.reference);
            }
        }
        let results: Vec<Json> = results.into_iter().map(|(_, result)| result).collect();
        reply::json(200, &json!({ "compositeResponse": results }))
    }

    fn composite_part(&mut self, actor: &Actor, part: &Part<'_>, answers: &BTreeMap<&str, Json>) -> (u16, Json) {
        let filled = references::text(part.url, answers)
            .and_then(|url| Ok((url, part.body.map(|body| references::json(body, answers)).transpose()?)));
        let (url, body) = match filled {
            Ok(filled) => filled,
            // A request whose reference has no value is not run [doc].
            Err(Missing { path, reference }) => {
                let text = format!("Invalid reference specified. No value for {path} found in {reference}");
                return (400, shown(400, &halted(&text), &json!({}), part.reference));
            }
        };
        let answer = self.run_part(actor, part.method, &url, body.as_ref());
        let status = answer.status().as_u16();
        let location = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        // [doc example]
        let headers = location.map_or_else(|| json!({}), |location| json!({ "Location": location }));
        (status, shown(status, &content(&answer), &headers, part.reference))
    }

    /// `POST /composite/batch` [rec for the forms].
    pub(super) fn batch(&mut self, call: &Call<'_>, actor: &Actor) -> Response<Bytes> {
        let body: Json = match serde_json::from_slice(call.body) {
            Ok(body) => body,
            Err(error) => return json_error(&error.to_string()),
        };
        let Some(parts) = body.get("batchRequests").and_then(Json::as_array) else {
            return json_error("A batchRequests list is expected");
        };
        if parts.len() > MAX_REQUESTS {
            return *too_many(MAX_REQUESTS);
        }
        let halt = body.get("haltOnError").and_then(Json::as_bool).unwrap_or(false);
        let mut failed = false;
        let mut results = Vec::new();
        for part in parts {
            let text = |name: &str| part.get(name).and_then(Json::as_str).unwrap_or_default();
            if failed && halt {
                // [doc]
                let error = json!([{
                    "errorCode": "BATCH_PROCESSING_HALTED",
                    "message": "Batch processing halted per request",
                }]);
                results.push(json!({ "statusCode": 412, "result": error }));
                continue;
            }
            // Relative addresses begin at the version [rec].
            let url = text("url");
            let url = if url.starts_with('/') { url.to_owned() } else { format!("/services/data/{url}") };
            let answer = self.run_part(actor, text("method"), &url, part.get("richInput"));
            failed |= answer.status().as_u16() >= 400;
            results.push(json!({ "statusCode": answer.status().as_u16(), "result": content(&answer) }));
        }
        reply::json(200, &json!({ "hasErrors": failed, "results": results }))
    }

    /// Runs one request as if it had come alone. Only standard REST can be called so, and nothing that holds requests itself.
    fn run_part(&mut self, actor: &Actor, method: &str, url: &str, body: Option<&Json>) -> Response<Bytes> {
        let url = utf8_percent_encode(url, UNSAFE).to_string();
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let request = Request::builder().method(method).uri(url).body(body);
        let Ok(request) = request else { return reply::not_found() };
        let call = Call::read(&request);
        match call.path_from(0).as_slice() {
            ["services", "data", _, "composite"] | ["services", "data", _, "composite", "batch" | "graph", ..] => {
                reply::not_found()
            }
            ["services", "data", _, _, ..] => self.rest(&call, actor),
            _ => reply::not_found(),
        }
    }
}

/// The requests of a composite call. A fault in their form refuses the whole call [doc; texts ?].
fn parts(body: &Json) -> Result<Vec<Part<'_>>, Refused> {
    let Some(list) = body.get("compositeRequest").and_then(Json::as_array) else {
        return Err(Box::new(json_error("A compositeRequest list is expected")));
    };
    if list.len() > MAX_REQUESTS {
        return Err(too_many(MAX_REQUESTS));
    }
    let mut seen = std::collections::BTreeSet::new();
    let parts = list
        .iter()
        .map(|part| {
            let text = |name: &str| {
                let missing = || Box::new(json_error(&format!("{name} is missing in a subrequest")));
                part.get(name).and_then(Json::as_str).ok_or_else(missing)
            };
            let reference = text("referenceId")?;
            let plain = reference.starts_with(|c: char| c.is_ascii_alphanumeric())
                && reference.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !plain || !seen.insert(reference) {
                return Err(Box::new(json_error(&format!("referenceId {reference} is not allowed"))));
            }
            Ok(Part { method: text("method")?, url: text("url")?, body: part.get("body"), reference })
        })
        .collect::<Result<Vec<_>, Refused>>()?;
    let heavy = |part: &&Part<'_>| {
        let path = part.url.split('?').next().unwrap_or_default();
        path.contains("/query") || path.contains("/composite/sobjects")
    };
    if parts.iter().filter(heavy).count() > MAX_HEAVY {
        return Err(too_many(MAX_HEAVY));
    }
    Ok(parts)
}

/// Limits [doc]; code and text [?].
fn too_many(most: usize) -> Refused {
    Box::new(reply::rest_error(400, "LIMIT_EXCEEDED", &format!("At most {most} subrequests of this kind are allowed")))
}

fn halted(text: &str) -> Json {
    json!([{ "errorCode": "PROCESSING_HALTED", "message": text }])
}

fn shown(status: u16, body: &Json, headers: &Json, reference: &str) -> Json {
    json!({ "body": body, "httpHeaders": headers, "httpStatusCode": status, "referenceId": reference })
}

/// The body of an answer; null for an empty one [rec].
fn content(answer: &Response<Bytes>) -> Json {
    serde_json::from_slice(answer.body()).unwrap_or(Json::Null)
}
