//! Lists: `startIndex`, `count`, `attributes`, `excludedAttributes` and the list's envelope.

use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value as Json, json};

use super::LIST;
use super::errors::Refusal;
use crate::call::Call;
use crate::reply;

/// Most resources a page [doc: filter.maxResults].
const MAX_COUNT: usize = 200;
/// Resources a page when not asked [src pilot].
const DEFAULT_COUNT: usize = 10;

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) start: usize,
    pub(super) count: usize,
}

impl Window {
    /// Reads the parameters: `count` 1 to 200, `startIndex` 1 to the ceiling [src pilot].
    pub(super) fn of(call: &Call<'_>, ceiling: Option<usize>) -> Result<Self, Refusal> {
        let read = |name: &str, default: usize, max: usize| match call.parameter(name) {
            None => Ok(default),
            Some(text) => text
                .parse()
                .ok()
                .filter(|number| (1..=max).contains(number))
                .ok_or_else(|| Refusal::scim(400, format!("Illegal {name} value : {text}"))),
        };
        Ok(Self {
            start: read("startIndex", 1, ceiling.unwrap_or(usize::MAX))?,
            count: read("count", DEFAULT_COUNT, MAX_COUNT)?,
        })
    }
}

/// The envelope: with no results, `startIndex` 0 and no `Resources` key [src pilot].
pub(super) fn list<T>(found: &[T], window: Window, mut show: impl FnMut(&T) -> Json) -> Response<Bytes> {
    let page: Vec<Json> = found.iter().skip(window.start - 1).take(window.count).map(&mut show).collect();
    let mut body = json!({
        "schemas": [LIST],
        "totalResults": found.len(),
        "itemsPerPage": page.len(),
        "startIndex": if page.is_empty() { 0 } else { window.start },
    });
    if let (false, Json::Object(map)) = (page.is_empty(), &mut body) {
        map.insert("Resources".to_owned(), Json::from(page));
    }
    reply::json(200, &body)
}

/// The attributes that shall be shown.
#[derive(Debug)]
pub(super) enum Choice {
    All,
    Only(Vec<String>),
    Without(Vec<String>),
}

impl Choice {
    /// Reads `attributes` and `excludedAttributes`, of which only one may be given [src pilot].
    pub(super) fn of(call: &Call<'_>) -> Result<Self, Refusal> {
        let names =
            |text: &str| text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
        match (call.parameter("attributes"), call.parameter("excludedAttributes")) {
            (Some(_), Some(_)) => Err(Refusal::scim(400, "attributes and excludedAttributes cannot be used together")),
            (Some(only), None) => Ok(Self::Only(names(only))),
            (None, Some(without)) => Ok(Self::Without(names(without))),
            (None, None) => Ok(Self::All),
        }
    }

    /// Leaves out what is not wanted; id and schemas always stay [RFC 7643 3.1].
    pub(super) fn apply(&self, resource: Json) -> Json {
        let Json::Object(map) = resource else { return resource };
        let named = |list: &[String], key: &str| {
            list.iter().any(|name| {
                name.eq_ignore_ascii_case(key)
                    || name.get(..key.len()).is_some_and(|head| head.eq_ignore_ascii_case(key))
                        && matches!(name.as_bytes().get(key.len()), Some(b'.' | b':'))
            })
        };
        let keep = |key: &str| match self {
            Self::All => true,
            Self::Only(list) => named(list, key),
            Self::Without(list) => !list.iter().any(|name| name.eq_ignore_ascii_case(key)),
        };
        let kept: Map<String, Json> =
            map.into_iter().filter(|(key, _)| key == "id" || key == "schemas" || keep(key)).collect();
        Json::Object(kept)
    }
}
