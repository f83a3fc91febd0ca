//! What an operator decides about a person's user: link it, unlink it, let it in again. Each is written into the audit
//! log.

use domain::audit::{AuditEntry, Outcome};
use domain::{
    AccountRecord, AuditRecord, Cause, Correlation, HowCorrelated, Operation, Parked, ParkedReason, PersonId,
    SalesforceUserId,
};
use jiff::Timestamp;
use ports::StoreError;

use super::{Accounts, Commit};
use crate::stored::Stored;

/// Code of a person whose user an operator took away.
pub const UNLINKED: &str = "unlinked";

/// What came of an operator's wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decided {
    /// It is so now.
    Done,
    /// It was so.
    Already,
    /// The person has another user, which has to be unlinked first.
    HasAnother(SalesforceUserId),
    /// The user belongs to somebody else.
    BelongsTo(PersonId),
    /// The person has no user.
    NoUser,
    /// The person is being written; a moment later it works.
    Busy,
}

impl Accounts {
    /// Makes a user the person's. The writer looks at it when the person is woken next.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn link(
        &self,
        person: &PersonId,
        user: &SalesforceUserId,
        now: Timestamp,
    ) -> Result<Decided, StoreError> {
        let stored = self.one(person).await?;
        match &stored.value.correlation {
            Some(correlation) if correlation.user == *user => return Ok(Decided::Already),
            Some(correlation) => return Ok(Decided::HasAnother(correlation.user.clone())),
            None => {}
        }
        if let Some(owner) = self.owners(std::slice::from_ref(user)).await?.into_iter().flatten().next() {
            return Ok(Decided::BelongsTo(owner));
        }
        let how = HowCorrelated::Operator;
        let record = AccountRecord {
            correlation: Some(Correlation { user: user.clone(), how, since: now }),
            parked: None,
            recheck: true,
            ..stored.value.clone()
        };
        let operation = Operation::Correlate { user: user.clone(), how };
        self.decide(person, stored, record, operation, Some(user.clone()), None, now).await
    }

    /// Ends the link to the person's user. The person then waits for [`link`](Self::link), or for new data from its
    /// source.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn unlink(&self, person: &PersonId, version: u64, now: Timestamp) -> Result<Decided, StoreError> {
        let stored = self.one(person).await?;
        let Some(correlation) = stored.value.correlation.clone() else { return Ok(Decided::NoUser) };
        let message = "an operator unlinked the person's user; link another one, or try again to let the keys decide";
        let record = AccountRecord {
            correlation: None,
            applied: None,
            pending: None,
            parked: Some(Parked {
                reason: ParkedReason { code: UNLINKED.to_owned(), message: message.to_owned() },
                since: now,
                attempts: 0,
                retry_at: Timestamp::MAX,
                version,
            }),
            ..stored.value.clone()
        };
        let operation = Operation::Uncorrelate { user: correlation.user.clone() };
        self.decide(person, stored, record, operation, None, Some(correlation.user), now).await
    }

    /// Lets in again a user whom somebody shut by hand: the writer undoes it when the person is woken next.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn release_shut(&self, person: &PersonId) -> Result<Decided, StoreError> {
        let stored = self.one(person).await?;
        if stored.value.correlation.is_none() {
            return Ok(Decided::NoUser);
        }
        let Some(mut applied) = stored.value.applied.clone() else { return Ok(Decided::NoUser) };
        // What was left shut by us is opened by us.
        applied.active = Some(false);
        applied.shut_by_hand = false;
        let record = AccountRecord { applied: Some(applied), recheck: true, ..stored.value };
        match self.write(person, record, stored.version).await {
            Err(StoreError::Conflict { .. }) => Ok(Decided::Busy),
            result => result.map(|_| Decided::Done),
        }
    }

    async fn one(&self, person: &PersonId) -> Result<Stored<AccountRecord>, StoreError> {
        let empty = || Stored { value: AccountRecord::default(), version: 0, index: None };
        Ok(self.load(std::slice::from_ref(person)).await?.pop().unwrap_or_else(empty))
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one transaction")]
    async fn decide(
        &self,
        person: &PersonId,
        before: Stored<AccountRecord>,
        record: AccountRecord,
        operation: Operation,
        claims: Option<SalesforceUserId>,
        gives_up: Option<SalesforceUserId>,
        now: Timestamp,
    ) -> Result<Decided, StoreError> {
        if before.value.lease.as_ref().is_some_and(|lease| lease.until > now) {
            return Ok(Decided::Busy);
        }
        let user = match &operation {
            Operation::Correlate { user, .. } | Operation::Uncorrelate { user } => Some(user.clone()),
            _ => None,
        };
        let audit = AuditRecord {
            person: person.clone(),
            sequence: 0,
            at: now,
            user,
            version: before.value.applied_version(),
            cause: Cause::Operator,
            why: "an operator decided".to_owned(),
            entries: vec![AuditEntry { operation, rules: Default::default(), outcome: Outcome::Done }],
            recovered: false,
            previous: String::new(),
        };
        let commit = Commit {
            person,
            waited_for: before.value.waits_for.clone(),
            record,
            version: before.version,
            audit: Some(audit),
            claims,
            gives_up,
            keep_lease: false,
        };
        match self.commit(commit).await {
            Err(StoreError::Conflict { .. }) => Ok(Decided::Busy),
            result => result.map(|_| Decided::Done),
        }
    }
}
