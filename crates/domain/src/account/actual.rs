//! A user as the org shows it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::{Entitlement, EntitlementKind, EntitlementName, SalesforceId, SalesforceUserId, UserField, UserLink};

/// A user as the org shows it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActualUser {
    /// Its id.
    pub id: SalesforceUserId,
    /// `IsActive`.
    pub active: bool,
    /// `IsFrozen` of its UserLogin.
    pub frozen: bool,
    /// The fields under management that hold a value.
    pub fields: BTreeMap<UserField, String>,
    /// The profile.
    pub profile: Option<EntitlementName>,
    /// The role.
    pub role: Option<EntitlementName>,
    /// Other users that it names.
    pub links: BTreeMap<UserLink, SalesforceUserId>,
    /// Everything that a record of its own assigns: permission sets and their groups and licences, groups, queues.
    pub assignments: Vec<Assignment>,
    /// Feature licences: fields of the User record.
    pub features: BTreeSet<EntitlementName>,
}

/// One thing that a user has by a record of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// What.
    pub entitlement: Entitlement,
    /// The id of the record that assigns it.
    pub id: SalesforceId,
    /// Its last day, where it ends by itself.
    pub expires: Option<Date>,
}

impl ActualUser {
    /// A user without anything.
    pub fn bare(id: SalesforceUserId, active: bool) -> Self {
        Self {
            id,
            active,
            frozen: false,
            fields: BTreeMap::new(),
            profile: None,
            role: None,
            links: BTreeMap::new(),
            assignments: Vec::new(),
            features: BTreeSet::new(),
        }
    }

    /// Whether somebody can use it.
    pub fn is_usable(&self) -> bool {
        self.active && !self.frozen
    }

    /// All entitlements of kinds of which a user can have several.
    pub fn several(&self) -> BTreeSet<Entitlement> {
        let features = self.features.iter().map(|name| Entitlement::new(EntitlementKind::FeatureLicense, name.clone()));
        self.assignments.iter().map(|assignment| assignment.entitlement.clone()).chain(features).collect()
    }

    /// The assignment of an entitlement.
    pub fn assignment(&self, entitlement: &Entitlement) -> Option<&Assignment> {
        self.assignments.iter().find(|assignment| assignment.entitlement == *entitlement)
    }

    /// The field's value; `None` when it is empty.
    pub fn field(&self, field: UserField) -> Option<&str> {
        self.fields.get(&field).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether the user has the entitlement.
    pub fn has(&self, entitlement: &Entitlement) -> bool {
        match entitlement.kind {
            EntitlementKind::Profile => self.profile.as_ref() == Some(&entitlement.name),
            EntitlementKind::Role => self.role.as_ref() == Some(&entitlement.name),
            EntitlementKind::FeatureLicense => self.features.contains(&entitlement.name),
            _ => self.assignment(entitlement).is_some(),
        }
    }
}
