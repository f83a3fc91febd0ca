//! The `reconcile` task: reads the whole org, compares it with what the connector left, and sets right, or reports, what
//! somebody changed by hand. Reads only; the writer is what sets right.

mod attribution;
mod compare;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::{AccountRecord, DesiredState, DriftKind, PersonId, SalesforceUserId, UserField};
use jiff::{SignedDuration, Timestamp};
use policy::DriftAnswer;
use ports::QueueName;
use records::{Action, Finding, FindingKind, ReconcileRun, send_wake_ups};
use salesforce::{Pace, Priority, Salesforce, SetUpTrail, Surveyed, Wanted};

pub use self::attribution::{TrailEntry, Whose, who};
pub use self::compare::{Drift, compare};
use crate::{Report, Sync, SyncError};

const TASK: &str = "reconcile";
/// Longer than Lambda lets a run take.
const TURN: Duration = Duration::from_secs(20 * 60);
/// How far the first run looks back for who did what.
const FIRST_LOOK_BACK: SignedDuration = SignedDuration::from_hours(24 * 7);

/// One run.
struct Run {
    started: Timestamp,
    trail: Vec<TrailEntry>,
    trail_read: bool,
    users: u64,
    findings: u64,
    seen: BTreeSet<SalesforceUserId>,
    /// Users by the keys that only one may carry.
    keys: BTreeMap<(UserField, String), SalesforceUserId>,
    ordinary: BTreeSet<PersonId>,
    urgent: BTreeSet<PersonId>,
}

impl Sync {
    pub(crate) async fn reconcile(&self, org: &Salesforce) -> Result<Report, SyncError> {
        let token = format!("{:016x}", self.random.next_u64());
        if !self.state.lock(TASK, &token, self.clock.now(), TURN).await? {
            tracing::info!(event = "reconcile.under_way");
            return Ok(Report::default());
        }
        let result = self.reconcile_all(org).await;
        self.state.unlock(TASK, &token).await?;
        result
    }

    async fn reconcile_all(&self, org: &Salesforce) -> Result<Report, SyncError> {
        let own = org.own_user().await?;
        let mut run = self.begin_run(org, &own).await?;
        let mut after = None;
        loop {
            match org.pace(Priority::Bulk).await {
                Pace::Go => {}
                Pace::Slow(pause) => self.clock.sleep(pause).await,
                Pace::Wait(_) => return Err(SyncError::ApiBudget),
            }
            let page = org.survey_page(after.as_ref()).await?;
            let Some(last) = page.last().map(|surveyed| surveyed.user.id.clone()) else { break };
            self.compare_page(&page, &own, &mut run).await?;
            after = Some(last);
        }
        self.find_missing(&mut run).await?;
        self.end_run(run).await
    }

    async fn begin_run(&self, org: &Salesforce, own: &SalesforceUserId) -> Result<Run, SyncError> {
        let started = self.clock.now();
        let look_back = started.saturating_sub(FIRST_LOOK_BACK).unwrap_or(started);
        let since = self.findings.last_run().await?.map_or(look_back, |run| run.started);
        let (trail, trail_read) = match org.set_up_changes(since).await? {
            SetUpTrail::Read { changes, complete } => (changes, complete),
            _ => (Vec::new(), false),
        };
        // What the connector did itself is no news.
        let own =
            org.lookup(&[Wanted { user: Some(own.clone()), keys: Vec::new() }]).await?.into_iter().flatten().next();
        let own = own.and_then(|own| own.user.field(UserField::Username).map(str::to_lowercase));
        let entry = |change: salesforce::SetUpChange| {
            let by = change.by.filter(|by| own.as_ref() != Some(&by.to_lowercase()))?;
            Some(TrailEntry { by, display: change.display? })
        };
        Ok(Run {
            started,
            trail: trail.into_iter().filter_map(entry).collect(),
            trail_read,
            users: 0,
            findings: 0,
            seen: BTreeSet::new(),
            keys: BTreeMap::new(),
            ordinary: BTreeSet::new(),
            urgent: BTreeSet::new(),
        })
    }

    async fn compare_page(&self, page: &[Surveyed], own: &SalesforceUserId, run: &mut Run) -> Result<(), SyncError> {
        let ids: Vec<_> = page.iter().map(|surveyed| surveyed.user.id.clone()).collect();
        let owners = self.accounts.owners(&ids).await?;
        let persons: Vec<PersonId> = owners.iter().flatten().cloned().collect();
        let desired = self.people.desired(&persons).await?;
        let records = self.accounts.load(&persons).await?;
        let managed = persons.iter().cloned().zip(desired.into_iter().zip(records));
        let managed: BTreeMap<PersonId, (Option<DesiredState>, AccountRecord)> = managed
            .map(|(person, (desired, record))| (person, (desired.map(|desired| desired.value), record.value)))
            .collect();
        let users = self.users_of_linked(&managed).await?;
        for (surveyed, owner) in page.iter().zip(owners) {
            run.users += 1;
            run.seen.insert(surveyed.user.id.clone());
            self.check_keys(surveyed, owner.as_ref(), run).await?;
            match owner.and_then(|owner| Some((owner.clone(), managed.get(&owner)?))) {
                Some((person, (Some(desired), record))) => {
                    self.check_managed(&person, desired, record, surveyed, &users, run).await?;
                }
                Some(_) => {}
                None if surveyed.user.active && surveyed.user.id != *own && !self.is_listed(surveyed) => {
                    self.keep(run, FindingKind::UnmanagedUser, None, surveyed, String::new()).await?;
                }
                None => {}
            }
        }
        Ok(())
    }

    async fn users_of_linked(
        &self,
        managed: &BTreeMap<PersonId, (Option<DesiredState>, AccountRecord)>,
    ) -> Result<BTreeMap<PersonId, SalesforceUserId>, SyncError> {
        let desired = managed.values().filter_map(|(desired, _)| desired.as_ref());
        let linked: BTreeSet<PersonId> = desired.flat_map(|d| d.account.linked_persons()).cloned().collect();
        let linked: Vec<_> = linked.into_iter().collect();
        let records = self.accounts.load(&linked).await?;
        let user = |(person, record): (PersonId, records::Stored<AccountRecord>)| {
            Some((person, record.value.correlation?.user))
        };
        Ok(linked.into_iter().zip(records).filter_map(user).collect())
    }

    async fn check_managed(
        &self,
        person: &PersonId,
        desired: &DesiredState,
        record: &AccountRecord,
        surveyed: &Surveyed,
        users: &BTreeMap<PersonId, SalesforceUserId>,
        run: &mut Run,
    ) -> Result<(), SyncError> {
        if record.correlation.as_ref().is_some_and(|correlation| correlation.user != surveyed.user.id) {
            return self.keep(run, FindingKind::ClaimedTwice, Some(person), surveyed, String::new()).await;
        }
        let username = surveyed.user.field(UserField::Username).unwrap_or_default();
        let whose = Whose { user: &surveyed.user.id, username, name: &surveyed.name };
        for Drift { kind, what, undo } in compare(desired, record, &surveyed.user, users) {
            let Some(action) = action(self.configuration.drift.answer(kind), kind, undo.is_some()) else { continue };
            if action == Action::Repair {
                let queue = if kind == DriftKind::Opened { &mut run.urgent } else { &mut run.ordinary };
                queue.insert(person.clone());
            }
            let by = who(kind, &whose, &what, &run.trail, surveyed.last_modified_by.as_deref());
            let finding = Finding {
                kind: FindingKind::Drift(kind),
                person: Some(person.clone()),
                user: surveyed.user.id.clone(),
                what,
                undo,
                action,
                by,
                since: run.started,
                at: run.started,
            };
            run.findings += 1;
            self.findings.keep(&finding).await?;
        }
        Ok(())
    }

    /// A key that two users carry makes somebody's user ambiguous.
    async fn check_keys(&self, surveyed: &Surveyed, owner: Option<&PersonId>, run: &mut Run) -> Result<(), SyncError> {
        for field in [UserField::FederationIdentifier, UserField::EmployeeNumber] {
            let Some(value) = surveyed.user.field(field) else { continue };
            let key = (field, value.to_owned());
            match run.keys.get(&key).cloned() {
                None => drop(run.keys.insert(key, surveyed.user.id.clone())),
                Some(other) => {
                    let what = format!("{} as user {other}", field.api_name());
                    self.keep(run, FindingKind::SeveralUsers, owner, surveyed, what).await?;
                }
            }
        }
        Ok(())
    }

    /// Whom configuration protects needs no person.
    fn is_listed(&self, surveyed: &Surveyed) -> bool {
        surveyed.user.field(UserField::Username).is_some_and(|name| self.configuration.salesforce.protects(name))
    }

    /// Persons whose user the whole org did not show.
    async fn find_missing(&self, run: &mut Run) -> Result<(), SyncError> {
        let mut after = None;
        loop {
            let (page, next) = self.accounts.page(after.as_ref()).await?;
            for (person, record) in page {
                let Some(correlation) = record.correlation else { continue };
                if run.seen.contains(&correlation.user) || correlation.since >= run.started {
                    continue;
                }
                let finding = Finding {
                    kind: FindingKind::UserMissing,
                    person: Some(person),
                    user: correlation.user,
                    what: String::new(),
                    undo: None,
                    action: Action::Report,
                    by: None,
                    since: run.started,
                    at: run.started,
                };
                run.findings += 1;
                self.findings.keep(&finding).await?;
            }
            after = next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn keep(
        &self,
        run: &mut Run,
        kind: FindingKind,
        person: Option<&PersonId>,
        surveyed: &Surveyed,
        what: String,
    ) -> Result<(), SyncError> {
        let finding = Finding {
            kind,
            person: person.cloned(),
            user: surveyed.user.id.clone(),
            what,
            undo: None,
            action: Action::Report,
            by: surveyed.last_modified_by.clone(),
            since: run.started,
            at: run.started,
        };
        run.findings += 1;
        Ok(self.findings.keep(&finding).await?)
    }

    /// Only a run that has seen everything may forget what it has not seen.
    async fn end_run(&self, run: Run) -> Result<Report, SyncError> {
        self.findings.forget_before(run.started).await?;
        let mut repaired = 0;
        let ordinary = run.ordinary.difference(&run.urgent).cloned().collect();
        for (queue, persons) in [(QueueName::UrgentChanges, run.urgent), (QueueName::Changes, ordinary)] {
            let mut woken = Vec::new();
            for person in persons {
                if self.accounts.recheck(&person).await? {
                    woken.push(person);
                }
            }
            repaired += send_wake_ups(&*self.queue, queue, woken).await?;
        }
        let report = ReconcileRun {
            started: run.started,
            finished: self.clock.now(),
            users: run.users,
            findings: run.findings,
            repaired: repaired as u64,
            trail_read: run.trail_read,
        };
        self.findings.keep_run(&report).await?;
        if report.findings > 0 {
            tracing::warn!(event = "reconcile.findings", findings = report.findings, repaired = report.repaired);
        }
        Ok(Report { writer: repaired, reconcile: Some(report), ..Report::default() })
    }
}

/// What is done about a change made by hand; `None` when it is accepted.
fn action(answer: DriftAnswer, kind: DriftKind, can_be_undone: bool) -> Option<Action> {
    match answer {
        // Only in `exact` can an addition be undone, and there the mode has decided.
        _ if kind == DriftKind::EntitlementsAdded && can_be_undone => Some(Action::Repair),
        DriftAnswer::Accept => None,
        DriftAnswer::Repair if can_be_undone => Some(Action::Repair),
        DriftAnswer::Repair | DriftAnswer::Report => Some(Action::Report),
    }
}
