//! Exact Synergy's REST service: OData 2 pages whose links name the server by its inner name. Seen in third-party code:
//! `d/results` and `d/__next` with `$skiptoken`, codes padded with blanks, the error for an unknown property. Not known:
//! the names of entities and properties for people, so they are given; how large a page is, and what a mark looks like.

use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Map, Value, json};

use crate::request::{empty, header, json, parameter};
use crate::{Emulator, lock};

/// Where the service is, seen from outside.
pub const HOST: &str = "synergy.example.com";
const PATH: &str = "/Synergy/services/Exact.Entity.REST.svc/";

/// A server with one entity of people.
pub struct ExactSynergy {
    authorization: String,
    entity: String,
    key: String,
    state: Mutex<State>,
}

struct State {
    rows: Vec<Value>,
    page: usize,
}

impl ExactSynergy {
    /// A server without rows. Every row must have the same properties, `key` among them.
    pub fn new(user: &str, password: &str, entity: &str, key: &str) -> Self {
        Self {
            authorization: format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))),
            entity: entity.to_owned(),
            key: key.to_owned(),
            state: Mutex::new(State { rows: Vec::new(), page: 2 }),
        }
    }

    /// Its rows.
    pub fn put(&self, rows: Vec<Value>) {
        lock(&self.state).rows = rows;
    }

    fn page(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let state = lock(&self.state);
        let known = state.rows.first().and_then(Value::as_object).cloned().unwrap_or_default();
        let select = parameter(request, "$select").unwrap_or_default();
        let selected: Vec<_> = select.split(',').filter(|name| !name.is_empty()).collect();
        if let Some(unknown) = selected.iter().find(|name| !known.contains_key(**name)) {
            let kind = &self.entity;
            let told = format!("No property {unknown} exists in type Exact.Metadata.Entity.{kind} at position 0.");
            return json(400, &json!({ "error": { "code": "", "message": { "lang": "nl-NL", "value": told } } }));
        }
        let place = |token: &str| {
            let key = token.strip_prefix("guid'")?.strip_suffix('\'')?;
            Some(state.rows.iter().position(|row| row[&self.key] == key)? + 1)
        };
        let from = match parameter(request, "$skiptoken") {
            None => 0,
            Some(token) => match place(&token) {
                Some(from) => from,
                None => return empty(400),
            },
        };
        let cut = |row: &Value| {
            let inner = row.as_object().into_iter().flatten();
            let mut cut: Map<String, Value> = inner
                .filter(|(name, _)| selected.is_empty() || selected.contains(&name.as_str()))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            cut.insert("__metadata".to_owned(), json!({ "type": format!("Exact.Metadata.Entity.{}", self.entity) }));
            Value::Object(cut)
        };
        let rows: Vec<Value> = state.rows.iter().skip(from).take(state.page).map(cut).collect();
        let mut document = json!({ "d": { "results": rows } });
        let last = state.rows.get(from + state.page - 1).filter(|_| from + state.page < state.rows.len());
        if let Some(last) = last.and_then(|row| row[&self.key].as_str()) {
            let next =
                format!("http://srv-synergy/Synergy{PATH}{}?$select={select}&$skiptoken=guid'{last}'", self.entity);
            document["d"]["__next"] = next.into();
        }
        json(200, &document)
    }
}

impl Emulator for ExactSynergy {
    fn serves(&self, host: &str) -> bool {
        host == HOST
    }

    fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        if header(request, "authorization") != self.authorization {
            return empty(401);
        }
        match request.uri().path().strip_prefix(PATH) {
            Some(entity) if entity == self.entity => self.page(request),
            _ => empty(404),
        }
    }
}
