//! A real Active Directory domain controller for the tests: Samba, on a loopback address of its own. The domain is
//! provisioned and filled once and kept below the build's folder; each test works on a copy of its own.

pub(crate) mod certificates;
pub(crate) mod controller;
pub(crate) mod domain;
pub(crate) mod seed;

use active_directory::{AdError, Change, Credentials, Definition, Done, Moment, Page, Reader, Record, Step};
use jiff::tz::TimeZone;
use ports::SecretName;
use ports::secrets::SecretString;

pub(crate) use controller::Controller;

/// A controller, or `None` where tests with other servers are left out or Samba is not there.
///
/// # Panics
/// Where it must be there and is not: with `CI=true`, unless `CONNECTOR_QUICK_TESTS` is set.
pub(crate) fn controller() -> Option<Controller> {
    if std::env::var_os("CONNECTOR_QUICK_TESTS").is_some() {
        eprintln!("left out: tests with other servers are switched off (CONNECTOR_QUICK_TESTS)");
        return None;
    }
    match Controller::start() {
        Ok(controller) => Some(controller),
        Err(reason) if std::env::var("CI").as_deref() == Ok("true") => panic!("no domain controller: {reason}"),
        Err(reason) => {
            eprintln!("left out: no domain controller: {reason}; tests/samba/install installs one");
            None
        }
    }
}

pub(crate) fn credentials(user: &str, password: &str) -> Credentials {
    let secret = serde_json::json!({ "bindDn": user, "password": password }).to_string();
    Credentials::parse(&SecretName::parse("ad").unwrap(), &SecretString::from(secret)).unwrap()
}

/// The account that reads.
pub(crate) fn reader() -> Credentials {
    credentials(seed::READER, seed::PASSWORD)
}

pub(crate) fn moment() -> Moment {
    Moment { now: "2026-06-01T12:00:00Z".parse().unwrap(), zone: TimeZone::get("Europe/Amsterdam").unwrap() }
}

/// A definition for a controller, with more settings below `active-directory`.
pub(crate) fn definition(controller: &Controller, more: &str) -> Definition {
    let base = format!("base: [\"OU=People,{0}\", \"OU=Bulk,{0}\"]", seed::DOMAIN);
    definition_of(&[controller.ldaps()], &controller.ca, &format!("  {base}\n{more}"))
}

pub(crate) fn definition_of(servers: &[String], ca: &str, more: &str) -> Definition {
    let ca: String = ca.lines().map(|line| format!("    {line}\n")).collect();
    let servers = servers.join(", ");
    let yaml = format!("active-directory:\n  secret: ad\n  servers: [{servers}]\n  ca: |\n{ca}{more}");
    Definition::parse("ad.yaml", &yaml).unwrap()
}

/// Reads to the end.
pub(crate) async fn to_end(reader: &mut Reader) -> Result<(Vec<Page>, Done), AdError> {
    let mut pages = Vec::new();
    loop {
        match reader.next().await? {
            Step::Page(page) => pages.push(page),
            Step::Done(done) => return Ok((pages, *done)),
        }
    }
}

pub(crate) fn records(pages: &[Page]) -> Vec<&Record> {
    let changes = pages.iter().flat_map(|page| &page.changes);
    changes
        .filter_map(|change| match change {
            Change::Present(record) => Some(&**record),
            Change::Gone { .. } => None,
        })
        .collect()
}

/// The one record with this account name.
pub(crate) fn named<'r>(records: &[&'r Record], name: &str) -> &'r Record {
    let found: Vec<_> = records.iter().filter(|record| record.text("sAMAccountName") == Some(name)).collect();
    assert_eq!(found.len(), 1, "{name}");
    found[0]
}

/// Account names, sorted.
pub(crate) fn names(pages: &[Page]) -> Vec<String> {
    let mut names: Vec<_> =
        records(pages).iter().map(|record| record.text("sAMAccountName").unwrap().to_owned()).collect();
    names.sort();
    names
}
