//! Free seats of user licences, permission set licences and feature licences, against who waits for one.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Entitlement, EntitlementKind};
use salesforce::{Catalog, Need, Seats};

use super::Plan;
use super::facts::Org;
use super::finding::{Finding, Topic};
use super::waiting::Waiting;
use crate::words::count;

pub(super) fn check(plan: &Plan<'_>, org: &Org) -> Topic {
    let findings = match &org.catalog {
        Ok(catalog) => {
            let named: BTreeSet<_> = plan.configuration.policy.entitlements_named().into_keys().collect();
            let waiting = Demand::of(plan.waiting, catalog);
            let mut findings = user_licences(&named, &waiting, catalog);
            findings.extend(permission_set_licences(&named, &waiting, catalog));
            findings.extend(feature_licences(&named, &waiting));
            if plan.waiting.is_none() {
                findings
                    .push(Finding::skipped("no store, so who waits for a seat is not known").help("--data or --stack"));
            }
            findings
        }
        Err(_) => vec![Finding::skipped("what the org has to give can't be read")],
    };
    Topic { topic: "Seats", findings }
}

/// Who waits for what.
#[derive(Default)]
struct Demand {
    /// By user licence.
    users: BTreeMap<String, u64>,
    /// Of permission set licences and feature licences.
    given: BTreeMap<Entitlement, u64>,
    /// Users that become inactive.
    leavers: u64,
}

impl Demand {
    fn of(waiting: Option<&Waiting>, catalog: &Catalog) -> Self {
        let mut demand = Self::default();
        for person in waiting.into_iter().flat_map(|waiting| &waiting.persons) {
            let profile = person.desired.account.single(EntitlementKind::Profile);
            let licence = profile.and_then(|profile| catalog.licence(profile)).filter(|_| person.takes_seat());
            if let Some(licence) = licence {
                *demand.users.entry(licence.to_owned()).or_default() += 1;
            }
            demand.leavers += u64::from(person.gives_seat_back());
            let takes = [EntitlementKind::PermissionSetLicense, EntitlementKind::FeatureLicense];
            for given in person.to_be_given().filter(|given| takes.contains(&given.kind)) {
                *demand.given.entry(given.clone()).or_default() += 1;
            }
        }
        demand
    }
}

fn user_licences(named: &BTreeSet<Entitlement>, waiting: &Demand, catalog: &Catalog) -> Vec<Finding> {
    let profiles = named.iter().filter(|given| given.kind == EntitlementKind::Profile);
    let licences: BTreeSet<_> = profiles.filter_map(|profile| catalog.licence(&profile.name)).collect();
    let finding = |licence: &str| {
        let needed = waiting.users.get(licence).copied().unwrap_or(0);
        let seats = catalog.user_licence_seats(licence)?;
        Some(compare(&format!("user licence {licence}"), seats, needed, waiting.leavers))
    };
    licences.into_iter().filter_map(finding).collect()
}

/// Those that rules give, and those that their permission sets need and may bring along.
fn permission_set_licences(named: &BTreeSet<Entitlement>, waiting: &Demand, catalog: &Catalog) -> Vec<Finding> {
    let needed_by = |set: &Entitlement| match catalog.need(&set.name) {
        Some(Need::PermissionSetLicense(licence)) if set.kind == EntitlementKind::PermissionSet => {
            Some(Entitlement::new(EntitlementKind::PermissionSetLicense, licence.clone()))
        }
        _ => None,
    };
    let given = named.iter().filter(|given| given.kind == EntitlementKind::PermissionSetLicense).cloned();
    let licences: BTreeSet<_> = given.chain(named.iter().filter_map(needed_by)).collect();
    let finding = |licence: Entitlement| {
        let needed = waiting.given.get(&licence).copied().unwrap_or(0);
        Some(compare(&format!("permission set licence {}", licence.name), catalog.seats(&licence)?, needed, 0))
    };
    licences.into_iter().filter_map(finding).collect()
}

fn feature_licences(named: &BTreeSet<Entitlement>, waiting: &Demand) -> Vec<Finding> {
    let features = named.iter().filter(|given| given.kind == EntitlementKind::FeatureLicense);
    let finding = |feature: &Entitlement| {
        let needed = waiting.given.get(feature).copied().unwrap_or(0);
        let waits = if needed > 0 { format!("; {needed} wait for it") } else { String::new() };
        let what = format!("Salesforce does not tell the seats of {}{waits}", feature.name);
        Finding::skipped(what).help("Setup, Company Information, Feature Licenses")
    };
    features.map(finding).collect()
}

fn compare(what: &str, seats: Seats, needed: u64, leavers: u64) -> Finding {
    let Seats { total, used } = seats;
    let free = seats.free();
    let waits = if needed > 0 {
        format!("; {}", count(needed, "person waits for one", "persons wait for one"))
    } else {
        String::new()
    };
    let stands = format!("{what}: {used} of {total} used, {free} free{waits}");
    let short = needed.saturating_sub(free);
    if short > leavers {
        return Finding::fails(stands)
            .help(format!("buy or free {short}; whom none is left for is tried again by itself"));
    }
    if short > 0 {
        let leave = count(leavers, "person leaves", "persons leave");
        return Finding::warning(stands).help(format!("{leave} too, whose seats come back when they are deactivated"));
    }
    if used > total {
        return Finding::warning(stands).help("over-allocated: a seat comes free only when fewer are used than bought");
    }
    if free == 0 {
        return Finding::warning(stands).help("the next joiner has to wait for one");
    }
    Finding::ok(stands)
}
