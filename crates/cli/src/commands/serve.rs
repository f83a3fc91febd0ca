//! `connector serve`: the whole pipeline in one process until it is stopped.

mod http;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use local::{Pipeline, Schedule};
use policy::Configuration;
use serde::Serialize;
use tokio::net::TcpListener;

use super::stop;
use crate::arguments::{ConfigurationArguments, DataArguments, OrgArguments};
use crate::configuration::webhooks;
use crate::exit::{Ending, wrong_use};
use crate::output::{Output, Report};
use crate::pipeline::{Assembled, assemble};
use crate::sign;

/// How long the batches in hand may take after the stop. What is not finished then is picked up at the next start.
const GRACE: Duration = Duration::from_secs(20);

/// Run the whole connector in this process: webhooks, schedules, mapping and writing, until Ctrl-C.
///
/// To try it without Salesforce:
///
///   connector serve --simulated-org
///
/// It prints a curl command that works. For a real org:
///
///   connector serve --config DIR --secrets FILE
///
/// It speaks plain http and so listens on loopback addresses only; put a proxy
/// with TLS before it. GET /health tells how it does. After Ctrl-C or SIGTERM
/// it finishes the batches in hand; a second Ctrl-C stops at once. A kill at
/// any moment loses nothing: the next start picks everything up.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Serve {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    #[command(flatten)]
    configuration: ConfigurationArguments,
    #[command(flatten)]
    org: OrgArguments,
    #[command(flatten)]
    store: DataArguments,
}

impl Serve {
    pub(crate) async fn run(&self, output: &Output) -> anyhow::Result<Ending> {
        if !self.listen.ip().is_loopback() {
            return Err(wrong_use(format!(
                "--listen {}: plain http is for loopback addresses only; listen on 127.0.0.1 and put a proxy with TLS \
                 before it",
                self.listen
            )));
        }
        let configuration = self.configuration.load(self.org.simulated_org)?;
        // Before anything else is opened: an address in use should change nothing.
        let listener = TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("{} can't be listened on; name another address with --listen", self.listen))?;
        let assembled = assemble(&self.store, &self.org, &configuration)?;
        assembled.opened.resume(&assembled.pipeline).await?;
        output.show(&self.started(listener.local_addr()?, &configuration, &assembled).await?)?;
        let pipeline = Arc::new(assembled.pipeline);
        run(listener, &pipeline).await?;
        output.say("Stopped.")?;
        Ok(Ending::Done)
    }

    async fn started(
        &self,
        address: SocketAddr,
        configuration: &Configuration,
        assembled: &Assembled,
    ) -> anyhow::Result<Started> {
        let mut hooks = Vec::new();
        for (source, secret) in webhooks(configuration) {
            let key = assembled.secrets.read(&secret).await.map_err(anyhow::Error::from);
            let (key, problem) = match key.and_then(|key| sign::key_of(&key)) {
                Ok(key) => (Some(key), None),
                Err(error) => (None, Some(format!("{error:#}"))),
            };
            hooks.push(Hook {
                url: format!("http://{address}/webhook/{source}"),
                source: source.to_string(),
                // The keys of a user's own file stay where they are.
                throw_away_key: key.filter(|_| self.org.secrets.is_none()),
                problem,
            });
        }
        let simulated = self.org.simulated_org;
        let example = if simulated { Some(example_person(&self.store.data)?) } else { None };
        let curl = self.curl(&hooks, assembled.secrets_file.as_deref(), example.as_deref());
        let org = if simulated { "a simulated one, kept in the data folder" } else { "the one that the secret names" };
        Ok(Started { listening: address, health: format!("http://{address}/health"), org, webhooks: hooks, curl })
    }

    /// A command that sends a signed webhook to this server.
    fn curl(&self, hooks: &[Hook], secrets: Option<&Path>, body: Option<&Path>) -> Option<String> {
        let hook = hooks.iter().find(|hook| hook.problem.is_none())?;
        let program = std::env::current_exe().ok();
        let program = program.as_deref().map_or("connector".into(), Path::to_string_lossy);
        let config = match &self.configuration.config {
            Some(dir) => format!(" --config {}", quoted(&dir.to_string_lossy())),
            None => String::new(),
        };
        let body = body.map_or("person.json".into(), Path::to_string_lossy);
        let (program, body, secrets) = (quoted(&program), quoted(&body), quoted(&secrets?.to_string_lossy()));
        Some(format!(
            "{program} sign --source {}{config} --secrets {secrets} {body} |\n  curl -i -H @- --data-binary @{body} {}",
            hook.source, hook.url
        ))
    }
}

/// Serves until a signal comes; then the pipeline finishes what it has in hand, but not for ever.
async fn run(listener: TcpListener, pipeline: &Arc<Pipeline>) -> anyhow::Result<()> {
    let stop = stop::Stop::install()?;
    let server = http::serve(listener, pipeline.clone(), stop.first());
    let work = pipeline.serve(Schedule::default(), stop.first());
    let both = async {
        let (served, ()) = tokio::join!(server, work);
        served
    };
    let too_long = async {
        stop.first().await;
        tokio::select! {
            () = stop.second() => tracing::warn!(event = "serve.stopped_at_once"),
            () = tokio::time::sleep(GRACE) => tracing::warn!(event = "serve.stopped_unfinished"),
        }
    };
    tokio::select! {
        served = both => served.context("the web server failed"),
        () = too_long => Ok(()),
    }
}

/// A body to send, for those who try the simulated org.
fn example_person(data: &Path) -> anyhow::Result<std::path::PathBuf> {
    let path = data.join("person.json");
    if !path.exists() {
        std::fs::write(&path, EXAMPLE).with_context(|| format!("{} can't be written", path.display()))?;
    }
    Ok(path)
}

const EXAMPLE: &str = include_str!("../../../../tests/events/person-upserted.json");

/// For a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:=+,%@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    listening: SocketAddr,
    health: String,
    org: &'static str,
    webhooks: Vec<Hook>,
    #[serde(skip_serializing_if = "Option::is_none")]
    curl: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Hook {
    source: String,
    url: String,
    /// The key, where this command made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    throw_away_key: Option<String>,
    /// Why it can't verify anything yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl Report for Started {
    fn human(&self) -> String {
        let mut lines = vec![format!("Listening on http://{} (health: {})", self.listening, self.health)];
        lines.push(format!("Org: {}", self.org));
        for hook in &self.webhooks {
            let key = hook.throw_away_key.as_ref().map(|key| format!("\n  throw-away key {key}")).unwrap_or_default();
            let problem = hook.problem.as_ref().map(|problem| format!("\n  CLOSED: {problem}")).unwrap_or_default();
            lines.push(format!("Webhook of source {}: POST {}{key}{problem}", hook.source, hook.url));
        }
        if let Some(curl) = &self.curl {
            lines.push(format!("Try it from another terminal:\n\n{curl}\n"));
        }
        lines.push("Stop with Ctrl-C.".to_owned());
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn paths_are_quoted_for_the_shell() {
        assert_eq!(super::quoted("/tmp/a-b.json"), "/tmp/a-b.json");
        assert_eq!(super::quoted("/tmp/a b's"), r"'/tmp/a b'\''s'");
        assert_eq!(super::quoted(""), "''");
    }
}
