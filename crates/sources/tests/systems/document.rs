//! The example definition of docs/SOURCES.md, as it stands there, against an emulator of the system that it is for; and
//! that the document names every key of a definition.

use std::sync::Mutex;

use jiff::civil::date;
use serde_json::{Value, json};
use source_emulators::{Emulator, request};

use crate::kinds::Scripted;
use crate::support::{World, parse};

const DOCUMENT: &str = include_str!("../../../../docs/SOURCES.md");

fn example() -> String {
    let (_, rest) = DOCUMENT.split_once("```yaml\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// Example HR.
struct ExampleHr(Scripted);

impl Emulator for ExampleHr {
    fn serves(&self, host: &str) -> bool {
        host == "acme.example-hr.test"
    }

    fn handle(&self, request: &http::Request<bytes::Bytes>) -> http::Response<bytes::Bytes> {
        self.0.handle(request)
    }
}

fn answer(asked: &http::Request<bytes::Bytes>) -> http::Response<bytes::Bytes> {
    if request::header(asked, "x-api-key") != "made-up" {
        return request::empty(401);
    }
    let person = |id: &str, kind: &str| {
        json!({ "id": id, "kind": kind, "firstName": "Jan", "lastName": "Vries", "prefix": "de",
            "workEmail": format!("{id}@example.test") })
    };
    let contract = |number: &str, employee: &str, to: &str, department: &str| {
        json!({ "number": number, "employee": employee, "from": "01-02-2024", "to": to, "hours": 36,
            "departmentCode": department, "managerId": "1" })
    };
    match asked.uri().path() {
        "/v2/employees" => {
            let (rows, next) = match request::parameter(asked, "cursor").as_deref() {
                None => (json!([person("1", "employee"), person("2", "external")]), json!("more")),
                _ => (json!([person("3", "employee")]), Value::Null),
            };
            request::json(200, &json!({ "items": rows, "page": { "next": next, "total": 3 } }))
        }
        "/v2/contracts" => request::json(
            200,
            &json!({ "items": [
            contract("c1", "1", "31-12-9999", "DIR"), contract("c2", "3", "31-10-2026", "SALES"), contract("c3", "3", "31-12-9999", "INSIDE"),
        ] }),
        ),
        "/v2/departments" => request::json(
            200,
            &json!({ "items": [
            { "code": "DIR", "name": "Board", "manager": "1", "parentCode": null },
            { "code": "SALES", "name": "Sales", "manager": "3", "parentCode": "DIR" },
            { "code": "INSIDE", "name": "Inside sales", "manager": null, "parentCode": "SALES" },
        ] }),
        ),
        _ => request::empty(404),
    }
}

#[tokio::test]
async fn the_example_works_as_it_stands() {
    let secret = json!({ "apiKey": "made-up" });
    let world = World::new(&example(), secret, |_| ExampleHr(Scripted(Mutex::new(Box::new(answer)))));
    let read = world.everything().await;
    assert_eq!((read.persons().len(), read.outcome.report.left_out), (2, 1));
    let contracts: Vec<_> = read
        .person("3")
        .contracts
        .iter()
        .map(|contract| {
            let department = contract.department.as_ref().unwrap();
            (contract.start_date, contract.end_date, department.name.as_deref(), department.manager_id.as_deref())
        })
        .collect();
    assert_eq!(
        contracts,
        [
            (date(2024, 2, 1), Some(date(2026, 10, 31)), Some("Sales"), Some("3")),
            (date(2024, 2, 1), None, Some("Inside sales"), Some("3")),
        ]
    );
    assert!(read.present().is_some());
    assert_eq!(parse(&example()).secret().as_str(), "example-hr-source");
}

#[test]
fn the_reference_names_every_key() {
    let schema = sources::schema();
    let mut missing = Vec::new();
    let forms = schema["$defs"].as_object().unwrap().iter().filter(|(name, _)| {
        // The person's own parts are told in docs/CONFIGURATION.md.
        !["PersonForm", "ContractsForm", "NameForm", "ContactForm", "ReferenceForm", "FileForm"]
            .contains(&name.as_str())
    });
    let properties = forms.flat_map(|(name, form)| {
        form["properties"].as_object().into_iter().flatten().map(move |(key, _)| (name.clone(), key.clone()))
    });
    for (form, key) in properties {
        let named = [format!("`{key}`"), format!("`{key}:"), format!(".{key}`")];
        let listed = DOCUMENT.lines().any(|line| named.iter().any(|named| line.contains(named.as_str())));
        if !listed && !DOCUMENT.contains(&format!("{key}, ")) {
            missing.push(format!("{form}.{key}"));
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_shipped_definition_has_its_line_in_the_document() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/config/sources");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(DOCUMENT.contains(&format!("| `{name}` |")), "{name}");
    }
}
