//! Sources that are read over HTTP. "A source is a file": what is asked, how it is signed, how pages follow one another
//! and how the rows of several streams become one person stands in a definition; nothing here knows a vendor.
//!
//! # How a caller drives a read
//! ```text
//! let source = HttpSource::parse(file, text)?;
//! let mut run = source.start(stored_state, Want::Changes, now);      // or source.resume(&saved)?
//! loop {
//!     match run.step(&ports).await {
//!         Step::Going(records) => store them (empty while reading),
//!         Step::Wait(time, why) => sleep, or save the run and go on later,
//!         Step::Done(outcome) => break,
//!     }
//!     if little time is left { store run.save(); return }            // the next invocation resumes it
//! }
//! match outcome.end {
//!     End::Complete { present } => what absence means, for stored records that present does not contain,
//!     End::Incomplete(fault) => report it; fault.class() says what next,
//! }
//! store outcome.state                                                // last, in both cases
//! ```
//! - **Nothing half.** Records come only after every stream was read to its proven end, so a read that fails midway has
//!   handed out nothing. The exception is a caller that stops storing midway: records are idempotent, it reads again.
//! - **State last.** `outcome.state` holds the place from which the next read asks for changes. Stored after the data,
//!   a crash in between only reads the same changes twice. After an incomplete read it asks for the same again.
//! - **Absence.** A complete read of everything hands out [`Present`]; a stored record that it does not contain is
//!   treated as [`HttpSource::absence`] says. Without `present` nothing is absent. [`Record::Removed`] is the source's
//!   own word and needs no proof; [`Record::LeftOut`] is treated as absent.
//! - **One at a time.** Two runs of one source at the same time would use up each other's refresh token and budget: hold
//!   a lock for the source. The lock must outlive an invocation while a saved run waits.
//! - **Fifteen minutes.** A step is one request with its tries, some 20 s of waiting at most between them, and no longer
//!   than `timeout` for each; save when less than that is left. A run older than six hours is not gone on with.
//! - **Secrets.** One secret per source, JSON, read through [`ports::Secrets`]. A refresh token that changes with each
//!   use is kept by [`TokenStore`].

pub(crate) mod assemble;
mod assertion;
mod auth;
mod call;
pub mod error;
pub mod look;
pub mod outside;
mod page;
mod paging;
pub(crate) mod path;
pub(crate) mod plan;
pub mod record;
pub mod run;
mod secret;
pub mod state;
mod table;
pub(crate) mod template;

use std::sync::Arc;

use ::ports::SecretName;
use jiff::Timestamp;

pub use error::{Fault, What};
pub use look::About;
pub use outside::{NoTokens, Ports, TokenStore};
pub use plan::Absence;
pub use record::{End, Mode, Outcome, Present, ReadReport, Record};
pub use run::{ResumeError, Run, Step};
pub use state::State;

use crate::definition::{Definition, Input, Problem};
use plan::{Delta, IncrementalKind, Plan};

const USER_AGENT: &str = concat!("salesforce-target-connector/", env!("CARGO_PKG_VERSION"));

/// A source that is read over HTTP. Cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpSource(Arc<Plan>);

/// What is wanted of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Changes, as far as the source can tell them; everything when it can't, when there was no read before, when the
    /// definition is another, or when it is time for everything again.
    Changes,
    /// Everything.
    Everything,
}

impl HttpSource {
    pub(crate) fn new(plan: Plan) -> Self {
        Self(Arc::new(plan))
    }

    /// Reads a definition. `file` only names it in problems.
    ///
    /// # Errors
    /// Everything that is wrong, by its place.
    pub fn parse(file: &str, yaml: &str) -> Result<Self, Vec<Problem>> {
        match Definition::parse(file, yaml)?.input {
            Input::Http(source) => Ok(source),
            Input::File { .. } => Err(vec![Problem {
                file: file.to_owned(),
                line: 1,
                column: 1,
                reason: "this definition reads a file, not a system over HTTP".to_owned(),
            }]),
        }
    }

    /// Begins a read; `state` is what the read before left.
    pub fn start(&self, state: Option<State>, want: Want, now: Timestamp) -> Run {
        let state = state.unwrap_or_default();
        let mode = self.mode(&state, want, now);
        Run::new(self.clone(), mode, state, now)
    }

    /// Goes on with a run that was saved.
    ///
    /// # Errors
    /// [`ResumeError`]; a new run can be begun.
    pub fn resume(&self, saved: &[u8]) -> Result<Run, ResumeError> {
        Run::resume(self.clone(), saved)
    }

    /// What it means when a record no longer comes in a complete read.
    pub fn absence(&self) -> Absence {
        self.0.absence
    }

    /// The name of the source's secret.
    pub fn secret(&self) -> &SecretName {
        &self.0.auth.secret
    }

    /// Whether its records are accounts of persons that another source decides on.
    pub fn gives_accounts(&self) -> bool {
        matches!(self.0.subject, plan::Subject::Account(_))
    }

    /// Whether it needs a [`TokenStore`] that keeps tokens.
    pub fn changes_tokens(&self) -> bool {
        matches!(self.0.auth.kind, plan::AuthKind::RefreshToken(_))
    }

    fn mode(&self, state: &State, want: Want, now: Timestamp) -> Mode {
        let Some(incremental) = &self.0.incremental else { return Mode::Full };
        let fresh = state.full_at.is_some_and(|full| now.duration_since(full).unsigned_abs() < incremental.full_every);
        let known = match incremental.kind {
            IncrementalKind::Delta(_) => state.link.is_some(),
            IncrementalKind::Since { .. } => state.read_at.is_some(),
        };
        let same = state.definition == self.0.fingerprint;
        if want == Want::Changes && fresh && known && same { Mode::Changes } else { Mode::Full }
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.0
    }

    pub(crate) fn delta(&self) -> Option<&Delta> {
        match &self.0.incremental.as_ref()?.kind {
            IncrementalKind::Delta(delta) => Some(delta),
            IncrementalKind::Since { .. } => None,
        }
    }

    fn delta_or_fault(&self) -> Result<&Delta, What> {
        self.delta().ok_or_else(|| What::Request("the source has no list of changes".to_owned()))
    }
}
