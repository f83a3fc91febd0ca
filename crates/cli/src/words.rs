//! The domain's values in words: operations as before and after, causes, outcomes, moments.

use std::collections::BTreeMap;

use domain::{Cause, Entitlement, EntitlementKind, HowCorrelated, Operation, Outcome, SalesforceUserId, UserField};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// One thing that an operation changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// What is changed.
    pub(crate) what: String,
    /// What it was; empty for nothing.
    pub(crate) before: String,
    /// What it becomes; empty for nothing.
    pub(crate) after: String,
}

impl Step {
    fn new(what: impl Into<String>, before: impl Into<String>, after: impl Into<String>) -> Self {
        Self { what: what.into(), before: before.into(), after: after.into() }
    }

    /// Whether it is a field of the user.
    pub(crate) fn is_field(&self) -> bool {
        UserField::from_api_name(&self.what).is_some()
    }

    /// The rules that give what it gives.
    pub(crate) fn rules(&self, given: &BTreeMap<Entitlement, Vec<String>>) -> String {
        let after = self.after.split(" until ").next().unwrap_or_default();
        let gives =
            |entitlement: &Entitlement| kind(entitlement.kind) == self.what && entitlement.name.as_str() == after;
        let rules = given.iter().filter(|(entitlement, _)| gives(entitlement)).flat_map(|(_, rules)| rules);
        rules.map(String::as_str).collect::<Vec<_>>().join(", ")
    }

    /// `before → after`, with a dash for nothing.
    pub(crate) fn change(&self) -> String {
        let or_dash = |text: &str| if text.is_empty() { "–".to_owned() } else { text.to_owned() };
        format!("{} → {}", or_dash(&self.before), or_dash(&self.after))
    }
}

/// What an operation changes, one thing a line.
pub(crate) fn steps(operation: &Operation) -> Vec<Step> {
    match operation {
        Operation::Correlate { user, how } => {
            vec![Step::new("link", "", format!("user {user}, {}", how_found(*how)))]
        }
        Operation::Uncorrelate { user } => vec![Step::new("link", format!("user {user}"), "")],
        Operation::Create { active, fields, entitlements, .. } => {
            let user = Step::new("user", "", if *active { "active" } else { "inactive" });
            let fields = fields.iter().map(|(field, value)| Step::new(field.api_name(), "", value));
            let given = entitlements.iter().map(|given| Step::new(kind(given.kind), "", given.name.as_str()));
            std::iter::once(user).chain(fields).chain(given).collect()
        }
        Operation::Activate => vec![Step::new("user", "inactive", "active")],
        Operation::Deactivate => vec![Step::new("user", "active", "inactive")],
        Operation::Freeze => vec![Step::new("user", "", "frozen")],
        Operation::Unfreeze => vec![Step::new("user", "frozen", "")],
        Operation::SetLink { link, before, after } => {
            let id = |user: &Option<SalesforceUserId>| user.as_ref().map(ToString::to_string).unwrap_or_default();
            vec![Step::new(link.api_name(), id(before), id(after))]
        }
        Operation::SetField { field, before, after } => {
            vec![Step::new(field.api_name(), before.clone().unwrap_or_default(), after.clone().unwrap_or_default())]
        }
        Operation::Replace { kind: what, before, after } => {
            let name = |name: &Option<domain::EntitlementName>| name.clone().map(String::from).unwrap_or_default();
            vec![Step::new(kind(*what), name(before), name(after))]
        }
        Operation::Grant { entitlement, expires } => {
            let until = expires.map_or(String::new(), |day| format!(" until {day}"));
            vec![Step::new(kind(entitlement.kind), "", format!("{}{until}", entitlement.name))]
        }
        Operation::Revoke { entitlement } => vec![Step::new(kind(entitlement.kind), entitlement.name.as_str(), "")],
        other => vec![Step::new(format!("{other:?}"), "", "")],
    }
}

/// A kind of entitlement.
pub(crate) fn kind(kind: EntitlementKind) -> &'static str {
    match kind {
        EntitlementKind::PermissionSet => "permission set",
        EntitlementKind::PermissionSetGroup => "permission set group",
        EntitlementKind::PermissionSetLicense => "permission set licence",
        EntitlementKind::PublicGroup => "public group",
        EntitlementKind::FeatureLicense => "feature licence",
        other => other.as_str(),
    }
}

/// How a user was found.
pub(crate) fn how_found(how: HowCorrelated) -> String {
    match how {
        HowCorrelated::Created => "made by the connector".to_owned(),
        HowCorrelated::Matched(field) => format!("found by {}", field.api_name()),
        HowCorrelated::Operator => "chosen by an operator".to_owned(),
        other => format!("{other:?}"),
    }
}

/// What led to a change.
pub(crate) fn cause(cause: &Cause) -> String {
    match cause {
        Cause::Source { source, event: Some(event), .. } => format!("source {source}, event {event}"),
        Cause::Source { source, observed_at, .. } => format!("source {source}, as of {}", moment(*observed_at)),
        Cause::Date { day } => format!("the day {day} came"),
        Cause::Configuration { policy } => format!("configuration {}", policy.get(..12).unwrap_or(policy)),
        Cause::Drift => "the org was changed by hand".to_owned(),
        Cause::Operator => "an operator".to_owned(),
        other => format!("{other:?}"),
    }
}

/// What came of an operation.
pub(crate) fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Failed { .. } => "failed",
        Outcome::NotDone => "not done",
    }
}

/// A moment in the time zone of this machine, to the second.
pub(crate) fn moment(at: Timestamp) -> String {
    at.to_zoned_datetime(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// `1 person`, `2 persons`.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
