//! Looking users up: up to 500 persons in one call, with everything that their users are given.

use std::collections::BTreeMap;

use domain::{ActualUser, SalesforceUserId};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::json;

use super::form::{Key, LookupAnswer, LookupPerson, LookupRequest, User, Version};
use super::{is_too_large, post, unclear};
use crate::Salesforce;
use crate::directory::{Candidate, Wanted, matches};
use crate::error::{Refusal, SalesforceError};
use crate::usage::CallKind;

const MOST_PERSONS: usize = 500;

/// A person to look for, with its place among all.
type Asked<'a> = (usize, &'a Wanted);

impl Salesforce {
    pub(crate) async fn lookup_by_apex(&self, wanted: &[Wanted]) -> Result<Vec<Vec<Candidate>>, SalesforceError> {
        let can_be_found =
            |(_, wanted): &Asked<'_>| wanted.user.is_some() || wanted.keys.iter().any(|key| Key::new(key).is_some());
        let asked: Vec<Asked<'_>> = wanted.iter().enumerate().filter(can_be_found).collect();
        let calls: Vec<_> = asked.chunks(MOST_PERSONS).map(|chunk| self.lookup_chunk(chunk)).collect();
        let found: Vec<_> = stream::iter(calls).buffer_unordered(self.concurrent_writes).try_collect().await?;
        let mut candidates = vec![Vec::new(); wanted.len()];
        for (place, found) in found.into_iter().flatten() {
            candidates[place] = found;
        }
        Ok(candidates)
    }

    /// In one call, unless it runs out of some limit.
    async fn lookup_chunk(&self, asked: &[Asked<'_>]) -> Result<Vec<(usize, Vec<Candidate>)>, SalesforceError> {
        let mut found = Vec::with_capacity(asked.len());
        let mut waiting = vec![asked];
        while let Some(chunk) = waiting.pop() {
            match self.ask(&post(CallKind::ApexLookup, "lookup", request(chunk))).await {
                Ok(answer) => found.extend(read(chunk, answer)?),
                Err(error) if chunk.len() > 1 && is_too_large(&error) => {
                    let (first, second) = chunk.split_at(chunk.len() / 2);
                    waiting.extend([second, first]);
                }
                Err(error) => return Err(not_the_persons_fault(error)),
            }
        }
        Ok(found)
    }
}

fn request(asked: &[Asked<'_>]) -> serde_json::Value {
    let persons = asked.iter().map(|(place, wanted)| LookupPerson {
        reference: place.to_string(),
        user_id: wanted.user.as_ref(),
        keys: wanted.keys.iter().filter_map(Key::new).collect(),
    });
    json!(LookupRequest { version: Version, persons: persons.collect() })
}

/// Salesforce compares without case, so the answer may name users that are nobody's.
fn read(asked: &[Asked<'_>], answer: LookupAnswer) -> Result<Vec<(usize, Vec<Candidate>)>, SalesforceError> {
    let users: BTreeMap<SalesforceUserId, ActualUser> =
        answer.users.into_iter().map(User::read).map(|user| (user.id.clone(), user)).collect();
    let named: BTreeMap<String, Vec<SalesforceUserId>> =
        answer.persons.into_iter().map(|found| (found.reference, found.users)).collect();
    let person = |(place, wanted): &Asked<'_>| {
        let ids = named.get(&place.to_string())?.iter();
        let mut users: BTreeMap<_, _> =
            ids.map(|id| Some((id.clone(), users.get(id)?.clone()))).collect::<Option<_>>()?;
        let found = matches(wanted, &users).into_iter();
        Some((*place, found.filter_map(|(id, matched)| Some(Candidate::new(users.remove(&id)?, matched))).collect()))
    };
    let all: Option<Vec<_>> = asked.iter().map(person).collect();
    all.ok_or_else(|| unclear("the accounts service's answer to a look-up leaves out a person or a user"))
}

/// A look-up that is refused is nobody's data; and one person's error would be everybody's.
fn not_the_persons_fault(error: SalesforceError) -> SalesforceError {
    match error {
        SalesforceError::Refused(refusal) | SalesforceError::Form(refusal) => {
            // Salesforce's own words could repeat people's keys.
            let message = "the accounts service does not take the connector's look-up".to_owned();
            SalesforceError::Unusable(Refusal { message, ..refusal })
        }
        error => error,
    }
}
