//! The made-up people, as their HR system sends them.

use serde_json::{Value, json};

/// She joins, moves and leaves.
pub(super) const NOOR: &str = "100101";
/// He works in Service all the time.
pub(super) const PIETER: &str = "100102";
/// She begins ten days later.
pub(super) const INES: &str = "100103";

/// A department and a title.
#[derive(Clone, Copy)]
pub(super) struct Job {
    department: (&'static str, &'static str),
    title: &'static str,
}

pub(super) const SALES: Job = Job { department: ("SALES", "Sales"), title: "Account executive" };
pub(super) const SERVICE: Job = Job { department: ("SERVICE", "Service"), title: "Service engineer" };

/// Noor in a job, from 2 March 2026 on, perhaps until a day.
pub(super) fn noor(job: Job, end: Option<&str>) -> Value {
    let name = json!({ "givenName": "Noor", "familyName": "Wit", "familyNamePrefix": "de" });
    person(NOOR, &name, job, "2026-03-02", end)
}

/// Pieter.
pub(super) fn pieter() -> Value {
    let name = json!({ "givenName": "Pieter", "familyName": "Berg", "familyNamePrefix": "van den" });
    person(PIETER, &name, SERVICE, "2024-09-01", None)
}

/// Inês.
pub(super) fn ines() -> Value {
    person(INES, &json!({ "givenName": "Inês", "familyName": "Łukasiewicz" }), SALES, "2026-03-12", None)
}

fn person(id: &str, name: &Value, job: Job, start: &str, end: Option<&str>) -> Value {
    let (department, department_name) = job.department;
    json!({
        "id": id,
        "name": name,
        "contracts": [{
            "id": format!("c-{id}"), "startDate": start, "endDate": end, "type": "permanent", "fte": 1.0,
            "department": { "id": department, "name": department_name },
            "title": { "name": job.title },
            "location": { "id": "AMS", "name": "Amsterdam" },
            "employer": { "id": "01" }
        }]
    })
}
