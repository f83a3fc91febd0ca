//! What a read of a source found.

use records::sync_state::{RefusedRecord, RunReport};
use serde::Serialize;

/// What the source holds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Records {
    pub(super) read: u64,
    pub(super) changed: u64,
    pub(super) refused: u64,
    #[serde(skip_serializing_if = "is_zero")]
    removed: u64,
    /// Absent from a complete read, and taken as gone.
    #[serde(skip_serializing_if = "is_zero")]
    absent: u64,
    /// Absent from a complete read, and kept for a person to decide.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) held: u64,
    /// Accounts of nobody.
    #[serde(skip_serializing_if = "is_zero")]
    unplaced: u64,
    /// Whether the source was read to its proper end.
    pub(super) complete: bool,
    /// Whether everything was read; else what changed.
    everything: bool,
    /// Whether the read goes on later.
    unfinished: bool,
    #[serde(skip_serializing_if = "is_zero")]
    requests: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) advice: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) refused_records: Vec<RefusedRecord>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Records {
    pub(crate) fn new(run: RunReport, refused_records: Vec<RefusedRecord>) -> Self {
        let RunReport { read, changed, refused, removed, absent, held, unplaced, .. } = run;
        let RunReport { complete, everything, unfinished, requests, fault, advice, .. } = run;
        Self {
            read,
            changed,
            refused,
            removed,
            absent,
            held,
            unplaced,
            complete,
            everything,
            unfinished,
            requests,
            fault,
            advice,
            refused_records,
        }
    }
}

impl Records {
    /// As lines of a report.
    pub(super) fn rows(&self) -> Vec<(&'static str, String)> {
        let end = match &self.fault {
            Some(fault) if self.unfinished => format!(": goes on later ({fault})"),
            None if self.unfinished => ": goes on later".to_owned(),
            Some(fault) => format!(": incomplete, {fault}"),
            None if !self.complete => ": incomplete".to_owned(),
            None => String::new(),
        };
        let mut rows = vec![
            ("records read", format!("{}{end}", self.read)),
            ("  changed", self.changed.to_string()),
            ("  refused", self.refused.to_string()),
        ];
        let others = [
            ("  removed by the source", self.removed),
            ("  absent, taken as gone", self.absent),
            ("  absent, held", self.held),
            ("  accounts of nobody", self.unplaced),
            ("requests to the source", self.requests),
        ];
        rows.extend(others.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name, count.to_string())));
        rows
    }
}
