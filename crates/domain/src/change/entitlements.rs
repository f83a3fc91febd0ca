//! The part of a change that gives and takes entitlements, by the mode of each kind.

use std::collections::BTreeSet;

use super::Operation;
use crate::account::{ActualUser, DesiredAccount};
use crate::{Entitlement, EntitlementKind, EntitlementName, Ownership};

/// What is replaced, then what is taken, then what is given.
pub(super) fn changes(desired: &DesiredAccount, actual: &ActualUser, owned: &BTreeSet<Entitlement>) -> Vec<Operation> {
    let (mut operations, mut granted) = (Vec::new(), Vec::new());
    operations.extend(profile(desired, actual));
    operations.extend(role(desired, actual, owned));
    let present = actual.several();
    for kind in EntitlementKind::ALL.into_iter().filter(|kind| !kind.is_single()) {
        let mode = desired.ownership(kind);
        if mode == Ownership::Observe {
            continue;
        }
        let revoke = |e: &Entitlement| Operation::Revoke { entitlement: e.clone() };
        for entitlement in present.iter().filter(|e| e.kind == kind && !desired.entitlements.contains_key(*e)) {
            if mode == Ownership::Exact || (mode == Ownership::Own && owned.contains(entitlement)) {
                operations.push(revoke(entitlement));
            }
        }
        for entitlement in desired.entitlements.keys().filter(|entitlement| entitlement.kind == kind) {
            let expires = desired.expirations.get(entitlement).copied();
            if present.contains(entitlement) {
                let now = actual.assignment(entitlement).and_then(|assignment| assignment.expires);
                let ours = mode == Ownership::Exact || owned.contains(entitlement);
                if !kind.can_expire() || now == expires || !ours || mode == Ownership::AddOnly {
                    continue;
                }
                // An assignment can't be changed, only made again.
                operations.push(revoke(entitlement));
            }
            granted.push(Operation::Grant { entitlement: entitlement.clone(), expires });
        }
    }
    operations.extend(granted);
    operations
}

/// A user can't be without a profile, so one that no rule gives any more stays.
fn profile(desired: &DesiredAccount, actual: &ActualUser) -> Option<Operation> {
    let wanted = desired.single(EntitlementKind::Profile).or(actual.profile.as_ref());
    replace(desired, EntitlementKind::Profile, actual.profile.as_ref(), wanted)
}

fn role(desired: &DesiredAccount, actual: &ActualUser, owned: &BTreeSet<Entitlement>) -> Option<Operation> {
    let now = actual.role.as_ref();
    let ours = |role: &&EntitlementName| owned.contains(&Entitlement::new(EntitlementKind::Role, (*role).clone()));
    let kept = match desired.ownership(EntitlementKind::Role) {
        Ownership::Exact => None,
        Ownership::Own => now.filter(|role| !ours(role)),
        Ownership::AddOnly | Ownership::Observe => now,
    };
    replace(desired, EntitlementKind::Role, now, desired.single(EntitlementKind::Role).or(kept))
}

fn replace(
    desired: &DesiredAccount,
    kind: EntitlementKind,
    before: Option<&EntitlementName>,
    after: Option<&EntitlementName>,
) -> Option<Operation> {
    let changes = before != after && desired.ownership(kind) != Ownership::Observe;
    changes.then(|| Operation::Replace { kind, before: before.cloned(), after: after.cloned() })
}
