//! users/delta: links that live seven days, pages that are empty on the way, objects that come twice, properties that
//! were never set and so are left out, objects that are gone.

use bytes::Bytes;
use http::{Request, Response, header};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::{Entra, GRAPH, State, error, selected};
use crate::lock;
use crate::request::{json, parameter};

/// Tokens of directory objects live so long (learn.microsoft.com, delta query overview).
const LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Where a list of changes goes on.
#[derive(Clone)]
pub(super) struct Skip {
    since: u64,
    select: Vec<String>,
    after: u64,
    /// Pages given so far.
    pages: u64,
}

/// Where the next list of changes begins.
#[derive(Clone)]
pub(super) struct Mark {
    since: u64,
    select: Vec<String>,
    made: Timestamp,
}

impl Entra {
    pub(super) fn delta(&self, request: &Request<Bytes>) -> Response<Bytes> {
        for name in ["$top", "$expand", "$orderby"] {
            if parameter(request, name).is_some() {
                return error(400, "Request_UnsupportedQuery", &format!("{name} is not supported with delta."));
            }
        }
        let mut state = lock(&self.state);
        let now = self.clock.now();
        let skip = match (parameter(request, "$deltatoken"), parameter(request, "$skiptoken")) {
            (Some(token), _) if token == "latest" => {
                let version = state.version;
                return finish(&mut state, &[], version, selected(request), now);
            }
            (Some(token), _) => match state.deltas.get(&token).cloned() {
                None => {
                    return error(
                        400,
                        "syncStateNotFound",
                        "The sync state generation is not found; perform a full sync",
                    );
                }
                Some(mark) if now.duration_since(mark.made) > LIFE => {
                    let mut gone = error(410, "resyncRequired", "Resync required");
                    let link = format!("https://{GRAPH}/v1.0/users/delta?$deltatoken=");
                    if let Ok(link) = link.parse() {
                        gone.headers_mut().insert(header::LOCATION, link);
                    }
                    return gone;
                }
                Some(mark) => Skip { since: mark.since, select: mark.select, after: mark.since, pages: 0 },
            },
            (None, Some(token)) => match state.skips.get(&token).cloned() {
                Some(skip) => skip,
                None => {
                    return error(
                        400,
                        "syncStateNotFound",
                        "The sync state generation is not found; perform a full sync",
                    );
                }
            },
            (None, None) => Skip { since: 0, select: selected(request), after: 0, pages: 0 },
        };
        self.changes(&mut state, skip, now)
    }

    fn changes(&self, state: &mut State, skip: Skip, now: Timestamp) -> Response<Bytes> {
        let size = state.page.unwrap_or(100);
        let mut changed: Vec<(u64, Value)> = state
            .users
            .values()
            .filter(|user| user.version > skip.after && (skip.since > 0 || user.removed.is_none()))
            .map(|user| (user.version, change(&user.properties, &skip.select, user.removed)))
            .collect();
        changed.sort_by_key(|(version, _)| *version);
        let last = state.version;
        // Every second page is empty, though more follow.
        let empty = skip.pages % 2 == 1;
        let more = changed.len() > size || (empty && !changed.is_empty());
        let page: Vec<(u64, Value)> = if empty { Vec::new() } else { changed.into_iter().take(size).collect() };
        let after = page.last().map_or(skip.after, |(version, _)| *version);
        let mut rows: Vec<Value> = page.into_iter().map(|(_, row)| row).collect();
        // An object may come twice.
        rows.extend(rows.first().cloned());
        if !more && skip.pages % 2 == 1 {
            return finish(state, &rows, last, skip.select, now);
        }
        state.counter += 1;
        let token = format!("skip{}", state.counter);
        let next = Skip { after, pages: skip.pages + 1, ..skip };
        state.skips.insert(token.clone(), next);
        json(
            200,
            &json!({
                "@odata.context": format!("https://{GRAPH}/v1.0/$metadata#users"),
                "@odata.nextLink": format!("https://{GRAPH}/v1.0/users/delta?$skiptoken={token}"),
                "value": rows,
            }),
        )
    }
}

fn finish(state: &mut State, rows: &[Value], since: u64, select: Vec<String>, now: Timestamp) -> Response<Bytes> {
    state.counter += 1;
    let token = format!("delta{}", state.counter);
    state.deltas.insert(token.clone(), Mark { since, select, made: now });
    json(
        200,
        &json!({
            "@odata.context": format!("https://{GRAPH}/v1.0/$metadata#users"),
            "@odata.deltaLink": format!("https://{GRAPH}/v1.0/users/delta?$deltatoken={token}"),
            "value": rows,
        }),
    )
}

/// What a list of changes says of a user: only what was ever set.
fn change(properties: &Map<String, Value>, select: &[String], removed: Option<&str>) -> Value {
    let id = properties["id"].clone();
    if let Some(reason) = removed {
        return json!({ "id": id, "@removed": { "reason": reason } });
    }
    let mut row: Map<String, Value> = Map::new();
    for name in select.iter().filter(|name| *name != "manager") {
        if let Some(value) = properties.get(name) {
            row.insert(name.clone(), value.clone());
        }
    }
    row.insert("id".to_owned(), id);
    Value::Object(row)
}
