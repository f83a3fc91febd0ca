//! One round: reading the directory page by page and delivering what is new. The order makes a crash at any moment
//! harmless: events are taken by the receiver, then remembered, then the bookmark moves. What was told twice counts
//! once, because the receiver goes by the time of an event.

mod fault;
mod settle;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use active_directory::{
    Advice, Bookmark, Change, Definition, Done, Gone, Guid, Kind, Page, Reader, RefusedRecord, Step, events,
};
use async_trait::async_trait;
use domain::{RecordError, RecordId};
use jiff::{SignedDuration, Timestamp};
use ports::Clock;

use super::absence::Why;
use super::deliver::{Deliver, Verdict};
use super::outgoing::{Outgoing, What, fitting, is_full};
use super::report::Report;
use super::state::State;
pub(super) use fault::Fault;

/// A read that goes on page by page. The two sides are [`Reader`] and, in tests, a script.
#[async_trait]
pub(super) trait Pages: Send {
    /// The next step.
    async fn next(&mut self) -> Result<Step, active_directory::AdError>;
    /// Has the next steps tell what became of these.
    fn look_at(&mut self, keys: Vec<Guid>);
}

#[async_trait]
impl Pages for Reader {
    async fn next(&mut self) -> Result<Step, active_directory::AdError> {
        Self::next(self).await
    }

    fn look_at(&mut self, keys: Vec<Guid>) {
        Self::look_at(self, keys);
    }
}

/// A round under way.
pub(super) struct Round<'a> {
    pub(super) definition: &'a Definition,
    pub(super) deliver: &'a Deliver,
    pub(super) state: &'a mut State,
    pub(super) clock: &'a dyn Clock,
    /// Whether a person has decided that whoever is absent is gone.
    pub(super) confirmed: bool,
    pub(super) report: Report,
    read: Read,
}

/// What a round has met so far.
#[derive(Default)]
struct Read {
    out: Vec<Outgoing>,
    /// By which object each record was met.
    met: HashMap<RecordId, Guid>,
    refused: BTreeSet<Guid>,
    gone: BTreeMap<Guid, Why>,
    /// Records whose object has become another one.
    left_behind: BTreeSet<RecordId>,
    /// Whether what comes are answers about those who were not met.
    looking: bool,
    bookmark: Option<Bookmark>,
    last: Option<Timestamp>,
}

impl<'a> Round<'a> {
    pub(super) fn new(
        definition: &'a Definition,
        deliver: &'a Deliver,
        state: &'a mut State,
        clock: &'a dyn Clock,
        confirmed: bool,
    ) -> Self {
        let report = Report::begun(clock.now());
        Self { definition, deliver, state, clock, confirmed, report, read: Read::default() }
    }

    /// Reads to the end and delivers.
    ///
    /// # Errors
    /// [`Fault`]; what was taken until then is remembered.
    pub(super) async fn run(&mut self, pages: &mut dyn Pages) -> Result<(), Fault> {
        let known = self.state.book.len();
        let done = self.read_on(pages).await?;
        self.report.everything = matches!(done.kind, Kind::Full(_));
        if done.proves_absence() {
            // Somebody who was moved while pages were read may have been on neither side.
            pages.look_at(self.unmet());
            self.read.looking = true;
            self.read_on(pages).await?;
            let refused = std::mem::take(&mut self.read.refused);
            self.state.keep_refused(&refused);
        } else if self.report.everything {
            self.report.advice.push("nobody was met, so nobody is taken as gone: look at base and filter".to_owned());
        }
        self.settle(known, done.proves_absence()).await?;
        self.finish(&done).await
    }

    /// Reads until the read is done, and delivers all that is new.
    async fn read_on(&mut self, pages: &mut dyn Pages) -> Result<Done, Fault> {
        loop {
            match pages.next().await? {
                Step::Page(page) => self.take(page).await?,
                Step::Done(done) => {
                    while !self.read.out.is_empty() {
                        self.deliver_one_body().await?;
                    }
                    return Ok(*done);
                }
            }
        }
    }

    async fn take(&mut self, page: Page) -> Result<(), Fault> {
        let at = self.moment();
        for RefusedRecord { key, error } in page.refused {
            self.report.read += 1;
            self.refuse(key, error, at);
        }
        for change in &page.changes {
            self.change(change, at);
        }
        if page.bookmark.is_some() {
            self.read.bookmark = page.bookmark;
        }
        while is_full(&self.read.out) {
            self.deliver_one_body().await?;
        }
        let Read { out, gone, left_behind, .. } = &self.read;
        if out.is_empty() && gone.is_empty() && left_behind.is_empty() && self.read.bookmark.is_some() {
            self.state.progress.bookmark = self.read.bookmark.take();
            self.state.save().await?;
            self.state.save_progress().await?;
        }
        Ok(())
    }

    fn change(&mut self, change: &Change, at: Timestamp) {
        let record = match change {
            Change::Present(record) => record,
            Change::Gone { key, why } => {
                let why = match (why, self.read.looking) {
                    (Gone::Deleted, false) => Why::Told,
                    (Gone::Deleted, true) => Why::FoundDeleted,
                    _ => Why::Missing,
                };
                return self.gone(*key, why);
            }
        };
        let key = record.key;
        self.report.read += 1;
        self.read.gone.remove(&key);
        match events::event(self.definition, change, at, |_| None) {
            events::Event::Send(event) => match Outgoing::present(key, &event) {
                Ok(event) => self.present(event, at),
                Err(error) => self.refuse(key, error, at),
            },
            events::Event::Refused(key, error) => self.refuse(key, error, at),
            events::Event::Unjoined(key) => {
                self.report.unjoined += 1;
                self.gone(key, Why::Missing);
            }
            events::Event::Nothing => self.gone(key, Why::Missing),
        }
    }

    fn present(&mut self, event: Outgoing, at: Timestamp) {
        let Outgoing { record, key, person, what, .. } = &event;
        if self.read.met.get(record).is_some_and(|other| other != key) {
            let error = RecordError::new("id", "another user of the directory has the same; one of the two is wrong");
            return self.refuse(*key, error, at);
        }
        self.read.met.insert(record.clone(), *key);
        let before = self.state.book.record_of(key).filter(|before| *before != record);
        self.read.left_behind.extend(before.cloned());
        self.state.book.met(record, *key);
        if matches!(what, What::Present(digest) if self.state.book.is_sent(record, person, digest)) {
            self.report.unchanged += 1;
            let key = *key;
            self.state.accept(&key);
        } else {
            self.read.out.push(event);
        }
    }

    /// The object is not, or no longer, among those that are sent.
    fn gone(&mut self, key: Guid, why: Why) {
        self.state.accept(&key);
        if self.state.book.record_of(&key).is_some() {
            self.read.gone.insert(key, why);
        }
    }

    /// The user is there, but can't be sent.
    fn refuse(&mut self, key: Guid, error: RecordError, at: Timestamp) {
        // The path is one of the definition's or of the event's; the reason may quote the user.
        tracing::warn!(event = "agent.refused", %key, path = error.path);
        self.report.refused += 1;
        self.read.gone.remove(&key);
        self.read.refused.insert(key);
        if let Some(record) = self.state.book.record_of(&key).cloned() {
            self.state.book.met(&record, key);
            self.read.met.entry(record).or_insert(key);
        }
        self.state.refuse(key, error, at);
    }

    /// Delivers as many events as go into one body, and remembers what became of them.
    async fn deliver_one_body(&mut self) -> Result<(), Fault> {
        let rest = self.read.out.split_off(fitting(&self.read.out));
        let events = std::mem::replace(&mut self.read.out, rest);
        let verdicts = self.deliver.send(&events).await?;
        let at = self.clock.now();
        for (event, verdict) in events.into_iter().zip(verdicts) {
            match verdict {
                Verdict::Refused(error) => self.refuse(event.key, error, at),
                Verdict::Taken => self.taken(&event),
            }
        }
        self.state.save().await?;
        Ok(())
    }

    fn taken(&mut self, event: &Outgoing) {
        // A time that the receiver took is no more than minutes ahead, however wrong this clock may be.
        self.state.progress.latest = self.state.progress.latest.max(self.read.last);
        self.state.accept(&event.key);
        match &event.what {
            What::Present(digest) => {
                self.report.sent += 1;
                self.state.book.sent(&event.record, event.key, &event.person, digest);
            }
            What::Gone => {
                self.report.removed += 1;
                self.state.book.forget(&event.record);
            }
        }
    }

    /// The time of what is read now: later than all that was taken before, whatever the clock does.
    fn moment(&mut self) -> Timestamp {
        let after = |last: Timestamp| last.saturating_add(SignedDuration::from_micros(1)).unwrap_or(last);
        let floor = self.read.last.max(self.state.progress.latest).map(after);
        let now = self.clock.now();
        let at = floor.map_or(now, |floor| floor.max(now));
        self.read.last = Some(at);
        at
    }

    async fn finish(&mut self, done: &Done) -> Result<(), Fault> {
        let begun = self.report.begun;
        let unsure = done.advice.iter().any(|advice| *advice != Advice::DeletesUnseen);
        let progress = &mut self.state.progress;
        if done.bookmark.is_some() {
            progress.bookmark.clone_from(&done.bookmark);
        }
        if self.report.everything {
            progress.everything_at = Some(begun);
            progress.want_everything = false;
        }
        progress.want_everything |= unsure;
        progress.login_refused_at = None;
        self.report.tell(done);
        self.report.complete = true;
        self.state.save().await?;
        self.state.save_progress().await?;
        Ok(())
    }
}
