//! Changes of User records by standard REST, many users in one call: roles, links and feature licences, and what SCIM can't
//! carry or did not carry out. One row a user, so that all of a user's changes come at once; what Salesforce refuses together
//! is tried apart, so that one thing that is not to be had keeps nothing else.

use domain::{Entitlement, EntitlementKind, Operation, Outcome, UserField};
use serde_json::{Map, Value, json};

use super::Stop;
use super::person::{Person, Task};
use crate::Salesforce;
use crate::catalog::Catalog;
use crate::collections::Records;
use crate::error::{Refusal, SalesforceError};

/// A row of a call: whose, which tasks are in it, and its text.
struct Row {
    person: usize,
    tasks: Vec<usize>,
    record: Value,
}

impl Salesforce {
    pub(super) async fn write_records(&self, people: &mut [Person], catalog: &Catalog, stop: &Stop) {
        while stop.error().is_none() {
            let rows: Vec<_> = (0..people.len()).filter_map(|place| row(people, place, catalog)).collect();
            if rows.is_empty() {
                return;
            }
            let _turn = self.turn(rows.iter().any(|row| people[row.person].writes_role())).await;
            let records = rows.iter().map(|row| row.record.clone()).collect();
            let results = self.records(&Records::Update(records), stop).await;
            for (row, result) in rows.iter().zip(results) {
                conclude(&mut people[row.person], &row.tasks, result, stop);
            }
        }
    }

    /// Waits for the turn among those who write roles and group memberships.
    pub(super) async fn turn(&self, needed: bool) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        if needed { Some(self.role_turn.lock().await) } else { None }
    }
}

/// The next row of a person: all that may go together, then each thing that goes apart.
fn row(people: &[Person], place: usize, catalog: &Catalog) -> Option<Row> {
    let person = &people[place];
    let user = person.user.as_ref()?;
    let open = |apart: bool| {
        let of_record = move |(_, task): &(usize, &Task)| task.is_open() && task.is_of_record() && task.apart == apart;
        person.tasks.iter().enumerate().filter(of_record).map(|(place, _)| place)
    };
    let mut tasks: Vec<_> = open(false).collect();
    if tasks.is_empty() {
        tasks.extend(open(true).next());
    }
    let mut record = Map::new();
    record.insert("attributes".to_owned(), json!({"type": "User"}));
    record.insert("id".to_owned(), json!(user));
    for task in &tasks {
        let operation = &person.tasks[*task].operation;
        record.extend(column(operation).map(|column| (column.to_owned(), value(operation, catalog))));
    }
    (!tasks.is_empty()).then_some(Row { person: place, tasks, record: Value::Object(record) })
}

/// The column of the User object that an operation sets.
fn column(operation: &Operation) -> Option<&str> {
    match operation {
        Operation::SetField { field, .. } => Some(field.api_name()),
        Operation::SetLink { link, .. } => Some(link.api_name()),
        Operation::Activate | Operation::Deactivate => Some("IsActive"),
        Operation::Replace { kind: EntitlementKind::Role, .. } => Some("UserRoleId"),
        Operation::Replace { .. } => Some("ProfileId"),
        Operation::Grant { entitlement, .. } | Operation::Revoke { entitlement } => Some(entitlement.name.as_str()),
        _ => None,
    }
}

fn value(operation: &Operation, catalog: &Catalog) -> Value {
    match operation {
        Operation::SetField { after, .. } => json!(after),
        Operation::SetLink { after, .. } => json!(after),
        Operation::Replace { kind, after, .. } => {
            let wanted = after.as_ref().map(|name| Entitlement::new(*kind, name.clone()));
            json!(wanted.and_then(|wanted| catalog.id(&wanted).ok().cloned()))
        }
        operation => json!(matches!(operation, Operation::Activate | Operation::Grant { .. })),
    }
}

fn conclude(person: &mut Person, tasks: &[usize], result: Result<(), SalesforceError>, stop: &Stop) {
    let error = match result {
        Ok(()) => return tasks.iter().for_each(|task| person.tasks[*task].outcome = Some(Outcome::Done)),
        Err(error) => error,
    };
    match &error {
        SalesforceError::Taken { what, .. } if what.field().is_some_and(|field| person.next_candidate(field)) => return,
        // None is left: that alone fails.
        SalesforceError::Taken { what, .. } => {
            let column = what.field().map(UserField::api_name);
            if set_apart(person, tasks, |operation| column.is_some() && self::column(operation) == column) {
                return;
            }
        }
        SalesforceError::Refused(refusal) => {
            let named = |operation: &Operation| is_named(operation, refusal);
            let any_named = tasks.iter().any(|task| named(&person.tasks[*task].operation));
            if set_apart(person, tasks, |operation| if any_named { named(operation) } else { is_suspect(operation) }) {
                return;
            }
        }
        _ => {}
    }
    stop.note(&error);
    tracing::warn!(user = person.user.as_ref().map(tracing::field::display), %error, "salesforce.update_failed");
    for task in tasks {
        let leaves = person.tasks[*task].operation == Operation::Deactivate;
        person.fail_at(*task, &if leaves { error.clone().of_deactivation() } else { error.clone() });
    }
}

/// Lets those of the tasks go apart next time. False when that changes nothing.
fn set_apart(person: &mut Person, tasks: &[usize], which: impl Fn(&Operation) -> bool) -> bool {
    if tasks.len() < 2 {
        return false;
    }
    let chosen: Vec<_> = tasks.iter().filter(|task| which(&person.tasks[**task].operation)).collect();
    // Nobody is let in with another profile or role than the one that was meant.
    let lets_in = tasks.iter().any(|task| person.tasks[*task].operation == Operation::Activate);
    let mut any = false;
    for task in chosen {
        let task = &mut person.tasks[*task];
        if !(lets_in && matches!(task.operation, Operation::Replace { .. } | Operation::Activate)) {
            task.apart = true;
            any = true;
        }
    }
    any
}

fn is_named(operation: &Operation, refusal: &Refusal) -> bool {
    column(operation).is_some_and(|column| refusal.fields.iter().any(|field| field == column))
}

/// Whether it is among what often is not to be had.
fn is_suspect(operation: &Operation) -> bool {
    match operation {
        Operation::SetLink { .. } | Operation::Deactivate | Operation::Grant { .. } | Operation::Revoke { .. } => true,
        Operation::Replace { kind, .. } => *kind == EntitlementKind::Role,
        _ => false,
    }
}
