//! Loading the configuration that a command works with, and what commands ask of it.

use std::path::Path;
use std::sync::Arc;

use anyhow::anyhow;
use domain::SourceName;
use policy::{Configuration, SourceConfig};
use ports::SecretName;

use crate::arguments::ConfigurationArguments;
use crate::example;
use crate::exit::wrong_use;

impl ConfigurationArguments {
    /// The configuration of the folder; without one, the built-in example where `example_will_do`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn load(&self, example_will_do: bool) -> anyhow::Result<Arc<Configuration>> {
        match &self.config {
            Some(dir) => load(dir),
            None if example_will_do => example::configuration(),
            None => Err(wrong_use("name the folder of the configuration with --config DIR")),
        }
    }
}

fn load(dir: &Path) -> anyhow::Result<Arc<Configuration>> {
    let configuration = policy::load(dir).map_err(|problems| {
        let dir = dir.display();
        anyhow!("the configuration in {dir} can't be used (`connector check --config {dir}` tells all):\n{problems}")
    })?;
    Ok(Arc::new(configuration))
}

/// The source with that name.
///
/// # Errors
/// Wrong use, which lists the sources that there are.
pub(crate) fn source<'c>(
    configuration: &'c Configuration,
    name: &str,
    fits: impl Fn(&SourceConfig) -> bool,
) -> anyhow::Result<&'c SourceConfig> {
    let found = configuration.sources.iter().find(|source| source.name.as_str() == name && fits(source));
    found.ok_or_else(|| {
        let names: Vec<_> =
            configuration.sources.iter().filter(|source| fits(source)).map(|source| source.name.as_str()).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        wrong_use(format!("--source {name}: the configuration has no such source for this command (it has: {names})"))
    })
}

/// The webhooks and the secrets with their keys.
pub(crate) fn webhooks(configuration: &Configuration) -> impl Iterator<Item = (&SourceName, SecretName)> {
    configuration.sources.iter().filter_map(|source| Some((&source.name, webhook_secret(source)?)))
}

/// The secret with a webhook's keys.
pub(crate) fn webhook_secret(source: &SourceConfig) -> Option<SecretName> {
    source.webhook.as_ref().map(|webhook| webhook.secret.clone())
}
