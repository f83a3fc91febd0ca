//! `connector sign`: the headers that make a file a signed webhook, for curl.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use ports::{Clock as _, Secrets as _, SystemClock, SystemRandom};
use serde::Serialize;
use storage::secrets_file::SecretsFile;

use crate::arguments::ConfigurationArguments;
use crate::configuration::{source, webhook_secret};
use crate::exit::Ending;
use crate::output::{Output, Report};
use crate::{example, sign};

/// Sign a webhook's body and print its headers.
///
/// Made for curl, which reads headers from stdin:
///
///   connector sign --source hr --secrets secrets.yaml person.json |
///     curl -i -H @- --data-binary @person.json http://127.0.0.1:8080/webhook/hr
///
/// A signature holds for 5 minutes. It is one of Standard Webhooks: for sources
/// with another preset their own system signs.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Sign {
    /// The source that sends it.
    #[arg(long, value_name = "NAME")]
    source: String,
    /// File with the secrets.
    #[arg(long, value_name = "FILE")]
    secrets: PathBuf,
    #[command(flatten)]
    configuration: ConfigurationArguments,
    /// The body.
    #[arg(value_name = "FILE")]
    body: PathBuf,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Headers(std::collections::BTreeMap<&'static str, String>);

impl Report for Headers {
    fn human(&self) -> String {
        self.0.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n")
    }
}

impl Sign {
    pub(crate) async fn run(&self, output: &Output) -> anyhow::Result<Ending> {
        let configuration = match &self.configuration.config {
            Some(_) => self.configuration.load(false)?,
            None => example::configuration()?,
        };
        let source = source(&configuration, &self.source, |source| webhook_secret(source).is_some())?;
        let secret = webhook_secret(source).context("the source is no webhook")?;
        let secrets = Arc::new(SecretsFile::open(&self.secrets)?);
        let key = sign::key_of(&secrets.read(&secret).await?)?;
        let body = std::fs::read(&self.body).with_context(|| format!("{} can't be read", self.body.display()))?;
        let headers = sign::headers(&key, &sign::new_id(&SystemRandom), SystemClock.now(), &body)?;
        output.show(&Headers(headers.into_iter().collect()))?;
        Ok(Ending::Done)
    }
}
