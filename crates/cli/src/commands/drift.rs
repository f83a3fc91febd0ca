//! `connector drift`: what the last comparison with the org found, or a new comparison.

use std::sync::Arc;

use clap::Args;
use ports::SystemClock;
use records::{Action, Finding, Findings, ReconcileRun};
use serde::Serialize;
use sync::Task;

use crate::arguments::{ConfigurationArguments, OrgArguments, StoreArguments};
use crate::exit::{Ending, wrong_use};
use crate::output::{Output, Report, table};
use crate::pipeline::assemble;
use crate::words::{count, moment};

/// Show what somebody changed in Salesforce by hand, and users that nobody manages.
///
/// The comparison runs once a day in `connector serve` and in the stack. With --now it runs here, against the org that
/// --secrets or --simulated-org names, and what is to be repaired is repaired at once.
///
/// Exit code 3 when something waits for somebody to decide.
#[derive(Debug, Args)]
pub(crate) struct Drift {
    /// Compare now.
    #[arg(long, conflicts_with = "stack")]
    now: bool,
    #[command(flatten)]
    configuration: ConfigurationArguments,
    #[command(flatten)]
    org: OrgArguments,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    /// The last comparison that came to its end.
    last: Option<ReconcileRun>,
    findings: Vec<Finding>,
}

impl Drift {
    pub(crate) async fn run(&self, output: &Output) -> anyhow::Result<Ending> {
        let opened = if self.now {
            let configuration = self.configuration.load(self.org.simulated_org)?;
            let assembled = assemble(&self.store.local, &self.org, &configuration)?;
            assembled.opened.resume(&assembled.pipeline).await?;
            assembled.pipeline.sync.run(&Task::Reconcile).await?;
            let progress = output.progress("setting right what was changed by hand");
            assembled.pipeline.run_until_quiet(super::outcome::PATIENCE, &|left| progress.left(left)).await?;
            assembled.opened
        } else if self.org.secrets.is_some() || self.org.simulated_org {
            return Err(wrong_use("an org is only needed with --now"));
        } else {
            self.store.open(Arc::new(SystemClock)).await?
        };
        let findings = Findings::new(opened.store.clone());
        let shown = Shown { last: findings.last_run().await?, findings: findings.all().await? };
        let undecided = shown.findings.iter().any(|finding| finding.action == Action::Report);
        output.show(&shown)?;
        Ok(Ending::waiting_if(undecided))
    }
}

const HEADINGS: [&str; 6] = ["Person", "User", "What", "Where", "By", "Then"];

impl Report for Shown {
    fn human(&self) -> String {
        let Some(last) = &self.last else {
            return "The org has not been compared yet; `connector drift --now` does it.".to_owned();
        };
        let users = count(last.users, "user", "users");
        let head = format!("Compared {users} on {}.", moment(last.finished));
        if self.findings.is_empty() {
            return format!("{head} Everything is as it was left.");
        }
        let trail = if last.trail_read {
            ""
        } else {
            "\nSalesforce's set-up audit trail could not be read whole, so it is not always known who did it."
        };
        let row = |finding: &Finding| {
            let person = finding.person.as_ref().map(ToString::to_string).unwrap_or_default();
            let then = match finding.action {
                Action::Repair => "set right".to_owned(),
                Action::Report => format!("decide; since {}", moment(finding.since)),
            };
            let by = finding.by.clone().unwrap_or_default();
            [person, finding.user.to_string(), in_words(finding), finding.what.clone(), by, then]
        };
        format!("{head}{trail}\n{}", table(HEADINGS, self.findings.iter().map(row)))
    }
}

fn in_words(finding: &Finding) -> String {
    use domain::DriftKind;
    use records::FindingKind::{ClaimedTwice, Drift, SeveralUsers, UnmanagedUser, UserMissing};
    match finding.kind {
        Drift(DriftKind::Fields) => "changed",
        Drift(DriftKind::EntitlementsRemoved) => "taken away or replaced",
        Drift(DriftKind::EntitlementsAdded) => "given by somebody else",
        Drift(DriftKind::Shut) => "shut by hand",
        Drift(DriftKind::Opened) => "a leaver let in by hand",
        Drift(DriftKind::Renamed) => "renamed",
        UnmanagedUser => "active, and nobody's",
        UserMissing => "not in the org any more",
        ClaimedTwice => "claimed by two persons",
        SeveralUsers => "same key as another user",
    }
    .to_owned()
}
