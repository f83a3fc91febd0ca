//! What a record of its own assigns: taken away and given, many persons in one call, each kind of record in calls of its own.

use domain::{Entitlement, EntitlementKind, Operation, Outcome, SalesforceId, SalesforceUserId};
use jiff::civil::Date;
use serde_json::{Value, json};

use super::Stop;
use super::person::{Person, Task};
use crate::Salesforce;
use crate::catalog::Catalog;
use crate::collections::Records;
use crate::directory::Wanted;
use crate::error::SalesforceError;

/// The kinds of record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Table {
    /// `PermissionSetAssignment`, of permission sets and of their groups.
    Sets,
    /// `PermissionSetLicenseAssign`
    Licenses,
    /// `GroupMember`, of public groups and of queues.
    Members,
}

/// A permission set may need a licence: Salesforce refuses to take the licence before it, and to give it before the licence.
const TAKEN: [Table; 3] = [Table::Sets, Table::Members, Table::Licenses];
const GIVEN: [Table; 3] = [Table::Licenses, Table::Sets, Table::Members];

impl Table {
    fn holds(self, kind: EntitlementKind) -> bool {
        match kind {
            EntitlementKind::PermissionSet | EntitlementKind::PermissionSetGroup => self == Self::Sets,
            EntitlementKind::PermissionSetLicense => self == Self::Licenses,
            EntitlementKind::PublicGroup | EntitlementKind::Queue => self == Self::Members,
            _ => false,
        }
    }

    /// Whether its writes take the org-wide lock of group memberships.
    fn takes_lock(self) -> bool {
        self == Self::Members
    }
}

/// A task, by its person's and its own place.
type Place = (usize, usize);

impl Salesforce {
    /// Takes assignments away. One that is not there is taken away already.
    pub(super) async fn revoke(&self, people: &mut [Person], stop: &Stop) {
        self.read_missing(people, stop).await;
        for table in TAKEN {
            let mut places = Vec::new();
            let mut ids = Vec::new();
            for place in open(people, |task| task.revoked().is_some_and(|e| table.holds(e.kind))) {
                match assignment(&people[place.0], place.1) {
                    Some(id) => {
                        places.push(place);
                        ids.push(id);
                    }
                    None => people[place.0].tasks[place.1].outcome = Some(Outcome::Done),
                }
            }
            let _turn = self.turn(table.takes_lock() && !ids.is_empty()).await;
            let results = self.records(&Records::Delete(ids), stop).await;
            conclude(people, &places, results, is_gone, stop);
        }
    }

    /// The users of which something is to be taken, where the caller did not say what they have.
    async fn read_missing(&self, people: &mut [Person], stop: &Stop) {
        let needy = |person: &&mut Person| person.actual.is_none() && person.open().any(is_taken);
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
                        None => person.fail_open(&user_gone(), is_taken),
                    }
                }
            }
            Err(error) => {
                stop.note(&error);
                needy.iter_mut().for_each(|person| person.fail_open(&error, is_taken));
            }
        }
    }

    /// Gives assignments. One that is there is given already.
    pub(super) async fn grant(&self, people: &mut [Person], catalog: &Catalog, stop: &Stop) {
        for table in GIVEN {
            let mut places = Vec::new();
            let mut rows = Vec::new();
            for place in open(people, |task| task.granted().is_some_and(|e| table.holds(e.kind))) {
                let person = &people[place.0];
                if let Some(row) = person.user.as_ref().and_then(|user| row(user, &person.tasks[place.1], catalog)) {
                    places.push(place);
                    rows.push(row);
                }
            }
            let _turn = self.turn(table.takes_lock() && !rows.is_empty()).await;
            let results = self.records(&Records::Insert(rows), stop).await;
            conclude(people, &places, results, is_there, stop);
        }
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
                person.fail_at(*task, &error);
                // What could not be taken can't be given anew.
                if let Some(revoked) = person.tasks[*task].revoked().cloned() {
                    person.fail_open(&error, |task| task.granted() == Some(&revoked));
                }
            }
            _ => person.tasks[*task].outcome = Some(Outcome::Done),
        }
    }
}

/// Whether it takes what a record of its own assigns.
fn is_taken(task: &Task) -> bool {
    task.revoked().is_some_and(|entitlement| TAKEN.iter().any(|table| table.holds(entitlement.kind)))
}

fn assignment(person: &Person, task: usize) -> Option<SalesforceId> {
    let entitlement = person.tasks[task].revoked()?;
    Some(person.actual.as_ref()?.assignment(entitlement)?.id.clone())
}

fn row(user: &SalesforceUserId, task: &Task, catalog: &Catalog) -> Option<Value> {
    let Operation::Grant { entitlement, expires } = &task.operation else { return None };
    let id = catalog.id(entitlement).ok()?;
    let mut row = shape(entitlement, user, id);
    if let Some(day) = expires {
        row["ExpirationDate"] = json!(end_of(*day));
    }
    Some(row)
}

fn shape(entitlement: &Entitlement, user: &SalesforceUserId, id: &SalesforceId) -> Value {
    match entitlement.kind {
        EntitlementKind::PublicGroup | EntitlementKind::Queue => {
            json!({"attributes": {"type": "GroupMember"}, "GroupId": id, "UserOrGroupId": user})
        }
        EntitlementKind::PermissionSetLicense => {
            json!({"attributes": {"type": "PermissionSetLicenseAssign"}, "AssigneeId": user, "PermissionSetLicenseId": id})
        }
        EntitlementKind::PermissionSetGroup => {
            json!({"attributes": {"type": "PermissionSetAssignment"}, "AssigneeId": user, "PermissionSetGroupId": id})
        }
        _ => json!({"attributes": {"type": "PermissionSetAssignment"}, "AssigneeId": user, "PermissionSetId": id}),
    }
}

/// Salesforce keeps a moment: the last of the day, in UTC, as it is read back.
fn end_of(day: Date) -> String {
    format!("{day}T23:59:59.000Z")
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
