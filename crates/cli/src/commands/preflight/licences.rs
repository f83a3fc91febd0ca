//! Whether what is given together fits together: a permission set may need a user licence or a permission set licence.

use std::collections::{BTreeMap, BTreeSet};

use domain::{DesiredAccount, Entitlement, EntitlementKind, EntitlementName};
use policy::Place;
use salesforce::{Catalog, Need};

use super::Plan;
use super::facts::Org;
use super::finding::{Finding, Topic};

pub(super) fn check(plan: &Plan<'_>, org: &Org) -> Topic {
    let mut findings = Vec::new();
    match &org.catalog {
        Ok(catalog) => {
            let named = plan.configuration.policy.entitlements_named();
            let sets = named.iter().filter(|(given, _)| given.kind == EntitlementKind::PermissionSet);
            for (set, place) in sets {
                let of_set = Set { given: set, place, accounts: plan.samples.with(set).collect() };
                findings.extend(match catalog.need(&set.name) {
                    Some(Need::UserLicense(licence)) => of_set.user_licence(licence, &named, catalog),
                    Some(Need::PermissionSetLicense(licence)) => of_set.permission_set_licence(licence, &named),
                    None => None,
                });
            }
            if findings.is_empty() {
                let tried = plan.samples.tried();
                findings.push(Finding::ok(format!("profiles and permission sets fit together; {tried}")));
            }
        }
        Err(_) => findings.push(Finding::skipped("what the org has to give can't be read")),
    }
    Topic { topic: "Licences of permission sets", findings }
}

/// A permission set that needs a licence, and those who are given it.
struct Set<'a> {
    given: &'a Entitlement,
    place: &'a Place,
    accounts: Vec<&'a DesiredAccount>,
}

impl Set<'_> {
    fn user_licence(&self, licence: &str, named: &BTreeMap<Entitlement, Place>, catalog: &Catalog) -> Option<Finding> {
        let fits = |profile: &EntitlementName| catalog.licence(profile) == Some(licence);
        let name = &self.given.name;
        let needs = format!("permission set `{name}` is only for users of licence {licence}");
        let profiles = || named.keys().filter(|given| given.kind == EntitlementKind::Profile);
        if !profiles().any(|profile| fits(&profile.name)) {
            let what = format!("{needs}, and no rule gives a profile of that licence");
            return Some(Finding::fails(what).at(self.place).help("take it out of the rule, or give another profile"));
        }
        if self.accounts.is_empty() {
            // With one licence alone nobody can be given the wrong one.
            let other = profiles().find(|profile| !fits(&profile.name))?;
            let what = format!("{needs}; nobody who was tried is given it, so whom it meets is not known");
            let help = format!("profile `{}` is of another licence; put somebody into examples/", other.name);
            return Some(Finding::skipped(what).at(self.place).help(help));
        }
        let misfits = |account: &&&DesiredAccount| !account.single(EntitlementKind::Profile).is_some_and(fits);
        let wrong: Vec<_> = self.accounts.iter().filter(misfits).copied().collect();
        let profiles: BTreeSet<_> = wrong
            .iter()
            .filter_map(|account| account.single(EntitlementKind::Profile))
            .map(ToString::to_string)
            .collect();
        (!wrong.is_empty()).then(|| {
            let profiles: Vec<_> = profiles.into_iter().collect();
            let what = format!("{needs}; {} profile {}", self.told_of(&wrong, "have"), profiles.join(", "));
            Finding::fails(what).at(self.place).help("give another profile, or narrow the rule")
        })
    }

    fn permission_set_licence(
        &self,
        licence: &EntitlementName,
        named: &BTreeMap<Entitlement, Place>,
    ) -> Option<Finding> {
        let needed = Entitlement::new(EntitlementKind::PermissionSetLicense, licence.clone());
        let needs = format!("permission set `{}` needs the permission set licence `{licence}`", self.given.name);
        let help = "Salesforce gives some of these licences along by itself and refuses others; name it under \
                    permissionSetLicenses of the same rule";
        if !named.contains_key(&needed) {
            return Some(Finding::warning(format!("{needs}, which no rule gives")).at(self.place).help(help));
        }
        let lacks = |account: &&&DesiredAccount| !account.entitlements.contains_key(&needed);
        let without: Vec<_> = self.accounts.iter().filter(lacks).copied().collect();
        (!without.is_empty()).then(|| {
            let what = format!("{needs}; {} it not", self.told_of(&without, "are given"));
            Finding::warning(what).at(self.place).help(help)
        })
    }

    /// `2 of 3 that are given it (rules Sales, Service) have`
    fn told_of(&self, some: &[&DesiredAccount], verb: &str) -> String {
        let rules: BTreeSet<_> =
            some.iter().filter_map(|account| account.entitlements.get(self.given)).flatten().collect();
        let rules: Vec<_> = rules.into_iter().map(String::as_str).collect();
        let (some, all) = (some.len(), self.accounts.len());
        format!("{some} of {all} accounts that are given it (by {}) {verb}", rules.join(", "))
    }
}
