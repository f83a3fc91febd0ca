//! The connector's own user: what it may do, and that it is nobody whom the sources manage.

use std::collections::BTreeSet;

use domain::{ActualUser, EntitlementKind};
use policy::STRONG_KEYS;
use salesforce::{ApexService, OwnPermissions, SalesforceError};

use super::Plan;
use super::facts::{Asked, Org};
use super::finding::{Finding, Level, Topic, told, unread};
use crate::words::count;

pub(super) fn check(plan: &Plan<'_>, org: &Org) -> Topic {
    let mut findings = permissions(plan, &org.permissions);
    findings.extend(org.service.as_ref().map(service));
    findings.extend(managed(plan, org));
    Topic { topic: "The connector's user", findings }
}

/// What a permission is for; `None` where nothing that is configured asks for it.
fn purpose(permission: &str, kinds: &BTreeSet<EntitlementKind>) -> Option<&'static str> {
    use EntitlementKind::{PermissionSet, PermissionSetGroup, PermissionSetLicense};
    let assigns = [PermissionSet, PermissionSetGroup, PermissionSetLicense].iter().any(|kind| kinds.contains(kind));
    match permission {
        "ApiEnabled" => Some("to call at all"),
        "ViewSetup" => Some("to find profiles, roles, groups and licences by name"),
        "ManageUsers" => Some("to freeze users, and to give roles, public groups and queues"),
        "ManageInternalUsers" => Some("to make and change users"),
        "AssignPermissionSets" => assigns.then_some("to give permission sets, their groups and their licences"),
        "FreezeUsers" => Some("to freeze leavers"),
        // It comes with Manage Users; that alone is what is documented for giving roles.
        _ => None,
    }
}

fn permissions(plan: &Plan<'_>, permissions: &Asked<OwnPermissions>) -> Vec<Finding> {
    let own = match permissions {
        Ok(own) => own,
        Err(error) => return vec![unread(Level::Fails, "what the user may do can't be read", error)],
    };
    let kinds = plan.configuration.policy.entitlements_named().into_keys().map(|named| named.kind).collect();
    let mut findings = Vec::new();
    if !own.given.is_empty() {
        let given: Vec<_> = own.given.iter().copied().collect();
        findings.push(Finding::ok(format!("may {}", given.join(", "))));
    }
    for (permission, purpose) in own.missing.iter().filter_map(|name| Some((name, purpose(name, &kinds)?))) {
        let what = format!("lacks the permission {permission}, {purpose}");
        findings
            .push(Finding::fails(what).help("give it by the user's permission set: docs/SALESFORCE.md, Permissions"));
    }
    if !own.unknown.is_empty() {
        let unknown: Vec<_> = own.unknown.iter().copied().collect();
        let what = format!("the org does not tell {} under these names", unknown.join(", "));
        findings.push(Finding::skipped(what).help("look at the user's permission sets in Setup"));
    }
    findings
}

fn service(service: &Asked<ApexService>) -> Finding {
    match service {
        Ok(ApexService { permitted: true, .. }) => Finding::ok("the accounts service is installed and lets it in"),
        Ok(ApexService { permitted: false, .. }) => {
            Finding::fails("the accounts service is installed, and does not let the user in")
                .help("give it the permission set Connector: integration user (Connector_Integration)")
        }
        Err(error @ SalesforceError::Unusable(refusal)) => {
            let finding = Finding::fails(told(error));
            match refusal.status {
                404 => finding.help("install it (infra/salesforce/README.md), or configure `api: scim`"),
                403 => {
                    finding.help("give the user the permission set Connector: integration user (Connector_Integration)")
                }
                _ => finding.help("install the release that belongs to this connector: infra/salesforce/README.md"),
            }
        }
        Err(error) => unread(Level::Fails, "the accounts service does not answer", error),
    }
}

fn managed(plan: &Plan<'_>, org: &Org) -> Vec<Finding> {
    let own = match &org.own {
        Ok(Some(own)) => own,
        Ok(None) => return vec![Finding::skipped("the user is not of type Standard, so its fields are not looked at")],
        Err(error) => return vec![unread(Level::Skipped, "the user's fields can't be read", error)],
    };
    let mut findings = Vec::new();
    let help = "give the connector a user of its own, which no source knows";
    if let Some(person) = plan.waiting.and_then(|waiting| waiting.owner_of_own.as_ref()) {
        findings.push(Finding::fails(format!("it is the account of person {person}")).help(help));
    }
    let claims = claims(plan, own);
    if claims > 0 {
        let persons = count(claims, "waiting person is", "waiting persons are");
        findings.push(Finding::fails(format!("{persons} found as this user by what it carries")).help(help));
    }
    let carried: Vec<_> =
        STRONG_KEYS.iter().filter(|key| own.field(**key).is_some()).map(|key| key.api_name()).collect();
    if !carried.is_empty() {
        let what = format!("it carries {}, so a person with the same value is taken for it", carried.join(" and "));
        findings.push(Finding::warning(what).help("clear that in Setup"));
    }
    if findings.is_empty() {
        findings.push(Finding::ok("no person of the sources is found as this user"));
    }
    findings
}

/// How many waiting persons have a key that the user carries.
fn claims(plan: &Plan<'_>, own: &ActualUser) -> u64 {
    let persons = plan.waiting.into_iter().flat_map(|waiting| &waiting.persons);
    let persons = persons.filter(|person| person.record.correlation.is_none());
    let carries = |(field, value): &(domain::UserField, String)| {
        own.field(*field).is_some_and(|carried| field.same_value(carried, value))
    };
    persons.filter(|person| person.desired.account.correlate.iter().any(carries)).count() as u64
}
