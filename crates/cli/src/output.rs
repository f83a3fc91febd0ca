//! What a command shows: one report, for people as text and tables, or with `--json` for machines. Progress is drawn on
//! a terminal only.

mod progress;
mod table;

use std::io::{self, Write as _};

use serde::Serialize;

pub(crate) use self::progress::Progress;
pub(crate) use self::table::{clean, columns, fields, table};

/// A result that can be shown both ways.
pub(crate) trait Report: Serialize {
    /// For people; lines without the last line break.
    fn human(&self) -> String;
}

/// Where results go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    /// Output for people, or for machines.
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Shows a command's result. With `--json` this is the only thing on stdout.
    ///
    /// # Errors
    /// When stdout is closed.
    pub(crate) fn show(&self, report: &impl Report) -> io::Result<()> {
        if self.json {
            let text = serde_json::to_string_pretty(report).map_err(io::Error::other)?;
            return line(&text);
        }
        line(&report.human())
    }

    /// Whether machines read the result.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Says something on the way; for people only.
    ///
    /// # Errors
    /// When stdout is closed.
    pub(crate) fn say(&self, text: &str) -> io::Result<()> {
        if self.json { Ok(()) } else { line(text) }
    }

    /// Progress of a step that may take longer than a second.
    pub(crate) fn progress(&self, what: &'static str) -> Progress {
        Progress::new(what)
    }
}

fn line(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()
}
