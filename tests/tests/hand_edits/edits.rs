//! Somebody with a mouse: one edit at a time, chosen by a seed, and what reconcile must say of it.

use std::collections::BTreeSet;

use ports::Random as _;
use ports::random::SeededRandom;
use salesforce_simulator::{ADMINISTRATOR_USERNAME, Object, Org};

/// An entitlement: its kind and its name.
pub(crate) type Given = (&'static str, String);

/// Who does it.
pub(crate) const WHO: &str = ADMINISTRATOR_USERNAME;

/// An edit, as reconcile should report it.
#[derive(Debug)]
pub(crate) struct Edit {
    pub(crate) kind: &'static str,
    pub(crate) what: String,
}

/// The one who edits.
pub(crate) struct Vandal(SeededRandom);

/// What nobody's rules give.
const EXTRA: [(&str, Object, &str); 7] = [
    ("permissionSet", Object::PermissionSet, "Mobile_User"),
    ("permissionSet", Object::PermissionSet, "quoting__Quote_Approver"),
    ("permissionSetGroup", Object::PermissionSetGroup, "quoting__Quote_Desk"),
    ("permissionSetLicense", Object::PermissionSetLicense, "SalesConsoleUser"),
    ("publicGroup", Object::Group, "Managers"),
    ("queue", Object::Group, "Orders_Queue"),
    ("featureLicense", Object::User, "UserPermissionsMarketingUser"),
];

fn object(kind: &str) -> Object {
    match kind {
        "permissionSet" => Object::PermissionSet,
        "permissionSetGroup" => Object::PermissionSetGroup,
        "permissionSetLicense" => Object::PermissionSetLicense,
        _ => Object::Group,
    }
}

impl Vandal {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SeededRandom::new(seed))
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.0.next_u64() % limit as u64).unwrap_or_default()
    }

    /// Makes an edit, or leaves the user alone. `theirs` is what was given by hand and is still there.
    pub(crate) fn edit(
        &mut self,
        org: &mut Org,
        username: &str,
        ours: &BTreeSet<Given>,
        theirs: &mut BTreeSet<Given>,
    ) -> Option<Edit> {
        let choice = self.below(10);
        let mut admin = org.admin();
        match choice {
            0 | 1 => None,
            2 => {
                admin.set(username, "Department", "By hand").expect("editable");
                Some(Edit { kind: "fields", what: "Department".to_owned() })
            }
            3..=5 => {
                let taken: Vec<_> = ours.iter().collect();
                let (kind, name) = taken[self.below(taken.len())].clone();
                if kind == "featureLicense" {
                    admin.set_feature(username, &name, false).expect("editable");
                } else {
                    admin.unassign(username, object(kind), &name).expect("there");
                }
                Some(Edit { kind: "entitlementsRemoved", what: format!("{kind}:{name}") })
            }
            _ => {
                let (kind, object, name) = EXTRA[self.below(EXTRA.len())];
                if !theirs.insert((kind, name.to_owned())) {
                    return None;
                }
                if kind == "featureLicense" {
                    admin.set_feature(username, name, true).expect("editable");
                } else {
                    admin.assign(username, object, name).expect("assignable");
                }
                Some(Edit { kind: "entitlementsAdded", what: format!("{kind}:{name}") })
            }
        }
    }
}
