//! A run: whoever is listed is looked at, one after the other, until nobody is left, the time is up or the system can't
//! be used. What is about to be written is stored before it is, so a run may be stopped anywhere and another goes on.

mod turn;

use std::time::Duration;

use async_trait::async_trait;
use domain::account::ParkedReason;
use domain::{Cause, PersonId};
use jiff::Timestamp;
use ports::{Class, Clock, StoreError};
use records::WriteBacks;

use self::turn::{Turn, Worked};
use crate::afas::{Afas, Failure};
use crate::plan::{OnLeaving, Wish};

/// Says what is wanted for a person. Asked after the person was taken, so that what changes later marks the person anew.
#[async_trait]
pub trait Wishes: Send + Sync {
    /// What is wanted.
    ///
    /// # Errors
    /// [`StoreError`], which ends the run.
    async fn of(&self, person: &PersonId) -> Result<Answer, StoreError>;
}

/// What is wanted for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// This, and what led to it.
    Wanted(Wish, Option<Cause>),
    /// It is not known yet; whoever knows it will mark the person.
    NotYet,
    /// It can't be computed until somebody corrects something.
    Unusable(ParkedReason),
}

/// One run.
pub struct Run<'a> {
    /// The system.
    pub afas: &'a Afas,
    /// What is remembered of it.
    pub write_backs: &'a WriteBacks,
    /// What is wanted.
    pub wishes: &'a dyn Wishes,
    /// Time.
    pub clock: &'a dyn Clock,
    /// What becomes of a leaver's values.
    pub on_leaving: OnLeaving,
    /// A text that no other run has: who has taken a person.
    pub token: &'a str,
    /// From then on no call is begun; one that is under way may take half a minute more.
    pub deadline: Timestamp,
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Persons looked at.
    pub looked: usize,
    /// Records written.
    pub written: usize,
    /// Persons with something in the way.
    pub stuck: usize,
    /// Whether somebody is left who could be looked at now.
    pub more: bool,
    /// Why it ended before its time: everybody's turn would end in the same way.
    pub stopped: Option<Stopped>,
}

/// Why a run ended before its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Why; without anybody's data.
    pub reason: String,
    /// What the caller may do: `Systemic` is for a person to heal, all else heals by waiting.
    pub class: Class,
}

/// Persons taken from the list at a time.
const BATCH: usize = 100;
/// A person's turn takes some calls of half a minute at the very most.
const LEASE: Duration = Duration::from_secs(15 * 60);
/// Refusals, or calls without an answer, in a row after which it is the system and not the person.
const MOST_IN_A_ROW: usize = 5;

/// Looks at all that are listed.
///
/// # Errors
/// [`StoreError`]; whoever was taken is looked at again later.
pub async fn run(run: &Run<'_>) -> Result<Report, StoreError> {
    let mut report = Report::default();
    let mut row = InARow::default();
    loop {
        let listed = run.write_backs.listed(run.clock.now(), BATCH).await?;
        let mut progress = false;
        for person in &listed {
            if run.clock.now() >= run.deadline {
                report.more = true;
                return Ok(report);
            }
            let worked = match turn::turn(run, person).await {
                Ok(worked) => worked,
                Err(error) if error.class() == Class::NeedsPerson => {
                    tracing::error!(event = "write_back.damaged", system = %run.write_backs.system(), %person, %error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let Some(Worked { turn, written }) = worked else { continue };
            progress = true;
            report.looked += 1;
            report.written += written;
            report.stuck += usize::from(matches!(turn, Turn::Stuck(_)));
            report.stopped = row.after(&turn, written);
            if report.stopped.is_some() || matches!(turn, Turn::OutOfTime) {
                report.more = true;
                return Ok(report);
            }
        }
        // The index may lag behind: who is listed still may be done already.
        if !progress || listed.len() < BATCH {
            return Ok(report);
        }
    }
}

/// Failures in a row. One person's matter becomes everybody's when nothing else is heard.
#[derive(Default)]
struct InARow(usize);

impl InARow {
    fn after(&mut self, turn: &Turn, written: usize) -> Option<Stopped> {
        let failure = match turn {
            Turn::Stopped(failure) => {
                return Some(Stopped { reason: failure.to_string(), class: failure.class() });
            }
            Turn::Stuck(Some(failure)) if written == 0 => failure,
            Turn::Stuck(_) | Turn::Done | Turn::OutOfTime => {
                self.0 = 0;
                return None;
            }
        };
        self.0 += usize::from(is_telling(failure));
        (self.0 >= MOST_IN_A_ROW).then(|| match failure.class() {
            Class::Ambiguous => Stopped { reason: failure.to_string(), class: Class::RetryAfter(LEASE) },
            _ => Stopped {
                reason: format!("{failure}: {MOST_IN_A_ROW} in a row; look at the update connectors and the rights of the token's user"),
                class: Class::Systemic,
            },
        })
    }
}

/// Whether the failure may be the system's and not the person's. AFAS has one number for "not authorised" and for a
/// value that it does not take.
fn is_telling(failure: &Failure) -> bool {
    failure.class() == Class::Ambiguous || matches!(failure, Failure::Refused { .. })
}
