//! Entries about users: made, switched on and off, frozen, and the fields whose changes are noted.

use super::{Entry, user_with_id};
use crate::org::schema::Object;
use crate::org::schema::features::FEATURES;
use crate::org::state::{Record, State};

pub(super) fn changed(state: &State, old: Option<&Record>, new: &Record) -> Vec<Entry> {
    let name = new.text("Name");
    let Some(old) = old else {
        return vec![Entry::users("createduser", format!("Created new user {name}"))];
    };
    let mut out = Vec::new();
    let mut note = |action: &str, display: String| out.push(Entry::users(action, display));
    let differs = |field: &str| old.get(field) != new.get(field);
    let user = user_with_id(state, &new.id);
    if differs("IsActive") {
        let (action, word) =
            if new.is("IsActive") { ("activateduser", "Activated") } else { ("deactivateduser", "Deactivated") };
        note(action, format!("{word} user {user}"));
    }
    if differs("ProfileId") {
        let profile = |of: &Record| name_of(state, of, "ProfileId", Object::Profile, "null");
        note(
            "changedprofileforuser",
            format!("Changed profile for user {name} from {} to {}", profile(old), profile(new)),
        );
    }
    if differs("UserRoleId") {
        let role = |of: &Record| name_of(state, of, "UserRoleId", Object::UserRole, "<None Specified>");
        let action = match (old.get("UserRoleId").is_null(), new.get("UserRoleId").is_null()) {
            (true, _) => "changedroleforuserfromnone",
            (_, true) => "changedroleforusertonone",
            _ => "changedroleforuser",
        };
        note(action, format!("Changed role for user {name} from {} to {}", role(old), role(new)));
    }
    for (field, action, what) in [
        ("ManagerId", "changedManager", "manager"),
        ("DelegatedApproverId", "changedDelegateApprover", "delegate approver"),
    ] {
        if differs(field) {
            // What stands for nobody is [?].
            let person = |of: &Record| name_of(state, of, field, Object::User, "null");
            note(action, format!("The {what} for user {user} changed from {} to {}", person(old), person(new)));
        }
    }
    for (field, action, what) in [
        ("Email", "changedemail", "email"),
        ("CommunityNickname", "changedcommunitynickname", "nickname"),
        ("FederationIdentifier", "changedfederationid", "federation id"),
    ] {
        if differs(field) {
            note(action, format!("Changed {what} for user {user} from {} to {}", value(old, field), value(new, field)));
        }
    }
    if differs("Username") {
        let (before, after) = (old.text("Username"), new.text("Username"));
        note("changedusername", format!("Changed username for {} from {before} to {after}", new.id.short()));
    }
    if differs("MobilePhone") {
        note(
            "changedUserPhoneNumber",
            format!(
                "For user {}, the mobile phone number was changed from {} to {}",
                new.text("Username"),
                value(old, "MobilePhone"),
                value(new, "MobilePhone")
            ),
        );
    }
    for feature in FEATURES.iter().filter(|feature| old.is(feature.field) != new.is(feature.field)) {
        let (way, words) =
            if new.is(feature.field) { ("offon", "from off to on") } else { ("onoff", "from on to off") };
        note(&format!("changed{}{way}", feature.action), format!("For user {name}, changed {} {words}", feature.label));
    }
    out
}

pub(super) fn frozen(state: &State, old: &Record, new: &Record) -> Option<Entry> {
    if old.is("IsFrozen") == new.is("IsFrozen") {
        return None;
    }
    let name = name_of(state, new, "UserId", Object::User, "");
    let (action, word) = if new.is("IsFrozen") { ("frozeuser", "Froze") } else { ("unfrozeuser", "Unfroze") };
    Some(Entry::users(action, format!("{word} user account for {name}")))
}

fn name_of<'a>(state: &'a State, record: &Record, field: &str, object: Object, none: &'a str) -> &'a str {
    match record.id_in(field) {
        Some(id) => state.get(object, id).map_or("", |found| found.text("Name")),
        None => none,
    }
}

fn value<'a>(record: &'a Record, field: &str) -> &'a str {
    record.get(field).as_text().unwrap_or("null")
}
