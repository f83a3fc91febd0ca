//! The report: topics with their findings, for people as a list that can be read from top to bottom.

use std::path::Path;

use serde::Serialize;

use super::finding::{Finding, Level, Spot, Topic};
use crate::output::{Report, clean};
use crate::words::count;

/// Everything that was found.
#[derive(Serialize)]
pub(super) struct Preflight {
    failures: usize,
    warnings: usize,
    topics: Vec<Topic>,
}

impl Preflight {
    /// With places as seen from here, so that a terminal or an editor can open them.
    pub(super) fn new(mut topics: Vec<Topic>, dir: Option<&Path>) -> Self {
        let findings = topics.iter_mut().flat_map(|topic| &mut topic.findings);
        for spot in findings.filter_map(|finding| finding.place.as_mut()) {
            if let Some(dir) = dir {
                spot.file = dir.join(&spot.file).display().to_string();
            }
        }
        let of = |level| topics.iter().flat_map(|topic| &topic.findings).filter(|found| found.level == level).count();
        Self { failures: of(Level::Fails), warnings: of(Level::Warning), topics }
    }

    /// Whether some write will be refused.
    pub(super) fn fails(&self) -> bool {
        self.failures > 0
    }
}

impl Report for Preflight {
    fn human(&self) -> String {
        let mut lines = Vec::new();
        for Topic { topic, findings } in &self.topics {
            lines.push((*topic).to_owned());
            for finding in findings {
                lines.extend(in_words(finding));
            }
            lines.push(String::new());
        }
        let failures = count(self.failures as u64, "failure", "failures");
        lines.push(format!("{failures}, {}. Nothing was written.", count(self.warnings as u64, "warning", "warnings")));
        lines.join("\n")
    }
}

fn in_words(finding: &Finding) -> impl Iterator<Item = String> + '_ {
    let level = match finding.level {
        Level::Ok => "ok",
        Level::Warning => "warning",
        Level::Fails => "FAILS",
        Level::Skipped => "skipped",
    };
    let below = |text: String| format!("           {text}");
    let place = finding.place.as_ref().map(|Spot { file, line, column }| match line {
        0 => file.clone(),
        _ => format!("{file}:{line}:{column}"),
    });
    let first = format!("  {level:<9}{}", clean(&finding.what));
    let help = finding.help.as_ref().map(|help| format!("→ {}", clean(help)));
    std::iter::once(first).chain(place.map(|place| clean(&place)).into_iter().chain(help).map(below))
}
