//! Users that must stay: the protect list's, and those who could mend things if the connector shut somebody out.

use std::collections::BTreeMap;

use domain::ActualUser;

use super::Plan;
use super::facts::Org;
use super::finding::{Finding, Level, Topic, unread};
use crate::words::count;

pub(super) fn check(plan: &Plan<'_>, org: &Org) -> Topic {
    let mut findings = match &org.protected {
        Ok(protected) => protected_users(protected),
        Err(error) => vec![unread(Level::Warning, "the users under `protect` can't be looked up", error)],
    };
    findings.push(administrators(plan, org));
    Topic { topic: "Protected users", findings }
}

fn protected_users(protected: &BTreeMap<String, Option<ActualUser>>) -> Vec<Finding> {
    let fault = |(name, user): (&String, &Option<ActualUser>)| match user {
        None => {
            let what = format!("the org has no user `{name}`, whom `salesforce.protect` names");
            Some(Finding::fails(what).help("correct the name; until then it protects nobody"))
        }
        Some(user) if !user.is_usable() => {
            let how = if user.active { "frozen" } else { "inactive" };
            let what = format!("`{name}`, whom `salesforce.protect` names, is {how}");
            Some(Finding::warning(what).help("who can't log in can't mend anything: name somebody else"))
        }
        Some(_) => None,
    };
    let mut findings: Vec<_> = protected.iter().filter_map(fault).collect();
    if findings.is_empty() && !protected.is_empty() {
        let users = count(protected.len() as u64, "user", "users");
        findings.push(Finding::ok(format!("`salesforce.protect` names {users}, and the org has them")));
    }
    findings
}

/// The connector's own user is one of them where it may manage users, and helps nobody who is shut out.
fn administrators(plan: &Plan<'_>, org: &Org) -> Finding {
    let administrators = match &org.administrators {
        Ok(administrators) => administrators,
        Err(error) => return unread(Level::Warning, "who may manage users can't be read", error),
    };
    let others = administrators.iter().filter(|user| **user != org.session.user).count() as u64;
    let unprotected = plan.configuration.salesforce.protect.is_empty();
    let help = "make a second one who is in no source, and name both under `salesforce.protect`";
    match others {
        0 => Finding::warning("nobody but the connector may manage users").help(help),
        1 => Finding::warning("only one user besides the connector may manage users").help(help),
        _ if unprotected => {
            let what = format!("{others} users besides the connector may manage users; none is protected by name");
            Finding::ok(what).help("name one under `salesforce.protect`, so that no mistake in HR's data shuts all out")
        }
        _ => Finding::ok(format!("{others} users besides the connector may manage users")),
    }
}
