//! The Salesforce client: log-in, look-up, catalog and the SCIM write path, over any [`ports::HttpTransport`]. Standard
//! REST does what SCIM can't. What to write is decided elsewhere; here it is carried out, in as few calls as possible,
//! and every answer is told apart by what the caller may do next.

mod api;
mod catalog;
mod collections;
mod credentials;
mod directory;
mod encode;
mod error;
mod oauth;
mod query;
mod scim;
mod soql;
mod usage;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use ports::{Clock, HttpTransport, Random, SecretName, Secrets};

pub use crate::catalog::Catalog;
pub use crate::credentials::Credentials;
pub use crate::directory::{Candidate, Wanted};
pub use crate::error::{Refusal, SalesforceError, Taken};
pub use crate::usage::{ApiUsage, CallKind};
pub use crate::write::{Done, Work};

use crate::api::Api;
use crate::catalog::CatalogCache;
use crate::oauth::Sessions;
use crate::scim::ScimKnowledge;
use crate::usage::Meter;

/// Which org, and how to treat it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The secret with the log-in.
    pub secret: SecretName,
    /// The REST API's version, as `v66.0`. One is pinned, so that Salesforce's next release changes nothing.
    pub api_version: String,
    /// How many users are written at the same time, at least 1. Writes that carry a role go one at a time all the same.
    pub concurrent_writes: usize,
}

/// A client of one org. Cheap to share behind an [`Arc`]; what it learns (session, catalog, the org's SCIM dialect) is
/// shared by all callers.
pub struct Salesforce {
    api: Api,
    version: String,
    concurrent_writes: usize,
    catalog: CatalogCache,
    scim: ScimKnowledge,
    /// Writes of roles and groups take an org-wide lock; waiting here is better than failing there.
    role_turn: tokio::sync::Mutex<()>,
}

impl Salesforce {
    /// A client that has not called anybody yet.
    pub fn new(
        settings: Settings,
        transport: Arc<dyn HttpTransport>,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        let meter = Arc::new(Meter::default());
        let sessions = Sessions::new(settings.secret, secrets, transport.clone(), clock.clone(), meter.clone());
        let version = settings.api_version.trim();
        let version = if version.starts_with('v') { version.to_owned() } else { format!("v{version}") };
        Self {
            api: Api { transport, sessions, clock, random, meter },
            version,
            concurrent_writes: settings.concurrent_writes.max(1),
            catalog: CatalogCache::default(),
            scim: ScimKnowledge::default(),
            role_turn: tokio::sync::Mutex::default(),
        }
    }

    /// Logs in and reads the catalog, for the time before the first event.
    ///
    /// # Errors
    /// Those of the log-in and of the queries.
    pub async fn connect(&self) -> Result<(), SalesforceError> {
        self.catalog().await.map(drop)
    }

    /// The org's count of calls, as its last answer with one told.
    pub fn usage(&self) -> Option<ApiUsage> {
        self.api.meter.usage()
    }

    /// Calls made by this client, by kind.
    pub fn calls(&self) -> BTreeMap<CallKind, u64> {
        self.api.meter.calls()
    }
}

#[cfg(test)]
mod testing;
