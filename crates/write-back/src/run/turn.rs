//! One person's turn. Every change is: read what the system shows, store what is about to be written, write it. So
//! nothing is sent that is there already, which AFAS refuses, and a lost answer is found out by the next read.

use std::time::Duration;

use domain::account::ParkedReason;
use domain::{Cause, PersonId};
use jiff::Timestamp;
use ports::{Class, StoreError};
use records::write_back::{Delivered, Delivery, Fields, Intent, Settled, Stuck, WriteBack};

use super::{Answer, LEASE, Run};
use crate::afas::{Current, Failure};
use crate::plan::{Step, UpdateConnector, Wish, apply, missing, steps};

/// How a turn ended.
#[derive(Debug)]
pub(super) enum Turn {
    /// The system holds what is wanted, or it is not known what that is.
    Done,
    /// Something is in the way of this person; the failure, where AFAS said so.
    Stuck(Option<Failure>),
    /// Something is in the way of everybody.
    Stopped(Failure),
    /// The time is up.
    OutOfTime,
}

/// What was done in a turn.
#[derive(Debug)]
pub(super) struct Worked {
    pub(super) turn: Turn,
    pub(super) written: usize,
}

/// The first gap before another try; it doubles with each.
const FIRST_GAP: Duration = Duration::from_secs(5 * 60);
const LONGEST_GAP: Duration = Duration::from_secs(24 * 3600);
/// A person whose turn met everybody's trouble goes behind the others, in case it is this person's trouble after all.
const BEHIND: Duration = Duration::from_secs(60);

/// Does a person's turn; `None` when there was none to do, or somebody else took it over.
pub(super) async fn turn(run: &Run<'_>, person: &PersonId) -> Result<Option<Worked>, StoreError> {
    let taken = run.write_backs.take(person, run.token, run.clock.now(), LEASE).await?;
    let Some(state) = taken else { return Ok(None) };
    let answer = run.wishes.of(person).await?;
    let before = state.stuck.clone();
    let mut work = Work::new(run, person, state);
    let ended = match answer {
        Answer::NotYet => End::Done,
        Answer::Unusable(reason) => End::Stuck(reason, None),
        Answer::Wanted(wish, cause) => work.write(&wish, cause).await?,
    };
    let turn = work.close(ended, before);
    let Work { settled, written, .. } = work;
    if !run.write_backs.settle(person, run.token, settled).await? {
        return Ok(None);
    }
    Ok(Some(Worked { turn, written }))
}

/// How the writing ended.
enum End {
    Done,
    Stuck(ParkedReason, Option<Failure>),
    Stopped(Failure),
    OutOfTime,
}

struct Work<'a> {
    run: &'a Run<'a>,
    person: &'a PersonId,
    settled: Settled,
    written: usize,
}

impl<'a> Work<'a> {
    fn new(run: &'a Run<'a>, person: &'a PersonId, state: WriteBack) -> Self {
        let settled = Settled { held: state.held, intent: state.intent, ..Settled::default() };
        Self { run, person, settled, written: 0 }
    }

    async fn write(&mut self, wish: &Wish, cause: Option<Cause>) -> Result<End, StoreError> {
        let managed = self.run.afas.managed();
        if let Some(end) = self.recover().await {
            return Ok(end);
        }
        let mut stuck: Option<(UpdateConnector, End)> = None;
        for step in steps(wish, self.run.on_leaving, &managed, &self.settled.held) {
            // The old record's address must be free before the new one takes it.
            let spoilt = stuck.as_ref().is_some_and(|(connector, _)| *connector == step.connector);
            if spoilt {
                continue;
            }
            match self.step(&step, cause.as_ref()).await? {
                None => {}
                // What is wrong with one record is not wrong with the other; an answer that did not come may be.
                Some(End::Stuck(reason, failure))
                    if failure.as_ref().is_none_or(|failure| failure.class() == Class::NeedsPerson) =>
                {
                    stuck.get_or_insert((step.connector, End::Stuck(reason, failure)));
                }
                Some(end) => return Ok(end),
            }
        }
        Ok(stuck.map_or(End::Done, |(_, end)| end))
    }

    /// Finds out what became of a change whose answer never came.
    async fn recover(&mut self) -> Option<End> {
        let intent = self.settled.intent.clone()?;
        let Delivery { record, key, after, .. } = &intent.delivery;
        let connector = UpdateConnector::from_name(record);
        let managed = connector.filter(|connector| self.run.afas.managed().contains_key(connector));
        if let Some(connector) = managed {
            if let Some(end) = self.out_of_time() {
                return Some(end);
            }
            match self.run.afas.read(connector, key).await {
                Ok(Some(current)) if missing(after, &current.fields).is_empty() => {
                    apply(&mut self.settled.held, connector, key, after);
                    self.delivered(&intent, true);
                }
                // It did not happen, or somebody else changed it since.
                Ok(_) => {}
                Err(failure) => return Some(ended(failure)),
            }
        }
        self.settled.intent = None;
        None
    }

    /// Brings one record to where it should be; `None` when it is there.
    async fn step(&mut self, step: &Step, cause: Option<&Cause>) -> Result<Option<End>, StoreError> {
        if let Some(end) = self.out_of_time() {
            return Ok(Some(end));
        }
        let current = match self.run.afas.read(step.connector, &step.key).await {
            Ok(Some(current)) => current,
            // A record that is gone holds nothing that could be cleared.
            Ok(None) if step.fields.values().all(Option::is_none) => {
                apply(&mut self.settled.held, step.connector, &step.key, &step.fields);
                return Ok(None);
            }
            Ok(None) => return Ok(Some(not_found(step.connector))),
            Err(failure) => return Ok(Some(ended(failure))),
        };
        let after = missing(&step.fields, &current.fields);
        if !after.is_empty()
            && let Some(end) = self.deliver(step, &current, after, cause).await?
        {
            return Ok(Some(end));
        }
        apply(&mut self.settled.held, step.connector, &step.key, &step.fields);
        Ok(None)
    }

    async fn deliver(
        &mut self,
        step: &Step,
        current: &Current,
        after: Fields,
        cause: Option<&Cause>,
    ) -> Result<Option<End>, StoreError> {
        if let Some(end) = self.out_of_time() {
            return Ok(Some(end));
        }
        let before = after.keys().map(|field| (field.clone(), current.fields.get(field).cloned().flatten())).collect();
        let record = step.connector.as_str().to_owned();
        let delivery = Delivery { record, key: step.key.clone(), before, after };
        let intent = Intent { delivery, at: self.run.clock.now(), cause: cause.cloned() };
        let so_far = self.settled.clone();
        if !self.run.write_backs.intend(self.person, self.run.token, so_far, intent.clone()).await? {
            // Somebody else's by now; so is what comes of it.
            return Ok(Some(End::OutOfTime));
        }
        self.settled.delivered.clear();
        match self.run.afas.update(step.connector, &step.key, current, &intent.delivery.after).await {
            Ok(()) => {
                self.delivered(&intent, false);
                Ok(None)
            }
            Err(failure) => {
                if failure.class() == Class::Ambiguous {
                    self.settled.intent = Some(intent);
                }
                Ok(Some(ended(failure)))
            }
        }
    }

    fn delivered(&mut self, intent: &Intent, recovered: bool) {
        let Intent { delivery, cause, .. } = intent.clone();
        let at = self.run.clock.now();
        tracing::info!(
            event = "write_back.written",
            system = %self.run.write_backs.system(),
            person = %self.person,
            record = delivery.record,
            fields = delivery.after.len(),
            recovered,
        );
        self.settled.delivered.push(Delivered { delivery, at, cause, recovered });
        self.written += 1;
    }

    fn out_of_time(&self) -> Option<End> {
        (self.run.clock.now() >= self.run.deadline).then_some(End::OutOfTime)
    }

    /// Puts the end into what is stored.
    fn close(&mut self, ended: End, before: Option<Stuck>) -> Turn {
        let now = self.run.clock.now();
        let later = |duration| now.saturating_add(duration).unwrap_or(Timestamp::MAX);
        match ended {
            End::Done => Turn::Done,
            End::OutOfTime => {
                (self.settled.again, self.settled.stuck) = (Some(now), before);
                Turn::OutOfTime
            }
            End::Stopped(failure) => {
                let wait = if let Class::RetryAfter(wait) = failure.class() { wait.max(BEHIND) } else { BEHIND };
                (self.settled.again, self.settled.stuck) = (Some(later(wait)), before);
                Turn::Stopped(failure)
            }
            End::Stuck(reason, failure) => {
                let before = before.filter(|before| before.reason.code == reason.code);
                let attempts = before.as_ref().map_or(0, |before| before.attempts).saturating_add(1);
                let gap = FIRST_GAP.saturating_mul(2_u32.saturating_pow(attempts - 1)).min(LONGEST_GAP);
                let since = before.map_or(now, |before| before.since);
                tracing::warn!(
                    event = "write_back.stuck",
                    system = %self.run.write_backs.system(),
                    person = %self.person,
                    code = reason.code,
                    reason = reason.message,
                    attempts,
                );
                self.settled.stuck = Some(Stuck { reason, since, attempts, retry_at: later(gap) });
                Turn::Stuck(failure)
            }
        }
    }
}

fn ended(failure: Failure) -> End {
    match failure.class() {
        Class::NeedsPerson | Class::Ambiguous => {
            let reason = ParkedReason { code: failure.code().to_owned(), message: failure.to_string() };
            End::Stuck(reason, Some(failure))
        }
        _ => End::Stopped(failure),
    }
}

fn not_found(connector: UpdateConnector) -> End {
    let message = format!("the GetConnector shows no record for {} with this key", connector.as_str());
    End::Stuck(ParkedReason { code: "not-found".to_owned(), message }, None)
}
