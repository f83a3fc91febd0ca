//! A create and a task, and how the one becomes several of the other and is told as one again.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Entitlement, EntitlementKind, Operation, Outcome, UserField};
use jiff::civil::Date;

/// [`Operation::Create`], taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Create {
    pub(crate) active: bool,
    pub(crate) fields: BTreeMap<UserField, String>,
    pub(crate) entitlements: BTreeSet<Entitlement>,
    pub(crate) expirations: BTreeMap<Entitlement, Date>,
}

impl Create {
    pub(crate) fn of_kind(&self, kind: EntitlementKind) -> impl Iterator<Item = &Entitlement> {
        self.entitlements.iter().filter(move |entitlement| entitlement.kind == kind)
    }

    /// Giving one of its entitlements, as an operation of its own.
    pub(super) fn part(&self, entitlement: &Entitlement) -> Operation {
        if entitlement.kind.is_single() {
            Operation::Replace { kind: entitlement.kind, before: None, after: Some(entitlement.name.clone()) }
        } else {
            let expires = self.expirations.get(entitlement).copied();
            Operation::Grant { entitlement: entitlement.clone(), expires }
        }
    }

    pub(super) fn operation(self) -> Operation {
        Operation::Create {
            active: self.active,
            fields: self.fields,
            entitlements: self.entitlements,
            expirations: self.expirations,
        }
    }
}

pub(crate) struct Task {
    pub(crate) operation: Operation,
    /// `None` while it is to be done.
    pub(crate) outcome: Option<Outcome>,
    /// Part of a user that was just made.
    pub(super) of_create: bool,
    /// Goes in a row of its own: together with others it was refused.
    pub(in crate::write) apart: bool,
}

impl Task {
    pub(crate) fn is_open(&self) -> bool {
        self.outcome.is_none()
    }

    /// Whether it changes the User record itself.
    pub(in crate::write) fn is_of_record(&self) -> bool {
        match &self.operation {
            Operation::SetField { .. }
            | Operation::SetLink { .. }
            | Operation::Replace { .. }
            | Operation::Activate
            | Operation::Deactivate => true,
            Operation::Grant { entitlement, .. } | Operation::Revoke { entitlement } => {
                entitlement.kind == EntitlementKind::FeatureLicense
            }
            _ => false,
        }
    }

    /// What it gives, where a record of its own, or a field, stands for that.
    pub(in crate::write) fn granted(&self) -> Option<&Entitlement> {
        match &self.operation {
            Operation::Grant { entitlement, .. } => Some(entitlement),
            _ => None,
        }
    }

    /// What it takes.
    pub(in crate::write) fn revoked(&self) -> Option<&Entitlement> {
        match &self.operation {
            Operation::Revoke { entitlement } => Some(entitlement),
            _ => None,
        }
    }

    pub(super) fn is_role(&self) -> bool {
        matches!(self.operation, Operation::Replace { kind: EntitlementKind::Role, .. })
    }

    pub(super) fn lets_in(&self) -> bool {
        matches!(self.operation, Operation::Activate | Operation::Unfreeze)
    }

    pub(super) fn entitlement(&self) -> Option<Entitlement> {
        match &self.operation {
            Operation::Grant { entitlement, .. } => Some(entitlement.clone()),
            Operation::Replace { kind, after: Some(name), .. } => Some(Entitlement::new(*kind, name.clone())),
            _ => None,
        }
    }
}

/// A create as the single operations that it stands for.
pub(super) fn parts(create: &Create) -> Vec<Operation> {
    let fields = create.fields.iter().map(|(field, value)| Operation::SetField {
        field: *field,
        before: None,
        after: Some(value.clone()),
    });
    let entitlements = create.entitlements.iter().map(|entitlement| create.part(entitlement));
    let access = if create.active { Operation::Activate } else { Operation::Deactivate };
    fields.chain(entitlements).chain([access]).collect()
}

/// The create with what of it really happened.
pub(super) fn as_done(create: &Create, tasks: &[Task]) -> Operation {
    let done = |operation: &Operation| {
        tasks.iter().any(|t| t.of_create && t.outcome == Some(Outcome::Done) && t.operation == *operation)
    };
    let mut fields = BTreeMap::new();
    let mut entitlements = BTreeSet::new();
    for task in tasks.iter().filter(|task| task.of_create && task.outcome == Some(Outcome::Done)) {
        match &task.operation {
            Operation::SetField { field, after: Some(value), .. } => drop(fields.insert(*field, value.clone())),
            _ => entitlements.extend(task.entitlement()),
        }
    }
    let active = if create.active { done(&Operation::Activate) } else { !done(&Operation::Deactivate) };
    let kept = |(entitlement, _): &(&Entitlement, &Date)| entitlements.contains(*entitlement);
    let expirations = create.expirations.iter().filter(kept).map(|(e, day)| (e.clone(), *day)).collect();
    Operation::Create { active, fields, entitlements, expirations }
}
