//! Groups and their members, nested ones resolved. Facts: learn.microsoft.com (list groups, list group transitive members,
//! advanced queries on directory objects). Of `$filter` it understands the beginning of a name and `securityEnabled`.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Map, Value, json};

use super::{Entra, GRAPH, State, bad_size, error, row, selected, top};
use crate::lock;
use crate::request::{header, json, parameter};

pub(super) struct Group {
    properties: Map<String, Value>,
    /// Ids of users, of groups, and of whatever else can be a member.
    members: Vec<String>,
}

/// A part of a filter.
enum Condition {
    Prefix(String),
    SecurityEnabled(bool),
}

impl Entra {
    /// Creates or replaces a group. Members are named by their ids: users, groups, devices.
    pub fn put_group(&self, id: &str, properties: Value, members: &[&str]) {
        let mut all = Map::from_iter([("id".to_owned(), json!(id)), ("securityEnabled".to_owned(), json!(true))]);
        if let Value::Object(properties) = properties {
            all.extend(properties);
        }
        let members = members.iter().map(|member| (*member).to_owned()).collect();
        lock(&self.state).groups.insert(id.to_owned(), Group { properties: all, members });
    }

    /// Deletes a group.
    pub fn remove_group(&self, id: &str) {
        lock(&self.state).groups.remove(id);
    }

    /// Takes the permission to read groups from the application.
    pub fn forbid_groups(&self) {
        lock(&self.state).groups_forbidden = true;
    }

    pub(super) fn groups(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let state = lock(&self.state);
        if state.groups_forbidden {
            return forbidden();
        }
        let filter = parameter(request, "$filter");
        if filter.is_some() && parameter(request, "$orderby").is_some() && !is_advanced(request) {
            return error(400, "Request_UnsupportedQuery", "Sorting not supported for current query.");
        }
        let Some(conditions) = filter.map_or(Some(Vec::new()), |filter| conditions(&filter)) else {
            return error(400, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause specified.");
        };
        let mut found: Vec<(String, &str)> = Vec::new();
        for (id, group) in &state.groups {
            if conditions.iter().all(|condition| condition.holds(group)) {
                found.push((group.name(), id));
            }
        }
        if parameter(request, "$orderby").as_deref() == Some("displayName") {
            found.sort();
        }
        let ids: Vec<&str> = found.into_iter().map(|(_, id)| id).collect();
        let group = |id: &str| {
            let properties = state.groups.get(id).map(|group| &group.properties);
            let value = |name: &String| properties.and_then(|properties| properties.get(name)).cloned();
            let fields = selected(request).into_iter().map(|name| (name.clone(), value(&name).unwrap_or_default()));
            Value::Object(fields.collect())
        };
        page(&state, request, &ids, "groups", group)
    }

    /// The users in a group and in the groups in it; `path` is what follows `groups/`.
    pub(super) fn members(&self, path: &str, request: &Request<Bytes>) -> Response<Bytes> {
        let state = lock(&self.state);
        if state.groups_forbidden {
            return forbidden();
        }
        let Some((id, "transitiveMembers/microsoft.graph.user")) = path.split_once('/') else {
            return error(400, "BadRequest", "Resource not found for the segment.");
        };
        let id = crate::request::decode(id);
        if !is_advanced(request) {
            return error(400, "Request_UnsupportedQuery", "This cast needs ConsistencyLevel: eventual and $count.");
        }
        if !state.groups.contains_key(&id) {
            let message = format!("Resource '{id}' does not exist.");
            return error(404, "Request_ResourceNotFound", &message);
        }
        let users: Vec<&str> = state.transitive(&id).into_iter().collect();
        page(&state, request, &users, "users", |id| row(&state, id, request).unwrap_or_default())
    }
}

impl State {
    /// The users in a group, also through other groups, which may be in a circle.
    fn transitive(&self, group: &str) -> BTreeSet<&str> {
        let mut users = BTreeSet::new();
        let mut seen = BTreeSet::from([group]);
        let mut open = vec![group];
        while let Some(group) = open.pop() {
            for member in self.groups.get(group).into_iter().flat_map(|group| &group.members) {
                if self.groups.contains_key(member) {
                    if seen.insert(member) {
                        open.push(member);
                    }
                } else if self.users.get(member).is_some_and(|user| user.removed.is_none()) {
                    users.insert(member.as_str());
                }
            }
        }
        users
    }
}

impl Group {
    /// The name as it is compared and sorted.
    fn name(&self) -> String {
        self.properties.get("displayName").and_then(Value::as_str).unwrap_or_default().to_lowercase()
    }
}

impl Condition {
    fn holds(&self, group: &Group) -> bool {
        match self {
            Self::Prefix(prefix) => group.name().starts_with(prefix),
            Self::SecurityEnabled(wanted) => group.properties.get("securityEnabled") == Some(&json!(wanted)),
        }
    }
}

fn conditions(filter: &str) -> Option<Vec<Condition>> {
    filter.split(" and ").map(|part| condition(part.trim())).collect()
}

fn condition(part: &str) -> Option<Condition> {
    if let Some(wanted) = part.strip_prefix("securityEnabled eq ") {
        return wanted.parse().ok().map(Condition::SecurityEnabled);
    }
    let text = part.strip_prefix("startswith(displayName,")?.trim_start().strip_prefix('\'')?.strip_suffix("')")?;
    // A quote within a text is written twice.
    let alone = text.replace("''", "").contains('\'');
    (!alone).then(|| Condition::Prefix(text.replace("''", "'").to_lowercase()))
}

fn is_advanced(request: &Request<Bytes>) -> bool {
    header(request, "consistencylevel") == "eventual" && parameter(request, "$count").as_deref() == Some("true")
}

fn forbidden() -> Response<Bytes> {
    error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
}

/// The rows after the one that the request's token names; the number of all is told on the first page only.
fn page(
    state: &State,
    request: &Request<Bytes>,
    ids: &[&str],
    context: &str,
    row: impl Fn(&str) -> Value,
) -> Response<Bytes> {
    let Some(top) = top(request) else { return bad_size() };
    let size = state.page.unwrap_or(top);
    let after = parameter(request, "$skiptoken");
    let from = after.as_ref().map_or(0, |after| ids.iter().position(|id| id == after).map_or(ids.len(), |at| at + 1));
    let rest = ids.get(from..).unwrap_or_default();
    let rows: Vec<Value> = rest.iter().take(size).map(|id| row(id)).collect();
    let mut body = json!({ "@odata.context": format!("https://{GRAPH}/v1.0/$metadata#{context}"), "value": rows });
    if after.is_none() && is_advanced(request) {
        body["@odata.count"] = ids.len().into();
    }
    if let (true, Some(last)) = (rest.len() > size, rest.get(size - 1)) {
        let query = request.uri().query().unwrap_or_default();
        let query: Vec<_> = query.split('&').filter(|pair| !pair.starts_with("$skiptoken=")).collect();
        let path = request.uri().path();
        body["@odata.nextLink"] = format!("https://{GRAPH}{path}?{}&$skiptoken={last}", query.join("&")).into();
    }
    json(200, &body)
}
