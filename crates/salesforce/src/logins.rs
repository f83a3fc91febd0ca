//! UserLogin, the record beside each user that says whether it is frozen (Object Reference, UserLogin: query and update
//! only). Its id never changes, so it is remembered: then a freeze needs no query.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::{SalesforceId, SalesforceUserId};

use crate::Salesforce;
use crate::error::SalesforceError;
use crate::soql;

const LOGINS: &str = "SELECT Id, UserId, IsFrozen FROM UserLogin WHERE ";

/// Bounds the memory; beyond it, it starts anew.
const MOST_REMEMBERED: usize = 50_000;

/// What was learnt of UserLogin in this org.
#[derive(Default)]
pub(crate) struct Logins {
    ids: Mutex<BTreeMap<SalesforceUserId, SalesforceId>>,
    one_by_one: AtomicBool,
}

impl Logins {
    pub(crate) fn id(&self, user: &SalesforceUserId) -> Option<SalesforceId> {
        self.lock().get(user).cloned()
    }

    /// Whether multi-record calls are known not to take them.
    pub(crate) fn go_one_by_one(&self) -> bool {
        self.one_by_one.load(Ordering::Relaxed)
    }

    /// A multi-record call refused what a call of its own did.
    pub(crate) fn learn_one_by_one(&self) {
        if !self.one_by_one.swap(true, Ordering::Relaxed) {
            tracing::info!("salesforce.user_login_not_in_collections");
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SalesforceUserId, SalesforceId>> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Salesforce {
    /// Those of the users that are frozen. Remembers the ids of their UserLogin records.
    ///
    /// # Errors
    /// Those of the queries.
    pub(crate) async fn read_logins(
        &self,
        users: &[SalesforceUserId],
    ) -> Result<BTreeSet<SalesforceUserId>, SalesforceError> {
        let ids: Vec<_> = users.iter().map(|id| ("UserId", id.as_str().to_owned())).collect();
        let rows = self.query_all(soql::any_of(LOGINS, &ids, "")).await?;
        let mut known = self.logins.lock();
        if known.len() + rows.len() > MOST_REMEMBERED {
            known.clear();
        }
        let mut frozen = BTreeSet::new();
        for row in &rows {
            let user = row.text(&["UserId"]).and_then(|id| SalesforceUserId::parse(id).ok());
            if let (Some(user), Some(id)) = (user, row.id("Id")) {
                if row.is("IsFrozen") {
                    frozen.insert(user.clone());
                }
                known.insert(user, id);
            }
        }
        Ok(frozen)
    }
}
