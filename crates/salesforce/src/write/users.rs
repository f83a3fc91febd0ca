//! One user, one SCIM PATCH: shut out, or changed.

use std::collections::BTreeSet;

use domain::{ActualUser, Entitlement, EntitlementKind, Operation, SalesforceUserId, UserField};
use http::Method;
use serde_json::Value;

use super::Stop;
use super::person::{Person, Task};
use crate::Salesforce;
use crate::api::Call;
use crate::catalog::Catalog;
use crate::error::SalesforceError;
use crate::scim::{self, Patch, USERS};
use crate::usage::CallKind;

/// Parts that stand together in SCIM: sending one of them alone might clear the others.
const TOGETHER: [&[UserField]; 2] = [&[UserField::FirstName, UserField::LastName], &WITH_LINKS];

/// The links to other users stand in the same extension.
const WITH_LINKS: [UserField; 3] = [UserField::EmployeeNumber, UserField::Department, UserField::Division];

impl Salesforce {
    /// Shuts one user out. What SCIM does not take is left open for standard REST.
    pub(super) async fn deactivate_one(&self, person: &mut Person, stop: &Stop) {
        let Some(user) = person.user.clone().filter(|_| stop.error().is_none()) else { return };
        let leaving = |task: &Task| task.operation == Operation::Deactivate;
        let patch = Patch { active: Some(false), ..Patch::default() };
        match self.patch(&user, &patch, None).await {
            Ok(answer) => {
                stop.answered();
                // An answer that still shows the user as active leaves it to standard REST.
                if answer.get("active").is_none_or(|active| active != &Value::Bool(true)) {
                    person.succeed_open(leaving);
                }
            }
            Err(SalesforceError::Form(_)) => {}
            Err(error) => {
                let error = error.of_deactivation();
                stop.note(&error);
                tracing::warn!(%user, %error, "salesforce.deactivate_failed");
                person.fail_open(&error, leaving);
            }
        }
    }

    /// Changes one user, if SCIM can carry all that changes in its record. A profile never goes this way: it is not
    /// known whether replacing `entitlements` by a profile alone keeps the permission sets that others gave. Nor does a
    /// role: it takes an org-wide lock, and one call by standard REST does it for many.
    pub(super) async fn update_user(&self, person: &mut Person, catalog: &Catalog, stop: &Stop) {
        let Some(user) = person.user.clone() else { return };
        if !person.open().any(Task::is_of_record) {
            return;
        }
        let sets_alias = person.open().any(|task| field(task) == Some(UserField::Alias));
        let alias = if sets_alias { self.alias_extension().await } else { None };
        if !person.open().filter(|task| task.is_of_record()).all(|task| self.is_patchable(task, alias)) {
            return;
        }
        // What is refused together, standard REST tries apart.
        let several = person.open().filter(|task| task.is_of_record()).count() > 1;
        let mut sets = sets(person, catalog);
        while stop.error().is_none() {
            let patch = patch(person, &sets, catalog);
            let is_patched = |task: &Task| task.is_of_record() || task.granted().is_some_and(|set| sets.contains(set));
            match self.patch(&user, &patch, alias).await {
                Ok(Value::Null) => return person.succeed_open(is_patched),
                Ok(answer) => {
                    stop.answered();
                    let Some(shown) = scim::user(&answer, catalog, patch.active.unwrap_or(true)) else { return };
                    self.learn_alias(&patch, &shown).await;
                    return person.settle(&shown, is_patched);
                }
                // One of the permission sets may be to blame. They follow, each for itself.
                Err(SalesforceError::Refused(refusal)) if refusal.status < 500 && !sets.is_empty() => sets.clear(),
                // Standard REST takes each thing for itself.
                Err(error @ (SalesforceError::Form(_) | SalesforceError::AssignedAlready(_))) => {
                    self.scim.learn_external_id(&error);
                    return;
                }
                Err(SalesforceError::Taken { what, .. })
                    if what.field().is_some_and(|field| person.next_candidate(field)) => {}
                Err(SalesforceError::Taken { .. }) if several => return,
                Err(SalesforceError::Refused(refusal)) if several && refusal.status < 500 => return,
                Err(error) => {
                    stop.note(&error);
                    tracing::warn!(%user, %error, "salesforce.update_failed");
                    return person.fail_open(&error, Task::is_of_record);
                }
            }
        }
    }

    async fn patch(
        &self,
        user: &SalesforceUserId,
        patch: &Patch,
        alias: Option<&str>,
    ) -> Result<Value, SalesforceError> {
        let path = format!("{USERS}/{user}");
        self.api.call(&Call::with_body(CallKind::ScimUpdate, Method::PATCH, path, patch.body(alias))).await
    }

    fn is_patchable(&self, task: &Task, alias: Option<&str>) -> bool {
        match &task.operation {
            Operation::SetField { after: None, .. } => false,
            Operation::SetField { field: UserField::FederationIdentifier, .. } => !self.scim.external_id_refused(),
            Operation::SetField { field, .. } => scim::is_patchable(*field, alias),
            Operation::Activate | Operation::Deactivate => true,
            _ => false,
        }
    }

    async fn learn_alias(&self, patch: &Patch, shown: &ActualUser) {
        if patch.fields.get(&UserField::Alias).is_some_and(|alias| shown.field(UserField::Alias) != Some(alias)) {
            self.scim.alias_ignored().await;
        }
    }
}

fn field(task: &Task) -> Option<UserField> {
    match &task.operation {
        Operation::SetField { field, .. } => Some(*field),
        _ => None,
    }
}

/// The permission sets that go into the PATCH of what changes in the record: not those that end on a day, for which SCIM has
/// no place, nor those that need a licence which the user may not have yet.
fn sets(person: &Person, catalog: &Catalog) -> BTreeSet<Entitlement> {
    let profile = person.actual.as_ref().and_then(|actual| actual.profile.as_ref());
    let in_patch = |task: &Task| match &task.operation {
        Operation::Grant { entitlement, expires: None } if entitlement.kind == EntitlementKind::PermissionSet => {
            catalog.fits_profile(&entitlement.name, profile).then(|| entitlement.clone())
        }
        _ => None,
    };
    person.open().filter_map(in_patch).collect()
}

fn patch(person: &Person, sets: &BTreeSet<Entitlement>, catalog: &Catalog) -> Patch {
    let mut patch = Patch {
        permission_sets: sets.iter().filter_map(|set| catalog.id(set).ok().cloned()).collect(),
        ..Patch::default()
    };
    for task in person.open() {
        match &task.operation {
            Operation::SetField { field, after: Some(after), .. } => drop(patch.fields.insert(*field, after.clone())),
            Operation::Activate => patch.active = Some(true),
            Operation::Deactivate => patch.active = Some(false),
            _ => {}
        }
    }
    for group in TOGETHER {
        if group.iter().any(|field| patch.fields.contains_key(field)) {
            let own = |field: &UserField| Some((*field, person.actual.as_ref()?.field(*field)?.to_owned()));
            let unchanged: Vec<_> =
                group.iter().filter(|field| !patch.fields.contains_key(field)).filter_map(own).collect();
            patch.fields.extend(unchanged);
        }
    }
    if WITH_LINKS.iter().any(|field| patch.fields.contains_key(field)) {
        patch.links = person.actual.as_ref().map(|actual| actual.links.clone()).unwrap_or_default();
    }
    patch
}
