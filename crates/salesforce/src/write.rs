//! Carries out operations for many persons in as few calls as Salesforce allows, and tells for each what came of it.
//! Order: who is shut out, what is taken away, users made and changed by SCIM, what SCIM can't do, what is given, who is let
//! in again.

mod assignments;
mod create;
mod freeze;
pub(crate) mod person;
mod records;
mod stop;
mod users;

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{ActualUser, Entitlement, Operation, Outcome, SalesforceUserId, UserField};
use futures::stream::{self, StreamExt};

pub(crate) use self::create::profile_missing;
pub(crate) use self::stop::Stop;

use self::person::Person;
use crate::catalog::Catalog;
use crate::error::SalesforceError;
use crate::{Salesforce, WritePath};

/// What to do for one person.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Work {
    /// The person's user; `None` when it is to be created.
    pub user: Option<SalesforceUserId>,
    /// The user as the org showed it; where it is left out and needed, it is read.
    pub actual: Option<ActualUser>,
    /// The operations, as [`domain::diff`] gives them.
    pub operations: Vec<Operation>,
    /// For fields that must be unique: what to try, in this order.
    pub candidates: BTreeMap<UserField, Vec<String>>,
    /// How the user is found again when the answer to its creation was lost.
    pub correlate: Vec<(UserField, String)>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// The person's user, once there is one.
    pub user: Option<SalesforceUserId>,
    /// The operations in their order, each with its result and with the values really used. A create that worked only in
    /// part holds what worked; the rest follows it as operations of their own that failed. After an error of class
    /// Ambiguous or Systemic, [`Outcome::NotDone`] means that it is not known to be done.
    pub outcomes: Vec<(Operation, Outcome)>,
    /// The weightiest thing that went wrong: systemic before ambiguous before what heals before what needs a person.
    pub error: Option<SalesforceError>,
}

impl Salesforce {
    /// Does the work of all persons; one result for each, in order. No person's failure touches another, unless it is
    /// systemic: then everything not yet done comes back with that error. Dropping the future stops everything.
    pub async fn apply(&self, work: Vec<Work>) -> Vec<Done> {
        match self.path {
            WritePath::Scim => self.apply_by_scim(work).await,
            WritePath::Apex => self.apply_by_apex(work).await,
        }
    }

    async fn apply_by_scim(&self, work: Vec<Work>) -> Vec<Done> {
        let mut people: Vec<Person> = work.into_iter().map(Person::new).collect();
        let stop = Stop::default();
        self.freeze(&mut people, &stop).await;
        self.deactivate(&mut people, &stop).await;
        self.revoke(&mut people, &stop).await;
        if let Some(catalog) = self.resolve(&mut people, &stop).await {
            self.write_users(&mut people, &catalog, &stop).await;
            self.write_records(&mut people, &catalog, &stop).await;
            self.grant(&mut people, &catalog, &stop).await;
        }
        self.unfreeze(&mut people, &stop).await;
        people.into_iter().map(|person| person.done(&stop)).collect()
    }

    async fn deactivate(&self, people: &mut [Person], stop: &Stop) {
        let leaving = people.iter_mut().filter(|person| person.must_deactivate());
        let calls: Vec<_> = leaving.map(|person| self.deactivate_one(person, stop)).collect();
        self.at_once(calls).await;
    }

    /// Fails what the org has no name for; `None` when nothing is left to do or the catalog can't be had.
    async fn resolve(&self, people: &mut [Person], stop: &Stop) -> Option<Arc<Catalog>> {
        if stop.error().is_some() || !people.iter().any(Person::has_more) {
            return None;
        }
        let wanted: Vec<Entitlement> = people.iter().flat_map(Person::wanted_entitlements).collect();
        match self.catalog_with(wanted.iter()).await {
            Ok(catalog) => {
                people.iter_mut().for_each(|person| person.check_names(&catalog));
                Some(catalog)
            }
            Err(error) => {
                stop.note(&error);
                people.iter_mut().filter(|person| person.has_more()).for_each(|person| person.note(&error));
                None
            }
        }
    }

    /// Creates, and changes by SCIM, several users at a time.
    async fn write_users(&self, people: &mut [Person], catalog: &Catalog, stop: &Stop) {
        let writing = people.iter_mut().filter(|person| person.has_more());
        let calls: Vec<_> = writing.map(|person| self.write_user(person, catalog, stop)).collect();
        self.at_once(calls).await;
    }

    pub(crate) async fn at_once(&self, calls: Vec<impl Future<Output = ()>>) {
        stream::iter(calls).buffer_unordered(self.concurrent_writes).for_each(|()| async {}).await;
    }

    async fn write_user(&self, person: &mut Person, catalog: &Catalog, stop: &Stop) {
        if stop.error().is_some() {
            return;
        }
        if person.create.is_some() {
            self.create_user(person, catalog, stop).await;
        } else {
            self.update_user(person, catalog, stop).await;
        }
    }
}

#[cfg(test)]
mod tests;
