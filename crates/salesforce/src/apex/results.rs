//! From a person's answer to the outcomes of its operations.

use domain::{EntitlementKind, Operation, Outcome};

use super::form::{Answered, Status};
use super::item::{self, CREATE, Told, item};
use super::{request, unclear};
use crate::error::SalesforceError;
use crate::write::person::{Create, Person, Task};

/// What to do with the person after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Nothing,
    /// Something was in the way of what is still open: try it again in a moment.
    Again,
    /// It was too much together with the others: try it with fewer.
    WithFewer,
    /// What waited for this answer is to be sent now.
    Rest,
}

/// Which further tries there are; without them, what could be tried again has failed.
#[derive(Clone, Copy)]
pub(super) struct Chances {
    pub(super) again: bool,
    pub(super) with_fewer: bool,
}

impl Chances {
    fn next(self, error: &SalesforceError) -> Next {
        match error {
            SalesforceError::Busy { .. } if self.again => Next::Again,
            SalesforceError::TooMuch(_) if self.with_fewer => Next::WithFewer,
            _ => Next::Nothing,
        }
    }
}

/// Takes over what the answer says of the person.
pub(super) fn conclude(person: &mut Person, answered: Option<&Answered>, chances: Chances) -> Next {
    let Some(answered) = answered else {
        person.fail(&unclear("the accounts service's answer leaves out a person"));
        return Next::Nothing;
    };
    if let Some(create) = person.create.as_ref() {
        match made(create, answered) {
            Ok(()) => take_user(person, answered),
            Err(error) => {
                let next = chances.next(&error);
                if next == Next::Nothing {
                    log(person, CREATE, &error);
                    person.create_failed(&error);
                }
                return next;
            }
        }
    } else if answered.user_id.is_some() && answered.user_id != person.user {
        person.fail(&unclear("the accounts service's answer is about another user"));
        return Next::Nothing;
    }
    conclude_tasks(person, answered, chances)
}

/// Whether there is a user now.
fn made(create: &Create, answered: &Answered) -> Result<(), SalesforceError> {
    let failed = |result: &&super::form::ItemResult| result.status == Status::Failed;
    let itself = answered.result(CREATE).filter(failed);
    if answered.user_id.is_some() && itself.is_none() {
        return Ok(());
    }
    let profile = create.of_kind(EntitlementKind::Profile).next();
    let named = profile.map(|profile| (profile.kind, &profile.name));
    let cause = answered.result("profile").filter(failed).or(itself).or(answered.results.iter().find(failed));
    Err(cause.map_or_else(
        || unclear("the accounts service's answer shows neither a user nor why there is none"),
        |cause| item::error(cause, named.filter(|_| matches!(cause.item.as_str(), CREATE | "profile"))),
    ))
}

/// The user is there, under the names that it was given, be it now or by an earlier try whose answer was lost.
fn take_user(person: &mut Person, answered: &Answered) {
    let Some(user) = &answered.user_id else { return };
    if !answered.created {
        tracing::info!(%user, "salesforce.created_before");
    }
    if let Some(create) = &mut person.create {
        for (field, value) in &mut create.fields {
            if let Some(given) = answered.given(*field) {
                given.clone_into(value);
            }
        }
    }
    person.is_made(user);
}

fn conclude_tasks(person: &mut Person, answered: &Answered, chances: Chances) -> Next {
    let mut next = Next::Nothing;
    let (mut failed, mut skipped) = (Vec::new(), Vec::new());
    let asked: Vec<bool> = person.tasks.iter().map(|task| request::is_asked(person, task)).collect();
    for (place, task) in person.tasks.iter_mut().enumerate().filter(|(place, _)| asked[*place]) {
        let name = item(&task.operation).unwrap_or_default();
        match Told::of(&task.operation, answered.result(&name)) {
            Told::Fulfilled => {
                if let Operation::SetField { field, after: Some(after), .. } = &mut task.operation
                    && let Some(given) = answered.given(*field)
                {
                    given.clone_into(after);
                }
                task.outcome = Some(Outcome::Done);
            }
            Told::Skipped => skipped.push(place),
            Told::Failed(error) => match chances.next(&error) {
                Next::Nothing => failed.push((place, name, error)),
                another => next = another,
            },
        }
    }
    for (place, name, error) in &failed {
        log(person, name, error);
        person.fail_at(*place, error);
    }
    // What was left out because of something that is tried again is tried with it.
    if next == Next::Nothing {
        let reason = unclear("the accounts service left something out for no reason");
        for place in skipped {
            match failed.is_empty() {
                true => person.fail_at(place, &reason),
                false => person.tasks[place].outcome = Some(Outcome::NotDone),
            }
        }
        return rest(person);
    }
    next
}

/// What waited for something to be taken away first. Where that failed, it is not done either.
fn rest(person: &mut Person) -> Next {
    let taken: Vec<_> = person.tasks.iter().filter(|task| task.outcome == Some(Outcome::Done)).collect();
    let may_go = |waiting: &Task| match &waiting.operation {
        Operation::Grant { entitlement: given, .. } => taken
            .iter()
            .any(|task| matches!(&task.operation, Operation::Revoke { entitlement } if entitlement == given)),
        _ => false,
    };
    let stays: Vec<bool> = person.tasks.iter().map(|task| task.is_open() && !may_go(task)).collect();
    for (task, _) in person.tasks.iter_mut().zip(stays).filter(|(_, stays)| *stays) {
        task.outcome = Some(Outcome::NotDone);
    }
    if person.open().next().is_some() { Next::Rest } else { Next::Nothing }
}

fn log(person: &Person, item: &str, error: &SalesforceError) {
    tracing::warn!(user = person.user.as_ref().map(tracing::field::display), item, %error, "salesforce.item_failed");
}
