//! The agent at work: one round after the other, in time, each with what the directory's and the webhook's secrets hold
//! at that moment.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use active_directory::{Ask, Credentials, Definition, Mapping, Moment, Reader};
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
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let embedded = Embedded::open(folder.join("agent.redb"), clock.clone()).map_err(|error| match error {
            OpenError::InUse { .. } => anyhow::Error::new(error).context("another agent runs with this folder"),
            other => other.into(),
        })?;
        let mut worker = Self { definition, deliver, clock, zone, everything, store: Arc::new(embedded), state: None };
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
        let result = async {
            let credentials = self.credentials().await.map_err(active_directory::AdError::from)?;
            let mut reader = Reader::open(&self.definition, &credentials, ask, moment).await?;
            round.run(&mut reader).await
        };
        let fault = result.await.err();
        let mut report = round.report;
        report.end(fault.as_ref(), &state, self.clock.now());
        if fault.is_none() {
            self.state = Some(state);
        }
        Ok((report, fault))
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

#[cfg(test)]
mod tests {
    use super::super::testing::{World, bookmark, key};
    use super::*;
    use domain::{PersonId, RecordId};

    const DAY: Duration = Duration::from_secs(86_400);

    #[tokio::test]
    async fn everybody_is_read_first_in_time_and_when_it_is_wanted() {
        let world = World::of_accounts("");
        let mut state = world.state().await;
        let now = world.clock.now();
        assert!(matches!(ask(&state, DAY, now), Ask::Full(None)));
        state.progress.bookmark = Some(bookmark("1"));
        assert!(matches!(ask(&state, DAY, now), Ask::Full(Some(_))));
        state.progress.everything_at = Some(now);
        assert!(matches!(ask(&state, DAY, now), Ask::Changes(_)));
        assert!(matches!(ask(&state, DAY, now.saturating_add(DAY).unwrap()), Ask::Full(Some(_))));
        state.progress.want_everything = true;
        assert!(matches!(ask(&state, DAY, now), Ask::Full(Some(_))));
    }

    /// An agent of this world in a folder.
    async fn open(world: World, folder: &Path) -> anyhow::Result<Worker> {
        let World { definition, deliver, clock, .. } = world;
        Worker::open(definition, deliver, clock, TimeZone::UTC, DAY, folder).await
    }

    #[tokio::test]
    async fn another_webhook_gets_everybody_and_another_directory_another_folder() {
        let folder = tempfile::tempdir().unwrap();
        let mut worker = open(World::of_accounts(""), folder.path()).await.unwrap();
        let mut state = worker.state().await.unwrap();
        let (record, person) = (RecordId::parse("r").unwrap(), PersonId::parse("p").unwrap());
        state.book.sent(&record, key(1), &person, "digest");
        state.save().await.unwrap();
        drop((worker, state));

        let mut worker = open(World::of_accounts(""), folder.path()).await.unwrap();
        let state = worker.state().await.unwrap();
        assert!(state.book.is_sent(&record, &person, "digest") && !state.progress.want_everything);
        drop((worker, state));

        let mut world = World::of_accounts("");
        world.deliver.receiver = "https://other.example.com/webhook/entra".parse().unwrap();
        let mut worker = open(world, folder.path()).await.unwrap();
        let state = worker.state().await.unwrap();
        assert!(!state.book.is_sent(&record, &person, "digest") && state.progress.want_everything);
        // Who was sent before is still known, so that it can be told who is gone.
        assert!(state.book.get(&record).is_some());
        drop((worker, state));

        let error = open(World::of_persons(""), folder.path()).await.err().unwrap().to_string();
        assert!(error.contains("persons of dc=x") && error.contains("--data"), "{error}");
    }

    #[tokio::test]
    async fn a_key_that_is_missing_is_told_before_the_first_round() {
        let folder = tempfile::tempdir().unwrap();
        let worker = open(World::of_accounts(""), folder.path()).await.unwrap();
        // The tests' world has no account for the directory.
        let error = worker.check_secrets().await.unwrap_err().to_string();
        assert!(error.contains("ad"), "{error}");
    }
}
