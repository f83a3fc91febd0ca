//! What a person had on a day: the log's operations that were done until then, one after the other. Pure.

use std::collections::{BTreeMap, BTreeSet};

use domain::{AuditRecord, Entitlement, Operation, Outcome, SalesforceUserId};
use jiff::Timestamp;
use serde::Serialize;

/// An account as the connector's log tells it. Of a user that was there before the connector, only what the connector
/// changed is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountThen {
    /// The user, if there was one.
    pub(crate) user: Option<SalesforceUserId>,
    /// Whether it was active; `None` when the log does not tell.
    pub(crate) active: Option<bool>,
    /// Whether it was frozen.
    pub(crate) frozen: bool,
    /// Fields by API name.
    pub(crate) fields: BTreeMap<&'static str, String>,
    /// What it was given.
    pub(crate) entitlements: BTreeSet<Entitlement>,
    /// How many records of the log this rests on.
    pub(crate) records: usize,
}

/// Replays the log, oldest first, up to but not including `until`.
pub(crate) fn account_before(log: &[AuditRecord], until: Timestamp) -> AccountThen {
    let mut account = AccountThen::default();
    for record in log.iter().filter(|record| record.at < until) {
        account.records += 1;
        account.user = record.user.clone().or(account.user);
        let done = record.entries.iter().filter(|entry| entry.outcome == Outcome::Done);
        done.for_each(|entry| account.apply(&entry.operation));
    }
    account
}

impl AccountThen {
    fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Create { active, fields, entitlements, .. } => {
                self.active = Some(*active);
                self.frozen = false;
                self.fields.extend(fields.iter().map(|(field, value)| (field.api_name(), value.clone())));
                self.entitlements.extend(entitlements.iter().cloned());
            }
            Operation::Activate => self.active = Some(true),
            Operation::Deactivate => self.active = Some(false),
            Operation::Freeze => self.frozen = true,
            Operation::Unfreeze => self.frozen = false,
            Operation::SetLink { link, after: Some(after), .. } => {
                self.fields.insert(link.api_name(), after.to_string());
            }
            Operation::SetLink { link, after: None, .. } => drop(self.fields.remove(link.api_name())),
            Operation::SetField { field, after: Some(after), .. } => {
                self.fields.insert(field.api_name(), after.clone());
            }
            Operation::SetField { field, after: None, .. } => drop(self.fields.remove(field.api_name())),
            Operation::Replace { kind, after, .. } => {
                self.entitlements.retain(|entitlement| entitlement.kind != *kind);
                self.entitlements.extend(after.iter().map(|name| Entitlement::new(*kind, name.clone())));
            }
            Operation::Grant { entitlement, .. } => drop(self.entitlements.insert(entitlement.clone())),
            Operation::Revoke { entitlement } => drop(self.entitlements.remove(entitlement)),
            Operation::Uncorrelate { .. } => *self = Self { records: self.records, ..Self::default() },
            // The link itself gives nothing; its user stands in the record.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::audit::AuditEntry;
    use domain::{Cause, EntitlementKind, EntitlementName, PersonId, UserField};

    use super::*;

    fn entitlement(text: &str) -> Entitlement {
        text.parse().unwrap()
    }

    fn record(second: i64, operations: Vec<(Operation, Outcome)>) -> AuditRecord {
        let entry = |(operation, outcome)| AuditEntry { operation, rules: Default::default(), outcome };
        AuditRecord {
            person: PersonId::parse("p1").unwrap(),
            sequence: 1,
            at: Timestamp::from_second(second).unwrap(),
            user: SalesforceUserId::parse("005000000000001").ok(),
            version: 1,
            cause: Cause::Configuration { policy: String::new() },
            why: String::new(),
            entries: operations.into_iter().map(entry).collect(),
            recovered: false,
            previous: String::new(),
        }
    }

    #[test]
    fn the_log_is_replayed_up_to_the_day() {
        let create = Operation::Create {
            active: true,
            fields: BTreeMap::from([(UserField::Title, "Manager".to_owned())]),
            entitlements: BTreeSet::from([entitlement("profile:A"), entitlement("permissionSet:S")]),
            expirations: BTreeMap::new(),
        };
        let profile = |name: &str| EntitlementName::parse(name).ok();
        let replace = Operation::Replace { kind: EntitlementKind::Profile, before: profile("A"), after: profile("B") };
        let failed = Outcome::Failed { code: "X".to_owned(), message: String::new() };
        let clear = Operation::SetField { field: UserField::Title, before: None, after: None };
        let log = [
            record(10, vec![(create, Outcome::Done)]),
            record(
                20,
                vec![
                    (replace, Outcome::Done),
                    (Operation::Revoke { entitlement: entitlement("permissionSet:S") }, failed),
                    (clear, Outcome::Done),
                ],
            ),
            record(30, vec![(Operation::Deactivate, Outcome::Done)]),
        ];
        let at = |second| account_before(&log, Timestamp::from_second(second).unwrap());
        assert_eq!(at(10), AccountThen::default());
        assert_eq!(at(11).fields["Title"], "Manager");
        let later = at(30);
        assert_eq!((later.active, later.records), (Some(true), 2));
        assert_eq!(later.entitlements, BTreeSet::from([entitlement("profile:B"), entitlement("permissionSet:S")]));
        assert!(later.fields.is_empty());
        assert_eq!(at(31).active, Some(false));
    }
}
