//! The fields of the User object: what the configuration fills must be settable, what the org demands must be filled, and
//! values must be among those of picklists.

use std::collections::{BTreeMap, BTreeSet};

use domain::UserField;
use salesforce::{FieldDescription, FieldFault, UserDescription};

use super::Plan;
use super::facts::Org;
use super::finding::{Finding, Level, Topic, unread};
use super::samples::values;
use crate::words::count;

pub(super) fn check(plan: &Plan<'_>, org: &Org) -> Topic {
    let findings = match &org.description {
        Ok(description) => compare(plan, description),
        Err(error) => vec![unread(Level::Fails, "the User object can't be read", error)],
    };
    Topic { topic: "Fields of the User object", findings }
}

pub(super) fn compare(plan: &Plan<'_>, description: &UserDescription) -> Vec<Finding> {
    let mut findings = settable(&plan.samples.fields, description);
    findings.extend(required(plan, description));
    findings.extend(in_values(plan, description));
    if findings.is_empty() {
        let fields = count(plan.samples.fields.len() as u64, "field", "fields");
        let tried = plan.samples.tried();
        findings.push(Finding::ok(format!("{fields} can be set, and no other is demanded; {tried}")));
    }
    findings
}

fn settable(fields: &BTreeSet<UserField>, description: &UserDescription) -> Vec<Finding> {
    let fault = |field: &UserField| {
        let name = field.api_name();
        match description.fields.get(name) {
            None => Some(Finding::fails(format!("{name}: {}", FieldFault::Unknown))),
            Some(FieldDescription { createable: true, updateable: true, .. }) => None,
            Some(FieldDescription { createable: true, .. }) => {
                Some(Finding::warning(format!("{name} can be set on new users only; changes of it will be refused")))
            }
            Some(_) => Some(Finding::fails(format!("{name}: {}", FieldFault::ReadOnly))),
        }
    };
    let help =
        "field-level security of User, for the connector's permission set; or take the field out of `attributes`";
    fields.iter().filter_map(fault).map(|finding| finding.help(help)).collect()
}

/// What the org demands of a new user.
fn required(plan: &Plan<'_>, description: &UserDescription) -> Vec<Finding> {
    let fault = |name: &str| match UserField::from_api_name(name) {
        // The rules give it.
        None if name == "ProfileId" => None,
        None => {
            let what = format!("the org demands {name} of a new user, and the connector can't fill it");
            Some(Finding::fails(what).help("give the field a default value in the org, or let it be empty"))
        }
        // The configuration is refused without these.
        Some(field) if field.is_required() => None,
        Some(field) => {
            let empty = |account: &&domain::DesiredAccount| {
                account.attributes.get(&field).is_none_or(|value| values(value).next().is_none())
            };
            let without = plan.samples.accounts.iter().filter(empty).count();
            let filled = plan.samples.fields.contains(&field);
            let what = match (filled, without) {
                (true, 0) => return None,
                (true, without) => {
                    let all = plan.samples.accounts.len();
                    format!("the org demands {name} of a new user; {without} of {all} accounts that were tried lack it")
                }
                (false, _) => format!("the org demands {name} of a new user, and `attributes` does not fill it"),
            };
            Some(Finding::fails(what).help(format!("fill {name} in `attributes`")))
        }
    };
    description.required_on_create().filter_map(fault).collect()
}

/// Values that the org does not take. They are told of picklists only, whose values are nobody's.
fn in_values(plan: &Plan<'_>, description: &UserDescription) -> Vec<Finding> {
    let organisation = &plan.configuration.organisation;
    let mut faults: BTreeMap<(UserField, String), u64> = BTreeMap::new();
    let mut look = |field: UserField, value: &str| match description.check(field.api_name(), value) {
        Err(FieldFault::NotAmongValues) => {
            let what = format!("{}: `{value}` is not among the org's active values", field.api_name());
            *faults.entry((field, what)).or_default() += 1;
        }
        Err(fault @ FieldFault::TooLong(_)) => {
            *faults.entry((field, format!("{}: {fault}", field.api_name()))).or_default() += 1;
        }
        // Told once, of the field.
        _ => {}
    };
    if plan.samples.accounts.is_empty() {
        look(UserField::TimeZoneSidKey, &organisation.time_zone);
        look(UserField::LocaleSidKey, &organisation.locale);
        look(UserField::LanguageLocaleKey, &organisation.language);
    }
    let attributes = plan.samples.accounts.iter().flat_map(|account| &account.attributes);
    for (field, value) in attributes.flat_map(|(field, value)| values(value).map(move |value| (*field, value))) {
        look(field, value);
    }
    let finding = |((field, what), times): ((UserField, String), u64)| {
        let times = if times > 1 { format!(" ({times} accounts)") } else { String::new() };
        Finding::fails(format!("{what}{times}")).help(remedy(field))
    };
    faults.into_iter().map(finding).collect()
}

fn remedy(field: UserField) -> &'static str {
    match field {
        UserField::TimeZoneSidKey => {
            "`organisation.timeZone`, or the attribute; Setup, Company Information, has the names"
        }
        UserField::LocaleSidKey => "`organisation.locale`, or the attribute",
        UserField::LanguageLocaleKey => {
            "`organisation.language`, or the attribute; Setup, Language Settings, turns languages on"
        }
        _ => "the attribute's mapping",
    }
}
