//! Every name in the rules against the org's own.

use std::collections::BTreeMap;

use domain::{Entitlement, EntitlementKind};
use policy::Place;
use salesforce::{Catalog, SalesforceError};

use super::Plan;
use super::facts::Org;
use super::finding::{Finding, Level, Topic, unread};
use crate::words::{count, kind};

pub(super) fn check(plan: &Plan<'_>, org: &Org) -> Topic {
    let findings = match &org.catalog {
        Ok(catalog) => compare(&plan.configuration.policy.entitlements_named(), catalog),
        Err(error) => vec![unread(Level::Fails, "what the org has to give can't be read", error)],
    };
    Topic { topic: "Names in the rules", findings }
}

fn compare(named: &BTreeMap<Entitlement, Place>, catalog: &Catalog) -> Vec<Finding> {
    let missing = |(entitlement, place): (&Entitlement, &Place)| {
        let Err(error) = catalog.check(entitlement) else { return None };
        let what = format!("the org has no {} `{}`", kind(entitlement.kind), entitlement.name);
        Some(Finding::fails(what).at(place).help(closest(&error, entitlement.kind)))
    };
    let mut findings: Vec<_> = named.iter().filter_map(missing).collect();
    findings.sort_by(|a, b| by_place(a).cmp(&by_place(b)));
    if findings.is_empty() {
        findings.push(Finding::ok(format!("the org has {}", counted(named))));
    }
    let groups = named.iter().filter(|(entitlement, _)| entitlement.kind == EntitlementKind::PermissionSetGroup);
    for (group, place) in groups.filter(|(group, _)| catalog.is_outdated(&group.name)) {
        let what = format!("permission set group `{}` is outdated; Salesforce may refuse to give it", group.name);
        findings.push(Finding::warning(what).at(place).help("Setup, Permission Set Groups, Recalculate"));
    }
    findings
}

/// `2 profiles, 1 role`.
fn counted(named: &BTreeMap<Entitlement, Place>) -> String {
    let of_kind = |of: &EntitlementKind| {
        let names = named.keys().filter(|entitlement| entitlement.kind == *of).count() as u64;
        let word = kind(*of);
        (names > 0).then(|| count(names, word, &format!("{word}s")))
    };
    let kinds: Vec<_> = EntitlementKind::ALL.iter().filter_map(of_kind).collect();
    if kinds.is_empty() { "nothing to give: no rule names anything".to_owned() } else { kinds.join(", ") }
}

fn by_place(finding: &Finding) -> Option<(&str, u32, u32)> {
    finding.place.as_ref().map(|spot| (spot.file.as_str(), spot.line, spot.column))
}

fn closest(error: &SalesforceError, of: EntitlementKind) -> String {
    match error {
        SalesforceError::UnknownEntitlement { similar, .. } if !similar.is_empty() => {
            let similar: Vec<_> = similar.iter().map(|name| format!("`{name}`")).collect();
            format!("it has {}; names count with their case", similar.join(", "))
        }
        _ if of == EntitlementKind::FeatureLicense => "the org has not bought it, or the field is hidden".to_owned(),
        _ => "make it in the org, or take it out of the rule; names are API names, of a profile its name".to_owned(),
    }
}
