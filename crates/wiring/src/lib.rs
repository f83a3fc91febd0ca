//! From configuration to clients: what the functions and the pipeline in one process build alike.

mod tokens;

use std::sync::Arc;

use policy::{Api, ApiBudget, Configuration};
use ports::{Clock, HttpTransport, Random, Secrets, Store};
use records::WriteBacks;
use salesforce::{Budget, Salesforce, Settings, WritePath};

pub use tokens::SealedTokens;

/// What is remembered of the systems that are written back to.
pub fn write_backs(configuration: &Configuration, store: &Arc<dyn Store>) -> Vec<WriteBacks> {
    let of = |system: &policy::write_back::WriteBack| WriteBacks::new(store.clone(), system.name.clone());
    configuration.write_backs.iter().map(of).collect()
}

/// What reading sources needs from outside.
pub fn sources(
    store: Arc<dyn Store>,
    transport: Arc<dyn HttpTransport>,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> sources::Ports {
    let tokens = Arc::new(SealedTokens::new(store, secrets.clone()));
    sources::Ports { transport, secrets, tokens, clock, random }
}

/// A client of the configured org.
pub fn salesforce(
    configuration: &Configuration,
    transport: Arc<dyn HttpTransport>,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> Salesforce {
    let configured = &configuration.salesforce;
    let settings = Settings {
        secret: configured.secret.clone(),
        api_version: configured.api_version.clone(),
        concurrent_writes: usize::from(configured.concurrent_writes),
        path: match configured.api {
            Api::Apex => WritePath::Apex,
            _ => WritePath::Scim,
        },
        welcome_mail: configured.welcome_mail,
    };
    let ApiBudget { bulk_until, reserve } = configured.api_budget;
    Salesforce::new(settings, transport, secrets, clock, random).with_budget(Budget { bulk_until, reserve })
}
