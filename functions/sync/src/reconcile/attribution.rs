//! Who made a change by hand, as far as Salesforce tells: the set-up audit trail names what it did to which user in
//! words; of fields, only the last one who changed the record is known. Pure.

use domain::DriftKind;

/// One entry of the trail, as far as it is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailEntry {
    /// User name of who did it.
    pub by: String,
    /// What was done, in Salesforce's words.
    pub display: String,
}

/// Who did it. `trail` is sorted, the newest first; `what` is a field or an entitlement.
pub fn who(
    kind: DriftKind,
    username: &str,
    what: &str,
    trail: &[TrailEntry],
    last_modified_by: Option<&str>,
) -> Option<String> {
    let about = |entry: &&TrailEntry| contains(&entry.display, username);
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
            // These are fields of the user's record.
            let of_record = matches!(given, "profile" | "role" | "featureLicense");
            let told = trail.iter().filter(about).find(|entry| contains(&entry.display, name));
            let told = told.map(|entry| entry.by.clone());
            told.or_else(|| last_modified_by.filter(|_| of_record).map(str::to_owned))
        }
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
            entry("b@x", "Permission set Sales Cloud User: assigned to user Jan Berg (UserID: jan@x)"),
            entry("a@x", "Permission set Sales Cloud User: assigned to user jan@x"),
            entry("c@x", "Permission set Other: assigned to user jan@x"),
        ];
        let who = |kind, name| who(kind, "jan@x", name, &trail, Some("d@x"));
        assert_eq!(who(DriftKind::EntitlementsAdded, "permissionSet:Sales_Cloud_User").as_deref(), Some("b@x"));
        assert_eq!(who(DriftKind::EntitlementsAdded, "permissionSet:Unseen"), None);
        assert_eq!(who(DriftKind::EntitlementsAdded, "featureLicense:Unseen").as_deref(), Some("d@x"));
        assert_eq!(who(DriftKind::Fields, "Title").as_deref(), Some("d@x"));
        assert_eq!(who(DriftKind::Shut, "IsFrozen").as_deref(), Some("d@x"));
    }
}
