//! One person's user as the org shows it against what the connector left: what was changed by hand. Pure.

use std::collections::BTreeMap;

use domain::{
    AccountRecord, AccountStatus, ActualUser, DesiredState, DriftKind, Entitlement, EntitlementKind, Known, Operation,
    Ownership, PersonId, SalesforceUserId, UserField, diff,
};

/// A change that somebody made by hand.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    /// Its kind.
    pub kind: DriftKind,
    /// Which field or entitlement.
    pub what: String,
    /// What would undo it, where the connector could.
    pub undo: Option<Operation>,
}

/// All changes made by hand. None while the person is not at rest: then the writer looks at the org anyway.
pub fn compare(
    desired: &DesiredState,
    record: &AccountRecord,
    actual: &ActualUser,
    users: &BTreeMap<PersonId, SalesforceUserId>,
) -> Vec<Drift> {
    let Some(applied) = record.applied.as_ref().filter(|applied| applied.version >= desired.version) else {
        return Vec::new();
    };
    if record.pending.is_some() || record.lease.is_some() {
        return Vec::new();
    }
    // A user who was found shut and left so is no news.
    let known = Known { owned: record.owned(), users: users.clone(), shut_by_hand: applied.shut_by_hand };
    let mut drifts: Vec<_> =
        diff(&desired.account, Some(actual), &known).operations.into_iter().filter_map(drift).collect();
    drifts.extend(renamed(applied.username.as_deref(), actual, &drifts));
    drifts.extend(left_alone(desired, record, actual));
    drifts
}

fn drift(operation: Operation) -> Option<Drift> {
    let kind = DriftKind::of(&operation)?;
    Some(Drift { kind, what: what(&operation), undo: Some(operation) })
}

fn what(operation: &Operation) -> String {
    match operation {
        Operation::SetField { field, .. } => field.api_name().to_owned(),
        Operation::SetLink { link, .. } => link.api_name().to_owned(),
        Operation::Replace { kind, .. } => kind.as_str().to_owned(),
        Operation::Grant { entitlement, .. } | Operation::Revoke { entitlement } => entitlement.to_string(),
        Operation::Activate | Operation::Deactivate => "IsActive".to_owned(),
        Operation::Freeze | Operation::Unfreeze => "IsFrozen".to_owned(),
        _ => String::new(),
    }
}

/// A user name stays once it is given, so the change itself does not show a new one.
fn renamed(left_with: Option<&str>, actual: &ActualUser, drifts: &[Drift]) -> Option<Drift> {
    let now = actual.field(UserField::Username)?;
    let changed = left_with.is_some_and(|before| !UserField::Username.same_value(before, now));
    let shown = drifts.iter().any(|drift| drift.kind == DriftKind::Renamed);
    (changed && !shown).then(|| Drift {
        kind: DriftKind::Renamed,
        what: UserField::Username.api_name().to_owned(),
        undo: None,
    })
}

/// What the mode of a kind lets the connector see but not change.
fn left_alone(desired: &DesiredState, record: &AccountRecord, actual: &ActualUser) -> Vec<Drift> {
    let account = &desired.account;
    let owned = record.owned();
    let mut drifts = Vec::new();
    let mut add = |kind, entitlement: &Entitlement| {
        drifts.push(Drift { kind, what: entitlement.to_string(), undo: None });
    };
    for entitlement in actual.several() {
        let given = account.entitlements.contains_key(&entitlement) || owned.contains(&entitlement);
        if !given && account.ownership(entitlement.kind) != Ownership::Exact {
            add(DriftKind::EntitlementsAdded, &entitlement);
        }
    }
    if account.status == AccountStatus::Enabled {
        let observed = |e: &&Entitlement| account.ownership(e.kind) == Ownership::Observe;
        for entitlement in account.entitlements.keys().filter(observed).filter(|e| !actual.has(e)) {
            add(DriftKind::EntitlementsRemoved, entitlement);
        }
    }
    if let Some(now) = &actual.role {
        let now = Entitlement::new(EntitlementKind::Role, now.clone());
        let wanted = account.single(EntitlementKind::Role).is_some();
        if !wanted && !owned.contains(&now) && account.ownership(EntitlementKind::Role) != Ownership::Exact {
            add(DriftKind::EntitlementsAdded, &now);
        }
    }
    drifts
}

#[cfg(test)]
mod tests;
