//! The set-up audit trail: one entry for each change of the set-up, whichever way it came. Actions, sections and texts follow
//! a public list of entries seen in orgs [src list] unless marked [?].
//!
//! What that list has no action for (title, department …) leaves no entry.

mod assignments;
mod users;

use super::ids::Id;
use super::journal::Actor;
use super::schema::Object;
use super::state::{Record, State};
use super::world::World;

/// One entry before it is written.
struct Entry {
    action: String,
    section: &'static str,
    display: String,
}

impl Entry {
    fn new(action: impl Into<String>, section: &'static str, display: String) -> Self {
        Self { action: action.into(), section, display }
    }

    /// Most stand in this section.
    fn users(action: impl Into<String>, display: String) -> Self {
        Self::new(action, "Manage Users", display)
    }
}

/// Notes what became of a record: nothing before it was made, nothing after it was deleted.
pub(super) fn note(world: &mut World, actor: &Actor, old: Option<&Record>, new: Option<&Record>) {
    for entry in entries(&world.state, old, new) {
        let id = world.state.next_id(Object::SetupAuditTrail);
        let mut record = Record::new(Object::SetupAuditTrail, id);
        record.set("Action", entry.action);
        record.set("Section", entry.section);
        record.set("Display", entry.display);
        record.set("CreatedDate", world.now);
        record.set("CreatedById", &actor.user);
        world.state.put(record);
    }
}

fn entries(state: &State, old: Option<&Record>, new: Option<&Record>) -> Vec<Entry> {
    let Some(record) = new.or(old) else { return Vec::new() };
    match (record.object, old, new) {
        (Object::User, old, Some(new)) => users::changed(state, old, new),
        (Object::UserLogin, Some(old), Some(new)) => users::frozen(state, old, new).into_iter().collect(),
        (Object::PermissionSetAssignment, old, new) => {
            assignments::permission_set(state, old, new).into_iter().collect()
        }
        (Object::PermissionSetLicenseAssign, ..) => vec![assignments::licence(state, record, new.is_some())],
        (Object::GroupMember, ..) => assignments::membership(state, record).into_iter().collect(),
        (_, None, Some(new)) => things(new, true).into_iter().collect(),
        (_, Some(old), None) => things(old, false).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Things that are made and deleted. Queues' deletion and texts [?].
fn things(record: &Record, made: bool) -> Option<Entry> {
    let word = if made { "Created" } else { "Deleted" };
    let low = if made { "created" } else { "deleted" };
    Some(match (record.object, record.text("Type")) {
        (Object::UserRole, _) if made => {
            Entry::users("createdrole", format!("Created new role {}", record.text("Name")))
        }
        (Object::UserRole, _) => Entry::users("deletedrole", format!("Deleted role {}", record.text("Name"))),
        (Object::Group, "Regular") => {
            Entry::new(format!("{low}group"), "Groups", format!("{word} Public Group {}", record.text("Name")))
        }
        (Object::Group, "Queue") => {
            Entry::new(format!("{low}queue"), "Data Management", format!("{word} queue {}", record.text("Name")))
        }
        (Object::PermissionSet, "Regular") if made => Entry::users(
            "PermSetCreateNoLicense",
            format!("Created permission set {}: with no license", record.text("Label")),
        ),
        (Object::PermissionSet, "Regular") => {
            Entry::users("PermSetDelete", format!("Deleted permission set {}", record.text("Label")))
        }
        (Object::PermissionSetGroup, _) => Entry::new(
            if made { "PermissionSetGroupCreate" } else { "PermissionSetGroupDelete" },
            "Permission Set Group",
            format!("{word} permission set group {}", record.text("DeveloperName")),
        ),
        _ => return None,
    })
}

/// `Darth Vader (UserID: [0052A00000EsOI0])`
fn user_with_id(state: &State, id: &Id) -> String {
    let name = state.get(Object::User, id).map_or("", |user| user.text("Name"));
    format!("{name} (UserID: [{}])", id.short())
}
