//! Reading a system over HTTP.

use std::time::Duration;

use domain::SourceRole;
use policy::{Absence, DefinitionFile};
use ports::Class;
use serde_json::Value;
use sources::{HttpSource, Input, Mode, Outcome, Run, State, Step, Want};

use super::{End, Pull, PullError};
use crate::SyncError;

/// A wait up to this long is waited here; for a longer one the read is laid aside.
const SHORT_WAIT: Duration = Duration::from_secs(60);

impl Pull<'_> {
    pub(super) async fn system(&mut self, definition: &DefinitionFile) -> Result<End, SyncError> {
        let Input::Http(source) = self.input(definition)? else {
            let reason = format!("{} describes no system over HTTP", definition.path);
            return Err(PullError::Definition { source_name: self.name().clone(), reason }.into());
        };
        let gives = if source.gives_accounts() { SourceRole::Dependent } else { SourceRole::Authoritative };
        self.check_role(gives)?;
        let mut run = self.run_of(&source).await?;
        self.begun = run.begun();
        let absence = meaning(source.absence());
        loop {
            self.live().await?;
            match run.step(&self.sync.outside).await {
                Step::Going(records) => self.keep(records, absence).await?,
                Step::Wait(wait, fault) if wait > SHORT_WAIT => {
                    return self.aside(&run, wait, Some(fault.to_string())).await;
                }
                Step::Wait(wait, _) => self.sync.clock.sleep(wait).await,
                Step::Done(outcome) => return self.ended(*outcome, absence).await,
            }
            if self.is_late() {
                return self.aside(&run, Duration::ZERO, None).await;
            }
        }
    }

    /// The read that waits half done, if it can be gone on with, else a new one.
    async fn run_of(&mut self, source: &HttpSource) -> Result<Run, SyncError> {
        if let Some(saved) = self.state.saved.take() {
            let content = self.sync.reads.saved(self.name(), &saved).await?;
            match content.map(|content| source.resume(&content)) {
                Some(Ok(run)) => {
                    self.everything |= saved.everything;
                    return Ok(run);
                }
                Some(Err(error)) => tracing::warn!(event = "source.not_resumed", source = %self.name(), %error),
                None => tracing::warn!(event = "source.not_resumed", source = %self.name(), error = "it is not whole"),
            }
        }
        let state = self.state.place.clone().and_then(|place| serde_json::from_value::<State>(place).ok());
        let want = if self.everything { Want::Everything } else { Want::Changes };
        Ok(source.start(state, want, self.begun))
    }

    async fn aside(&mut self, run: &Run, after: Duration, fault: Option<String>) -> Result<End, SyncError> {
        let saved = self.sync.reads.save(self.name(), &self.run, self.everything, &run.save()).await?;
        self.report.requests = run.report().requests;
        Ok(End::Aside { saved, after, fault })
    }

    async fn ended(&mut self, outcome: Outcome, absence: Absence) -> Result<End, SyncError> {
        let Outcome { mode, end, state, report } = outcome;
        self.report.requests = report.requests;
        self.report.everything = mode == Mode::Full;
        let place = serde_json::to_value(state).ok();
        match end {
            sources::End::Complete { present } => {
                if let Some(present) = present {
                    let missing = self.missing(|record| present.contains(record)).await?;
                    self.settle(missing, absence).await?;
                }
                Ok(End::Complete { place })
            }
            sources::End::Incomplete(fault) => Ok(incomplete(fault.class(), &fault, place)),
        }
    }

    pub(super) fn check_role(&self, gives: SourceRole) -> Result<(), PullError> {
        let (role, gives) = match (self.source.role, gives) {
            (SourceRole::Authoritative, SourceRole::Dependent) => ("authoritative", "accounts"),
            (SourceRole::Dependent, SourceRole::Authoritative) => ("dependent", "persons"),
            _ => return Ok(()),
        };
        Err(PullError::Role { source_name: self.name().clone(), role, gives })
    }
}

pub(super) fn incomplete(class: Class, fault: &dyn std::fmt::Display, place: Option<Value>) -> End {
    End::Incomplete { class, fault: fault.to_string(), place }
}

fn meaning(absence: sources::Absence) -> Absence {
    match absence {
        sources::Absence::Leaver => Absence::Leaver,
        sources::Absence::Hold => Absence::Hold,
        sources::Absence::Ignore => Absence::Ignore,
    }
}
