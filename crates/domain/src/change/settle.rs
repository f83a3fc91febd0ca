//! After the operations: which of them took effect, as the org shows it, and which assignments are ours from now on.

use std::collections::BTreeSet;

use super::Operation;
use crate::account::ActualUser;
use crate::audit::Outcome;
use crate::{DesiredAccount, Entitlement, EntitlementKind};

/// Reads from the org whether an operation took effect. For operations whose answer was lost.
pub fn settle(operation: &Operation, actual: Option<&ActualUser>) -> Outcome {
    let Some(actual) = actual else { return Outcome::NotDone };
    let done = match operation {
        Operation::Correlate { user, .. } => actual.id == *user,
        Operation::Create { .. } => true,
        Operation::Uncorrelate { .. } => true,
        Operation::Activate => actual.active,
        Operation::Freeze => actual.frozen || !actual.active,
        Operation::Unfreeze => !actual.frozen,
        Operation::SetLink { link, after, .. } => actual.links.get(link) == after.as_ref(),
        Operation::Deactivate => !actual.active,
        Operation::SetField { field, after, .. } => {
            match (actual.field(*field), after.as_deref().filter(|v| !v.is_empty())) {
                (Some(now), Some(after)) => field.same_value(now, after),
                (None, None) => true,
                _ => false,
            }
        }
        Operation::Replace { kind: EntitlementKind::Role, after, .. } => actual.role == *after,
        Operation::Replace { after, .. } => actual.profile == *after,
        Operation::Grant { entitlement, expires } => {
            actual.has(entitlement)
                && (expires.is_none() || actual.assignment(entitlement).is_some_and(|a| a.expires == *expires))
        }
        Operation::Revoke { entitlement } => !actual.has(entitlement),
    };
    if done { Outcome::Done } else { Outcome::NotDone }
}

/// The assignments that are ours after operations with these outcomes: what we gave and have not taken back. What was
/// there before we came is somebody else's and stays so.
pub fn owned_after<'a>(
    owned: &BTreeSet<Entitlement>,
    done: impl IntoIterator<Item = (&'a Operation, &'a Outcome)>,
) -> BTreeSet<Entitlement> {
    let mut owned = owned.clone();
    for (operation, _) in done.into_iter().filter(|(_, outcome)| **outcome == Outcome::Done) {
        match operation {
            Operation::Create { entitlements, .. } => owned.extend(entitlements.iter().cloned()),
            Operation::Grant { entitlement, .. } => drop(owned.insert(entitlement.clone())),
            Operation::Revoke { entitlement } => drop(owned.remove(entitlement)),
            Operation::Replace { kind, after, .. } => {
                owned.retain(|entitlement| entitlement.kind != *kind);
                owned.extend(after.iter().map(|name| Entitlement::new(*kind, name.clone())));
            }
            _ => {}
        }
    }
    owned
}

/// Drops from `owned` what is neither wanted nor there any more: somebody else took it away, and if somebody gives it
/// again it is theirs.
pub fn forget_lost(
    owned: &BTreeSet<Entitlement>,
    desired: &DesiredAccount,
    actual: &ActualUser,
) -> BTreeSet<Entitlement> {
    owned.iter().filter(|e| actual.has(e) || desired.entitlements.contains_key(e)).cloned().collect()
}
