use domain::SourceName;
use serde_json::json;

use super::*;

const NOW: &str = "2026-03-01T12:00:00Z";

fn file(rows: &str, extra: &str) -> DefinitionFile {
    let text = format!(
        "file: {{ format: json{rows} }}\n{extra}person: {{ id: row.id, name: {{ familyName: row.name }}, accounts: {{ entra: \
         {{ mail: row.mail }} }} }}\ncontracts: {{ id: row.id, startDate: row.start }}\n"
    );
    DefinitionFile { path: "sources/hr.yaml".to_owned(), text }
}

fn read_as(name: &str, role: SourceRole, definition: &DefinitionFile, body: Value) -> Result<Vec<Snapshot>, BodyError> {
    let source = SourceName::parse(name).unwrap();
    let origin = Origin { source: &source, role, event: Some("e-1") };
    let definition = super::definition(definition).unwrap();
    snapshots(body, &definition, &origin, "2026-03-01T11:00:00Z".parse().unwrap(), NOW.parse().unwrap())
}

fn read(definition: &DefinitionFile, body: Value) -> Result<Vec<Snapshot>, BodyError> {
    read_as("hr", SourceRole::Authoritative, definition, body)
}

fn row(id: &str) -> Value {
    json!({ "id": id, "name": "Vries", "mail": "v@example.com", "start": "2026-01-01" })
}

#[test]
fn one_record_or_several_become_persons() {
    let (whole, within) = (file("", ""), file(", rows: data/people", ""));
    for (definition, body) in [
        (&whole, row("1")),
        (&whole, json!([row("1")])),
        (&within, json!({ "data": { "people": row("1"), "x": 1 } })),
        (&within, json!({ "data": { "people": [row("1")] } })),
    ] {
        let read = read(definition, body.clone()).unwrap();
        assert_eq!(read.len(), 1, "{body}");
        assert_eq!(
            (read[0].person.as_str(), read[0].record.as_str(), read[0].event.as_deref()),
            ("1", "1", Some("e-1"))
        );
        assert_eq!(read[0].observed_at, "2026-03-01T11:00:00Z".parse().unwrap());
        assert!(matches!(&read[0].content, SnapshotContent::Person(person) if person.contracts.len() == 1));
    }
    let account = read_as("entra", SourceRole::Dependent, &whole, row("1")).unwrap();
    assert!(matches!(&account[0].content, SnapshotContent::Account(account) if account["mail"] == "v@example.com"));
}

#[test]
fn one_bad_record_refuses_all_with_its_place() {
    let definition = file(", rows: employees", "");
    let mut bad = row("2");
    bad["start"] = json!("soon");
    let body = json!({ "employees": [row("1"), bad, row("3"), row("3")] });
    let BodyError::Invalid(problems) = read(&definition, body).unwrap_err() else { panic!("invalid") };
    let told: Vec<_> = problems.told.iter().map(ToString::to_string).collect();
    assert!(told[0].starts_with("employees[1].contracts[0].startDate: "), "{told:?}");
    assert_eq!(
        told[1..],
        ["employees[2].id: another row has the same id", "employees[3].id: another row has the same id"]
    );
    let none = read_as("other", SourceRole::Dependent, &definition, json!({ "employees": row("7") })).unwrap_err();
    assert_eq!(none.to_string(), "employees[id 7].accounts.other: the record gives no such account");
}

#[test]
fn a_body_without_the_list_is_refused_and_one_without_records_is_not() {
    let definition = file(", rows: data/people", "where: row.kind != 'test'\n");
    for body in [
        json!({}),
        json!({ "data": {} }),
        json!({ "data": { "people": null } }),
        json!({ "data": { "people": "x" } }),
        json!([]),
    ] {
        let error = read(&definition, body.clone()).unwrap_err().to_string();
        assert!(error.starts_with(".: "), "{body}: {error}");
    }
    let mut left_out = row("1");
    left_out["kind"] = json!("test");
    assert_eq!(read(&definition, json!({ "data": { "people": left_out } })), Ok(vec![]));
    let many: Vec<_> = (0..=MAX_EVENTS).map(|n| row(&n.to_string())).collect();
    let error = read(&file("", ""), Value::Array(many)).unwrap_err().to_string();
    assert_eq!(error, ".: a body holds 1000 records at most, not 1001");
}

#[test]
fn a_time_ahead_of_us_is_refused() {
    let source = SourceName::parse("hr").unwrap();
    let origin = Origin { source: &source, role: SourceRole::Authoritative, event: None };
    let definition = definition(&file("", "")).unwrap();
    let at = |time: &str| snapshots(row("1"), &definition, &origin, time.parse().unwrap(), NOW.parse().unwrap());
    assert!(at("2026-03-01T12:05:00Z").is_ok());
    assert_eq!(at("2026-03-01T12:05:01Z").unwrap_err().to_string(), ".: its time is more than 5 minutes ahead");
}

#[test]
fn only_a_definition_of_json_will_do() {
    let csv = DefinitionFile { path: "sources/hr.yaml".to_owned(), text: file("", "").text.replace("json", "csv") };
    let told = definition(&csv).unwrap_err();
    assert_eq!(
        told[0].to_string(),
        "sources/hr.yaml:1:1: a webhook's bodies are described by `file: { format: json }`"
    );
    let wrong = DefinitionFile { path: "sources/hr.yaml".to_owned(), text: "file: {}\n".to_owned() };
    assert!(definition(&wrong).unwrap_err()[0].to_string().starts_with("sources/hr.yaml:1:"));
}
