//! One user, one SCIM PATCH: shut out, or changed.

use domain::{ActualUser, EntitlementKind, Operation, SalesforceUserId, UserField};
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
const TOGETHER: [&[UserField]; 2] = [
    &[UserField::FirstName, UserField::LastName],
    &[UserField::EmployeeNumber, UserField::Department, UserField::Division],
];

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
                stop.note(&error);
                tracing::warn!(%user, %error, "salesforce.deactivate_failed");
                person.fail_open(&error, leaving);
            }
        }
    }

    /// Changes one user, if SCIM can carry all that changes in its record. A profile never goes this way: it is not
    /// known whether replacing `entitlements` by a profile alone keeps the permission sets that others gave.
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
        while stop.error().is_none() {
            let patch = patch(person, catalog);
            match self.patch(&user, &patch, alias).await {
                Ok(Value::Null) => return person.succeed_open(is_patched),
                Ok(answer) => {
                    stop.answered();
                    let Some(shown) = scim::user(&answer, catalog, patch.active.unwrap_or(true)) else { return };
                    self.learn_alias(&patch, &shown).await;
                    return person.settle(&shown, is_patched);
                }
                // Standard REST takes each thing for itself.
                Err(error @ (SalesforceError::Form(_) | SalesforceError::AssignedAlready(_))) => {
                    self.scim.learn_external_id(&error);
                    return;
                }
                Err(error) => {
                    stop.note(&error);
                    if let SalesforceError::Taken { what, .. } = &error
                        && what.field().is_some_and(|field| person.next_candidate(field))
                    {
                        continue;
                    }
                    tracing::warn!(%user, %error, "salesforce.update_failed");
                    return person.fail_open(&error, is_patched);
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
            Operation::SetField { after: None, .. } | Operation::Replace { after: None, .. } => false,
            Operation::SetField { field: UserField::FederationIdentifier, .. } => !self.scim.external_id_refused(),
            Operation::SetField { field, .. } => scim::is_patchable(*field, alias),
            Operation::Replace { kind, .. } => *kind == EntitlementKind::Role,
            _ => true,
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

/// What goes into the PATCH: the record's changes, and permission sets with them.
fn is_patched(task: &Task) -> bool {
    let permission_set = matches!(
        &task.operation,
        Operation::Grant { entitlement, .. } if entitlement.kind == EntitlementKind::PermissionSet
    );
    task.is_of_record() || permission_set
}

fn patch(person: &Person, catalog: &Catalog) -> Patch {
    let mut patch = Patch::default();
    for task in person.open().filter(|task| is_patched(task)) {
        match &task.operation {
            Operation::SetField { field, after: Some(after), .. } => drop(patch.fields.insert(*field, after.clone())),
            Operation::Activate => patch.active = Some(true),
            Operation::Deactivate => patch.active = Some(false),
            Operation::Replace { kind, after: Some(name), .. } => {
                let role = domain::Entitlement::new(*kind, name.clone());
                patch.role = catalog.id(&role).ok().cloned();
            }
            Operation::Grant { entitlement, .. } => patch.permission_sets.extend(catalog.id(entitlement).ok().cloned()),
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
    patch
}
