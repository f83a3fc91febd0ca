//! Published recordings and documented answers through the shipped definitions. They are no part of this repository:
//! the tests read them from the folder that EVIDENCE_DIR names, and do nothing without it.

use std::path::Path;
use std::sync::Mutex;

use http::Request;
use ports::Class;
use serde_json::{Value, json};
use source_emulators::afas::Afas;
use source_emulators::{Emulator, request};
use sources::{Record, Want};

use crate::kinds::Scripted;
use crate::support::{World, record, shipped};

fn evidence(file: &str) -> Option<Value> {
    let Ok(folder) = std::env::var("EVIDENCE_DIR") else {
        println!("skipped: EVIDENCE_DIR is not set");
        return None;
    };
    let text = std::fs::read_to_string(Path::new(&folder).join(file)).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

/// Answers to whatever host is asked.
struct Anywhere(Scripted);

impl Emulator for Anywhere {
    fn serves(&self, _: &str) -> bool {
        true
    }

    fn handle(&self, request: &Request<bytes::Bytes>) -> http::Response<bytes::Bytes> {
        self.0.handle(request)
    }
}

fn replay(
    yaml: &str,
    script: impl Fn(&Request<bytes::Bytes>) -> http::Response<bytes::Bytes> + Send + Sync + 'static,
) -> World<Anywhere> {
    let secret = json!({ "token": "t", "clientId": "a", "clientSecret": "b", "refreshToken": "c", "apiKey": "d" });
    World::new(yaml, secret, |_| Anywhere(Scripted(Mutex::new(Box::new(script)))))
}

/// A row with all that the definition selects, null where the recording asked for less.
fn filled(row: &Value, names: &str, absent: &Value) -> Value {
    let mut row = row.clone();
    for name in names.split(',').map(str::trim) {
        row.as_object_mut().unwrap().entry(name).or_insert(absent.clone());
    }
    row
}

const SELECTED: &str = "id,userPrincipalName,mail,displayName,accountEnabled,employeeId,userType,department,companyName,onPremisesSyncEnabled";

#[tokio::test]
async fn graphs_recorded_users_and_changes() {
    let Some(list) = evidence("entra/recorded_users_list.json") else { return };
    let delta = evidence("entra/recorded_users_delta_initial.json").unwrap();
    let mut list = list["exchanges"][0]["response"].clone();
    for row in list["value"].as_array_mut().unwrap() {
        *row = filled(row, SELECTED, &Value::Null);
        row["employeeId"] = row["id"].clone();
    }
    let listed = list["value"].as_array().unwrap().len();
    let pages: Vec<Value> =
        delta["exchanges"].as_array().unwrap().iter().map(|exchange| exchange["response"].clone()).collect();
    let changed = pages[0]["value"].as_array().unwrap().clone();
    let rows = changed.clone();
    let world = replay(&shipped("entra"), move |asked| {
        let uri = request::decode(&asked.uri().to_string());
        let token = |page: &Value| page["@odata.nextLink"].as_str().unwrap_or_default().to_owned();
        if uri.contains("/token") {
            request::json(200, &json!({ "access_token": "t", "expires_in": 3599 }))
        } else if uri.contains("$deltatoken=latest") {
            let link = "https://graph.microsoft.com/v1.0/users/delta?$deltatoken=begin";
            request::json(200, &json!({ "@odata.deltaLink": link, "value": [] }))
        } else if uri.contains("$deltatoken=begin") {
            request::json(200, &pages[0])
        } else if uri == token(&pages[0]) {
            request::json(200, &pages[1])
        } else if let Some(id) = asked.uri().path().strip_prefix("/v1.0/users/") {
            let row = rows.iter().find(|row| row["id"] == id).unwrap();
            let mut row = filled(row, SELECTED, &Value::Null);
            row["employeeId"] = row["id"].clone();
            request::json(200, &row)
        } else {
            request::json(200, &list)
        }
    });
    let first = world.everything().await;
    assert_eq!(first.accounts().len(), listed);
    let read = world.read(Some(first.outcome.state), Want::Changes).await;
    let gone = changed.iter().filter(|row| row.get("@removed").is_some()).count();
    assert_eq!((changed.len(), gone), (11, 4));
    assert_eq!(read.accounts().len(), 7);
    assert_eq!(read.records.iter().filter(|record| matches!(record, Record::Removed(_))).count(), 4);
    let link = serde_json::to_value(&read.outcome.state).unwrap()["link"].clone();
    assert!(link.as_str().unwrap().contains("deltatoken=tok002"));
}

#[tokio::test]
async fn graphs_documented_walk() {
    let Some(walk) = evidence("entra/documented_users_delta_walk.json") else { return };
    let bodies: Vec<Value> =
        walk["exchanges"].as_array().unwrap().iter().map(|exchange| exchange["body"].clone()).collect();
    let rows: Vec<Value> = bodies.iter().flat_map(|body| body["value"].as_array().unwrap().clone()).collect();
    let step = Mutex::new(0);
    let world = replay(&shipped("entra"), move |asked| {
        let uri = request::decode(&asked.uri().to_string());
        if uri.contains("/token") {
            return request::json(200, &json!({ "access_token": "t", "expires_in": 3599 }));
        }
        if let Some(id) = asked.uri().path().strip_prefix("/v1.0/users/").filter(|id| *id != "delta") {
            let row = rows.iter().find(|row| row["id"] == id && row.get("@removed").is_none()).unwrap();
            let mut row = filled(row, SELECTED, &Value::Null);
            row["employeeId"] = row["id"].clone();
            return request::json(200, &row);
        }
        let mut step = step.lock().unwrap();
        *step += 1;
        request::json(200, &bodies[*step - 1])
    });
    let state = json!({ "definition": domain::digest::digest(&shipped("entra")), "fullAt": crate::support::NOW,
        "readAt": crate::support::NOW, "link": "https://graph.microsoft.com/v1.0/users/delta?$deltatoken=x" });
    let mut state = Some(serde_json::from_value(state).unwrap());
    let mut found = Vec::new();
    for _ in 0..3 {
        let read = world.read(state, Want::Changes).await;
        let removed = read.records.iter().filter(|record| matches!(record, Record::Removed(_))).count();
        found.push((read.accounts().len(), removed));
        state = Some(read.outcome.state);
    }
    assert_eq!(found, [(7, 1), (0, 0), (1, 1)], "three pages; nothing; one change and one soft delete");
}

#[tokio::test]
async fn graphs_errors() {
    let Some(errors) = evidence("entra/synthetic_errors.json") else { return };
    for (name, told) in [
        ("429_throttled", "the source answers 429 (TooManyRequests)"),
        ("403_no_permission", "the source answers 403 (Authorization_RequestDenied)"),
        ("401_expired", "the source answers 401 (InvalidAuthenticationToken)"),
    ] {
        let error = errors[name].clone();
        let world = replay(&shipped("entra"), move |asked| {
            if asked.uri().path().contains("/token") {
                return request::json(200, &json!({ "access_token": "t" }));
            }
            let status = error["status"].as_u64().unwrap();
            let mut answer = request::json(u16::try_from(status).unwrap(), &error["body"]);
            if let Some(after) = error["headers"]["Retry-After"].as_str() {
                answer.headers_mut().insert("retry-after", after.parse().unwrap());
            }
            answer
        });
        assert_eq!(world.everything().await.fault().what.to_string(), told);
    }
}

#[tokio::test]
async fn bamboohrs_recorded_reports() {
    let Some(recorded) = evidence("bamboohr/recorded_unified_employees.json") else { return };
    let exchange = &recorded["exchanges"][0];
    assert_eq!(exchange["request"]["path"], "/v1/reports/custom");
    let mut answer = exchange["response"].clone();
    for row in answer["employees"].as_array_mut().unwrap() {
        // What the recording did not ask for.
        *row = filled(row, "preferredName,mobilePhone", &Value::Null);
    }
    let expected = answer["employees"].as_array().unwrap().len();
    let world = replay(&shipped("bamboohr"), move |_| request::json(200, &answer));
    let read = world.everything().await;
    assert_eq!((read.persons().len(), read.outcome.report.refused), (expected, 0));
    assert!(
        read.persons()
            .iter()
            .all(|person| person.contracts[0].manager.is_some() && person.contracts[0].end_date.is_none())
    );
}

#[tokio::test]
async fn bamboohrs_recorded_data_set_and_directory() {
    let Some(recorded) = evidence("bamboohr/recorded_employees.json") else { return };
    let mut set = recorded["exchanges"][0]["response"].clone();
    let rows = set["data"].as_array().unwrap().len();
    // The published recording is cut to a few rows; its number of rows is not.
    let yaml = "
connection: { base: 'https://example.bamboohr.com/api' }
auth: { secret: bamboohr, basic: { userField: apiKey, password: x } }
streams:
  - name: employees
    post: v2/datasets/employee/data
    body: { fields: [employeeNumber] }
    rows: data
    key: [fields/employeeNumber]
    paging: { by: page, parameter: page, in: body, sizeParameter: pageSize, size: 1000, pages: meta/totalPages, sizeEcho: meta/pageSize }
    total: meta/totalItems
join: { rows: employees }
absence: ignore
person: { id: row.fields.employeeNumber, name: { givenName: row.fields.firstName, familyName: row.fields.lastName } }
";
    let cut = set.clone();
    let world_cut = replay(yaml, move |_| request::json(200, &cut));
    let told = world_cut.everything().await.fault().what.to_string();
    assert_eq!(told, format!("the source says 114 rows, {rows} were read"));
    set["meta"]["totalItems"] = json!(rows);
    let whole = replay(yaml, move |_| request::json(200, &set));
    assert_eq!(whole.everything().await.persons().len(), rows);
    let directory = evidence("bamboohr/recorded_list_employees.json").unwrap()["exchanges"][0]["response"].clone();
    let rows = directory["employees"].as_array().unwrap().len();
    let yaml = "
connection: { base: 'https://example.bamboohr.com/api' }
auth: { secret: bamboohr, basic: { userField: apiKey, password: x } }
streams: [{ name: employees, get: v1/employees/directory, rows: employees, key: [id] }]
join: { rows: employees }
absence: ignore
person: { id: row.id, name: { givenName: row.firstName, familyName: row.lastName }, contact: { email: row.workEmail } }
";
    let world = replay(yaml, move |_| request::json(200, &directory));
    assert_eq!(world.everything().await.persons().len(), rows);
}

#[tokio::test]
async fn exact_onlines_recorded_envelopes() {
    let Some(recorded) = evidence("exact-online/recorded_contacts.json") else { return };
    let answers: Vec<(String, Value)> = recorded["exchanges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|exchange| (exchange["request"]["path"].as_str().unwrap().to_owned(), exchange["response"].clone()))
        .collect();
    let yaml = "
connection: { base: 'https://start.exactonline.fr/api/v1' }
auth: { secret: exact-online, refreshToken: { tokenUrl: 'https://start.exactonline.fr/api/oauth2/token' } }
streams:
  - { name: me, get: current/Me, rows: d/results, single: true }
  - { name: contacts, get: '${first.me.CurrentDivision}/crm/Contacts', rows: d/results, key: [ID], paging: { by: nextUrl, value: d/__next } }
join: { rows: contacts }
absence: ignore
person: { id: row.ID, name: { familyName: row.FullName } }
contracts: { id: \"'1'\", startDate: { value: row.Modified, date: milliseconds } }
";
    let world = replay(yaml, move |asked| {
        if asked.uri().path().ends_with("/token") {
            return request::json(200, &json!({ "access_token": "t", "expires_in": "600", "refresh_token": "r" }));
        }
        let answer = answers.iter().find(|(path, _)| path == asked.uri().path());
        answer.map_or_else(|| request::empty(404), |(_, answer)| request::json(200, answer))
    });
    let read = world.everything().await;
    assert!(!read.persons().is_empty());
    assert!(read.persons().iter().all(|person| person.contracts[0].start_date.year() >= 2020));
}

#[tokio::test]
async fn exact_onlines_employees_in_two_pages() {
    let Some(made) = evidence("exact-online/synthetic_employees_2_pages.json") else { return };
    let names = "ID,EmployeeHID,Code,FirstName,NickName,Initials,MiddleName,LastName,BusinessEmail,BusinessPhone,BusinessMobile,Manager";
    let mut pages: Vec<Value> = made["pages"].as_array().unwrap().iter().map(|page| page["body"].clone()).collect();
    let mut employments = Vec::new();
    for row in pages.iter_mut().flat_map(|page| page["d"]["results"].as_array_mut().unwrap()) {
        *row = filled(row, names, &Value::Null);
        employments.push(json!({ "ID": row["ID"], "Employee": row["ID"], "EmploymentNumber": 1,
            "StartDate": row["StartDate"], "EndDate": row["EndDate"] }));
    }
    let world = replay(&shipped("exact-online"), move |asked| {
        let uri = request::decode(&asked.uri().to_string());
        if uri.contains("/token") {
            request::json(200, &json!({ "access_token": "t", "expires_in": "600", "refresh_token": "r" }))
        } else if uri.contains("payroll/Employees") {
            request::json(200, &pages[usize::from(uri.contains("skiptoken"))])
        } else if uri.contains("payroll/Employments") {
            request::json(200, &json!({ "d": { "results": employments } }))
        } else {
            request::json(200, &json!({ "d": { "results": [] } }))
        }
    });
    let read = world.everything().await;
    assert_eq!(read.persons().len(), 3);
    assert_eq!(read.person("52").contracts[0].end_date, Some(jiff::civil::date(2025, 10, 31)));
    assert_eq!(read.person("23").contracts[0].manager.as_ref().unwrap().id.as_deref(), Some("1"));
}

#[tokio::test]
async fn personios_documented_employees() {
    let Some(mut documented) = evidence("personio/documented_company_employees.json") else { return };
    let auth = evidence("personio/documented_auth.json").unwrap()["answer"].clone();
    // The documented numbers do not add up: two employees are told, one is shown.
    let yaml = shipped("personio").replace("size: 100", "size: 20");
    let script = |documented: Value, auth: Value| {
        move |asked: &Request<bytes::Bytes>| {
            request::json(200, if asked.uri().path() == "/v1/auth" { &auth } else { &documented })
        }
    };
    let told = replay(&yaml, script(documented.clone(), auth.clone())).everything().await.fault().what.to_string();
    assert!(told.starts_with("the page was read already") || told.starts_with("the source says 2 rows"), "{told}");
    let rows = documented["data"].as_array().unwrap().len();
    documented["metadata"]["total_elements"] = json!(rows);
    let read = replay(&yaml, script(documented, auth)).everything().await;
    assert_eq!(read.persons().len(), rows);
    let contract = &read.person("1").contracts[0];
    assert_eq!(contract.start_date, jiff::civil::date(2014, 11, 9));
    assert_eq!(contract.department.as_ref().unwrap().id.as_deref(), Some("281521"));
    assert_eq!(contract.manager.as_ref().unwrap().id.as_deref(), Some("2"));
}

#[tokio::test]
async fn afass_rows_and_errors() {
    let Some(page_1) = evidence("afas/synthetic_users_page1.json") else { return };
    let rows = |document: &Value| document["rows"].as_array().unwrap().clone();
    let page_2 = evidence("afas/synthetic_users_page2.json").unwrap();
    let users: Vec<Value> = rows(&page_1).into_iter().chain(rows(&page_2)).collect();
    let all = users.len();
    let yaml = shipped("afas").replace("size: 1000", "size: 3");
    let world = World::new(&yaml, json!({ "token": "t" }), |_| {
        let afas = Afas::new("12345", "t");
        afas.publish("T4E_HelloID_Users_v2", users);
        for (connector, file) in
            [("Employments", "employments"), ("Positions", "positions"), ("OrganizationalUnits", "organizationalunits")]
        {
            let rows = rows(&evidence(&format!("afas/synthetic_{file}.json")).unwrap());
            afas.publish(&format!("T4E_HelloID_{connector}_v2"), rows);
        }
        afas
    });
    let read = world.everything().await;
    assert_eq!((read.persons().len(), read.outcome.report.refused), (all, 0));
    assert!(read.present().unwrap().contains(&record("100052")));

    let errors = evidence("afas/error_bodies.json").unwrap();
    for (name, status, told, after) in [
        ("http_500_bad_skip_take", 500, "the source answers 500 (-2147180999)", None),
        ("http_500_validation", 500, "the source answers 500 (-2147220469)", None),
        ("http_503_retry_after", 503, "the source answers 503", Some(7200)),
    ] {
        let body = errors[name].clone();
        let world = replay(&shipped("afas"), move |_| request::json(status, &body));
        let fault = world.everything().await.fault().clone();
        assert_eq!(fault.what.to_string(), told);
        match (fault.class(), after) {
            (Class::RetryAfter(time), Some(seconds)) => assert_eq!(time.as_secs(), seconds),
            (class, after) => assert_eq!((class, after), (Class::NeedsPerson, None)),
        }
    }
}

#[tokio::test]
async fn afass_documented_rows() {
    for (file, id) in [
        ("get_rows_medewerkers_indienst", "Medewerker"),
        ("get_rows_custom_connector", "EmployeeId"),
        ("get_rows_employee_offboarding", "EmployeeId"),
    ] {
        let Some(documented) = evidence(&format!("afas/{file}.json")) else { return };
        let rows = documented["rows"].as_array().unwrap().len();
        let yaml = format!(
            "
connection: {{ base: 'https://12345.rest.afas.online/ProfitRestServices' }}
auth: {{ secret: afas, headers: [{{ name: Authorization, field: token }}] }}
streams: [{{ name: employees, get: connectors/X, rows: rows, key: [{id}] }}]
join: {{ rows: employees }}
absence: ignore
person: {{ id: row.{id}, name: {{ familyName: row.{id} }} }}
contracts: {{ id: \"'1'\", startDate: {{ value: row.EmploymentEndDate, date: local }} }}
"
        );
        let world = replay(&yaml, move |_| request::json(200, &documented));
        assert_eq!(world.everything().await.persons().len(), rows, "{file}");
    }
}
