//! `connector agent`: reads an Active Directory from beside it and delivers what changed to the connector's webhook, so
//! that nothing outside needs a way to a domain controller.

mod absence;
mod address;
mod answer;
mod book;
mod deliver;
mod outgoing;
mod period;
mod report;
mod round;
mod state;
#[cfg(test)]
mod testing;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use active_directory::Definition;
use anyhow::{Context as _, anyhow};
use clap::Args;
use domain::SecretName;
use http_client::NetworkTransport;
use jiff::tz::TimeZone;
use ports::{Clock, SystemClock, SystemRandom};
use storage::secrets_file::SecretsFile;

use self::address::Receiver;
use self::deliver::Deliver;
use self::worker::Worker;
use super::stop;
use crate::exit::{Ending, wrong_use};
use crate::output::Output;

/// How long the webhook may take to store a body.
const TIMEOUT: Duration = Duration::from_secs(90);
/// How long a round in hand may take after the stop. What it did not do is done at the next start.
const GRACE: Duration = Duration::from_secs(20);

/// Read an Active Directory beside it, and deliver what changed to the connector's webhook, until Ctrl-C.
///
///   connector agent --definition ad.yaml --to https://HOST/webhook/ad --secrets FILE --data DIR
///
/// The agent connects out only: to the domain controllers, over LDAP with TLS,
/// and to the webhook, over https; nothing connects to it. Events are signed
/// (Standard Webhooks 1.0). The secrets are the reading account's, by its name
/// in the definition, and the webhook's key:
///
///   active-directory: { bindDn: …, password: … }
///   ad-webhook: { key: whsec_… }
///
/// Who was sent and has not changed is not sent again. Who was deleted is told
/// as gone; what absence means stands in the definition. More than 20 users and
/// 5 % of all absent in one read are told by --confirm-absent only.
///
/// With --once: exit code 1 when the round fails, 3 when users are refused, or
/// absent and waiting. See docs/ACTIVE-DIRECTORY.md.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Agent {
    /// File with the definition of the directory.
    #[arg(long, value_name = "FILE")]
    definition: PathBuf,
    /// Address of the webhook: https, or http on this machine. It ends with the source's name in connector.yaml.
    #[arg(long, value_name = "URL")]
    to: Receiver,
    /// File with the secrets, which only its owner can read (chmod 600).
    #[arg(long, value_name = "FILE")]
    secrets: PathBuf,
    /// Name of the secret with the webhook's key. Without it the last part of the address and "-webhook", as in
    /// ad-webhook.
    #[arg(long, value_name = "NAME")]
    key_secret: Option<SecretName>,
    /// Folder for what the agent remembers. One agent, one folder.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Read what changed this often, as 30s, 5m or 1h.
    #[arg(long, value_name = "PERIOD", default_value = "5m", value_parser = period::parse)]
    every: Duration,
    /// Read everybody this often.
    #[arg(long, value_name = "PERIOD", default_value = "1d", value_parser = period::parse)]
    everything: Duration,
    /// Time zone in which an account's last day is counted, the organisation's in connector.yaml. Without it that of
    /// this machine.
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    time_zone: Option<TimeZone>,
    /// Do one round, report and end.
    #[arg(long)]
    once: bool,
    /// Read everybody now.
    #[arg(long)]
    full: bool,
    /// Read everybody now, and send also who has not changed: when the connector has lost its data.
    #[arg(long)]
    again: bool,
    /// Read everybody now, and tell whoever is absent as gone, however many, and also where the definition says hold.
    #[arg(long, requires = "once")]
    confirm_absent: bool,
}

impl Agent {
    /// Whether it goes on until it is stopped.
    pub(crate) fn goes_on(&self) -> bool {
        !self.once
    }

    pub(crate) async fn run(&self, output: &Output) -> anyhow::Result<Ending> {
        let mut worker = self.worker().await?;
        worker.check_secrets().await?;
        if self.full || self.again || self.confirm_absent {
            worker.want_everything(self.again).await?;
        }
        if self.once {
            let (report, _) = worker.round(self.confirm_absent).await?;
            output.show(&report)?;
            return Ok(report.ending());
        }
        output.say(&format!("Delivering to {}. Stop with Ctrl-C.", self.to))?;
        let stop = stop::Stop::install()?;
        tokio::select! {
            ended = worker.go_on(self.every, stop.first()) => ended?,
            () = at_once(&stop) => tracing::warn!(event = "agent.stopped_unfinished"),
        }
        output.say("Stopped.")?;
        Ok(Ending::Done)
    }

    async fn worker(&self) -> anyhow::Result<Worker> {
        let path = self.definition.display();
        let text = std::fs::read_to_string(&self.definition).with_context(|| format!("{path} can't be read"))?;
        let definition = Definition::parse(&path.to_string(), &text).map_err(|problems| {
            let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
            anyhow!("the definition can't be used:\n{}", problems.join("\n"))
        })?;
        let key = self.key_secret.clone().or_else(|| self.to.usual_secret());
        let key = key.ok_or_else(|| wrong_use("name the secret with the webhook's key: --key-secret NAME"))?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let deliver = Deliver {
            transport: Arc::new(NetworkTransport::new(TIMEOUT)?),
            secrets: Arc::new(SecretsFile::open(&self.secrets)?),
            clock: clock.clone(),
            random: Arc::new(SystemRandom),
            receiver: self.to.clone(),
            key,
        };
        let zone = self.time_zone.clone().unwrap_or_else(TimeZone::system);
        Worker::open(definition, deliver, clock, zone, self.everything, &self.secrets, &self.data).await
    }
}

/// Returns when the round in hand gets no more time.
async fn at_once(stop: &stop::Stop) {
    stop.first().await;
    tokio::select! {
        () = stop.second() => {}
        () = tokio::time::sleep(GRACE) => {}
    }
}

fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| "a time zone is needed, as Europe/Amsterdam".to_owned())
}
