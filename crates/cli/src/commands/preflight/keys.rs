//! Values that should tell one user from another, and are carried by several. Only with --deep, which reads all users.

use policy::STRONG_KEYS;

use super::Plan;
use super::facts::{Carriers, Org};
use super::finding::{Finding, Level, Topic, unread};
use crate::words::count;

/// So many are told one by one.
const TOLD: usize = 10;

pub(super) fn check(_: &Plan<'_>, org: &Org) -> Topic {
    let findings = match &org.carriers {
        None => {
            vec![Finding::skipped("users who carry the same key are not looked for").help("--deep reads all users")]
        }
        Some(Ok(carriers)) => several(carriers),
        Some(Err(error)) => vec![unread(Level::Warning, "the org's users can't be read", error)],
    };
    Topic { topic: "Keys of users", findings }
}

/// The values themselves may be personal, so users are told by id.
fn several(carriers: &Carriers) -> Vec<Finding> {
    let twice: Vec<_> = carriers.by_value.iter().filter(|(_, users)| users.len() > 1).collect();
    let finding = |((field, _), users): &(&(domain::UserField, String), &Vec<domain::SalesforceUserId>)| {
        let ids: Vec<_> = users.iter().take(5).map(ToString::to_string).collect();
        let more =
            if users.len() > ids.len() { format!(" and {} more", users.len() - ids.len()) } else { String::new() };
        let name = field.api_name();
        Finding::warning(format!("users {}{more} carry the same {name}", ids.join(", ")))
            .help(format!("the person with that value waits: clear {name} of all but one"))
    };
    let mut findings: Vec<_> = twice.iter().take(TOLD).map(finding).collect();
    if twice.len() > TOLD {
        findings.push(Finding::warning(format!("and {} more values", twice.len() - TOLD)));
    }
    if findings.is_empty() {
        let users = count(carriers.users as u64, "user", "users");
        let keys = STRONG_KEYS.map(domain::UserField::api_name).join(" and ");
        findings.push(Finding::ok(format!("no two of {users} carry the same {keys}")));
    }
    findings
}
