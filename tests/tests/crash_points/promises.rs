//! The promises of the design, checked on a world that has come to rest.

use std::collections::BTreeSet;

use domain::audit::{Outcome, verify_chain};
use domain::{AuditRecord, Entitlement, EntitlementKind, Operation, UserField};
use integration_tests::world::{World, person_id};
use ports::{Queue as _, QueueName};
use records::AuditLog;
use salesforce_simulator::{Api, Change, JournalEntry, UserView, Value};

/// What the person's account must be.
pub(crate) struct Expected {
    pub(crate) active: bool,
    pub(crate) role: Option<&'static str>,
    pub(crate) permission_sets: Vec<&'static str>,
}

/// Checks promises 1 to 4 and 6.
pub(crate) async fn check(world: &World, id: &str, expected: &Expected, when: &str) {
    let users = world.org.org().users_with("FederationIdentifier", id);
    let [user] = users.as_slice() else { panic!("{} users {when}", users.len()) };
    let record = world.pipeline.writer.accounts.load(&[person_id(id)]).await.expect("readable").remove(0).value;
    let linked = record.correlation.as_ref().map(|correlation| correlation.user.as_str().to_owned());
    assert_eq!(linked.as_deref(), Some(user.id.as_str()), "linked to its one user {when}");

    assert_eq!(user.active, expected.active, "active {when}");
    if expected.active {
        assert_eq!(user.role.as_deref(), expected.role, "role {when}");
        assert_eq!(user.groups, BTreeSet::from(["All_Staff".to_owned()]), "groups {when}");
    } else {
        assert!(user.groups.is_empty(), "groups {when}: {:?}", user.groups);
    }
    let mut sets: BTreeSet<_> = expected.permission_sets.iter().map(|set| (*set).to_owned()).collect();
    sets.extend(user.permission_sets.contains("Knowledge_Reader").then(|| "Knowledge_Reader".to_owned()));
    assert_eq!(user.permission_sets, sets, "permission sets {when}");
    let by_hand = world
        .org
        .org()
        .journal()
        .iter()
        .any(|entry| entry.by.api == Api::Admin && entry.object == "PermissionSetAssignment");
    assert_eq!(user.permission_sets.contains("Knowledge_Reader"), by_hand, "what somebody else gave {when}");

    assert!(record.pending.is_none() && record.parked.is_none() && record.lease.is_none(), "{record:?} {when}");
    for queue in QueueName::ALL {
        assert_eq!(world.embedded.depth(queue).await.expect("readable").dead, 0, "dead letters of {queue:?} {when}");
    }

    let log = AuditLog::new(world.embedded.clone()).of(&person_id(id)).await.expect("readable");
    verify_chain(&log, record.audit.as_ref()).unwrap_or_else(|error| panic!("{error} {when}"));
    every_mutation_is_explained(world, user, &log, when);
}

/// Promise 6: whatever changed in the org by API stands in the log as done.
fn every_mutation_is_explained(world: &World, user: &UserView, log: &[AuditRecord], when: &str) {
    let org = world.org.org();
    let done: Vec<_> = log
        .iter()
        .flat_map(|record| record.entries.iter())
        .filter(|entry| entry.outcome == Outcome::Done)
        .map(|entry| &entry.operation)
        .collect();
    let mutations =
        org.journal().iter().filter(|entry| entry.by.api != Api::Admin && entry.user.as_ref() == Some(&user.id));
    for mutation in mutations {
        let explained = if (mutation.object, mutation.change) == ("User", Change::Updated) {
            mutation.fields.keys().all(|field| done.iter().any(|operation| explains_field(operation, field)))
        } else {
            done.iter().any(|operation| explains(&org, operation, mutation))
        };
        assert!(explained, "{mutation:?} is not in the log {when}: {done:#?}");
    }
}

fn explains(org: &salesforce_simulator::Org, operation: &Operation, mutation: &JournalEntry) -> bool {
    let assigned = |kind, field: &str, object| {
        let change = mutation.fields.get(field)?;
        let id = [&change.before, &change.after].into_iter().find_map(Value::as_text)?.to_owned();
        let name = NAMED.iter().find(|name| org.id_of(object, name).is_some_and(|known| known.as_str() == id))?;
        format!("{}:{name}", EntitlementKind::as_str(kind)).parse::<Entitlement>().ok()
    };
    let entitlement = match mutation.object {
        "PermissionSetAssignment" => {
            assigned(EntitlementKind::PermissionSet, "PermissionSetId", salesforce_simulator::Object::PermissionSet)
        }
        "GroupMember" => assigned(EntitlementKind::PublicGroup, "GroupId", salesforce_simulator::Object::Group),
        _ => None,
    };
    match (operation, mutation.object, mutation.change) {
        (Operation::Create { .. }, "User" | "UserLogin", _) => true,
        (Operation::Create { entitlements, .. }, _, Change::Created) => {
            entitlement.is_some_and(|e| entitlements.contains(&e))
        }
        (Operation::Freeze | Operation::Unfreeze, "UserLogin", Change::Updated) => true,
        (Operation::Grant { entitlement: given, .. }, _, Change::Created) => entitlement.as_ref() == Some(given),
        (Operation::Revoke { entitlement: taken }, _, Change::Deleted) => entitlement.as_ref() == Some(taken),
        _ => false,
    }
}

const NAMED: [&str; 6] =
    ["Sales_Cloud_User", "Service_Cloud_User", "Report_Builder", "Knowledge_Reader", "All_Staff", "Sales_NL"];

fn explains_field(operation: &Operation, field: &str) -> bool {
    match operation {
        Operation::SetField { field: set, .. } => {
            set.api_name() == field || UserField::from_api_name(field).is_none() && field == "Name"
        }
        // The role of a new user is set after it is made, so that the lock on all roles is taken once for many.
        Operation::Create { entitlements, .. } => {
            field == "UserRoleId" && entitlements.iter().any(|given| given.kind == EntitlementKind::Role)
        }
        Operation::SetLink { link, .. } => link.api_name() == field,
        Operation::Replace { kind: EntitlementKind::Role, .. } => field == "UserRoleId",
        Operation::Replace { .. } => field == "ProfileId",
        Operation::Activate | Operation::Deactivate => field == "IsActive",
        _ => false,
    }
}
