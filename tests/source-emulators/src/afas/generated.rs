//! An AFAS environment of any size whose rows are made when they are asked for, so that a measurement sees the reader's
//! memory and not the emulator's. Each employee has one employment, every fifth two positions.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

use super::people::{Employee, employments, positions, units, users};
use crate::Emulator;
use crate::request::{empty, json, parameter};

/// An environment of so many employees.
pub struct Generated {
    employees: usize,
    renamed: AtomicUsize,
}

impl Generated {
    /// An environment of so many employees.
    pub fn new(employees: usize) -> Self {
        Self { employees, renamed: AtomicUsize::new(0) }
    }

    /// The first so many employees have another family name from now on.
    pub fn rename(&self, employees: usize) {
        self.renamed.store(employees, Ordering::Relaxed);
    }

    fn employee(&self, number: usize) -> Employee {
        let unit = format!("U{}", number % 500);
        let renamed = if number < self.renamed.load(Ordering::Relaxed) { "Nieuw" } else { "" };
        let family = format!("Achternaam{number}{renamed}");
        Employee {
            manager: format!("{:08}", number / 10),
            ..Employee::new(&format!("{number:08}"), "Jan", &family, &unit)
        }
    }

    fn rows(&self, connector: &str, skip: usize, take: usize) -> Option<Vec<Value>> {
        let slice = |all: usize| skip.min(all)..all.min(skip + take);
        let all = self.employees;
        Some(match connector {
            "T4E_HelloID_Users_v2" => users(&slice(all).map(|n| self.employee(n)).collect::<Vec<_>>()),
            "T4E_HelloID_Employments_v2" => employments(&slice(all).map(|n| self.employee(n)).collect::<Vec<_>>()),
            "T4E_HelloID_Positions_v2" => {
                let one = |n: usize| {
                    let both = positions(&[(&self.employee(n / 2 * 5), &["U1", "U2"])]);
                    both.into_iter().nth(n % 2).unwrap_or_default()
                };
                slice(all / 5 * 2).map(one).collect()
            }
            "T4E_HelloID_OrganizationalUnits_v2" => {
                let code = |n: usize| (format!("U{n}"), if n == 0 { String::new() } else { format!("U{}", n / 7) });
                let codes: Vec<_> = slice(500).map(code).collect();
                let rows: Vec<_> =
                    codes.iter().map(|(code, parent)| (code.as_str(), parent.as_str(), "00000001")).collect();
                units(&rows)
            }
            _ => return None,
        })
    }
}

impl Emulator for Generated {
    fn serves(&self, host: &str) -> bool {
        host.ends_with(".rest.afas.online")
    }

    fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let number =
            |name: &str, absent: usize| parameter(request, name).and_then(|text| text.parse().ok()).unwrap_or(absent);
        let (skip, take) = (number("skip", 0), number("take", 100));
        let connector = request.uri().path().rsplit('/').next().unwrap_or_default();
        match self.rows(connector, skip, take) {
            Some(rows) => json(200, &json!({ "skip": skip, "take": take, "rows": rows })),
            None => empty(404),
        }
    }
}
