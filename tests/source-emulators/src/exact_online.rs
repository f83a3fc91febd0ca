//! Exact Online's REST API: OData 2 pages of 60, and a token endpoint whose refresh tokens work once. Facts: recorded
//! envelopes of other entities; limits and token rules as published client libraries and integrators quote Exact.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use ports::Clock;
use serde_json::{Map, Value, json};

use crate::request::{empty, form_parameter, header, json, parameter};
use crate::{Emulator, lock};

const PAGE: usize = 60;
/// An access token's life in seconds, and the age at which the next is given at the earliest.
const LIFE: i64 = 600;
const EARLIEST: i64 = 570;
const CALLS_A_MINUTE: u32 = 60;

/// A company's division.
pub struct ExactOnline {
    division: u32,
    client_id: String,
    client_secret: String,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    refresh: String,
    access: Option<(String, Timestamp)>,
    issued: u32,
    rows: HashMap<String, Vec<Value>>,
    page: usize,
    minute: Option<(Timestamp, u32)>,
}

impl ExactOnline {
    /// A division whose first refresh token is given, without rows.
    pub fn new(division: u32, client_id: &str, client_secret: &str, refresh: &str, clock: Arc<dyn Clock>) -> Self {
        let state = State {
            refresh: refresh.to_owned(),
            access: None,
            issued: 0,
            rows: HashMap::new(),
            page: PAGE,
            minute: None,
        };
        Self {
            division,
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            clock,
            state: Mutex::new(state),
        }
    }

    /// Pages of so many rows.
    pub fn page(&self, size: usize) {
        lock(&self.state).page = size;
    }

    /// The rows of an entity, as `payroll/Employees`.
    pub fn put(&self, entity: &str, rows: Vec<Value>) {
        lock(&self.state).rows.insert(entity.to_owned(), rows);
    }

    /// How many tokens were given.
    pub fn issued(&self) -> u32 {
        lock(&self.state).issued
    }

    /// Takes back the refresh token, as when somebody connects the app anew.
    pub fn connect_anew(&self, refresh: &str) {
        let mut state = lock(&self.state);
        state.refresh = refresh.to_owned();
        state.access = None;
    }

    fn token(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let form = |name: &str| form_parameter(request, name).unwrap_or_default();
        if form("client_id") != self.client_id || form("client_secret") != self.client_secret {
            return json(401, &json!({ "error": "invalid_client" }));
        }
        let mut state = lock(&self.state);
        let now = self.clock.now();
        if form("grant_type") != "refresh_token" || form("refresh_token") != state.refresh {
            return json(400, &json!({ "error": "invalid_grant", "error_description": "Token is not allowed" }));
        }
        let early = |end: &Timestamp| end.duration_since(now).as_secs() > LIFE - EARLIEST;
        if state.access.as_ref().is_some_and(|(_, end)| early(end)) {
            let description = "Rate limit exceeded: access_token not expired";
            return json(400, &json!({ "error": "invalid_request", "error_description": description }));
        }
        state.issued += 1;
        let number = state.issued;
        state.refresh = format!("refresh-{number}");
        let access = format!("access-{number}");
        state.access = Some((access.clone(), now + SignedDuration::from_secs(LIFE)));
        // The seconds come as a text.
        json(
            200,
            &json!({ "access_token": access, "token_type": "bearer", "expires_in": "600",
            "refresh_token": state.refresh }),
        )
    }

    fn entity(&self, entity: &str, request: &Request<Bytes>) -> Response<Bytes> {
        let mut state = lock(&self.state);
        let now = self.clock.now();
        let (began, calls) =
            state.minute.filter(|(began, _)| now.duration_since(*began).as_secs() < 60).unwrap_or((now, 0));
        if calls >= CALLS_A_MINUTE {
            return empty(429);
        }
        state.minute = Some((began, calls + 1));
        let Some(rows) = state.rows.get(entity) else { return empty(404) };
        let select = parameter(request, "$select").unwrap_or_default();
        let skip = parameter(request, "$skiptoken").and_then(|token| {
            let id = token.strip_prefix("guid'")?.strip_suffix('\'')?.to_owned();
            rows.iter().position(|row| row["ID"] == id).map(|at| at + 1)
        });
        let from = skip.unwrap_or(0);
        let page: Vec<Value> = rows.iter().skip(from).take(state.page).map(|row| cut(entity, row, &select)).collect();
        let last = page.last().map(|row| row["ID"].as_str().unwrap_or_default().to_owned()).unwrap_or_default();
        let mut document = json!({ "d": { "results": page } });
        if from + state.page < rows.len() {
            let next = format!(
                "https://start.exactonline.nl/api/v1/{}/{entity}?$select={select}&$skiptoken=guid'{last}'",
                self.division
            );
            document["d"]["__next"] = next.into();
        }
        let mut answer = json(200, &document);
        for (name, value) in [("x-ratelimit-minutely-limit", CALLS_A_MINUTE), ("x-ratelimit-limit", 5000)] {
            answer.headers_mut().insert(name, value.into());
        }
        answer
    }
}

impl Emulator for ExactOnline {
    fn serves(&self, host: &str) -> bool {
        host == "start.exactonline.nl"
    }

    fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let path = request.uri().path();
        if path == "/api/oauth2/token" {
            return self.token(request);
        }
        let token = header(request, "authorization").strip_prefix("Bearer ").unwrap_or_default();
        let now = self.clock.now();
        if lock(&self.state).access.as_ref().is_none_or(|(access, end)| access != token || *end <= now) {
            return empty(401);
        }
        if path == "/api/v1/current/Me" {
            let me = json!({ "CurrentDivision": self.division });
            return json(200, &json!({ "d": { "results": [me] } }));
        }
        match path.strip_prefix(&format!("/api/v1/{}/", self.division)) {
            Some(entity) => self.entity(entity, request),
            None => empty(403),
        }
    }
}

fn cut(entity: &str, row: &Value, select: &str) -> Value {
    let uri = format!("https://start.exactonline.nl/api/v1/{entity}(guid'{}')", row["ID"].as_str().unwrap_or_default());
    let mut cut = Map::from_iter([("__metadata".to_owned(), json!({ "uri": uri, "type": "Exact.Web.Api.Models" }))]);
    for (name, value) in row.as_object().into_iter().flatten() {
        if select.is_empty() || select.split(',').any(|selected| selected == name) {
            cut.insert(name.clone(), value.clone());
        }
    }
    Value::Object(cut)
}

/// A date as Exact Online writes it.
pub fn moment(date: &str) -> Value {
    match date.parse::<jiff::civil::Date>() {
        Ok(date) => {
            let days = jiff::civil::date(1970, 1, 1).until(date).map_or(0, |span| i64::from(span.get_days()));
            Value::from(format!("/Date({})/", days * 86_400_000))
        }
        Err(_) => Value::Null,
    }
}

/// A row of `payroll/Employees`.
pub fn employee(number: u32, first: &str, middle: &str, last: &str, manager: Option<u32>) -> Value {
    let text = |text: &str| if text.is_empty() { Value::Null } else { Value::from(text) };
    json!({ "ID": id(1, number), "EmployeeHID": number, "HID": number, "Code": format!("{number:>18}"),
        "FirstName": first, "NickName": null, "Initials": format!("{}.", first.chars().next().unwrap_or('X')),
        "MiddleName": text(middle), "LastName": last, "BusinessEmail": format!("{first}.{last}@example.test").to_lowercase(),
        "BusinessPhone": null, "BusinessMobile": null, "StartDate": moment("2024-01-01"), "EndDate": null,
        "Manager": manager.map(|manager| id(1, manager)), "IsActive": true, "SocialSecurityNumber": null })
}

/// A row of `payroll/Employments`.
pub fn employment(number: u32, employee: u32, start: &str, end: &str) -> Value {
    json!({ "ID": id(2, number), "Employee": id(1, employee), "EmployeeHID": employee, "EmploymentNumber": number,
        "StartDate": moment(start), "EndDate": moment(end) })
}

/// A row of `payroll/EmploymentOrganizations`.
pub fn placement(number: u32, employment: u32, department: &str, start: &str, end: &str) -> Value {
    json!({ "ID": id(3, number), "Employment": id(2, employment), "StartDate": moment(start), "EndDate": moment(end),
        "DepartmentCode": format!("{department:>8}"), "DepartmentDescription": format!("Department {department}"),
        "JobTitleCode": "MED", "JobTitleDescription": "Employee", "CostCenter": "100", "CostCenterDescription": "General" })
}

/// An id of a kind of row.
pub fn id(kind: u8, number: u32) -> String {
    format!("00000000-0000-4000-800{kind}-{number:0>12}")
}
