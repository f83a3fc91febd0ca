//! The Salesforce client: log-in, look-up, catalog and two write paths, over any [`ports::HttpTransport`]: SCIM, with
//! standard REST for what SCIM can't do, and the connector's own Apex REST service. What to write is decided elsewhere;
//! here it is carried out, in as few calls as possible, and every answer is told apart by what the caller may do next.

mod apex;
mod api;
mod budget;
mod catalog;
mod collections;
mod credentials;
mod description;
mod directory;
mod encode;
mod error;
mod identity;
mod limits;
mod logins;
mod oauth;
mod query;
mod scim;
mod soql;
mod survey;
mod usage;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use ports::{Clock, HttpTransport, Random, SecretName, Secrets};

pub use crate::apex::ApexService;
pub use crate::budget::{Budget, Pace, Priority};
pub use crate::catalog::{Catalog, Need, Seats};
pub use crate::credentials::Credentials;
pub use crate::description::{FieldDescription, FieldFault, Picklist, UserDescription};
pub use crate::directory::{Candidate, Wanted};
pub use crate::error::{Refusal, SalesforceError, Taken};
pub use crate::identity::OwnPermissions;
pub use crate::limits::{Allowance, Limits};
pub use crate::survey::{SetUpChange, SetUpTrail, Surveyed};
pub use crate::usage::{ApiUsage, CallKind};
pub use crate::write::{Done, Work};

use crate::apex::CallSize;
use crate::api::Api;
use crate::catalog::CatalogCache;
use crate::logins::Logins;
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
    /// How many users are written at the same time, at least 1.
    pub concurrent_writes: usize,
    /// By which of Salesforce's interfaces users are read and written.
    pub path: WritePath,
    /// Whether Salesforce mails new active users; heeded by the Apex path only, for SCIM has no say in it.
    pub welcome_mail: bool,
}

/// By which of Salesforce's interfaces users are read and written. What comes of it is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WritePath {
    /// SCIM 2.0, with standard REST for what SCIM can't do: nothing to install, a call for each user.
    Scim,
    /// The Apex REST service that the package in `infra/salesforce` installs: many persons in each call.
    Apex,
}

/// A client of one org. Cheap to share behind an [`Arc`]; what it learns (session, catalog, the org's SCIM dialect) is
/// shared by all callers.
pub struct Salesforce {
    api: Api,
    version: String,
    concurrent_writes: usize,
    budget: Budget,
    path: WritePath,
    welcome_mail: bool,
    catalog: CatalogCache,
    logins: Logins,
    scim: ScimKnowledge,
    accounts_per_call: CallSize,
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
            budget: Budget::default(),
            path: settings.path,
            welcome_mail: settings.welcome_mail,
            catalog: CatalogCache::default(),
            logins: Logins::default(),
            scim: ScimKnowledge::default(),
            accounts_per_call: CallSize::default(),
            role_turn: tokio::sync::Mutex::default(),
        }
    }

    /// Logs in and, for the SCIM path, reads the catalog, for the time before the first event.
    ///
    /// # Errors
    /// Those of the log-in and of the queries.
    pub async fn connect(&self) -> Result<(), SalesforceError> {
        match self.path {
            WritePath::Scim => self.catalog().await.map(drop),
            WritePath::Apex => self.api.sessions.session().await.map(drop),
        }
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
