//! The agent at work: one round after the other, in time, each with what the directory's and the webhook's secrets hold
//! at that moment.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use active_directory::{AdError, Ask, Credentials, Definition, Mapping, Moment, Reader};
use anyhow::{Context as _, bail};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ports::{Clock, Store};
use storage::Embedded;
use storage::embedded::OpenError;

use super::deliver::Deliver;
use super::period;
use super::report::Report;
use super::round::{Fault, Round};
use super::state::State;
use crate::sign;

/// Everything that rounds need.
pub(super) struct Worker {
    pub(super) definition: Definition,
    pub(super) deliver: Deliver,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) zone: TimeZone,
    /// Between two reads of everybody.
    pub(super) everything: Duration,
    /// Saving it says that the log-in may be tried again.
    secrets_file: PathBuf,
    store: Arc<dyn Store>,
    /// As it is stored; `None` after a round that failed.
    state: Option<State>,
}

impl Worker {
    /// An agent with its folder. What the folder holds must be about the same directory; for another webhook everybody
    /// is sent once more.
    ///
    /// # Errors
    /// When the folder can't be used, or is another agent's.
    pub(super) async fn open(
        definition: Definition,
        deliver: Deliver,
        clock: Arc<dyn Clock>,
        zone: TimeZone,
        everything: Duration,
        secrets_file: &Path,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let embedded = Embedded::open(folder.join("agent.redb"), clock.clone()).map_err(|error| match error {
            OpenError::InUse { .. } => anyhow::Error::new(error).context("another agent runs with this folder"),
            other => other.into(),
        })?;
        let mut worker = Self {
            definition,
            deliver,
            clock,
            zone,
            everything,
            secrets_file: secrets_file.to_owned(),
            store: Arc::new(embedded),
            state: None,
        };
        let mut state = worker.state().await?;
        let (directory, receiver) = (directory(&worker.definition), worker.deliver.receiver.to_string());
        if let Some(before) = state.progress.directory.as_ref().filter(|before| **before != directory) {
            bail!(
                "{} holds what an agent for {before} knows; this one is for {directory}: give it a folder of its own \
                   with --data",
                folder.display()
            );
        }
        if state.progress.receiver.as_ref().is_some_and(|before| *before != receiver) {
            tracing::warn!(event = "agent.other_receiver");
            state.book.send_again();
            state.progress.want_everything = true;
        }
        (state.progress.directory, state.progress.receiver) = (Some(directory), Some(receiver));
        state.save().await?;
        state.save_progress().await?;
        worker.state = Some(state);
        Ok(worker)
    }

    /// Says what is wrong with the secrets before the first round does.
    ///
    /// # Errors
    /// The secret, and what is wrong with it.
    pub(super) async fn check_secrets(&self) -> anyhow::Result<()> {
        self.credentials().await?;
        let (secret, key) = (&self.deliver.secrets, &self.deliver.key);
        let hint = || format!("the webhook's key, secret {key} (--key-secret names another)");
        sign::key_of(&secret.read(key).await.with_context(hint)?).with_context(hint).map(drop)
    }

    /// Has everybody read next, and with `again` everybody sent, also those whom the receiver has.
    ///
    /// # Errors
    /// When the folder fails.
    pub(super) async fn want_everything(&mut self, again: bool) -> anyhow::Result<()> {
        let mut state = self.state().await?;
        state.progress.want_everything = true;
        if again {
            state.book.send_again();
        }
        state.save().await?;
        state.save_progress().await?;
        self.state = Some(state);
        Ok(())
    }

    /// One round. Every failure is told in its report, and beside it for who waits.
    ///
    /// # Errors
    /// When the folder can't even be read.
    pub(super) async fn round(&mut self, confirmed: bool) -> anyhow::Result<(Report, Option<Fault>)> {
        let mut state = self.state().await?;
        let begun = self.clock.now();
        let mut round = Round::new(&self.definition, &self.deliver, &mut state, &*self.clock, confirmed);
        let ask = ask(round.state, self.everything, begun);
        let moment = Moment { now: begun, zone: self.zone.clone() };
        let left_alone = self.left_alone(round.state.progress.login_refused_at, begun);
        let result = async {
            if let Some(left) = left_alone {
                return Err(Fault::LeftAlone(left));
            }
            let credentials = self.credentials().await.map_err(AdError::from)?;
            let mut reader = Reader::open(&self.definition, &credentials, ask, moment).await?;
            round.run(&mut reader).await
        };
        let fault = result.await.err();
        let mut report = round.report;
        report.end(fault.as_ref(), &state, self.clock.now());
        match &fault {
            None => self.state = Some(state),
            Some(Fault::Directory(AdError::LoginRefused { .. })) => self.remember_refusal().await?,
            Some(_) => {}
        }
        Ok((report, fault))
    }

    /// How long the log-in is not tried again. The file counts too: whoever has saved it wants to see it tried.
    fn left_alone(&self, refused_at: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
        let refused_at = refused_at?;
        let saved = std::fs::metadata(&self.secrets_file).and_then(|file| file.modified()).ok();
        let saved = saved.and_then(|saved| Timestamp::try_from(saved).ok());
        if saved.is_some_and(|saved| saved > refused_at) {
            return None;
        }
        let over = refused_at.saturating_add(period::LONG).unwrap_or(refused_at);
        Duration::try_from(over.duration_since(now)).ok().filter(|left| !left.is_zero() && *left <= period::LONG)
    }

    /// Remembers that the log-in was refused, also for a process that is started anew every few minutes.
    async fn remember_refusal(&mut self) -> anyhow::Result<()> {
        let mut state = self.state().await?;
        state.progress.login_refused_at = Some(self.clock.now());
        state.save_progress().await?;
        self.state = Some(state);
        Ok(())
    }

    /// Rounds until the stop; the one in hand is finished.
    ///
    /// # Errors
    /// When the folder can't be read.
    pub(super) async fn go_on(
        &mut self,
        every: Duration,
        stop: impl Future<Output = ()> + Clone,
    ) -> anyhow::Result<()> {
        let mut failures = 0;
        loop {
            let (report, fault) = self.round(false).await?;
            report.log();
            let wait = match &fault {
                None => every,
                Some(fault) => period::after_failure(every, failures + 1, fault.class()),
            };
            failures = if fault.is_some() { failures + 1 } else { 0 };
            if let Some(fault) = fault {
                let (to_do, wait_s) = (fault.to_do().unwrap_or_default(), wait.as_secs());
                tracing::error!(event = "agent.failed", error = %fault, to_do, wait_s);
            }
            tokio::select! {
                () = stop.clone() => return Ok(()),
                () = self.clock.sleep(wait) => {}
            }
        }
    }

    async fn state(&mut self) -> anyhow::Result<State> {
        match self.state.take() {
            Some(state) => Ok(state),
            None => State::load(self.store.clone()).await.context("the agent's folder can't be read"),
        }
    }

    async fn credentials(&self) -> Result<Credentials, ports::SecretError> {
        let name = &self.definition.secret;
        Credentials::parse(name, &self.deliver.secrets.read(name).await?)
    }
}

/// What the next read is asked for.
fn ask(state: &State, everything: Duration, now: Timestamp) -> Ask {
    let progress = &state.progress;
    let due = progress.everything_at.is_none_or(|last| last.saturating_add(everything).is_ok_and(|due| due <= now));
    match progress.bookmark.clone() {
        Some(bookmark) if !due && !progress.want_everything => Ask::Changes(bookmark),
        bookmark => Ask::Full(bookmark),
    }
}

/// Which directory it is, and what it decides, in words: `accounts of dc=corp,dc=example,dc=com`.
fn directory(definition: &Definition) -> String {
    let what = if matches!(definition.mapping, Mapping::Account) { "accounts" } else { "persons" };
    let base = definition.bases.first().map(|base| base.to_lowercase()).unwrap_or_default();
    let domain: Vec<&str> = base.split(',').map(str::trim).filter(|part| part.starts_with("dc=")).collect();
    format!("{what} of {}", domain.join(","))
}
