//! What a round did, for people and for machines, and without personal data for the log.

use active_directory::{Advice, Done};
use domain::{PersonId, RecordId};
use jiff::Timestamp;
use serde::Serialize;

use super::round::Fault;
use super::state::State;
use crate::exit::Ending;
use crate::output;
use crate::words::{count, moment};

/// What a round did.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    #[serde(skip)]
    pub(super) begun: Timestamp,
    /// Whether the directory was read, and everything delivered, to the end.
    pub(super) complete: bool,
    /// Whether everybody was read; else what changed.
    pub(super) everything: bool,
    /// Users read.
    pub(super) read: u64,
    /// Events that the receiver took.
    pub(super) sent: u64,
    /// Users of whom the receiver has the same already.
    pub(super) unchanged: u64,
    /// Users who were told as gone.
    pub(super) removed: u64,
    /// Users who could not be sent this time.
    pub(super) refused: u64,
    /// Users without a person's id.
    pub(super) unjoined: u64,
    /// So many were absent at once that nobody was told as gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) too_many: Option<usize>,
    pub(super) milliseconds: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fault: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) what_to_do: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) advice: Vec<String>,
    /// All who are refused, also in earlier rounds.
    refused_users: Vec<RefusedUser>,
    /// All who are absent and wait for a person.
    held: Vec<Held>,
}

#[derive(Debug, Serialize)]
struct RefusedUser {
    key: String,
    path: String,
    reason: String,
    since: Timestamp,
}

#[derive(Debug, Serialize)]
struct Held {
    record: RecordId,
    person: PersonId,
    since: Timestamp,
}

/// Of a long list so many are shown to people.
const SHOWN: usize = 50;

impl Report {
    /// Of a round that has just begun.
    pub(super) fn begun(begun: Timestamp) -> Self {
        Self {
            begun,
            complete: false,
            everything: false,
            read: 0,
            sent: 0,
            unchanged: 0,
            removed: 0,
            refused: 0,
            unjoined: 0,
            too_many: None,
            milliseconds: 0,
            fault: None,
            what_to_do: None,
            advice: Vec::new(),
            refused_users: Vec::new(),
            held: Vec::new(),
        }
    }

    /// What the directory adds to a complete read.
    pub(super) fn tell(&mut self, done: &Done) {
        let advice = done.advice.iter().map(|advice| match advice {
            Advice::DeletesUnseen => {
                "the account sees no deleted objects: deletes show in reads of everybody (docs/ACTIVE-DIRECTORY.md, 2)"
            }
            Advice::GroupDeleted => "a group was deleted: the next round reads everybody",
            Advice::GroupChanged => "a group changed: the next round reads everybody",
            Advice::ContainerMoved => "a container was moved or renamed: the next round reads everybody",
            _ => "the next round reads everybody",
        });
        self.advice.extend(advice.map(str::to_owned));
        let other = |referral: &String| format!("another part of the directory is not read: {referral}");
        self.advice.extend(done.referrals.iter().map(other));
    }

    /// The end of the round: how it ended, and what is kept.
    pub(super) fn end(&mut self, fault: Option<&Fault>, state: &State, now: Timestamp) {
        let took = now.duration_since(self.begun).as_millis();
        self.milliseconds = u64::try_from(took).unwrap_or_default();
        self.fault = fault.map(Fault::in_full);
        self.what_to_do = fault.and_then(Fault::to_do);
        let refused = state.refused().iter().map(|(key, refused)| RefusedUser {
            key: key.to_string(),
            path: refused.error.path.clone(),
            reason: refused.error.reason.clone(),
            since: refused.at,
        });
        self.refused_users = refused.collect();
        let held = state.book.held().map(|(record, entry, since)| Held {
            record: record.clone(),
            person: entry.person.clone(),
            since,
        });
        self.held = held.collect();
    }

    /// How the command ends.
    pub(super) fn ending(&self) -> Ending {
        match self.fault {
            Some(_) => Ending::Failed,
            None => Ending::waiting_if(!self.refused_users.is_empty() || !self.held.is_empty()),
        }
    }

    /// One line, without personal data.
    pub(super) fn log(&self) {
        let Self { complete, everything, read, sent, unchanged, removed, refused, unjoined, milliseconds, .. } = self;
        let (refused_in_all, held) = (self.refused_users.len(), self.held.len());
        tracing::info!(
            event = "agent.round",
            complete,
            everything,
            read,
            sent,
            unchanged,
            gone = removed,
            refused,
            refused_in_all,
            unjoined,
            held,
            duration_ms = milliseconds
        );
        if let Some(absent) = self.too_many {
            tracing::error!(event = "agent.many_absent", absent, to_do = TOO_MANY);
        }
        for advice in &self.advice {
            tracing::warn!(event = "agent.advice", advice);
        }
    }
}

const TOO_MANY: &str = "more than are taken as gone at once, so nobody was told as gone: look at the definition and at \
                        the account's rights, then --once --confirm-absent";

impl output::Report for Report {
    fn human(&self) -> String {
        let what = if self.everything { "everybody" } else { "what changed" };
        let head = match &self.fault {
            Some(_) => "The round did not come to its end.".to_owned(),
            None => format!("Read {what} in {:.1} s.", self.milliseconds as f64 / 1000.0),
        };
        let some = |number: u64, name: &'static str| (number > 0).then(|| (name, number.to_string()));
        let rows = [
            Some(("read", self.read.to_string())),
            Some(("sent", self.sent.to_string())),
            some(self.unchanged, "unchanged"),
            some(self.removed, "told as gone"),
            some(self.unjoined, "without a person's id"),
            some(self.refused, "refused"),
        ];
        let mut parts = vec![head, output::fields(rows.into_iter().flatten())];
        parts.extend(self.fault.as_ref().map(|fault| format!("Why: {}", output::clean(fault))));
        parts.extend(self.what_to_do.map(|to_do| format!("What to do: {to_do}")));
        parts.extend(self.too_many.map(|absent| format!("{absent} users are absent, {TOO_MANY}")));
        parts.extend(self.advice.iter().map(|advice| format!("Note: {}", output::clean(advice))));
        if !self.refused_users.is_empty() {
            let rows = self.refused_users.iter().take(SHOWN);
            let rows = rows.map(|user| [user.key.clone(), user.path.clone(), user.reason.clone(), moment(user.since)]);
            parts.push(format!(
                "Refused, and tried again when they change or everybody is read:{}",
                more(self.refused_users.len())
            ));
            parts.push(output::table(["objectGUID", "field", "what is wrong", "since"], rows));
        }
        if !self.held.is_empty() {
            let rows = self.held.iter().take(SHOWN);
            let rows = rows.map(|held| [held.record.to_string(), held.person.to_string(), moment(held.since)]);
            parts
                .push(format!("Absent, and not told as gone before --once --confirm-absent:{}", more(self.held.len())));
            parts.push(output::table(["record", "person", "since"], rows));
        }
        parts.join("\n")
    }
}

fn more(all: usize) -> String {
    let left = all.saturating_sub(SHOWN);
    if left == 0 { String::new() } else { format!(" (and {} more)", count(left as u64, "user", "users")) }
}
