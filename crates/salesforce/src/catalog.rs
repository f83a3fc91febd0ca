//! What the org has to give: names to ids and back, seats of licences, and what a permission set needs. Read as a whole and
//! kept; read again, at most once in a while, when a name is not in it.

mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::{Entitlement, EntitlementKind, EntitlementName, SalesforceId};
use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::Salesforce;
use crate::error::SalesforceError;

pub(crate) use read::qualified;

/// Unknown names make the catalog be read again at most this often.
const REFRESH_GAP: Duration = Duration::from_secs(300);

/// Most names that an error suggests.
const SUGGESTIONS: usize = 3;

/// How many of a licence the org has, and how many are in use; more than it has when it is over-allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seats {
    /// Bought.
    pub total: u64,
    /// In use.
    pub used: u64,
}

impl Seats {
    /// How many are left.
    pub fn free(self) -> u64 {
        self.total.saturating_sub(self.used)
    }
}

/// The licence without which a permission set can't be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// The user's profile must be of this user licence.
    UserLicense(String),
    /// The user must have this permission set licence.
    PermissionSetLicense(EntitlementName),
}

/// What can be given in the org, as read at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    ids: BTreeMap<Entitlement, SalesforceId>,
    entitlements: BTreeMap<SalesforceId, Entitlement>,
    features: BTreeSet<EntitlementName>,
    /// By profile.
    licences: BTreeMap<EntitlementName, String>,
    /// Of user licences.
    seats: BTreeMap<String, Seats>,
    licence_seats: BTreeMap<EntitlementName, Seats>,
    needs: BTreeMap<EntitlementName, Need>,
    administrators: BTreeSet<EntitlementName>,
    outdated: BTreeSet<EntitlementName>,
}

impl Catalog {
    /// The id of a name. A feature licence has none: it is a field.
    ///
    /// # Errors
    /// [`SalesforceError::UnknownEntitlement`] with the closest names of the kind.
    pub fn id(&self, entitlement: &Entitlement) -> Result<&SalesforceId, SalesforceError> {
        self.ids.get(entitlement).ok_or_else(|| self.unknown(entitlement))
    }

    /// Whether the org has what the name says.
    ///
    /// # Errors
    /// [`SalesforceError::UnknownEntitlement`] with the closest names of the kind.
    pub fn check(&self, entitlement: &Entitlement) -> Result<(), SalesforceError> {
        if self.has(entitlement) { Ok(()) } else { Err(self.unknown(entitlement)) }
    }

    /// The name of an id; 15-character ids are the same as their long form.
    pub fn entitlement(&self, id: &SalesforceId) -> Option<&Entitlement> {
        self.entitlements.get(id)
    }

    /// All that can be given, by kind and name.
    pub fn entitlements(&self) -> impl Iterator<Item = Entitlement> + '_ {
        let features = self.features.iter().map(|name| Entitlement::new(EntitlementKind::FeatureLicense, name.clone()));
        self.ids.keys().cloned().chain(features)
    }

    /// The user licence that a profile needs.
    pub fn licence(&self, profile: &EntitlementName) -> Option<&str> {
        self.licences.get(profile).map(String::as_str)
    }

    /// The seats of a user licence, by its name; `None` where the org tells no number.
    pub fn user_licence_seats(&self, licence: &str) -> Option<Seats> {
        self.seats.get(licence).copied()
    }

    /// The seats behind an entitlement: of a profile, those of its user licence; of a permission set licence, its own.
    /// `None` for what takes no seat, and where the org tells no number.
    pub fn seats(&self, entitlement: &Entitlement) -> Option<Seats> {
        match entitlement.kind {
            EntitlementKind::Profile => self.user_licence_seats(self.licence(&entitlement.name)?),
            EntitlementKind::PermissionSetLicense => self.licence_seats.get(&entitlement.name).copied(),
            _ => None,
        }
    }

    /// The licence that a permission set needs, if any.
    pub fn need(&self, permission_set: &EntitlementName) -> Option<&Need> {
        self.needs.get(permission_set)
    }

    /// Whether a user with the profile has what the permission set needs, as far as user licences go.
    pub(crate) fn fits_profile(&self, permission_set: &EntitlementName, profile: Option<&EntitlementName>) -> bool {
        match self.need(permission_set) {
            None => true,
            Some(Need::UserLicense(licence)) => profile.and_then(|profile| self.licence(profile)) == Some(licence),
            Some(Need::PermissionSetLicense(_)) => false,
        }
    }

    /// Whether a profile makes an administrator: it can change all data, or users.
    pub fn makes_administrator(&self, profile: &EntitlementName) -> bool {
        self.administrators.contains(profile)
    }

    /// Whether a permission set group still waits for its recalculation; Salesforce may refuse to assign it.
    pub fn is_outdated(&self, group: &EntitlementName) -> bool {
        self.outdated.contains(group)
    }

    /// The feature licences that users can have here: fields of the User object.
    pub fn features(&self) -> &BTreeSet<EntitlementName> {
        &self.features
    }

    fn has(&self, entitlement: &Entitlement) -> bool {
        match entitlement.kind {
            EntitlementKind::FeatureLicense => self.features.contains(&entitlement.name),
            _ => self.ids.contains_key(entitlement),
        }
    }

    fn unknown(&self, entitlement: &Entitlement) -> SalesforceError {
        SalesforceError::UnknownEntitlement {
            kind: entitlement.kind,
            name: entitlement.name.clone(),
            similar: self.similar(entitlement),
        }
    }

    fn similar(&self, wanted: &Entitlement) -> Vec<String> {
        let lower = wanted.name.as_str().to_lowercase();
        let score = |known: Entitlement| {
            let score = strsim::jaro_winkler(&lower, &known.name.as_str().to_lowercase());
            (known.kind == wanted.kind && score > 0.7).then(|| (score, String::from(known.name)))
        };
        let mut scored: Vec<_> = self.entitlements().filter_map(score).collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        scored.into_iter().take(SUGGESTIONS).map(|(_, name)| name).collect()
    }
}

/// Keeps the catalog, and apart from it the feature licences, which look-ups need without the rest.
#[derive(Default)]
pub(crate) struct CatalogCache {
    whole: Mutex<Option<(Timestamp, Arc<Catalog>)>>,
    features: Mutex<Option<Arc<BTreeSet<EntitlementName>>>>,
}

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
        let mut kept = self.catalog.whole.lock().await;
        let now = self.api.clock.now();
        if let Some((read_at, catalog)) = kept.as_ref() {
            let fresh = now.duration_since(*read_at).unsigned_abs() < REFRESH_GAP;
            if fresh || names.iter().all(|name| catalog.has(name)) {
                return Ok(catalog.clone());
            }
        }
        let again = kept.is_some();
        let catalog = Arc::new(self.read_catalog(again).await?);
        tracing::info!(entitlements = catalog.ids.len(), "salesforce.catalog_read");
        *kept = Some((now, catalog.clone()));
        Ok(catalog)
    }

    /// The feature licences that users can have in the org. Each look-up reads these fields of a user, and no others, for
    /// one that an org lacks makes Salesforce refuse a whole query.
    pub(crate) async fn features(&self, again: bool) -> Result<Arc<BTreeSet<EntitlementName>>, SalesforceError> {
        let mut kept = self.catalog.features.lock().await;
        if let Some(features) = kept.as_ref().filter(|_| !again) {
            return Ok(features.clone());
        }
        let features = Arc::new(self.read_features().await?);
        *kept = Some(features.clone());
        Ok(features)
    }
}

#[cfg(test)]
mod tests;
