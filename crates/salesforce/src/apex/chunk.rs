//! The persons of one call: sent, and what did not get through sent again, with fewer at a time where they may be in each
//! other's way.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use serde_json::json;

use super::apply::Run;
use super::form::{AccountsAnswer, AccountsRequest, Answered, Options, Version};
use super::results::{Chances, Next, conclude};
use super::{is_too_large, may_be_split, post, request, unclear};
use crate::Salesforce;
use crate::error::SalesforceError;
use crate::usage::CallKind;
use crate::write::person::Person;

/// Tries of what met a lock.
const TRIES: u32 = 3;
/// So many persons in a row that fail alone, whatever they ask for, and it is the service that fails.
const MOST_FAILED_ALONE: usize = 10;

struct Batch<'p> {
    people: Vec<&'p mut Person>,
    tries: u32,
}

impl<'p> Batch<'p> {
    fn halves(mut self) -> [Self; 2] {
        let second = self.people.split_off(self.people.len() / 2);
        [Self { people: self.people, tries: self.tries }, Self { people: second, tries: self.tries }]
    }
}

impl Salesforce {
    /// Writes what is open for the persons. What is still open afterwards was stopped.
    pub(super) async fn write_chunk(&self, people: Vec<&mut Person>, run: &Run) {
        let mut waiting = vec![Batch { people, tries: 1 }];
        while let Some(batch) = waiting.pop().filter(|_| run.stop.error().is_none()) {
            let persons = batch.people.len();
            if persons > self.accounts_per_call.most() {
                push_halves(&mut waiting, batch);
                continue;
            }
            match self.send(&batch.people).await {
                Ok(answer) => {
                    run.stop.answered();
                    run.failed_alone.store(0, Ordering::Relaxed);
                    self.take(batch, answer, &mut waiting, run).await;
                }
                Err(error) => {
                    tracing::warn!(persons, %error, "salesforce.accounts_call_failed");
                    self.give_up_or_split(batch, &error, &mut waiting, run);
                }
            }
        }
    }

    async fn send(&self, people: &[&mut Person]) -> Result<AccountsAnswer, SalesforceError> {
        let persons = people.iter().enumerate().map(|(place, person)| request::person(place.to_string(), person));
        let options = Options { send_welcome_mail: self.welcome_mail };
        let body = json!(AccountsRequest { version: Version, options, persons: persons.collect() });
        let call = post(CallKind::ApexAccounts, "accounts", body);
        if people.iter().all(|person| request::is_repeatable(person)) {
            return self.ask(&call).await;
        }
        self.ask(&call.once())
            .await
            .map_err(|error| if may_be_done(&error) { unclear(&error.to_string()) } else { error })
    }

    async fn take<'p>(&self, batch: Batch<'p>, answer: AccountsAnswer, waiting: &mut Vec<Batch<'p>>, run: &Run) {
        let answered: BTreeMap<String, Answered> =
            answer.persons.into_iter().map(|answered| (answered.reference.clone(), answered)).collect();
        let tries = batch.tries;
        let chances = Chances { again: tries < TRIES, with_fewer: batch.people.len() > 1 };
        let (mut rest, mut again, mut with_fewer) = (Vec::new(), Vec::new(), Vec::new());
        for (place, person) in batch.people.into_iter().enumerate() {
            match conclude(person, answered.get(&place.to_string()), chances) {
                Next::Nothing => run.note_systemic(person),
                Next::Again => again.push(person),
                Next::WithFewer => with_fewer.push(person),
                Next::Rest => rest.push(person),
            }
        }
        if !rest.is_empty() {
            waiting.push(Batch { people: rest, tries: 1 });
        }
        if !with_fewer.is_empty() {
            push_halves(waiting, Batch { people: with_fewer, tries });
        }
        if !again.is_empty() && run.stop.error().is_none() {
            self.api.pause(tries).await;
            waiting.push(Batch { people: again, tries: tries + 1 });
        }
    }

    /// After an error of a whole call.
    fn give_up_or_split<'p>(&self, batch: Batch<'p>, error: &SalesforceError, waiting: &mut Vec<Batch<'p>>, run: &Run) {
        let persons = batch.people.len();
        if is_too_large(error) || matches!(error, SalesforceError::Unclear { .. }) {
            self.accounts_per_call.was_too_large(persons);
        }
        if persons > 1 && may_be_split(error) {
            return push_halves(waiting, batch);
        }
        // It may have been done; a second try shows it.
        if may_be_done(error) && !matches!(error, SalesforceError::Unclear { .. }) && batch.tries == 1 {
            return waiting.push(Batch { tries: 2, ..batch });
        }
        run.stop.note(error);
        if may_be_split(error) && run.failed_alone.fetch_add(1, Ordering::Relaxed) + 1 >= MOST_FAILED_ALONE {
            let reason =
                format!("the accounts service failed for {MOST_FAILED_ALONE} persons in a row; the last: {error}");
            run.stop.note(&SalesforceError::Unavailable { reason, retry_after: None });
        }
        batch.people.into_iter().for_each(|person| person.fail(error));
    }
}

/// Whether the error leaves open that something was done. An Apex exception takes back all that its call did.
fn may_be_done(error: &SalesforceError) -> bool {
    match error {
        SalesforceError::Unclear { .. } => true,
        SalesforceError::Refused(refusal) | SalesforceError::Form(refusal) => {
            refusal.status >= 500 && refusal.code != "APEX_ERROR"
        }
        _ => false,
    }
}

/// The first half comes next.
fn push_halves<'p>(waiting: &mut Vec<Batch<'p>>, batch: Batch<'p>) {
    let [first, second] = batch.halves();
    waiting.extend([second, first].into_iter().filter(|half| !half.people.is_empty()));
}
