//! What comparing the org with the connector's records found: changes made by hand, users that nobody manages, claims
//! that contradict one another. Kept in the Sync table until a later comparison no longer finds it.

use std::sync::Arc;

use domain::digest::digest;
use domain::{DriftKind, Operation, PersonId, SalesforceUserId};
use jiff::Timestamp;
use ports::{Key, Store, StoreError, Table, Write};
use serde::{Deserialize, Serialize};

use crate::stored::{Stored, overwrite, unchanged_since};

const PARTITION: &str = "findings";

/// Reads and writes findings.
#[derive(Clone)]
pub struct Findings(Arc<dyn Store>);

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FindingKind {
    /// An active user that belongs to no person.
    UnmanagedUser,
    /// A person's user is not in the org any more.
    UserMissing,
    /// A user that two persons take for theirs.
    ClaimedTwice,
    /// Several users carry the same key of one person.
    SeveralUsers,
    /// A change made by hand.
    #[serde(untagged)]
    Drift(DriftKind),
}

impl FindingKind {
    /// As in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Drift(kind) => kind.as_str(),
            Self::UnmanagedUser => "unmanagedUser",
            Self::UserMissing => "userMissing",
            Self::ClaimedTwice => "claimedTwice",
            Self::SeveralUsers => "severalUsers",
        }
    }
}

/// What is done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// The connector undoes it.
    Repair,
    /// It is shown; somebody has to decide.
    Report,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// Whose user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// The user.
    pub user: SalesforceUserId,
    /// Which field, entitlement or other user.
    pub what: String,
    /// What would undo it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Operation>,
    /// What is done about it.
    pub action: Action,
    /// Who did it, as far as Salesforce tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When it was found first.
    pub since: Timestamp,
    /// When it was found last.
    pub at: Timestamp,
}

/// A comparison of the whole org.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReconcileRun {
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
    /// Users read.
    pub users: u64,
    /// Findings.
    pub findings: u64,
    /// Persons whose user is set right.
    pub repaired: u64,
    /// Whether Salesforce's set-up audit trail could be read, which tells who did what.
    pub trail_read: bool,
}

impl Findings {
    /// On a store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    /// Keeps a finding; one that was there keeps the moment when it was first found.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn keep(&self, finding: &Finding) -> Result<(), StoreError> {
        let key = key_of(finding);
        let known = self.0.get(std::slice::from_ref(&key)).await?.pop().flatten();
        let known = Stored::<Finding>::decode_optional(known)?.map(|stored| stored.value);
        let since = known.map_or(finding.since, |known| known.since);
        overwrite(&*self.0, key, &Finding { since, ..finding.clone() }).await
    }

    /// Forgets what was last found before `moment`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn forget_before(&self, moment: Timestamp) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.0.query(Table::Sync, PARTITION, "finding#", after.as_deref(), 200).await?;
            for item in page.items {
                let (key, stored) = (item.key.clone(), Stored::<Finding>::decode(item)?);
                if stored.value.at < moment {
                    self.0.write(&[Write::Delete { key, when: unchanged_since(stored.version) }]).await?;
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// All findings, by user.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn all(&self) -> Result<Vec<Finding>, StoreError> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = self.0.query(Table::Sync, PARTITION, "finding#", after.as_deref(), 500).await?;
            for item in page.items {
                all.push(Stored::decode(item)?.value);
            }
            after = page.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    /// Keeps the report of a comparison that came to its end.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn keep_run(&self, run: &ReconcileRun) -> Result<(), StoreError> {
        overwrite(&*self.0, run_key(), run).await
    }

    /// The last comparison that came to its end.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn last_run(&self) -> Result<Option<ReconcileRun>, StoreError> {
        let item = self.0.get(&[run_key()]).await?.pop().flatten();
        Ok(Stored::decode_optional(item)?.map(|stored| stored.value))
    }
}

fn run_key() -> Key {
    Key::new(Table::Sync, PARTITION, "run")
}

/// What was found may be long, so a digest stands for it.
fn key_of(finding: &Finding) -> Key {
    let what = &digest(&finding.what)[..16];
    Key::new(Table::Sync, PARTITION, format!("finding#{}#{}#{what}", finding.user, finding.kind.as_str()))
}

#[cfg(test)]
mod tests {
    use ports::clock::ManualClock;
    use storage::Embedded;

    use super::*;

    #[tokio::test]
    async fn a_finding_keeps_its_first_moment_and_goes_when_it_is_found_no_more() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let findings = Findings::new(Arc::new(Embedded::in_memory(Arc::new(ManualClock::at(at(0)))).unwrap()));
        let finding = |kind, second| Finding {
            kind,
            person: None,
            user: SalesforceUserId::parse("005000000000001").unwrap(),
            what: "Title".to_owned(),
            undo: None,
            action: Action::Report,
            by: None,
            since: at(second),
            at: at(second),
        };
        for kind in DriftKind::ALL.map(FindingKind::Drift).into_iter().chain([FindingKind::UnmanagedUser]) {
            findings.keep(&finding(kind, 10)).await.unwrap();
        }
        assert_eq!(findings.all().await.unwrap().len(), 7);
        findings.keep(&finding(FindingKind::UnmanagedUser, 20)).await.unwrap();
        findings.forget_before(at(20)).await.unwrap();
        let left = findings.all().await.unwrap();
        assert_eq!(left, [Finding { since: at(10), ..finding(FindingKind::UnmanagedUser, 20) }]);
        assert_eq!(findings.last_run().await.unwrap(), None);
    }
}
