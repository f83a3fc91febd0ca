//! Users frozen and let go again, by their UserLogin records: many in one call, or one by one where Salesforce does not take
//! them together.

use domain::{Operation, SalesforceId};
use futures::stream::{self, StreamExt};
use http::Method;
use serde_json::json;

use super::Stop;
use super::person::{Person, Task};
use crate::Salesforce;
use crate::api::Call;
use crate::collections::Records;
use crate::error::SalesforceError;
use crate::usage::CallKind;

/// A person's place, and its user's UserLogin record.
type Login = (usize, SalesforceId);

impl Salesforce {
    pub(super) async fn freeze(&self, people: &mut [Person], stop: &Stop) {
        self.set_frozen(people, true, stop).await;
    }

    pub(super) async fn unfreeze(&self, people: &mut [Person], stop: &Stop) {
        self.set_frozen(people, false, stop).await;
    }

    async fn set_frozen(&self, people: &mut [Person], frozen: bool, stop: &Stop) {
        let logins = self.find_logins(people, frozen, stop).await;
        let together = logins.len() > 1 && !self.logins.go_one_by_one();
        let left = if together { self.freeze_together(people, logins, frozen, stop).await } else { logins };
        let calls: Vec<_> = left.into_iter().map(|login| self.freeze_one(login, frozen, stop)).collect();
        let results: Vec<_> = stream::iter(calls).buffer_unordered(self.concurrent_writes).collect().await;
        if together && results.iter().any(|(_, result)| result.is_ok()) {
            self.logins.learn_one_by_one();
        }
        for (place, result) in results {
            conclude(&mut people[place], frozen, result, stop);
        }
    }

    async fn find_logins(&self, people: &mut [Person], frozen: bool, stop: &Stop) -> Vec<Login> {
        let to_do = |person: &Person| person.user.is_some() && person.open().any(|task| is_it(task, frozen));
        let places: Vec<_> = (0..people.len()).filter(|place| to_do(&people[*place])).collect();
        if stop.error().is_some() {
            return Vec::new();
        }
        let users = places.iter().filter_map(|place| people[*place].user.clone());
        let unknown: Vec<_> = users.filter(|user| self.logins.id(user).is_none()).collect();
        let read = if unknown.is_empty() { Ok(()) } else { self.read_logins(&unknown).await.map(drop) };
        let mut logins = Vec::new();
        for place in places {
            let id = people[place].user.as_ref().and_then(|user| self.logins.id(user));
            match (id, &read) {
                (Some(id), _) => logins.push((place, id)),
                (None, Ok(())) => conclude(&mut people[place], frozen, Err(no_login()), stop),
                (None, Err(error)) => conclude(&mut people[place], frozen, Err(error.clone()), stop),
            }
        }
        logins
    }

    /// Answers those that a multi-record call refused.
    async fn freeze_together(
        &self,
        people: &mut [Person],
        logins: Vec<Login>,
        frozen: bool,
        stop: &Stop,
    ) -> Vec<Login> {
        let row = |(_, id): &Login| json!({"attributes": {"type": "UserLogin"}, "id": id, "IsFrozen": frozen});
        let results = self.records(&Records::UpdateLogins(logins.iter().map(row).collect()), stop).await;
        let mut refused = Vec::new();
        for (login, result) in logins.into_iter().zip(results) {
            match result {
                Err(SalesforceError::Refused(_) | SalesforceError::Form(_)) => refused.push(login),
                result => conclude(&mut people[login.0], frozen, result, stop),
            }
        }
        refused
    }

    async fn freeze_one(&self, (place, id): Login, frozen: bool, stop: &Stop) -> (usize, Result<(), SalesforceError>) {
        if let Some(error) = stop.error() {
            return (place, Err(error));
        }
        let path = format!("/services/data/{}/sobjects/UserLogin/{id}", self.version);
        let call = Call::with_body(CallKind::UserRecords, Method::PATCH, path, json!({"IsFrozen": frozen}));
        let result = self.api.call(&call).await.map(drop);
        match &result {
            Ok(()) => stop.answered(),
            Err(error) => stop.note(error),
        }
        (place, result)
    }
}

fn is_it(task: &Task, frozen: bool) -> bool {
    task.operation == if frozen { Operation::Freeze } else { Operation::Unfreeze }
}

fn conclude(person: &mut Person, frozen: bool, result: Result<(), SalesforceError>, stop: &Stop) {
    match result {
        Ok(()) => person.succeed_open(|task| is_it(task, frozen)),
        Err(error) => {
            stop.note(&error);
            tracing::warn!(user = person.user.as_ref().map(tracing::field::display), frozen, %error, "salesforce.freeze_failed");
            person.fail_open(&error, |task| is_it(task, frozen));
        }
    }
}

fn no_login() -> SalesforceError {
    SalesforceError::refused("no-login-record", "the user has no UserLogin record, so it can't be frozen or let go")
}
