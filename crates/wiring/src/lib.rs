//! From configuration to clients: what the functions and the pipeline in one process build alike.

use std::sync::Arc;

use policy::{Api, ApiBudget, Configuration};
use ports::{Clock, HttpTransport, Random, Secrets};
use salesforce::{Budget, Salesforce, Settings, WritePath};

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
