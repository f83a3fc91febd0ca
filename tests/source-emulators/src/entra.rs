//! Microsoft Graph's users and groups, and the token endpoint beside it. Facts: learn.microsoft.com (delta query, paging,
//! throttling, client credentials and certificate credentials) and published recordings of users and users/delta.

mod delta;
mod groups;
mod token;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use ports::Clock;
use serde_json::{Map, Value, json};

use crate::request::{header, json, parameter};
use crate::{Emulator, lock};

const GRAPH: &str = "graph.microsoft.com";
const LOGIN: &str = "login.microsoftonline.com";

/// What a request without `$select` gives.
const DEFAULT: &[&str] = &[
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];

/// A tenant.
pub struct Entra {
    tenant: String,
    client_id: String,
    client_secret: String,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    users: BTreeMap<String, User>,
    groups: BTreeMap<String, groups::Group>,
    groups_forbidden: bool,
    version: u64,
    /// Access tokens and their end.
    tokens: HashMap<String, Timestamp>,
    assertions: HashSet<String>,
    /// Links to the next page and to the next changes, by token.
    skips: HashMap<String, delta::Skip>,
    deltas: HashMap<String, delta::Mark>,
    counter: u64,
    page: Option<usize>,
}

struct User {
    properties: Map<String, Value>,
    version: u64,
    /// The reason, when it is gone.
    removed: Option<&'static str>,
}

impl Entra {
    /// A tenant with an application, without users.
    pub fn new(tenant: &str, client_id: &str, client_secret: &str, clock: Arc<dyn Clock>) -> Self {
        Self {
            tenant: tenant.to_owned(),
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            clock,
            state: Mutex::default(),
        }
    }

    /// Pages of so many users or groups, whatever is asked for.
    pub fn page(&self, size: usize) {
        lock(&self.state).page = Some(size);
    }

    /// Creates or changes a user: properties that are given replace those that are there.
    pub fn put(&self, id: &str, properties: Value) {
        let mut state = lock(&self.state);
        state.version += 1;
        let version = state.version;
        let user = state.users.entry(id.to_owned()).or_insert_with(|| User {
            properties: Map::from_iter([("id".to_owned(), json!(id))]),
            version,
            removed: None,
        });
        (user.version, user.removed) = (version, None);
        if let Value::Object(properties) = properties {
            user.properties.extend(properties);
        }
    }

    /// Deletes a user: first into the bin (`changed`), or for good (`deleted`).
    pub fn remove(&self, id: &str, reason: &'static str) {
        let mut state = lock(&self.state);
        state.version += 1;
        let version = state.version;
        if let Some(user) = state.users.get_mut(id) {
            (user.version, user.removed) = (version, Some(reason));
        }
    }

    /// Forgets a user, as when a change list that holds it has expired.
    pub fn forget(&self, id: &str) {
        lock(&self.state).users.remove(id);
    }

    /// Ends all access tokens.
    pub fn end_tokens(&self) {
        lock(&self.state).tokens.clear();
    }

    fn users(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let Some(top) = top(request) else { return bad_size() };
        if parameter(request, "$skip").is_some() {
            return error(400, "Request_BadRequest", "$skip is not supported.");
        }
        let mut state = lock(&self.state);
        let size = state.page.unwrap_or(top);
        let after = parameter(request, "$skiptoken");
        let ids: Vec<String> = state
            .users
            .iter()
            .filter(|(id, user)| user.removed.is_none() && after.as_ref().is_none_or(|after| *id > after))
            .map(|(id, _)| id.clone())
            .collect();
        let rows: Vec<Value> = ids.iter().take(size).filter_map(|id| row(&state, id, request)).collect();
        let mut body = json!({ "@odata.context": format!("https://{GRAPH}/v1.0/$metadata#users"), "value": rows });
        if let (true, Some(last)) = (ids.len() > size, ids.get(size - 1)) {
            state.counter += 1;
            let query = request.uri().query().unwrap_or_default();
            let query: Vec<_> = query.split('&').filter(|pair| !pair.starts_with("$skiptoken=")).collect();
            let link = format!("https://{GRAPH}/v1.0/users?{}&$skiptoken={last}", query.join("&"));
            body["@odata.nextLink"] = link.into();
        }
        json(200, &body)
    }

    fn user(&self, id: &str, request: &Request<Bytes>) -> Response<Bytes> {
        let state = lock(&self.state);
        match row(&state, id, request).filter(|_| state.users.get(id).is_some_and(|user| user.removed.is_none())) {
            Some(mut row) => {
                row["@odata.context"] = format!("https://{GRAPH}/v1.0/$metadata#users/$entity").into();
                json(200, &row)
            }
            None => error(404, "Request_ResourceNotFound", &format!("Resource '{id}' does not exist.")),
        }
    }
}

impl Emulator for Entra {
    fn serves(&self, host: &str) -> bool {
        host == GRAPH || host == LOGIN
    }

    fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        if request.uri().host() == Some(LOGIN) {
            return self.token(request);
        }
        let token = header(request, "authorization").strip_prefix("Bearer ").unwrap_or_default();
        let now = self.clock.now();
        if lock(&self.state).tokens.get(token).is_none_or(|end| *end <= now) {
            return error(401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.");
        }
        match request.uri().path() {
            "/v1.0/users" => self.users(request),
            "/v1.0/users/delta" => self.delta(request),
            "/v1.0/groups" => self.groups(request),
            path => match (path.strip_prefix("/v1.0/users/"), path.strip_prefix("/v1.0/groups/")) {
                (Some(id), _) => self.user(&crate::request::decode(id), request),
                (None, Some(path)) => self.members(path, request),
                (None, None) => error(400, "BadRequest", "Resource not found for the segment."),
            },
        }
    }
}

/// A user as a list gives it: all that is selected, null where there is nothing; `manager` only when there is one.
fn row(state: &State, id: &str, request: &Request<Bytes>) -> Option<Value> {
    let user = state.users.get(id)?;
    let mut row = Map::new();
    for name in selected(request) {
        row.insert(name.clone(), user.properties.get(&name).cloned().unwrap_or_default());
    }
    row.insert("id".to_owned(), json!(id));
    row.remove("manager");
    if parameter(request, "$expand").is_some_and(|expand| expand.starts_with("manager"))
        && let Some(manager) = user.properties.get("manager").and_then(Value::as_str)
        && let Some(manager) = state.users.get(manager)
    {
        let employee = manager.properties.get("employeeId").cloned().unwrap_or_default();
        row.insert(
            "manager".to_owned(),
            json!({ "@odata.type": "#microsoft.graph.user",
            "id": manager.properties["id"], "employeeId": employee }),
        );
    }
    Some(Value::Object(row))
}

/// Rows in a page; `None` for a number that Graph refuses.
fn top(request: &Request<Bytes>) -> Option<usize> {
    let top = parameter(request, "$top").map_or(Ok(100), |top| top.parse::<usize>());
    top.ok().filter(|top| (1..=999).contains(top))
}

fn bad_size() -> Response<Bytes> {
    let message = "Invalid page size specified. Must be between 1 and 999 inclusive.";
    error(400, "Request_UnsupportedQuery", message)
}

fn selected(request: &Request<Bytes>) -> Vec<String> {
    match parameter(request, "$select") {
        Some(select) => select.split(',').map(|name| name.trim().to_owned()).collect(),
        None => DEFAULT.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn error(status: u16, code: &str, message: &str) -> Response<Bytes> {
    let inner = json!({ "date": "2026-06-01T08:00:00", "request-id": "00000000-0000-4000-8000-0000000000aa" });
    json(status, &json!({ "error": { "code": code, "message": message, "innerError": inner } }))
}
