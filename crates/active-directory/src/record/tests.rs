use serde_json::json;

use super::*;
use crate::schema::AttributeKind;
use crate::scripted::entry;

const KEY: &str = "ce35e774-6bc0-4e57-ac5a-af1e01c6feb2";

pub(crate) fn moment() -> Moment {
    Moment { now: "2026-01-15T12:00:00Z".parse().unwrap(), zone: TimeZone::get("Europe/Amsterdam").unwrap() }
}

/// What a domain controller says about the attributes of the tests.
pub(crate) fn schema() -> Schema {
    let single = crate::definition::ATTRIBUTES.iter().chain(&["company", "employeeNumber"]).map(|name| {
        let syntax = if *name == "whenCreated" { Syntax::Time } else { Syntax::Text };
        ((*name).to_owned(), AttributeKind { single: true, syntax, stored: true })
    });
    let other = [
        ("proxyAddresses", false, Syntax::Text),
        ("thumbnailPhoto", true, Syntax::Binary),
        ("objectSid", true, Syntax::Sid),
        ("objectGUID", true, Syntax::Binary),
        ("directReports", false, Syntax::Link),
    ];
    Schema::new(single.chain(other.map(|(name, single, syntax)| {
        (name.to_owned(), AttributeKind { single, syntax, stored: name != "directReports" })
    })))
}

fn names() -> Vec<&'static str> {
    let mut names = crate::definition::ATTRIBUTES.to_vec();
    names.extend(["company", "proxyAddresses", "thumbnailPhoto", "directReports", "objectGUID"]);
    names
}

fn of(entry: &Entry) -> Result<Record, RecordError> {
    Record::of(entry, &names(), &schema(), &moment())
}

/// A user with these attributes, manager 100001, in group SF-Sales.
pub(crate) fn record(attributes: &[(&str, &str)]) -> Record {
    let values: Vec<[&str; 1]> = attributes.iter().map(|(_, value)| [*value]).collect();
    let mut all: Vec<(&str, &[&str])> =
        attributes.iter().zip(&values).map(|((name, _), value)| (*name, value.as_slice())).collect();
    all.push(("userAccountControl", &["512"]));
    let mut record = of(&entry(KEY, &all)).unwrap();
    record.manager = Some(Manager { key: KEY.parse().unwrap(), id: Some("100001".to_owned()) });
    record.groups = Some(vec!["SF-Sales".to_owned()]);
    record
}

fn status(control: &str, computed: &str, expires: &str) -> Status {
    let entry = entry(
        KEY,
        &[
            ("userAccountControl", &[control]),
            ("msDS-User-Account-Control-Computed", &[computed]),
            ("accountExpires", &[expires]),
        ],
    );
    of(&entry).unwrap().status
}

#[test]
fn an_account_is_enabled_unless_disabled_or_expired() {
    assert!(status("512", "0", "0").is_enabled());
    assert!(status("66048", "0", "9223372036854775807").is_enabled());
    assert!(!status("514", "0", "0").is_enabled());
    let expired = status("512", "0", "131593536000000000");
    assert!(expired.expired && !expired.is_enabled());
    // The end of 30 January in Amsterdam, where it is summer nowhere.
    let later = status("512", "0", "134142876000000000");
    assert!(later.is_enabled());
    assert_eq!(later.last_day, Some(Date::constant(2026, 1, 30)));
    // Signed in the directory: the highest bit is not used, the sign still must not hurt.
    assert!(!status("-2147483134", "0", "0").is_enabled());
}

#[test]
fn a_lock_and_an_old_password_are_told_and_take_nothing_away() {
    let locked = status("512", "16", "0");
    assert!(locked.locked && locked.is_enabled());
    assert!(status("512", "8388608", "0").password_expired);
    let entry = entry(KEY, &[("userAccountControl", &["512"]), ("pwdLastSet", &["0"])]);
    let must_change = of(&entry).unwrap().status;
    assert!(must_change.password_expired && must_change.is_enabled() && must_change.password_set.is_none());
}

#[test]
fn an_account_whose_state_is_not_seen_is_refused() {
    let error = of(&entry(KEY, &[("mail", &["a@x"])])).unwrap_err();
    assert_eq!(error.path, "userAccountControl");
    for (name, bad) in [("userAccountControl", "x"), ("accountExpires", "-5"), ("pwdLastSet", "y")] {
        let error = of(&entry(KEY, &[("userAccountControl", &["512"]), (name, &[bad])]));
        // The first of two values counts for the first name; both are wrong in their own way.
        if name != "userAccountControl" {
            assert_eq!(error.unwrap_err().path, name);
        }
    }
    assert_eq!(of(&entry(KEY, &[("userAccountControl", &["x"])])).unwrap_err().path, "userAccountControl");
}

#[test]
fn attributes_are_told_as_the_schema_says() {
    let mut entry = entry(
        KEY,
        &[
            ("userAccountControl", &["512"]),
            ("proxyAddresses", &["SMTP:a@x", "smtp:b@x"]),
            ("whenCreated", &["20261124032211.0Z"]),
            ("directReports", &["<GUID=ce35e774-6bc0-4e57-ac5a-af1e01c6feb2>;<SID=S-1-5>;CN=b,DC=x"]),
            ("title", &[]),
        ],
    );
    entry.set("thumbnailPhoto", vec![vec![0xff, 0xd8]]);
    let record = of(&entry).unwrap();
    let row = record.row();
    assert_eq!(row["proxyAddresses"], json!(["SMTP:a@x", "smtp:b@x"]));
    assert_eq!(row["whenCreated"], "2026-11-24T03:22:11Z");
    assert_eq!(row["directReports"], json!(["CN=b,DC=x"]));
    assert_eq!(row["thumbnailPhoto"], "/9g=");
    assert_eq!(row["objectGUID"], KEY);
    assert_eq!(row["title"], Value::Null);
    assert_eq!(row["mail"], Value::Null);
    assert_eq!((&row["key"], &row["enabled"]), (&json!(KEY), &json!(true)));
    assert_eq!((&row["managerId"], &row["lastDay"], &row["groups"]), (&Value::Null, &Value::Null, &json!([])));
    assert!(!format!("{record:?}").contains("a@x"));
}

#[test]
fn an_odd_value_refuses_the_record_with_its_place() {
    for (name, values) in [
        ("mail", vec![b"a@x".to_vec(), b"b@x".to_vec()]),
        ("department", vec![vec![0xff]]),
        ("whenCreated", vec![b"yesterday".to_vec()]),
        ("thumbnailPhoto", vec![vec![0; MAX_VALUE + 1]]),
    ] {
        let mut entry = entry(KEY, &[("userAccountControl", &["512"])]);
        entry.set(name, values);
        assert_eq!(of(&entry).unwrap_err().path, name);
    }
}
