//! Exact Synergy's REST service: `exact-synergy-rest.yaml`.

use jiff::civil::date;
use ports::Class;
use serde_json::{Value, json};
use source_emulators::exact_online::moment;
use source_emulators::exact_synergy::ExactSynergy;
use sources::HttpSource;

use crate::support::{World, shipped};

fn row(number: u32, last: &str, start: &str, end: &str, manager: Option<u32>) -> Value {
    json!({ "ID": format!("00000000-0000-4000-8000-{number:0>12}"), "HID": number, "FirstName": "Jan", "MiddleName": "de",
        "LastName": last, "Initials": "J.", "Email": format!("{number}@example.test"), "PhoneNumber": null,
        "MobileNumber": null, "UserName": format!("{:<20}", "EXAMPLE\\jan"), "EmploymentStartDate": moment(start),
        "EmploymentEndDate": moment(end), "CostCenter": format!("{:>8}", "SALES"), "JobTitle": "AM", "Division": "500",
        "Manager": manager, "BirthDate": moment("1980-01-01") })
}

fn rows() -> Vec<Value> {
    vec![
        row(1, "Bakker", "2015-01-01", "", None),
        row(2, "Vries", "2024-01-01", "2026-10-31", Some(1)),
        row(3, "System", "", "", None),
        row(4, "Berg", "2025-02-01", "", Some(2)),
        row(5, "Smit", "2025-03-01", "", Some(2)),
    ]
}

fn world_of(yaml: &str, entity: &str, key: &str, rows: Vec<Value>) -> World<ExactSynergy> {
    let secret = json!({ "user": "EXAMPLE\\reader", "password": "hidden" });
    World::new(yaml, secret, |_| {
        let synergy = ExactSynergy::new("EXAMPLE\\reader", "hidden", entity, key);
        synergy.put(rows);
        synergy
    })
}

/// The shipped definition over a small server.
pub(crate) fn world() -> World<ExactSynergy> {
    world_of(&shipped("exact-synergy-rest"), "Resource", "ID", rows())
}

#[tokio::test]
async fn people_become_persons() {
    let mut world = world();
    world.interrupted = true;
    let read = world.everything().await;
    assert_eq!((read.persons().len(), read.outcome.report.left_out), (4, 1));
    let vries = read.person("2");
    assert_eq!((vries.name.display().as_str(), &vries.custom["account"]), ("Jan de Vries", &json!("EXAMPLE\\jan")));
    let contract = &vries.contracts[0];
    assert_eq!((contract.start_date, contract.end_date), (date(2024, 1, 1), Some(date(2026, 10, 31))));
    assert_eq!(contract.department.as_ref().unwrap().id.as_deref(), Some("SALES"));
    assert_eq!(contract.manager.as_ref().unwrap().id.as_deref(), Some("1"));
    assert!(read.person("1").contracts[0].manager.is_none());
    let log = world.system.take_log();
    assert_eq!(log.len(), 3, "the inner name in the links is not followed");
    assert!(log.iter().all(|asked| !asked.query.contains("BirthDate") && asked.status == 200), "{log:?}");
    assert!(log[1].query.ends_with("$skiptoken=guid'00000000-0000-4000-8000-000000000002'"), "{}", log[1].query);
}

/// The definition with other values in settings.
fn settled(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(shipped("exact-synergy-rest"), |yaml, (from, to)| {
        assert!(yaml.contains(&format!("\n  {from}\n")), "{from}");
        yaml.replace(&format!("\n  {from}\n"), &format!("\n  {to}\n"))
    })
}

#[tokio::test]
async fn another_servers_names_stand_in_settings_alone() {
    let renamed = [
        ("entity: Resource", "entity: Employee"),
        ("key: ID", "key: SysGuid"),
        ("number: HID", "number: Code"),
        ("managerIs: HID", "managerIs: SysGuid"),
        ("familyName: LastName", "familyName: Surname"),
        ("startDate: EmploymentStartDate", "startDate: InServiceDate"),
    ];
    let rows = rows().into_iter().map(|row| {
        let Value::Object(mut row) = row else { panic!("an object") };
        for (old, new) in
            [("ID", "SysGuid"), ("HID", "Code"), ("LastName", "Surname"), ("EmploymentStartDate", "InServiceDate")]
        {
            let value = row.remove(old).unwrap();
            row.insert(new.to_owned(), value);
        }
        if let Some(manager) = row["Manager"].as_u64() {
            row["Manager"] = json!(format!("00000000-0000-4000-8000-{manager:0>12}"));
        }
        Value::Object(row)
    });
    let world = world_of(&settled(&renamed), "Employee", "SysGuid", rows.collect());
    let read = world.everything().await;
    assert_eq!(read.persons().len(), 4);
    assert_eq!(read.person("4").contracts[0].manager.as_ref().unwrap().id.as_deref(), Some("2"));
}

#[tokio::test]
async fn a_name_that_the_server_does_not_know_ends_the_read() {
    for (change, status) in [(("email: Email", "email: EMail"), 400), (("entity: Resource", "entity: Resources"), 404)]
    {
        let world = world_of(&settled(&[change]), "Resource", "ID", rows());
        let fault = world.everything().await.fault().clone();
        assert_eq!(fault.to_string(), format!("stream people, page 1: the source answers {status}"));
        assert_eq!(fault.class(), Class::NeedsPerson);
    }
}

#[test]
fn a_setting_that_is_no_name_is_refused_where_it_is_used() {
    for (from, to) in [("familyName: LastName", "familyName: 'Last Name'"), ("familyName: LastName", "familyName: ''")]
    {
        let problems = HttpSource::parse("s.yaml", &settled(&[(from, to)])).unwrap_err();
        let told = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(told.contains("settings.familyName is used as the name of a column here, and is none"), "{told}");
    }
    let problems = HttpSource::parse("s.yaml", &settled(&[("key: ID", "key: a/b")])).unwrap_err();
    assert!(problems.iter().any(|problem| problem.reason.contains("settings.key is used as the name")), "{problems:?}");
}
