//! The org's API calls of a day against what the budget leaves and what waits.

use policy::Api;
use salesforce::{Budget, Limits};

use super::Plan;
use super::facts::Org;
use super::finding::{Finding, Level, Topic, unread};
use crate::words::count;

pub(super) fn check(plan: &Plan<'_>, org: &Org) -> Topic {
    let findings = match &org.limits {
        Ok(limits) => headroom(plan, limits),
        Err(error) => vec![unread(Level::Warning, "the org's API calls can't be read", error)],
    };
    Topic { topic: "API calls", findings }
}

/// About so many calls, by what `connector bench` counts: SCIM makes or changes a user a call, with some that every batch
/// needs; the Apex service takes a hundred and more a call.
pub(super) fn estimate(api: Api, persons: u64) -> u64 {
    match (api, persons) {
        (_, 0) => 0,
        (Api::Apex, persons) => persons / 100 + 10,
        (_, persons) => persons + persons / 10 + 10,
    }
}

fn headroom(plan: &Plan<'_>, limits: &Limits) -> Vec<Finding> {
    let configured = &plan.configuration.salesforce;
    let budget = Budget { bulk_until: configured.api_budget.bulk_until, reserve: configured.api_budget.reserve };
    let allowance = limits.daily_api_requests;
    let used = allowance.max.saturating_sub(allowance.remaining);
    let ceiling = budget.ceiling();
    let for_bulk = allowance.max.saturating_mul(u64::from(ceiling)) / 100;
    let left = for_bulk.saturating_sub(used);
    let so_far = format!("{used} of {} calls of the last 24 hours are used", allowance.max);
    let help = "Setup, System Overview, tells who uses them";
    if allowance.remaining == 0 {
        return vec![Finding::fails(so_far).help(help)];
    }
    if left == 0 {
        let what = format!("{so_far}: all but leavers waits beyond {ceiling} percent");
        return vec![Finding::warning(what).help(help)];
    }
    let mut findings = vec![Finding::ok(format!("{so_far}; {left} more until bulk work stops at {ceiling} percent"))];
    findings.extend(plan.waiting.map(|waiting| {
        let persons = waiting.persons.len() as u64;
        let needed = estimate(configured.api, persons);
        let waits = count(persons, "person waits", "persons wait");
        if persons == 0 {
            return Finding::ok("nobody waits to be written");
        }
        let path = if configured.api == Api::Apex { "apex" } else { "scim" };
        if needed <= left {
            return Finding::ok(format!("{waits}: about {needed} calls by {path}"));
        }
        let what = format!("{waits}: about {needed} calls by {path}, more than bulk work has left today");
        let by_apex = estimate(Api::Apex, persons);
        let finding = Finding::warning(what);
        if configured.api == Api::Apex {
            finding.help("it goes on by itself as calls come back; leavers go first")
        } else {
            finding.help(format!(
                "it goes on by itself as calls come back; leavers go first. `api: apex` would need about {by_apex}"
            ))
        }
    }));
    let unmapped = plan.waiting.map_or(0, |waiting| waiting.unmapped as u64);
    if unmapped > 0 {
        let persons = count(unmapped, "person's newest record is", "persons' newest records are");
        findings.push(Finding::skipped(format!("{persons} not looked at yet, so not counted here or below")));
    }
    findings
}
