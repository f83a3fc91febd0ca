//! What the results of a person's operations mean: the new record, the audit entry, and whether the person is done, is
//! tried again soon, or is parked for somebody to heal. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::account::{Applied, Correlation};
use domain::audit::{AuditEntry, Outcome};
use domain::change::owned_after;
use domain::{
    AccountRecord, AuditRecord, DesiredAccount, DesiredState, Entitlement, Operation, Parked, ParkedReason, PersonId,
    SalesforceUserId, UserField,
};
use jiff::Timestamp;

/// What came of one person's operations.
#[derive(Clone, Debug)]
pub struct Results {
    /// The person's user, if there is one now.
    pub user: Option<SalesforceUserId>,
    /// Its name before the operations.
    pub was_named: Option<String>,
    /// Whether it was active before the operations.
    pub was_active: Option<bool>,
    /// Whether it was frozen before the operations.
    pub was_frozen: bool,
    /// Whether somebody shut it by hand and it is left so.
    pub shut_by_hand: bool,
    /// Persons without a user yet, to whom the account is to be linked.
    pub waits_for: BTreeSet<PersonId>,
    /// Each operation and its outcome.
    pub outcomes: Vec<(Operation, Outcome)>,
    /// What stopped the rest, for a person to heal.
    pub blocked: Option<ParkedReason>,
}

impl Results {
    /// Whether the desired state is reached.
    pub fn is_complete(&self) -> bool {
        self.blocked.is_none() && self.outcomes.iter().all(|(_, outcome)| *outcome == Outcome::Done)
    }

    fn first_failure(&self) -> Option<ParkedReason> {
        self.outcomes.iter().find_map(|(_, outcome)| match outcome {
            Outcome::Failed { code, message } => Some(ParkedReason { code: code.clone(), message: message.clone() }),
            Outcome::Done | Outcome::NotDone => None,
        })
    }
}

/// The record after the operations. `passing` says that what failed will heal by itself, so nobody is asked.
pub fn next_record(
    before: &AccountRecord,
    desired: &DesiredState,
    results: &Results,
    passing: bool,
    now: Timestamp,
) -> AccountRecord {
    let complete = results.is_complete();
    let owned = owned_after(&before.owned(), results.outcomes.iter().map(|(operation, outcome)| (operation, outcome)));
    let version = if complete { desired.version } else { before.applied_version() };
    let reason = results.blocked.clone().or_else(|| results.first_failure());
    AccountRecord {
        correlation: correlation(before, results, now),
        applied: Some(Applied {
            version,
            at: now,
            active: active_after(results),
            username: username_after(results),
            frozen: frozen_after(results),
            shut_by_hand: results.shut_by_hand,
            owned,
        }),
        pending: None,
        waits_for: results.waits_for.clone(),
        recheck: false,
        parked: reason
            .filter(|_| !complete && !passing)
            .map(|reason| park(before.parked.as_ref(), reason, desired.version, now)),
        lease: before.lease.clone(),
        audit: before.audit.clone(),
    }
}

/// The audit record for the operations. None when nothing was done and nobody is asked for help, or is asked the same
/// as before: an outage would fill the log otherwise.
pub fn audit_record(
    person: &PersonId,
    before: &AccountRecord,
    after: &AccountRecord,
    desired: &DesiredState,
    results: &Results,
    recovered: bool,
    now: Timestamp,
) -> Option<AuditRecord> {
    let mut entries: Vec<_> =
        results.outcomes.iter().map(|(operation, outcome)| entry(operation, outcome, &desired.account)).collect();
    let changed = results.outcomes.iter().any(|(_, outcome)| *outcome == Outcome::Done);
    let same_trouble = match (&before.parked, &after.parked) {
        (Some(before), Some(after)) => before.reason == after.reason && before.version == after.version,
        _ => false,
    };
    if !changed && (same_trouble || after.parked.is_none()) {
        return None;
    }
    if let Some(reason) = &results.blocked {
        let blocked = || Outcome::Failed { code: reason.code.clone(), message: reason.message.clone() };
        if let Some(first) = entries.iter_mut().find(|entry| entry.outcome == Outcome::NotDone) {
            first.outcome = blocked();
        }
    }
    Some(AuditRecord {
        person: person.clone(),
        sequence: 0,
        at: now,
        user: results.user.clone(),
        version: desired.version,
        cause: desired.cause.clone(),
        why: desired.account.why.0.clone(),
        entries,
        recovered,
        previous: String::new(),
    })
}

fn entry(operation: &Operation, outcome: &Outcome, desired: &DesiredAccount) -> AuditEntry {
    let gives = |entitlement: &Entitlement| match operation {
        Operation::Create { entitlements, .. } => entitlements.contains(entitlement),
        Operation::Grant { entitlement: given, .. } => given == entitlement,
        Operation::Replace { kind, after, .. } => {
            entitlement.kind == *kind && Some(&entitlement.name) == after.as_ref()
        }
        _ => false,
    };
    let rules = desired.entitlements.iter().filter(|(entitlement, _)| gives(entitlement));
    let rules = rules.map(|(entitlement, rules)| (entitlement.clone(), rules.clone())).collect();
    AuditEntry { operation: operation.clone(), rules, outcome: outcome.clone() }
}

fn correlation(before: &AccountRecord, results: &Results, now: Timestamp) -> Option<Correlation> {
    if before.correlation.is_some() {
        return before.correlation.clone();
    }
    let user = results.user.clone()?;
    let how = results.outcomes.iter().filter(|(_, outcome)| *outcome == Outcome::Done).find_map(|(operation, _)| {
        match operation {
            Operation::Correlate { how, .. } => Some(*how),
            Operation::Create { .. } => Some(domain::HowCorrelated::Created),
            _ => None,
        }
    })?;
    Some(Correlation { user, how, since: now })
}

fn active_after(results: &Results) -> Option<bool> {
    let done = results.outcomes.iter().filter(|(_, outcome)| *outcome == Outcome::Done);
    done.fold(results.was_active, |active, (operation, _)| match operation {
        Operation::Create { active, .. } => Some(*active),
        Operation::Activate => Some(true),
        Operation::Deactivate => Some(false),
        _ => active,
    })
}

fn username_after(results: &Results) -> Option<String> {
    let done = results.outcomes.iter().filter(|(_, outcome)| *outcome == Outcome::Done);
    done.fold(results.was_named.clone(), |name, (operation, _)| match operation {
        Operation::Create { fields, .. } => fields.get(&UserField::Username).cloned().or(name),
        Operation::SetField { field: UserField::Username, after, .. } => after.clone(),
        _ => name,
    })
}

fn frozen_after(results: &Results) -> bool {
    let done = results.outcomes.iter().filter(|(_, outcome)| *outcome == Outcome::Done);
    done.fold(results.was_frozen, |frozen, (operation, _)| match operation {
        Operation::Freeze => true,
        Operation::Unfreeze | Operation::Create { .. } => false,
        _ => frozen,
    })
}

/// The longest gap between two tries. What an administrator of the org mends is looked for every hour; who can't be
/// deactivated is frozen, so that it is enough to try once a day.
fn longest_gap(code: &str) -> u64 {
    match code {
        "unknown-entitlement" | "LICENSE_LIMIT_EXCEEDED" => 3600,
        _ => 24 * 3600,
    }
}

/// The gap grows fourfold from a quarter of an hour.
fn park(before: Option<&Parked>, reason: ParkedReason, version: u64, now: Timestamp) -> Parked {
    let again = before.filter(|before| before.reason.code == reason.code && before.version == version);
    let attempts = again.map_or(0, |before| before.attempts) + 1;
    let gap = Duration::from_secs(match reason.code.as_str() {
        "deactivation-blocked" => 24 * 3600,
        code => (15 * 60 * 4_u64.pow((attempts - 1).min(4))).min(longest_gap(code)),
    });
    Parked {
        reason,
        since: again.map_or(now, |before| before.since),
        attempts,
        retry_at: now.saturating_add(gap).unwrap_or(Timestamp::MAX),
        version,
    }
}
