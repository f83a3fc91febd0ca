//! Personio's personnel data API, version 1: a log-in that gives a token for a day, employees by limit and offset, each
//! value wrapped. Facts: Personio's published OpenAPI documents.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use ports::Clock;
use serde_json::{Map, Value, json};

use crate::request::{header, json, parameter};
use crate::{Emulator, lock};

const LIFE: i64 = 86_400;
const LARGEST_PAGE: u64 = 100;

/// A company.
pub struct Personio {
    client_id: String,
    client_secret: String,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    employees: Vec<Value>,
    tokens: HashMap<String, Timestamp>,
}

impl Personio {
    /// A company with its API credentials, without employees.
    pub fn new(client_id: &str, client_secret: &str, clock: Arc<dyn Clock>) -> Self {
        Self {
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            clock,
            state: Mutex::default(),
        }
    }

    /// Changes the employees.
    pub fn edit(&self, edit: impl FnOnce(&mut Vec<Value>)) {
        edit(&mut lock(&self.state).employees);
    }

    fn log_in(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let asked: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        if asked["client_id"] != self.client_id || asked["client_secret"] != self.client_secret {
            let error = json!({ "code": 0, "message": "Wrong credentials" });
            return json(403, &json!({ "success": false, "error": error }));
        }
        let mut state = lock(&self.state);
        let token = format!("token-{}", state.tokens.len() + 1);
        let end = self.clock.now() + SignedDuration::from_secs(LIFE);
        state.tokens.insert(token.clone(), end);
        json(
            200,
            &json!({ "success": true, "data": { "token": token, "expires_in": LIFE, "scope": "employees:read" } }),
        )
    }

    fn employees(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let number = |name: &str, absent: u64| parameter(request, name).map_or(Ok(absent), |text| text.parse::<u64>());
        let (Ok(limit), Ok(offset)) = (number("limit", LARGEST_PAGE), number("offset", 0)) else {
            return refused(400, "The limit or offset is no number.");
        };
        if limit == 0 || limit > LARGEST_PAGE {
            return refused(400, "The limit is out of range.");
        }
        let state = lock(&self.state);
        let all = state.employees.len() as u64;
        let rows: Vec<&Value> = state
            .employees
            .iter()
            .skip(usize::try_from(offset).unwrap_or(usize::MAX))
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .collect();
        let metadata =
            json!({ "total_elements": all, "current_page": offset / limit, "total_pages": all.div_ceil(limit) });
        json(200, &json!({ "success": true, "metadata": metadata, "offset": offset, "limit": limit, "data": rows }))
    }
}

impl Emulator for Personio {
    fn serves(&self, host: &str) -> bool {
        host == "api.personio.de"
    }

    fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        if request.uri().path() == "/v1/auth" && request.method() == "POST" {
            return self.log_in(request);
        }
        let token = header(request, "authorization").strip_prefix("Bearer ").unwrap_or_default();
        let now = self.clock.now();
        if lock(&self.state).tokens.get(token).is_none_or(|end| *end <= now) {
            return refused(401, "The token is not valid.");
        }
        match request.uri().path() {
            "/v1/company/employees" => self.employees(request),
            _ => refused(404, "There is nothing."),
        }
    }
}

fn refused(status: u16, message: &str) -> Response<Bytes> {
    json(status, &json!({ "success": false, "error": { "code": 0, "message": message } }))
}

/// An employee, each value wrapped with its label and type.
pub fn employee(id: u32, first: &str, last: &str, supervisor: Option<u32>, end: &str) -> Value {
    let wrapped = |value: Value| json!({ "label": "Label", "value": value, "type": "standard", "universal_id": null });
    let entity = |kind: &str, id: u32, name: &str| json!({ "type": kind, "attributes": { "id": id, "name": name } });
    let supervisor = supervisor.map(|id| json!({ "type": "Employee", "attributes": { "id": wrapped(json!(id)) } }));
    let end = if end.is_empty() { Value::Null } else { Value::from(format!("{end}T00:00:00+01:00")) };
    let attributes = [
        ("id", json!(id)),
        ("first_name", json!(first)),
        ("last_name", json!(last)),
        ("preferred_name", json!(format!("{first} {last}"))),
        ("email", json!(format!("{first}.{last}@example.test").to_lowercase())),
        ("status", json!("active")),
        ("position", json!("Consultant")),
        ("supervisor", supervisor.unwrap_or_default()),
        ("employment_type", json!("internal")),
        ("weekly_working_hours", json!("40")),
        ("hire_date", json!("2014-11-09T00:00:00+01:00")),
        ("contract_end_date", Value::Null),
        ("termination_date", end.clone()),
        ("last_working_day", end),
        ("subcompany", entity("Subcompany", 7, "Example GmbH")),
        ("office", entity("Office", 8, "Munich")),
        ("department", entity("Department", 9, "Support")),
        ("cost_centers", json!([entity("CostCenter", 10, "General")])),
    ];
    let attributes: Map<String, Value> =
        attributes.into_iter().map(|(name, value)| (name.to_owned(), wrapped(value))).collect();
    json!({ "type": "Employee", "attributes": attributes })
}
