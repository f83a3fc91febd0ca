use std::sync::OnceLock;

use jiff::civil::date;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{Definition, Input};

const YAML: &str = "
file: { format: jsonl }
where: row.kind != 'guest'
person:
  id: row.id
  name: { givenName: row.first, familyName: row.last }
  contact: { email: { value: lower(row.mail), optional: true }, phone: { value: row.phone, optional: true } }
  blocked: row.state == 'blocked'
  custom: { badge: { value: row.badge, none: ['0'], optional: true } }
contracts:
  each: row.jobs
  id: string(index)
  startDate: { value: item.from, date: '%d-%m-%Y' }
  endDate: { value: item.to, none: ['31-12-9999'], date: '%d-%m-%Y' }
  fte: { value: item.fte, optional: true }
  sequence: { value: item.rank, optional: true }
  department: { id: { value: item.dep, optional: true } }
";

fn mapping(yaml: &str) -> Mapping {
    match Definition::parse("test.yaml", yaml).unwrap().input {
        Input::File { mapping, .. } => mapping,
        Input::Http(_) => panic!("a file is read"),
    }
}

fn row() -> Value {
    json!({ "id": 100_023, "first": " Jan ", "last": "Vries", "mail": "J@Example.com", "state": "on", "kind": "staff",
            "jobs": [{ "from": "01-02-2026", "to": "31-12-9999", "fte": "0.8", "rank": "2", "dep": 7 }] })
}

fn read(row: &Value) -> Result<Person, Refused> {
    mapping(YAML).person(row, 9).unwrap()
}

fn changed(change: impl FnOnce(&mut Value)) -> Result<Person, String> {
    let mut row = row();
    change(&mut row);
    read(&row).map_err(|refused| refused.to_string())
}

#[test]
fn values_fit_the_fields_of_a_person() {
    let person = read(&row()).unwrap();
    assert_eq!(person.id.as_str(), "100023");
    assert_eq!(person.name.given_name.as_deref(), Some("Jan"));
    assert_eq!(person.contact.email.as_deref(), Some("j@example.com"));
    assert_eq!(person.contact.phone, None);
    assert!(!person.blocked);
    assert_eq!(person.custom, Map::from_iter([("badge".to_owned(), Value::Null)]));
    let [contract] = person.contracts.as_slice() else { panic!("one contract") };
    assert_eq!((contract.id.as_str(), contract.start_date, contract.end_date), ("1", date(2026, 2, 1), None));
    assert_eq!((contract.fte, contract.sequence), (Some(0.8), Some(2)));
    assert_eq!(contract.department.as_ref().unwrap().id.as_deref(), Some("7"));
    assert_eq!(changed(|row| row["badge"] = json!(0)).unwrap().custom["badge"], Value::Null);
    assert_eq!(changed(|row| row["badge"] = json!(4)).unwrap().custom["badge"], 4);
    assert_eq!(changed(|row| row["jobs"][0]["rank"] = json!(2.0)).unwrap().contracts[0].sequence, Some(2));
    assert!(changed(|row| row["jobs"][0]["dep"] = json!(" ")).unwrap().contracts[0].department.is_none());
    assert!(changed(|row| row["state"] = json!("blocked")).unwrap().blocked);
}

#[test]
fn each_item_is_a_contract_and_a_person_needs_one() {
    let two = changed(|row| row["jobs"] = json!([row["jobs"][0], null, row["jobs"][0]])).unwrap();
    let ids: Vec<_> = two.contracts.iter().map(|contract| contract.id.as_str()).collect();
    assert_eq!(ids, ["1", "2"]);
    for none in [json!([]), json!(null), json!([null])] {
        let told = changed(|row| row["jobs"] = none).unwrap_err();
        assert_eq!(told, "row 9, record 100023: contracts: the row gives no contract");
    }
    let allowed = mapping(&YAML.replace("each:", "allowNone: true\n  each:"));
    let mut row = row();
    row["jobs"] = json!([]);
    assert!(allowed.person(&row, 1).unwrap().unwrap().contracts.is_empty());
    let without_each = mapping(
        "
file: { format: jsonl }
person: { id: row.id, name: { familyName: row.last } }
contracts: { id: row.id, startDate: row.from }
",
    );
    let person = without_each.person(&json!({ "id": "1", "last": "V", "from": "2026-01-01" }), 1).unwrap().unwrap();
    assert_eq!(person.contracts.len(), 1);
}

#[test]
fn what_does_not_fit_is_refused_by_path() {
    let column = |name: &'static str| move |row: &mut Value| drop(row["jobs"][0].as_object_mut().unwrap().remove(name));
    for (told, expected) in [
        (changed(|row| row["jobs"] = json!("x")), "contracts: it is no list"),
        (
            changed(|row| row["jobs"][0]["from"] = json!("2026-02-01")),
            "contracts[0].startDate: it is no date of the form",
        ),
        (
            changed(|row| row["jobs"][0]["from"] = json!("30-02-2026")),
            "contracts[0].startDate: it is no date of the form",
        ),
        (changed(|row| row["jobs"][0]["from"] = json!(null)), "contracts[0]: missing field `startDate`"),
        (changed(|row| row["jobs"][0]["to"] = json!("01-01-2026")), "contracts[0].endDate: it is before startDate"),
        (changed(|row| row["jobs"][0]["fte"] = json!("0,8")), "contracts[0].fte: it is no number"),
        (changed(|row| row["jobs"][0]["fte"] = json!("NaN")), "contracts[0].fte: it is no number"),
        (changed(|row| row["jobs"][0]["rank"] = json!(1.5)), "contracts[0].sequence: it is no whole number"),
        (changed(|row| row["last"] = json!(true)), "name.familyName: it is no text"),
        (changed(|row| row["last"] = json!({ "x": 1 })), "name.familyName: it is no text"),
        (changed(|row| row["last"] = json!("a\0b")), "name.familyName: it holds a NUL character"),
        (changed(column("to")), "contracts[0].endDate: there is no to in item"),
        (changed(|row| row["jobs"][0] = json!(7)), "contracts[0].startDate: there is no from in item"),
    ] {
        let told = told.unwrap_err();
        assert!(told.starts_with(&format!("row 9, record 100023: {expected}")), "{told}");
    }
    assert_eq!(changed(|row| row["id"] = json!(null)).unwrap_err(), "row 9: .: missing field `id`");
    assert!(changed(|row| row["id"] = json!("a\nb")).unwrap_err().starts_with("row 9: id: "));
    assert!(changed(|row| row["id"] = json!([])).unwrap_err().starts_with("row 9: id: it is no text"));
    assert!(read(&json!({})).unwrap_err().to_string().starts_with("row 9: id: there is no id in row"));
}

#[test]
fn a_person_without_any_name_is_refused() {
    let told = changed(|row| {
        row["first"] = json!(null);
        row["last"] = json!("  ");
    });
    assert!(told.unwrap_err().contains("name"));
}

#[test]
fn accounts_in_other_systems_are_mapped_by_source() {
    let yaml = "
file: { format: jsonl }
person:
  id: row.employeeId
  name: { familyName: row.sn }
  accounts: { ad: { mail: row.mail, enabled: row.disabled == 'no', phone: { value: row.phone, optional: true } } }
";
    let row = json!({ "employeeId": "1", "sn": "Vries", "mail": "v@example.com", "disabled": "no" });
    let person = mapping(yaml).person(&row, 1).unwrap().unwrap();
    let expected = json!({ "ad": { "mail": "v@example.com", "enabled": true, "phone": null } });
    assert_eq!(serde_json::to_value(&person.accounts).unwrap(), expected);
    assert!(Definition::parse("s.yaml", &yaml.replace("ad:", "AD:")).is_err());
}

#[test]
fn rows_can_be_left_out() {
    let mut guest = row();
    guest["kind"] = json!("guest");
    assert_eq!(mapping(YAML).person(&guest, 1), None);
}

static MAPPING: OnceLock<Mapping> = OnceLock::new();

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("31-12-9999")),
    ];
    let keys = proptest::sample::select(vec!["id", "first", "last", "jobs", "from", "to", "fte", "kind", "mail"]);
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(keys.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_row_gives_the_same_answer_twice(row in json_value(), base in any::<bool>()) {
        let mut full = self::row();
        if base && let (Some(full), Some(row)) = (full.as_object_mut(), row.as_object()) {
            full.extend(row.clone());
        }
        let row = if base { full } else { row };
        let mapping = MAPPING.get_or_init(|| mapping(YAML));
        let person = mapping.person(&row, 1);
        prop_assert_eq!(&mapping.person(&row.clone(), 1), &person);
        if let Some(Ok(person)) = person {
            prop_assert_eq!(mapping.record(&row).map(|record| record.to_string()), Some(person.id.to_string()));
            prop_assert!(person.check().is_ok());
        }
    }
}
