//! A progress bar or a counter on stderr. Nothing is drawn in the first second, and never when stderr is no terminal.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long a step may take without being seen.
const PATIENCE: Duration = Duration::from_secs(1);

/// The progress of one step. What was drawn is wiped when it is dropped.
pub(crate) struct Progress {
    bar: ProgressBar,
    what: &'static str,
    on_terminal: bool,
}

impl Progress {
    pub(super) fn new(what: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Self { bar, what, on_terminal: std::io::stderr().is_terminal() }
    }

    /// So many are done, of so many.
    pub(crate) fn at(&self, done: u64, of: u64) {
        self.bar.set_length(of);
        self.bar.set_position(done);
        self.draw("{msg} {bar:30} {pos}/{len} {elapsed}");
    }

    /// So many are left; how many come along the way is not known.
    pub(crate) fn left(&self, left: u64) {
        self.bar.set_position(left);
        self.draw("{spinner} {msg}, {pos} to go {elapsed}");
        self.bar.tick();
    }

    /// So many are done; how many there are is not known.
    pub(crate) fn so_far(&self, done: u64) {
        self.bar.set_position(done);
        self.draw("{spinner} {msg}, {pos} requests so far {elapsed}");
        self.bar.tick();
    }

    fn draw(&self, template: &str) {
        if !self.on_terminal || !self.bar.is_hidden() || self.bar.elapsed() < PATIENCE {
            return;
        }
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        self.bar.set_message(self.what);
        self.bar.set_draw_target(ProgressDrawTarget::stderr());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
