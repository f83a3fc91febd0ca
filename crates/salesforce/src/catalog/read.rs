//! The queries behind the catalog, all at once, and what their rows say.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Entitlement, EntitlementKind, EntitlementName, SalesforceId};

use super::{Catalog, Need, Seats};
use crate::Salesforce;
use crate::error::SalesforceError;
use crate::query::Row;

const PROFILES: &str = "SELECT Id, Name, UserLicenseId, UserLicense.Name, UserLicense.TotalLicenses, \
                        UserLicense.UsedLicenses, PermissionsModifyAllData, PermissionsManageUsers FROM Profile";
const ROLES: &str = "SELECT Id, DeveloperName FROM UserRole";
/// Each profile and each permission set group has a permission set of its own, which nobody may assign.
const PERMISSION_SETS: &str = "SELECT Id, Name, NamespacePrefix, LicenseId FROM PermissionSet \
                               WHERE IsOwnedByProfile = false AND PermissionSetGroupId = null";
const PERMISSION_SET_GROUPS: &str = "SELECT Id, DeveloperName, NamespacePrefix, Status FROM PermissionSetGroup";
const PERMISSION_SET_LICENSES: &str = "SELECT Id, DeveloperName, TotalLicenses, UsedLicenses FROM PermissionSetLicense";
const GROUPS: &str = "SELECT Id, DeveloperName, Type FROM Group WHERE Type IN ('Regular', 'Queue')";

impl Salesforce {
    pub(super) async fn read_catalog(&self, again: bool) -> Result<Catalog, SalesforceError> {
        let (profiles, roles, sets, set_groups, licences, groups, features) = futures::try_join!(
            self.query(PROFILES),
            self.query(ROLES),
            self.query(PERMISSION_SETS),
            self.query_if_there(PERMISSION_SET_GROUPS),
            self.query_if_there(PERMISSION_SET_LICENSES),
            self.query(GROUPS),
            self.features(again),
        )?;
        let mut catalog = Catalog { features: (*features).clone(), ..Catalog::default() };
        let user_licences = catalog.add_profiles(&profiles);
        for row in &roles {
            catalog.add(EntitlementKind::Role, row, row.text(&["DeveloperName"]).map(str::to_owned));
        }
        catalog.add_permission_set_licences(&licences);
        catalog.add_permission_sets(&sets, &user_licences);
        for row in &set_groups {
            let name = qualified_name(row, "DeveloperName");
            let name = catalog.add(EntitlementKind::PermissionSetGroup, row, name);
            // Updated, Outdated, Updating or Failed (Object Reference, PermissionSetGroup).
            if row.text(&["Status"]).is_some_and(|status| status != "Updated") {
                catalog.outdated.extend(name);
            }
        }
        for row in &groups {
            let queue = row.text(&["Type"]) == Some("Queue");
            let kind = if queue { EntitlementKind::Queue } else { EntitlementKind::PublicGroup };
            catalog.add(kind, row, row.text(&["DeveloperName"]).map(str::to_owned));
        }
        Ok(catalog)
    }

    pub(super) async fn read_features(&self) -> Result<BTreeSet<EntitlementName>, SalesforceError> {
        match self.user_description().await {
            Ok(description) => Ok(description.feature_licences()),
            // Then there is none that could be given; nothing else depends on it.
            Err(SalesforceError::Unusable(_)) => Ok(BTreeSet::new()),
            Err(error) => Err(error),
        }
    }
}

impl Catalog {
    /// Answers the names of the user licences by id.
    fn add_profiles(&mut self, rows: &[Row]) -> BTreeMap<SalesforceId, String> {
        let mut licences = BTreeMap::new();
        for row in rows {
            let Some(name) = self.add(EntitlementKind::Profile, row, row.text(&["Name"]).map(str::to_owned)) else {
                continue;
            };
            if row.is("PermissionsModifyAllData") || row.is("PermissionsManageUsers") {
                self.administrators.insert(name.clone());
            }
            let Some(licence) = row.text(&["UserLicense", "Name"]) else { continue };
            if let Some(seats) = seats(row, &["UserLicense"]) {
                self.seats.insert(licence.to_owned(), seats);
            }
            if let Some(id) = row.id("UserLicenseId") {
                licences.insert(id, licence.to_owned());
            }
            self.licences.insert(name, licence.to_owned());
        }
        licences
    }

    fn add_permission_set_licences(&mut self, rows: &[Row]) {
        for row in rows {
            let name = row.text(&["DeveloperName"]).map(str::to_owned);
            let name = self.add(EntitlementKind::PermissionSetLicense, row, name);
            if let (Some(name), Some(seats)) = (name, seats(row, &[])) {
                self.licence_seats.insert(name, seats);
            }
        }
    }

    /// After the licences: `LicenseId` names one of either kind.
    fn add_permission_sets(&mut self, rows: &[Row], user_licences: &BTreeMap<SalesforceId, String>) {
        for row in rows {
            let name = qualified_name(row, "Name");
            let (Some(name), Some(licence)) =
                (self.add(EntitlementKind::PermissionSet, row, name), row.id("LicenseId"))
            else {
                continue;
            };
            let need = match self.entitlements.get(&licence) {
                Some(licence) => Some(Need::PermissionSetLicense(licence.name.clone())),
                None => user_licences.get(&licence).cloned().map(Need::UserLicense),
            };
            if let Some(need) = need {
                self.needs.insert(name, need);
            }
        }
    }

    fn add(&mut self, kind: EntitlementKind, row: &Row, name: Option<String>) -> Option<EntitlementName> {
        let name = EntitlementName::parse(name?).ok()?;
        let entitlement = Entitlement::new(kind, name.clone());
        let id = row.id("Id")?;
        self.entitlements.insert(id.clone(), entitlement.clone());
        self.ids.insert(entitlement, id);
        Some(name)
    }
}

/// A name with its package's namespace, as configuration writes it.
pub(crate) fn qualified(namespace: Option<&str>, name: &str) -> String {
    namespace.map_or_else(|| name.to_owned(), |namespace| format!("{namespace}__{name}"))
}

fn qualified_name(row: &Row, column: &str) -> Option<String> {
    row.text(&[column]).map(|name| qualified(row.text(&["NamespacePrefix"]), name))
}

/// A negative total, which stands for no limit, is no number of seats.
fn seats(row: &Row, relation: &[&str]) -> Option<Seats> {
    let number = |column| row.number(&[relation, &[column]].concat());
    let total = u64::try_from(number("TotalLicenses")?).ok()?;
    Some(Seats { total, used: number("UsedLicenses").and_then(|used| u64::try_from(used).ok()).unwrap_or(0) })
}
