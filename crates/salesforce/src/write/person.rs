//! One person's share of an `apply`: what is still to do, what came of the rest, what went wrong. No calls.

use std::collections::{BTreeMap, BTreeSet};

use domain::change::settle;
use domain::{ActualUser, Entitlement, EntitlementKind, Operation, Outcome, SalesforceUserId, UserField};
use jiff::civil::Date;
use ports::Class;

use super::{Done, Stop, Work};
use crate::catalog::Catalog;
use crate::error::SalesforceError;

pub(super) struct Person {
    pub(super) user: Option<SalesforceUserId>,
    pub(super) actual: Option<ActualUser>,
    pub(super) correlate: Vec<(UserField, String)>,
    /// The user that is still to be made.
    pub(super) create: Option<Create>,
    pub(super) tasks: Vec<Task>,
    candidates: BTreeMap<UserField, Vec<String>>,
    created: Option<Create>,
    create_failed: Option<(Create, Outcome)>,
    error: Option<SalesforceError>,
}

/// [`Operation::Create`], taken apart.
#[derive(Clone, Debug)]
pub(super) struct Create {
    pub(super) active: bool,
    pub(super) fields: BTreeMap<UserField, String>,
    pub(super) entitlements: BTreeSet<Entitlement>,
    pub(super) expirations: BTreeMap<Entitlement, Date>,
}

impl Create {
    pub(super) fn of_kind(&self, kind: EntitlementKind) -> impl Iterator<Item = &Entitlement> {
        self.entitlements.iter().filter(move |entitlement| entitlement.kind == kind)
    }

    fn operation(self) -> Operation {
        Operation::Create {
            active: self.active,
            fields: self.fields,
            entitlements: self.entitlements,
            expirations: self.expirations,
        }
    }
}

pub(super) struct Task {
    pub(super) operation: Operation,
    /// `None` while it is to be done.
    pub(super) outcome: Option<Outcome>,
    /// Part of a user that was just made.
    of_create: bool,
}

impl Task {
    pub(super) fn is_open(&self) -> bool {
        self.outcome.is_none()
    }

    /// Whether it changes the User record itself.
    pub(super) fn is_of_record(&self) -> bool {
        matches!(
            self.operation,
            Operation::SetField { .. } | Operation::Replace { .. } | Operation::Activate | Operation::Deactivate
        )
    }

    fn entitlement(&self) -> Option<Entitlement> {
        match &self.operation {
            Operation::Grant { entitlement, .. } => Some(entitlement.clone()),
            Operation::Replace { kind, after: Some(name), .. } => Some(Entitlement::new(*kind, name.clone())),
            _ => None,
        }
    }
}

impl Person {
    pub(super) fn new(work: Work) -> Self {
        let mut person = Self {
            user: work.user,
            actual: work.actual,
            correlate: work.correlate,
            create: None,
            tasks: Vec::new(),
            candidates: work.candidates,
            created: None,
            create_failed: None,
            error: None,
        };
        for operation in work.operations {
            match operation {
                Operation::Create { active, fields, entitlements, expirations } => {
                    person.create = Some(Create { active, fields, entitlements, expirations });
                }
                Operation::Correlate { user, how } => {
                    person.user.get_or_insert_with(|| user.clone());
                    person.push(Operation::Correlate { user, how }, Some(Outcome::Done), false);
                }
                operation => person.push(operation, None, false),
            }
        }
        if person.user.is_none() {
            person.user = person.actual.as_ref().map(|actual| actual.id.clone());
        }
        // What the org shows already needs no call.
        if let Some(actual) = person.actual.take() {
            person.settle(&actual, |_| true);
            person.actual = Some(actual);
        }
        if person.user.is_none() && person.create.is_none() && person.tasks.iter().any(Task::is_open) {
            person.fail_open(&SalesforceError::refused("no-user", "there is no user to do it to"), |_| true);
        }
        person
    }

    fn push(&mut self, operation: Operation, outcome: Option<Outcome>, of_create: bool) {
        self.tasks.push(Task { operation, outcome, of_create });
    }

    pub(super) fn open(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(|task| task.is_open())
    }

    pub(super) fn must_deactivate(&self) -> bool {
        self.user.is_some() && self.open().any(|task| task.operation == Operation::Deactivate)
    }

    /// Whether anything is left beside what is taken away.
    pub(super) fn has_more(&self) -> bool {
        self.create.is_some() || self.open().any(|task| !matches!(task.operation, Operation::Revoke { .. }))
    }

    pub(super) fn writes_role(&self) -> bool {
        let role = |kind| kind == EntitlementKind::Role;
        self.create.as_ref().is_some_and(|create| create.entitlements.iter().any(|e| role(e.kind)))
            || self.open().any(|task| matches!(task.operation, Operation::Replace { kind, .. } if role(kind)))
    }

    pub(super) fn wanted_entitlements(&self) -> Vec<Entitlement> {
        let created = self.create.iter().flat_map(|create| create.entitlements.iter().cloned());
        created.chain(self.open().filter_map(Task::entitlement)).collect()
    }

    /// Fails what the catalog has no name for. A user is not made without what it should be given.
    pub(super) fn check_names(&mut self, catalog: &Catalog) {
        let created = self.create.iter().flat_map(|create| &create.entitlements);
        if let Some(error) = created.into_iter().find_map(|wanted| catalog.id(wanted).err()) {
            self.create_failed(&error);
        }
        let errors: Vec<_> = self.open().filter_map(|task| catalog.id(&task.entitlement()?).err()).collect();
        for error in errors {
            self.fail_open(&error, |task| {
                matches!((&error, task.entitlement()), (
                    SalesforceError::UnknownEntitlement { kind, name, .. },
                    Some(wanted),
                ) if wanted.kind == *kind && wanted.name == *name)
            });
        }
    }

    /// The next value for a field that is taken, in the create or in the open task that sets it. False when there is
    /// none left.
    pub(super) fn next_candidate(&mut self, field: UserField) -> bool {
        let task = self.tasks.iter_mut().filter(|task| task.is_open()).find_map(|task| match &mut task.operation {
            Operation::SetField { field: set, after, .. } if *set == field => Some(after),
            _ => None,
        });
        let current = match (&mut self.create, task) {
            (Some(create), _) => create.fields.get_mut(&field),
            (None, Some(after)) => after.as_mut(),
            (None, None) => None,
        };
        let (Some(current), Some(candidates)) = (current, self.candidates.get(&field)) else { return false };
        let mut rest = candidates.iter().skip_while(|candidate| !field.same_value(candidate, current));
        let next = rest.find(|candidate| !field.same_value(candidate, current)).or_else(|| {
            // The value tried is none of the candidates: begin with the first.
            candidates.first().filter(|_| !candidates.iter().any(|candidate| field.same_value(candidate, current)))
        });
        match next {
            Some(next) => {
                *current = next.clone();
                true
            }
            None => false,
        }
    }

    /// The user is there, as `actual` shows it; what is still missing becomes open tasks.
    pub(super) fn is_created(&mut self, actual: &ActualUser) {
        let Some(create) = self.create.take() else { return };
        for operation in parts(&create) {
            let outcome = Some(settle(&operation, Some(actual))).filter(|outcome| *outcome == Outcome::Done);
            self.push(operation, outcome, true);
        }
        self.user = Some(actual.id.clone());
        self.created = Some(create);
    }

    /// The user was made by an earlier try whose answer was lost. What it was called then, it keeps.
    pub(super) fn is_found(&mut self, actual: &ActualUser) {
        if let Some(create) = &mut self.create {
            for field in self.candidates.keys() {
                if let (Some(wanted), Some(own)) = (create.fields.get_mut(field), actual.field(*field)) {
                    own.clone_into(wanted);
                }
            }
        }
        self.is_created(actual);
    }

    pub(super) fn create_failed(&mut self, error: &SalesforceError) {
        if let Some(create) = self.create.take() {
            self.create_failed = Some((create, outcome(error)));
        }
        // Whatever else was to be done to the user can't be.
        for task in self.tasks.iter_mut().filter(|task| task.is_open()) {
            task.outcome = Some(Outcome::NotDone);
        }
        self.note(error);
    }

    /// Marks open tasks that the org now shows as done.
    pub(super) fn settle(&mut self, actual: &ActualUser, which: impl Fn(&Task) -> bool) {
        for task in self.tasks.iter_mut().filter(|task| task.is_open() && which(task)) {
            if settle(&task.operation, Some(actual)) == Outcome::Done {
                task.outcome = Some(Outcome::Done);
            }
        }
    }

    pub(super) fn succeed_open(&mut self, which: impl Fn(&Task) -> bool) {
        for task in self.tasks.iter_mut().filter(|task| task.is_open() && which(task)) {
            task.outcome = Some(Outcome::Done);
        }
    }

    pub(super) fn fail_open(&mut self, error: &SalesforceError, which: impl Fn(&Task) -> bool) {
        for task in self.tasks.iter_mut().filter(|task| task.outcome.is_none() && which(task)) {
            task.outcome = Some(outcome(error));
        }
        self.note(error);
    }

    /// Keeps the weightiest error.
    pub(super) fn note(&mut self, error: &SalesforceError) {
        if self.error.as_ref().is_none_or(|known| weight(error) > weight(known)) {
            self.error = Some(error.clone());
        }
    }

    pub(super) fn done(mut self, stop: &Stop) -> Done {
        let unfinished = self.create.is_some() || self.tasks.iter().any(Task::is_open);
        if let Some(error) = stop.error().filter(|_| unfinished) {
            self.note(&error);
        }
        let mut outcomes = Vec::new();
        if let Some((create, outcome)) = self.create_failed {
            outcomes.push((create.operation(), outcome));
        }
        if let Some(create) = self.create {
            outcomes.push((create.operation(), Outcome::NotDone));
        }
        if let Some(create) = self.created {
            outcomes.push((as_done(&create, &self.tasks), Outcome::Done));
        }
        let shown = self.tasks.into_iter().filter(|task| !(task.of_create && task.outcome == Some(Outcome::Done)));
        outcomes.extend(shown.map(|task| (task.operation, task.outcome.unwrap_or(Outcome::NotDone))));
        Done { user: self.user, outcomes, error: self.error }
    }
}

/// A create as the single operations that it stands for.
fn parts(create: &Create) -> Vec<Operation> {
    let fields = create.fields.iter().map(|(field, value)| Operation::SetField {
        field: *field,
        before: None,
        after: Some(value.clone()),
    });
    let entitlements = create.entitlements.iter().map(|entitlement| {
        if entitlement.kind.is_single() {
            Operation::Replace { kind: entitlement.kind, before: None, after: Some(entitlement.name.clone()) }
        } else {
            let expires = create.expirations.get(entitlement).copied();
            Operation::Grant { entitlement: entitlement.clone(), expires }
        }
    });
    let access = if create.active { Operation::Activate } else { Operation::Deactivate };
    fields.chain(entitlements).chain([access]).collect()
}

/// The create with what of it really happened.
fn as_done(create: &Create, tasks: &[Task]) -> Operation {
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

fn outcome(error: &SalesforceError) -> Outcome {
    match error.class() {
        Class::Systemic | Class::Ambiguous => Outcome::NotDone,
        _ => {
            let reason = error.reason();
            Outcome::Failed { code: reason.code, message: reason.message }
        }
    }
}

fn weight(error: &SalesforceError) -> u8 {
    match error.class() {
        Class::Systemic => 3,
        Class::Ambiguous => 2,
        Class::Retry | Class::RetryAfter(_) => 1,
        _ => 0,
    }
}
