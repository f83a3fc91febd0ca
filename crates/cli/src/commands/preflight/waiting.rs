//! Whose accounts wait to be written, as the store has them.

use std::sync::Arc;

use domain::{AccountRecord, AccountStatus, DesiredState, Entitlement, PersonId, SalesforceUserId};
use ports::Store;
use records::keys::{SHARDS, UNAPPLIED, UNMAPPED};
use records::{Accounts, People};

/// What waits.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting {
    pub(super) persons: Vec<WaitingPerson>,
    /// Persons whose newest record was not looked at yet.
    pub(super) unmapped: usize,
    /// The person to whom the connector's own user belongs, if any.
    pub(super) owner_of_own: Option<PersonId>,
}

/// A person whose account is not what it should be.
#[derive(Clone, Debug)]
pub(super) struct WaitingPerson {
    pub(super) desired: DesiredState,
    pub(super) record: AccountRecord,
}

impl Waiting {
    /// Reads the store, and writes nothing.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn read(store: &Arc<dyn Store>) -> anyhow::Result<Self> {
        let (people, accounts) = (People::new(store.clone()), Accounts::new(store.clone()));
        let mut waiting = Self { unmapped: listed(&people, UNMAPPED).await?.len(), ..Self::default() };
        for persons in listed(&people, UNAPPLIED).await?.chunks(100) {
            let desired = people.desired(persons).await?;
            let records = accounts.load(persons).await?;
            let both = desired.into_iter().zip(records);
            let both = both.filter_map(|(desired, record)| Some((desired?.value, record.value)));
            let behind = both.filter(|(desired, record)| record.applied_version() < desired.version);
            waiting.persons.extend(behind.map(|(desired, record)| WaitingPerson { desired, record }));
        }
        Ok(waiting)
    }

    /// To whom the user belongs, by the store.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn find_owner(
        store: &Arc<dyn Store>,
        user: &SalesforceUserId,
    ) -> anyhow::Result<Option<PersonId>> {
        Ok(Accounts::new(store.clone()).owners(std::slice::from_ref(user)).await?.pop().flatten())
    }
}

impl WaitingPerson {
    /// Whether a user becomes active, which takes a seat of its licence.
    pub(super) fn takes_seat(&self) -> bool {
        let was_active = self.record.applied.as_ref().and_then(|applied| applied.active) == Some(true);
        self.desired.account.status == AccountStatus::Enabled && !was_active
    }

    /// Whether a user becomes inactive, which gives a seat back. Who is only frozen keeps it.
    pub(super) fn gives_seat_back(&self) -> bool {
        let was_active = self.record.applied.as_ref().and_then(|applied| applied.active) == Some(true);
        matches!(self.desired.account.status, AccountStatus::Inactive | AccountStatus::Unwanted) && was_active
    }

    /// What it is to be given, as far as the connector has not given it yet.
    pub(super) fn to_be_given(&self) -> impl Iterator<Item = &Entitlement> {
        let owned = self.record.owned();
        let enabled = self.desired.account.status == AccountStatus::Enabled;
        self.desired.account.entitlements.keys().filter(move |given| enabled && !owned.contains(given))
    }
}

/// Everybody whom one of the indexes lists.
async fn listed(people: &People, index: &str) -> anyhow::Result<Vec<PersonId>> {
    let mut persons = Vec::new();
    for shard in 0..SHARDS {
        let mut after = None;
        loop {
            let (page, next) = people.listed(index, shard, None, after.as_ref()).await?;
            persons.extend(page);
            after = next;
            if after.is_none() {
                break;
            }
        }
    }
    persons.sort();
    persons.dedup();
    Ok(persons)
}
