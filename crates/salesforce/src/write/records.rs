//! What goes by standard REST, many persons in one call: assignments taken away and given, and changes of User records
//! that SCIM can't carry or did not carry out.

use domain::{Entitlement, EntitlementKind, Operation, Outcome, SalesforceId, SalesforceUserId};
use serde_json::{Map, Value, json};

use super::Stop;
use super::person::{Person, Task};
use crate::Salesforce;
use crate::catalog::Catalog;
use crate::collections::Records;
use crate::directory::Wanted;
use crate::error::SalesforceError;

/// Kinds of which a user can have several, each with its own kind of record.
const ASSIGNED: [EntitlementKind; 2] = [EntitlementKind::PermissionSet, EntitlementKind::PublicGroup];

/// A task, by its person's and its own place.
type Place = (usize, usize);

impl Salesforce {
    /// Takes assignments away. One that is not there is taken away already.
    pub(super) async fn revoke(&self, people: &mut [Person], stop: &Stop) {
        self.read_missing(people, stop).await;
        for kind in ASSIGNED {
            let mut places = Vec::new();
            let mut ids = Vec::new();
            for place in open(people, |task| revoked(task).is_some_and(|e| e.kind == kind)) {
                match assignment(&people[place.0], &people[place.0].tasks[place.1]) {
                    Some(id) => {
                        places.push(place);
                        ids.push(id);
                    }
                    None => people[place.0].tasks[place.1].outcome = Some(Outcome::Done),
                }
            }
            let _turn = self.turn(kind == EntitlementKind::PublicGroup && !ids.is_empty()).await;
            let results = self.records(&Records::Delete(ids), stop).await;
            conclude(people, &places, results, is_gone, stop);
        }
    }

    /// The users of which something is to be taken, where the caller did not say what they have.
    async fn read_missing(&self, people: &mut [Person], stop: &Stop) {
        let needy = |person: &&mut Person| person.actual.is_none() && person.open().any(|task| revoked(task).is_some());
        let mut needy: Vec<_> = people.iter_mut().filter(needy).collect();
        if needy.is_empty() || stop.error().is_some() {
            return;
        }
        let wanted: Vec<_> =
            needy.iter().map(|person| Wanted { user: person.user.clone(), keys: Vec::new() }).collect();
        match self.lookup(&wanted).await {
            Ok(found) => {
                for (person, found) in needy.iter_mut().zip(found) {
                    match found.into_iter().next() {
                        Some(found) => person.actual = Some(found.user),
                        None => person.fail_open(&user_gone(), |task| revoked(task).is_some()),
                    }
                }
            }
            Err(error) => {
                stop.note(&error);
                needy.iter_mut().for_each(|person| person.fail_open(&error, |task| revoked(task).is_some()));
            }
        }
    }

    /// Changes of User records that are still open, one row a user, so that all of a user's changes come at once.
    pub(super) async fn write_records(&self, people: &mut [Person], catalog: &Catalog, stop: &Stop) {
        while stop.error().is_none() {
            let with_changes = |person: &Person| person.user.is_some() && person.open().any(Task::is_of_record);
            let places: Vec<_> = (0..people.len()).filter(|place| with_changes(&people[*place])).collect();
            if places.is_empty() {
                return;
            }
            let rows = places.iter().filter_map(|place| record(&people[*place], catalog)).collect();
            let _turn = self.turn(places.iter().any(|place| people[*place].writes_role())).await;
            let results = self.records(&Records::Update(rows), stop).await;
            for (place, result) in places.into_iter().zip(results) {
                let person = &mut people[place];
                match result {
                    Ok(()) => person.succeed_open(Task::is_of_record),
                    Err(SalesforceError::Taken { what, .. })
                        if what.field().is_some_and(|field| person.next_candidate(field)) => {}
                    Err(error) => {
                        stop.note(&error);
                        tracing::warn!(user = person.user.as_ref().map(tracing::field::display), %error, "salesforce.update_failed");
                        person.fail_open(&error, Task::is_of_record);
                    }
                }
            }
        }
    }

    /// Gives assignments. One that is there is given already.
    pub(super) async fn grant(&self, people: &mut [Person], catalog: &Catalog, stop: &Stop) {
        for kind in ASSIGNED {
            let mut places = Vec::new();
            let mut rows = Vec::new();
            for place in open(people, |task| granted(task).is_some_and(|e| e.kind == kind)) {
                let person = &people[place.0];
                let id = granted(&person.tasks[place.1]).and_then(|entitlement| catalog.id(entitlement).ok());
                if let (Some(user), Some(id)) = (&person.user, id) {
                    places.push(place);
                    rows.push(assignment_record(kind, user, id));
                }
            }
            let _turn = self.turn(kind == EntitlementKind::PublicGroup && !rows.is_empty()).await;
            let results = self.records(&Records::Insert(rows), stop).await;
            conclude(people, &places, results, is_there, stop);
        }
    }

    async fn turn(&self, needed: bool) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        if needed { Some(self.role_turn.lock().await) } else { None }
    }
}

fn open(people: &[Person], which: impl Fn(&Task) -> bool) -> Vec<Place> {
    let of_person = |(place, person): (usize, &Person)| {
        let tasks = person.tasks.iter().enumerate().filter(|(_, task)| task.is_open() && which(task));
        tasks.map(|(task, _)| (place, task)).collect::<Vec<_>>()
    };
    people.iter().enumerate().flat_map(of_person).collect()
}

fn conclude(
    people: &mut [Person],
    places: &[Place],
    results: Vec<Result<(), SalesforceError>>,
    fulfilled: fn(&SalesforceError) -> bool,
    stop: &Stop,
) {
    for ((person, task), result) in places.iter().zip(results) {
        let person = &mut people[*person];
        match result {
            Err(error) if !fulfilled(&error) => {
                stop.note(&error);
                tracing::warn!(user = person.user.as_ref().map(tracing::field::display), %error, "salesforce.assignment_failed");
                let operation = person.tasks[*task].operation.clone();
                person.fail_open(&error, |task| task.operation == operation);
            }
            _ => person.tasks[*task].outcome = Some(Outcome::Done),
        }
    }
}

fn revoked(task: &Task) -> Option<&Entitlement> {
    match &task.operation {
        Operation::Revoke { entitlement } => Some(entitlement),
        _ => None,
    }
}

fn granted(task: &Task) -> Option<&Entitlement> {
    match &task.operation {
        Operation::Grant { entitlement, .. } => Some(entitlement),
        _ => None,
    }
}

fn assignment(person: &Person, task: &Task) -> Option<SalesforceId> {
    let entitlement = revoked(task)?;
    let assignments = &person.actual.as_ref()?.assignments;
    assignments.iter().find(|assignment| assignment.entitlement == *entitlement).map(|found| found.id.clone())
}

fn assignment_record(kind: EntitlementKind, user: &SalesforceUserId, id: &SalesforceId) -> Value {
    match kind {
        EntitlementKind::PublicGroup => {
            json!({"attributes": {"type": "GroupMember"}, "GroupId": id, "UserOrGroupId": user})
        }
        _ => json!({"attributes": {"type": "PermissionSetAssignment"}, "AssigneeId": user, "PermissionSetId": id}),
    }
}

fn record(person: &Person, catalog: &Catalog) -> Option<Value> {
    let mut row = Map::new();
    row.insert("attributes".to_owned(), json!({"type": "User"}));
    row.insert("id".to_owned(), json!(person.user.as_ref()?));
    for task in person.open() {
        match &task.operation {
            Operation::SetField { field, after, .. } => drop(row.insert(field.api_name().to_owned(), json!(after))),
            Operation::Activate => drop(row.insert("IsActive".to_owned(), json!(true))),
            Operation::Deactivate => drop(row.insert("IsActive".to_owned(), json!(false))),
            Operation::Replace { kind, after, .. } => {
                let column = if *kind == EntitlementKind::Role { "UserRoleId" } else { "ProfileId" };
                let wanted = after.as_ref().map(|name| Entitlement::new(*kind, name.clone()));
                row.insert(column.to_owned(), json!(wanted.and_then(|wanted| catalog.id(&wanted).ok().cloned())));
            }
            _ => {}
        }
    }
    Some(Value::Object(row))
}

/// Salesforce's words for a record that is not there: deleted, or never there.
fn is_gone(error: &SalesforceError) -> bool {
    let gone = ["ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND", "INVALID_ID_FIELD"];
    matches!(error, SalesforceError::Refused(refusal) if gone.contains(&refusal.code.as_str()))
}

/// A second assignment is refused as a duplicate.
fn is_there(error: &SalesforceError) -> bool {
    match error {
        SalesforceError::AssignedAlready(_) => true,
        SalesforceError::Taken { refusal, .. } => refusal.code == "DUPLICATE_VALUE",
        _ => false,
    }
}

fn user_gone() -> SalesforceError {
    SalesforceError::refused("NOT_FOUND", "the user is not there any more")
}
