//! Recorded answers of a domain controller, read by the same code as live ones. Runs where `EVIDENCE_DIR` points at the
//! recordings, and does nothing otherwise.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail like tests")]

use std::collections::HashMap;
use std::path::PathBuf;

use active_directory::entry::{Entry, Range};
use active_directory::schema::{AttributeKind, Schema, Syntax};
use active_directory::{Expiry, Guid, Moment, Record};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::TimeZone;

fn recorded(name: &str) -> Option<Vec<Entry>> {
    let folder = PathBuf::from(std::env::var_os("EVIDENCE_DIR")?).join("ad");
    Some(entries(&std::fs::read_to_string(folder.join(name)).unwrap()))
}

/// Reads LDIF (RFC 2849), as far as the recordings use it. A comment in them tells which attributes came without values.
fn entries(ldif: &str) -> Vec<Entry> {
    const CLEARED: &str = "# attribute ";
    let mut entries = Vec::new();
    for block in ldif.replace("\r\n", "\n").replace("\n ", "").split("\n\n") {
        let (mut dn, mut attributes) = (None, HashMap::<String, Vec<Vec<u8>>>::new());
        for line in block.lines() {
            if let Some((name, _)) =
                line.strip_prefix(CLEARED).and_then(|rest| rest.split_once(" returned with NO value"))
            {
                attributes.insert(name.to_owned(), Vec::new());
            }
            let Some((name, value)) = line.split_once(':').filter(|_| !line.starts_with('#')) else { continue };
            let value = match value.strip_prefix(':') {
                Some(encoded) => STANDARD.decode(encoded.trim()).unwrap(),
                None => value.trim_start().as_bytes().to_vec(),
            };
            match name {
                "dn" => dn = Some(String::from_utf8(value).unwrap()),
                // Some recordings show the GUID as text.
                "objectGUID" if value.len() != 16 => {
                    let key: Guid = std::str::from_utf8(&value).unwrap().parse().unwrap();
                    attributes.insert(name.to_owned(), vec![key.as_bytes().to_vec()]);
                }
                _ => attributes.entry(name.to_owned()).or_default().push(value),
            }
        }
        entries.extend(dn.map(|dn| Entry::new(&dn, attributes)));
    }
    entries
}

fn named<'e>(entries: &'e [Entry], beginning: &str) -> &'e Entry {
    entries.iter().find(|entry| entry.name.dn.starts_with(beginning)).unwrap_or_else(|| panic!("no {beginning}"))
}

#[test]
fn whole_people_are_read() {
    let Some(people) = recorded("people_full.ldif") else { return };
    let names = ["sAMAccountName", "mail", "employeeID", "displayName", "whenCreated", "memberOf"];
    let schema = Schema::new(names.map(|name| {
        let syntax = match name {
            "whenCreated" => Syntax::Time,
            "memberOf" => Syntax::Link,
            _ => Syntax::Text,
        };
        (name.to_owned(), AttributeKind { single: name != "memberOf", syntax, stored: true })
    }));
    let moment = Moment { now: "2026-11-24T12:00:00Z".parse().unwrap(), zone: TimeZone::UTC };
    let records: Vec<Record> =
        people.iter().map(|entry| Record::of(entry, &names, &schema, &moment).unwrap()).collect();
    assert!(records.len() >= 8, "{}", records.len());
    let record = |id: &str| records.iter().find(|record| record.text("employeeID") == Some(id)).unwrap();
    assert_eq!(record("100001").status.expires, Expiry::Never);
    assert!(record("100001").status.is_enabled());
    assert!(record("100030").status.disabled);
    assert!(record("100031").status.expired && !record("100031").status.disabled);
    assert!(record("100033").status.password_expired && record("100033").status.is_enabled());
    assert_eq!(record("100023").key.to_string(), "3a61b174-93bb-422b-929b-9888165ee132");
    assert!(record("100023").sid.as_ref().unwrap().to_string().starts_with("S-1-5-21-"));
    assert_eq!(record("100024").text("displayName"), Some("Zoë Müller"));
}

#[test]
fn changes_are_read() {
    let Some(changes) = recorded("dirsync_2_incremental.ldif") else { return };
    assert_eq!(changes.len(), 6);
    assert_eq!(named(&changes, "CN=Must Change").values("title"), Some(&[][..]));
    assert_eq!(named(&changes, "CN=Jan de Vries").values("title"), None);
    let deleted: Vec<_> = changes.iter().filter(|entry| entry.is_deleted()).collect();
    assert_eq!(deleted.len(), 1);
    assert_eq!(deleted[0].key().unwrap().to_string(), "fcd60e6b-37be-4a0b-8d9d-76d39b087dd9");
    assert!(named(&changes, "CN=Li Wei,").has("name"));
    let last_parent = &deleted[0].links("lastKnownParent").unwrap()[0];
    assert_eq!(last_parent.guid.unwrap().to_string(), "9842c9f5-9bee-417f-868f-74eb943a0f1c");
}

#[test]
fn added_and_removed_members_are_told_apart() {
    let Some(groups) = recorded("dirsync_3_group_links.ldif") else { return };
    let group = groups.iter().find(|entry| !entry.added("member").is_empty()).unwrap();
    assert!(group.added("member")[0].dn.starts_with("CN=New Joiner,"));
    assert!(group.removed("member")[0].dn.starts_with("CN=Jan de Vries,"));
    assert!(group.values("member").is_none() && group.has("member"));
}

#[test]
fn ranges_and_tombstones_are_read() {
    let Some(groups) = recorded("ranged_member.ldif") else { return };
    assert_eq!(groups[0].ranges(), [("member".to_owned(), Range { from: 0, to: Some(1499) })]);
    assert_eq!(groups[1].ranges(), [("member".to_owned(), Range { from: 1500, to: None })]);
    let Some(changed) = recorded("usnchanged_incremental.ldif") else { return };
    assert_eq!(changed.iter().filter(|entry| entry.is_deleted()).count(), 1);
}
