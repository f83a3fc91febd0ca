//! The org's profiles, roles, permission sets and public groups: names to ids and back. Read as a whole and kept; read
//! again, at most once in a while, when a name is not in it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{Entitlement, EntitlementKind, EntitlementName, SalesforceId};
use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::Salesforce;
use crate::error::SalesforceError;
use crate::query::Row;

/// Unknown names make the catalog be read again at most this often.
const REFRESH_GAP: Duration = Duration::from_secs(300);

/// Most names that an error suggests.
const SUGGESTIONS: usize = 3;

/// What can be given in the org, as read at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    ids: BTreeMap<Entitlement, SalesforceId>,
    entitlements: BTreeMap<SalesforceId, Entitlement>,
    licences: BTreeMap<EntitlementName, String>,
}

impl Catalog {
    /// The id of a name.
    ///
    /// # Errors
    /// [`SalesforceError::UnknownEntitlement`] with the closest names of the kind.
    pub fn id(&self, entitlement: &Entitlement) -> Result<&SalesforceId, SalesforceError> {
        self.ids.get(entitlement).ok_or_else(|| SalesforceError::UnknownEntitlement {
            kind: entitlement.kind,
            name: entitlement.name.clone(),
            similar: self.similar(entitlement),
        })
    }

    /// The name of an id; 15-character ids are the same as their long form.
    pub fn entitlement(&self, id: &SalesforceId) -> Option<&Entitlement> {
        self.entitlements.get(id)
    }

    /// The user licence that a profile needs.
    pub fn licence(&self, profile: &EntitlementName) -> Option<&str> {
        self.licences.get(profile).map(String::as_str)
    }

    /// All that can be given, by kind and name.
    pub fn entitlements(&self) -> impl Iterator<Item = &Entitlement> {
        self.ids.keys()
    }

    fn insert(&mut self, kind: EntitlementKind, row: &Row, name: Option<String>) -> Option<EntitlementName> {
        let name = EntitlementName::parse(name?).ok()?;
        let entitlement = Entitlement::new(kind, name.clone());
        let id = row.id("Id")?;
        self.entitlements.insert(id.clone(), entitlement.clone());
        self.ids.insert(entitlement, id);
        Some(name)
    }

    fn similar(&self, wanted: &Entitlement) -> Vec<String> {
        let lower = wanted.name.as_str().to_lowercase();
        let names = self.ids.keys().filter(|known| known.kind == wanted.kind).map(|known| known.name.as_str());
        let mut scored: Vec<_> =
            names.map(|name| (strsim::jaro_winkler(&lower, &name.to_lowercase()), name.to_owned())).collect();
        scored.retain(|(score, _)| *score > 0.7);
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        scored.into_iter().take(SUGGESTIONS).map(|(_, name)| name).collect()
    }
}

/// A permission set's name with its package's namespace, as configuration writes it.
pub(crate) fn qualified(namespace: Option<&str>, name: &str) -> String {
    namespace.map_or_else(|| name.to_owned(), |namespace| format!("{namespace}__{name}"))
}

/// Keeps the catalog.
#[derive(Default)]
pub(crate) struct CatalogCache(Mutex<Option<(Timestamp, Arc<Catalog>)>>);

impl Salesforce {
    /// The catalog as it is kept; read when there is none yet.
    ///
    /// # Errors
    /// Those of the queries.
    pub async fn catalog(&self) -> Result<Arc<Catalog>, SalesforceError> {
        self.catalog_with(std::iter::empty()).await
    }

    /// The catalog, read again first when one of the names is not in it and it was not read just now. It may still not
    /// have them all.
    ///
    /// # Errors
    /// Those of the queries.
    pub async fn catalog_with(
        &self,
        names: impl IntoIterator<Item = &Entitlement> + Send,
    ) -> Result<Arc<Catalog>, SalesforceError> {
        let names: Vec<&Entitlement> = names.into_iter().collect();
        let mut kept = self.catalog.0.lock().await;
        let now = self.api.clock.now();
        if let Some((read_at, catalog)) = kept.as_ref() {
            let fresh = now.duration_since(*read_at).unsigned_abs() < REFRESH_GAP;
            if fresh || names.iter().all(|name| catalog.ids.contains_key(*name)) {
                return Ok(catalog.clone());
            }
        }
        let catalog = Arc::new(self.read_catalog().await?);
        tracing::info!(entitlements = catalog.ids.len(), "salesforce.catalog_read");
        *kept = Some((now, catalog.clone()));
        Ok(catalog)
    }

    async fn read_catalog(&self) -> Result<Catalog, SalesforceError> {
        let mut catalog = Catalog::default();
        for row in self.query("SELECT Id, Name, UserLicense.Name FROM Profile").await? {
            let name = catalog.insert(EntitlementKind::Profile, &row, row.text(&["Name"]).map(str::to_owned));
            if let (Some(name), Some(licence)) = (name, row.text(&["UserLicense", "Name"])) {
                catalog.licences.insert(name, licence.to_owned());
            }
        }
        for row in self.query("SELECT Id, DeveloperName FROM UserRole").await? {
            catalog.insert(EntitlementKind::Role, &row, row.text(&["DeveloperName"]).map(str::to_owned));
        }
        // Each profile and each permission set group has a permission set of its own, which nobody may assign.
        let assignable = "SELECT Id, Name, NamespacePrefix FROM PermissionSet \
                          WHERE IsOwnedByProfile = false AND PermissionSetGroupId = null";
        for row in self.query(assignable).await? {
            let name = row.text(&["Name"]).map(|name| qualified(row.text(&["NamespacePrefix"]), name));
            catalog.insert(EntitlementKind::PermissionSet, &row, name);
        }
        for row in self.query("SELECT Id, DeveloperName FROM Group WHERE Type = 'Regular'").await? {
            catalog.insert(EntitlementKind::PublicGroup, &row, row.text(&["DeveloperName"]).map(str::to_owned));
        }
        Ok(catalog)
    }
}

#[cfg(test)]
mod tests;
