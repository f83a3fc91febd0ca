//! Who made a change by hand, as far as Salesforce tells: the set-up audit trail names what it did to which user in
//! words; of fields, only the last one who changed the record is known. Pure.

use domain::{DriftKind, SalesforceUserId};

/// One entry of the trail, as far as it is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailEntry {
    /// User name of who did it.
    pub by: String,
    /// What was done, in Salesforce's words.
    pub display: String,
}

/// The user to whom something was done. The trail names it by id, by user name or, in older kinds of entries, by its
/// full name alone.
#[derive(Clone, Copy, Debug)]
pub struct Whose<'a> {
    /// Its id.
    pub user: &'a SalesforceUserId,
    /// Its user name.
    pub username: &'a str,
    /// Its full name.
    pub name: &'a str,
}

impl Whose<'_> {
    fn is_in(&self, display: &str) -> bool {
        // The id as Setup shows it: its first 15 characters, in their case.
        let by_id = self.user.as_str().get(..15).is_some_and(|id| display.contains(id));
        let has_id = display.contains("UserID");
        by_id || contains(display, self.username) || (!has_id && contains(display, self.name))
    }
}

/// Who did it. `trail` is sorted, the newest first; `what` is a field or an entitlement.
pub fn who(
    kind: DriftKind,
    whose: &Whose<'_>,
    what: &str,
    trail: &[TrailEntry],
    last_modified_by: Option<&str>,
) -> Option<String> {
    let about = |entry: &&TrailEntry| whose.is_in(&entry.display);
    match kind {
        DriftKind::Fields | DriftKind::Renamed => last_modified_by.map(str::to_owned),
        DriftKind::Shut | DriftKind::Opened => {
            let words = ["frozen", "froze", "activated", "freeze"];
            let access = |entry: &&TrailEntry| words.iter().any(|word| contains(&entry.display, word));
            let found = trail.iter().filter(about).find(access);
            found.map(|entry| entry.by.clone()).or_else(|| last_modified_by.map(str::to_owned))
        }
        DriftKind::EntitlementsRemoved | DriftKind::EntitlementsAdded => {
            let (given, name) = what.split_once(':').unwrap_or((what, what));
            // A label has no namespace.
            let name = name.split_once("__").map_or(name, |(_, name)| name);
            if matches!(given, "publicGroup" | "queue") {
                return who_changed_members(name, trail);
            }
            // These are fields of the user's record.
            let of_record = matches!(given, "profile" | "role" | "featureLicense");
            let told = trail.iter().filter(about).find(|entry| contains(&entry.display, name));
            let told = told.map(|entry| entry.by.clone());
            told.or_else(|| last_modified_by.filter(|_| of_record).map(str::to_owned))
        }
    }
}

/// Of memberships the trail tells the group, not the member: who did it is known when only one person changed them.
fn who_changed_members(group: &str, trail: &[TrailEntry]) -> Option<String> {
    let about = |entry: &&TrailEntry| contains(&entry.display, "membership") && contains(&entry.display, group);
    let mut people: Vec<_> = trail.iter().filter(about).map(|entry| &entry.by).collect();
    people.dedup();
    match people.as_slice() {
        [one] => Some((*one).clone()),
        _ => None,
    }
}

/// Salesforce shows labels where the connector has names: blanks where these have underscores.
fn contains(display: &str, part: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().replace('_', " ");
    !part.is_empty() && plain(display).contains(&plain(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_entry_about_user_and_entitlement_tells() {
        let entry = |by: &str, display: &str| TrailEntry { by: by.to_owned(), display: display.to_owned() };
        let trail = [
            entry("g@x", "Permission set Sales Cloud User: assigned to user Jan Berg (UserID: [00500000000000B])"),
            entry("b@x", "Permission set Sales Cloud User: assigned to user Jan Berg (UserID: [00500000000000A])"),
            entry("a@x", "Permission set Sales Cloud User: assigned to user jan@x"),
            entry("c@x", "Permission set Other: assigned to user jan@x"),
            entry("h@x", "Froze user Jan Berg"),
            entry("e@x", "Changed membership of Group All Staff"),
            entry("e@x", "Changed membership of Queue Orders"),
            entry("f@x", "Changed membership of Queue Orders"),
        ];
        let user = SalesforceUserId::parse("00500000000000A").unwrap();
        let whose = Whose { user: &user, username: "jan@x", name: "Jan Berg" };
        let who = |kind, what| who(kind, &whose, what, &trail, Some("d@x"));
        assert_eq!(who(DriftKind::EntitlementsAdded, "permissionSet:Sales_Cloud_User").as_deref(), Some("b@x"));
        assert_eq!(who(DriftKind::EntitlementsAdded, "permissionSet:Unseen"), None);
        assert_eq!(who(DriftKind::EntitlementsAdded, "featureLicense:Unseen").as_deref(), Some("d@x"));
        assert_eq!(who(DriftKind::EntitlementsAdded, "publicGroup:All_Staff").as_deref(), Some("e@x"));
        assert_eq!(who(DriftKind::EntitlementsRemoved, "queue:Orders"), None, "one of two");
        assert_eq!(who(DriftKind::Fields, "Title").as_deref(), Some("d@x"));
        assert_eq!(who(DriftKind::Shut, "IsFrozen").as_deref(), Some("h@x"));
    }
}
