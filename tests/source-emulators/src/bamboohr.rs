//! BambooHR's custom report and its data sets. Facts: published recordings of both, Basic authentication with the key as
//! user; that the filter on lastChanged leaves out what did not change since is its documentation's word.

use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::request::{empty, header, json, parameter};
use crate::{Emulator, lock};

/// A company.
pub struct BambooHr {
    company: String,
    key: String,
    employees: Mutex<Vec<(Timestamp, Value)>>,
}

impl BambooHr {
    /// A company with its API key, without employees.
    pub fn new(company: &str, key: &str) -> Self {
        Self { company: company.to_owned(), key: key.to_owned(), employees: Mutex::default() }
    }

    /// Creates or changes an employee at a time.
    pub fn put(&self, at: Timestamp, employee: Value) {
        let mut employees = lock(&self.employees);
        match employees.iter_mut().find(|(_, known)| known["id"] == employee["id"]) {
            Some(known) => {
                known.0 = at;
                if let (Some(fields), Value::Object(new)) = (known.1.as_object_mut(), employee) {
                    fields.extend(new);
                }
            }
            None => employees.push((at, employee)),
        }
    }

    /// Removes an employee's record.
    pub fn remove(&self, id: &str) {
        lock(&self.employees).retain(|(_, employee)| employee["id"] != id);
    }

    fn report(&self, request: &Request<Bytes>, asked: &Value) -> Response<Bytes> {
        if parameter(request, "format").as_deref() != Some("JSON") {
            return empty(400);
        }
        let since: Option<Timestamp> =
            asked.pointer("/filters/lastChanged/value").and_then(Value::as_str).and_then(|text| text.parse().ok());
        let current = parameter(request, "onlyCurrent").as_deref() != Some("false");
        let rows: Vec<Value> = lock(&self.employees)
            .iter()
            .filter(|(at, _)| since.is_none_or(|since| *at >= since))
            // By default only employees who are at work.
            .filter(|(_, employee)| !current || employee["status"] == "Active")
            .map(|(_, employee)| fields(employee, asked, true))
            .collect();
        let names: Vec<Value> = names(asked).map(|name| json!({ "id": name, "type": "text", "name": name })).collect();
        json(200, &json!({ "title": asked["title"], "fields": names, "employees": rows }))
    }

    fn data(&self, asked: &Value) -> Response<Bytes> {
        let number = |name: &str, absent: usize| {
            asked[name].as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or(absent)
        };
        let (size, page) = (number("pageSize", 500).max(1), number("page", 1).max(1));
        let employees = lock(&self.employees);
        let rows: Vec<Value> = employees
            .iter()
            .skip((page - 1) * size)
            .take(size)
            .map(|(_, employee)| json!({ "fields": fields(employee, asked, false) }))
            .collect();
        let meta = json!({ "page": page, "pageSize": size, "totalPages": employees.len().div_ceil(size),
            "totalItems": employees.len() });
        json(200, &json!({ "data": rows, "links": {}, "meta": meta }))
    }
}

impl Emulator for BambooHr {
    fn serves(&self, host: &str) -> bool {
        host == format!("{}.bamboohr.com", self.company)
    }

    fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        // The password may be any word.
        let pair = header(request, "authorization").strip_prefix("Basic ").and_then(|pair| STANDARD.decode(pair).ok());
        let pair = String::from_utf8(pair.unwrap_or_default()).unwrap_or_default();
        if pair.split_once(':').map(|(user, _)| user) != Some(&self.key) {
            return empty(401);
        }
        let asked: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        match (request.method().as_str(), request.uri().path()) {
            ("POST", "/api/v1/reports/custom") => self.report(request, &asked),
            ("POST", "/api/v2/datasets/employee/data") => self.data(&asked),
            _ => empty(404),
        }
    }
}

fn names(asked: &Value) -> impl Iterator<Item = &str> {
    asked["fields"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// The fields asked for; a report always has the id, and an empty text where there is nothing.
fn fields(employee: &Value, asked: &Value, report: bool) -> Value {
    let mut row = Map::new();
    if report {
        row.insert("id".to_owned(), employee["id"].clone());
    }
    for name in names(asked) {
        let absent = if report { json!("") } else { Value::Null };
        row.insert(name.to_owned(), employee.get(name).cloned().unwrap_or(absent));
    }
    Value::Object(row)
}

/// An employee.
pub fn employee(id: u32, first: &str, last: &str, supervisor: &str, end: &str) -> Value {
    json!({ "id": id.to_string(), "employeeNumber": (id + 100).to_string(), "firstName": first, "lastName": last,
        "preferredName": null, "workEmail": format!("{first}.{last}@example.test").to_lowercase(),
        "jobTitle": "Engineer", "hireDate": "2025-03-03", "terminationDate": if end.is_empty() { "0000-00-00" } else { end },
        "supervisorId": supervisor, "department": "Research", "division": "Europe", "location": "London, UK",
        "workPhone": "+44 20 7946 0000", "mobilePhone": null, "employmentHistoryStatus": "Full-Time",
        "status": if end.is_empty() { "Active" } else { "Inactive" } })
}
