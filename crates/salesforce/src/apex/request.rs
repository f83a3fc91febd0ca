//! From a person's open operations to the person of a request.

use domain::{Entitlement, EntitlementKind, Operation, UserField};

use super::form::{Key, Named, PersonRequest};
use super::item::item;
use crate::directory::{STRONG_KEYS, can_be_carried};
use crate::error::SalesforceError;
use crate::write::person::{Create, Person, Task};

/// Fails the operations that the service has no part for.
pub(super) fn check(person: &mut Person) {
    let foreign = |task: &Task| item(&task.operation).is_none();
    if person.open().any(foreign) {
        let message = "the accounts service has no part for this change";
        person.fail_open(&SalesforceError::refused("unsupported-change", message), foreign);
    }
}

/// What is to become of the person's user.
pub(super) fn person(reference: String, person: &Person) -> PersonRequest<'_> {
    let mut request = PersonRequest { reference, ..PersonRequest::default() };
    match &person.create {
        Some(create) => add_create(&mut request, create, person),
        None => request.user_id = person.user.as_ref(),
    }
    for task in person.open().filter(|task| is_asked(person, task)) {
        add(&mut request, &task.operation, person);
    }
    request
}

/// Whether the person's next request carries the task. An assignment that is made again with another last day is taken
/// in one call and given in the next: in one, the service could not tell which of the two is meant.
pub(super) fn is_asked(person: &Person, task: &Task) -> bool {
    let is_taken = |given: &Entitlement| {
        person.open().any(|task| matches!(&task.operation, Operation::Revoke { entitlement } if entitlement == given))
    };
    task.is_open() && !matches!(&task.operation, Operation::Grant { entitlement, .. } if is_taken(entitlement))
}

/// Whether doing the person's share twice is the same as doing it once. A user without a key is not found again, and a
/// second one could be made.
pub(super) fn is_repeatable(person: &Person) -> bool {
    person.create.as_ref().is_none_or(|create| key(create, person).is_some())
}

fn add_create<'a>(request: &mut PersonRequest<'a>, create: &'a Create, person: &'a Person) {
    request.keys = key(create, person).into_iter().collect();
    for (field, value) in &create.fields {
        set(request, *field, Some(value), person);
    }
    request.active = Some(create.active);
    for entitlement in &create.entitlements {
        let name = &entitlement.name;
        match entitlement.kind {
            EntitlementKind::Profile => drop(request.links.insert("profile", Some(name.as_str()))),
            EntitlementKind::Role => drop(request.links.insert("role", Some(name.as_str()))),
            kind => {
                let expires = create.expirations.get(entitlement).copied();
                request.add.push(Named { kind, name, expires: expires.filter(|_| kind.can_expire()) });
            }
        }
    }
}

/// The key by which the user is known when an earlier try made it: the most trusted that the create writes. One is enough
/// for that, and any more could only bring in somebody else's user.
fn key<'a>(create: &Create, person: &'a Person) -> Option<Key<'a>> {
    let is_written = |(field, value): &&(UserField, String)| {
        create.fields.get(field).is_some_and(|written| field.same_value(written, value))
    };
    let is_strong = |(field, _): &&(UserField, String)| STRONG_KEYS.contains(field);
    let written: Vec<_> = person.correlate.iter().filter(is_written).collect();
    let strong = written.iter().copied().filter(is_strong);
    // A weak key may be a stranger's where the person has a strong one.
    let has_strong = person.correlate.iter().any(|key| is_strong(&key));
    let weak = written.iter().copied().filter(|_| !has_strong);
    strong.chain(weak).find_map(Key::new)
}

fn add<'a>(request: &mut PersonRequest<'a>, operation: &'a Operation, person: &'a Person) {
    match operation {
        Operation::Activate => request.active = Some(true),
        Operation::Deactivate => request.active = Some(false),
        Operation::Freeze => request.frozen = Some(true),
        Operation::Unfreeze => request.frozen = Some(false),
        Operation::SetField { field, after, .. } => set(request, *field, after.as_deref(), person),
        Operation::SetLink { link, after, .. } => {
            request.links.insert(link.as_str(), after.as_ref().map(domain::SalesforceUserId::as_str));
        }
        Operation::Replace { kind, after, .. } => {
            request.links.insert(kind.as_str(), after.as_ref().map(domain::EntitlementName::as_str));
        }
        Operation::Grant { entitlement, expires } => request.add.push(Named {
            kind: entitlement.kind,
            name: &entitlement.name,
            expires: expires.filter(|_| entitlement.kind.can_expire()),
        }),
        Operation::Revoke { entitlement } => {
            request.remove.push(Named { kind: entitlement.kind, name: &entitlement.name, expires: None });
        }
        _ => {}
    }
}

/// A value; of a unique field with others to fall back on, all of them.
fn set<'a>(request: &mut PersonRequest<'a>, field: UserField, value: Option<&'a str>, person: &'a Person) {
    let value = value.filter(|value| !value.is_empty());
    match (value, person.candidates.get(&field).filter(|_| field.is_unique())) {
        (Some(first), Some(candidates)) => {
            request.candidates.insert(field, from(field, first, candidates));
        }
        _ => drop(request.fields.insert(field, value)),
    }
}

/// The value that is tried first, and the candidates that come after it; all of them, if it is none of them.
fn from<'a>(field: UserField, first: &'a str, candidates: &'a [String]) -> Vec<&'a str> {
    let place = candidates.iter().position(|candidate| field.same_value(candidate, first));
    let rest = &candidates[place.unwrap_or(0)..];
    let mut values = vec![first];
    for candidate in rest.iter().map(String::as_str).filter(|candidate| can_be_carried(candidate)) {
        if !values.iter().any(|value| field.same_value(value, candidate)) {
            values.push(candidate);
        }
    }
    values
}

/// Whether everything that is open only shuts somebody out or takes something away.
pub(super) fn only_shuts(person: &Person) -> bool {
    let shuts =
        |task: &Task| matches!(task.operation, Operation::Freeze | Operation::Deactivate | Operation::Revoke { .. });
    person.create.is_none() && person.open().all(shuts)
}

/// Whether the change takes the org-wide lock on roles and group memberships.
pub(super) fn takes_lock(person: &Person) -> bool {
    let lock = |kind| matches!(kind, EntitlementKind::Role | EntitlementKind::PublicGroup | EntitlementKind::Queue);
    let created = person.create.iter().flat_map(|create| &create.entitlements).any(|given| lock(given.kind));
    let changed = |task: &Task| match &task.operation {
        Operation::Replace { kind, .. } => lock(*kind),
        Operation::Grant { entitlement, .. } | Operation::Revoke { entitlement } => lock(entitlement.kind),
        _ => false,
    };
    created || person.open().any(changed)
}
