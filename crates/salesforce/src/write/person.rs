//! One person's share of an `apply`: what is still to do, what came of the rest, what went wrong. No calls.

mod parts;

use std::collections::{BTreeMap, BTreeSet};

use domain::change::settle;
use domain::{ActualUser, Entitlement, EntitlementKind, Operation, Outcome, SalesforceUserId, UserField};
use ports::Class;

pub(crate) use self::parts::{Create, Task};
use self::parts::{as_done, parts};
use super::{Done, Stop, Work};
use crate::catalog::Catalog;
use crate::error::SalesforceError;

pub(crate) struct Person {
    pub(crate) user: Option<SalesforceUserId>,
    pub(super) actual: Option<ActualUser>,
    pub(crate) correlate: Vec<(UserField, String)>,
    /// The user that is still to be made.
    pub(crate) create: Option<Create>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) candidates: BTreeMap<UserField, Vec<String>>,
    created: Option<Create>,
    create_failed: Option<(Create, Outcome)>,
    pub(crate) error: Option<SalesforceError>,
}

impl Person {
    pub(crate) fn new(work: Work) -> Self {
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
                operation @ Operation::Uncorrelate { .. } => person.push(operation, Some(Outcome::Done), false),
                operation => person.push(operation, None, false),
            }
        }
        if person.user.is_none() {
            person.user = person.actual.as_ref().map(|actual| actual.id.clone());
        }
        // What the org shows already needs no call; but what is taken to be given anew is still to be given.
        if let Some(actual) = person.actual.take() {
            let revoked: BTreeSet<_> = person.tasks.iter().filter_map(Task::revoked).cloned().collect();
            person.settle(&actual, |task| task.granted().is_none_or(|granted| !revoked.contains(granted)));
            person.actual = Some(actual);
        }
        if person.user.is_none() && person.create.is_none() && person.tasks.iter().any(Task::is_open) {
            person.fail_open(&SalesforceError::refused("no-user", "there is no user to do it to"), |_| true);
        }
        person
    }

    fn push(&mut self, operation: Operation, outcome: Option<Outcome>, of_create: bool) {
        self.tasks.push(Task { operation, outcome, of_create, apart: false });
    }

    pub(crate) fn open(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(|task| task.is_open())
    }

    pub(super) fn must_deactivate(&self) -> bool {
        self.user.is_some() && self.open().any(|task| task.operation == Operation::Deactivate)
    }

    /// Whether users are to be made or records of users to be changed, or something is to be given.
    pub(super) fn has_more(&self) -> bool {
        self.create.is_some() || self.open().any(|task| task.is_of_record() || task.granted().is_some())
    }

    pub(super) fn writes_role(&self) -> bool {
        self.open().any(Task::is_role)
    }

    pub(super) fn wanted_entitlements(&self) -> Vec<Entitlement> {
        let created = self.create.iter().flat_map(|create| create.entitlements.iter().cloned());
        created.chain(self.open().filter_map(Task::entitlement)).collect()
    }

    /// Fails what the catalog has no name for, and only that: a user is made without it, but not without a profile. Nobody
    /// is let in with another profile than the one that was meant.
    pub(super) fn check_names(&mut self, catalog: &Catalog) {
        let named = self.create.iter().flat_map(|create| &create.entitlements);
        let unknown: Vec<_> = named.filter_map(|wanted| Some((wanted.clone(), catalog.check(wanted).err()?))).collect();
        if let Some((_, error)) = unknown.iter().find(|(wanted, _)| wanted.kind == EntitlementKind::Profile) {
            self.create_failed(error);
        }
        if let Some(create) = &mut self.create {
            let parts: Vec<_> = unknown.iter().map(|(wanted, _)| create.part(wanted)).collect();
            create.entitlements.retain(|wanted| !unknown.iter().any(|(unknown, _)| unknown == wanted));
            for (part, (_, error)) in parts.into_iter().zip(&unknown) {
                self.push(part, Some(outcome(error)), true);
                self.note(error);
            }
        }
        let errors: Vec<_> = self.open().filter_map(|task| catalog.check(&task.entitlement()?).err()).collect();
        for error in errors {
            let SalesforceError::UnknownEntitlement { kind, name, .. } = &error else { continue };
            let is_it = |wanted: Entitlement| wanted.kind == *kind && wanted.name == *name;
            let profile = *kind == EntitlementKind::Profile;
            self.fail_open(&error, |task| task.entitlement().is_some_and(is_it) || (profile && task.lets_in()));
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
        self.is_made(&actual.id);
        self.settle(actual, |task| task.of_create);
    }

    /// The user is there, and nothing is known of it; all that it was to be becomes open tasks.
    pub(crate) fn is_made(&mut self, user: &SalesforceUserId) {
        let Some(create) = self.create.take() else { return };
        for operation in parts(&create) {
            self.push(operation, None, true);
        }
        self.user = Some(user.clone());
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

    pub(crate) fn create_failed(&mut self, error: &SalesforceError) {
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

    pub(crate) fn succeed_open(&mut self, which: impl Fn(&Task) -> bool) {
        for task in self.tasks.iter_mut().filter(|task| task.is_open() && which(task)) {
            task.outcome = Some(Outcome::Done);
        }
    }

    pub(crate) fn fail_open(&mut self, error: &SalesforceError, which: impl Fn(&Task) -> bool) {
        for task in self.tasks.iter_mut().filter(|task| task.outcome.is_none() && which(task)) {
            task.outcome = Some(outcome(error));
        }
        self.note(error);
    }

    /// Fails everything that is open.
    pub(crate) fn fail(&mut self, error: &SalesforceError) {
        if self.create.is_some() {
            self.create_failed(error);
        } else {
            self.fail_open(error, |_| true);
        }
    }

    /// Fails the task at a place.
    pub(crate) fn fail_at(&mut self, place: usize, error: &SalesforceError) {
        if let Some(task) = self.tasks.get_mut(place) {
            task.outcome = Some(outcome(error));
            self.note(error);
        }
    }

    /// Keeps the weightiest error.
    pub(crate) fn note(&mut self, error: &SalesforceError) {
        if self.error.as_ref().is_none_or(|known| weight(error) > weight(known)) {
            self.error = Some(error.clone());
        }
    }

    pub(crate) fn done(mut self, stop: &Stop) -> Done {
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
