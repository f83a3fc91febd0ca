//! The `write-back` task: what was decided goes back to the systems that configuration names. Persons are listed by the
//! writer when their account changed; once a day, and when the configuration of it changed, everybody is.

use std::time::Duration;

use async_trait::async_trait;
use domain::{Merged, ParkedReason, PersonId, merge};
use jiff::Timestamp;
use policy::write_back::WriteBack as Configured;
use policy::write_back::{OnLeaving, WriteBackProblem, Written, WrittenRecord};
use ports::StoreError;
use records::WriteBacks;
use records::write_back::Held;
use serde::Serialize;
use write_back::{Afas, Answer, Run, Section, Settings, UpdateConnector, Wish, Wishes};

use crate::{Report, Sync, SyncError};

/// A run takes no longer than this when its invocation sets no end.
const LONGEST: Duration = Duration::from_secs(10 * 60);
/// Time of an invocation that is kept: a call under way may take half a minute.
const RESERVE: Duration = Duration::from_secs(60);

/// What writing back to one system did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WrittenBack {
    /// The system.
    pub system: String,
    /// Persons looked at.
    pub looked: usize,
    /// Records written.
    pub written: usize,
    /// Persons with something in the way.
    pub stuck: usize,
    /// Why it ended before its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
}

impl Sync {
    pub(crate) async fn write_back(&self, deadline: Option<Timestamp>) -> Result<Report, SyncError> {
        let mut report = Report::default();
        for configured in &self.configuration.write_backs {
            let Some(records) = self.write_backs.iter().find(|records| *records.system() == configured.name) else {
                continue;
            };
            report.write_back.extend(self.write_back_to(configured, records, deadline).await?);
        }
        Ok(report)
    }

    /// `None` when another run is at it.
    async fn write_back_to(
        &self,
        configured: &Configured,
        records: &WriteBacks,
        deadline: Option<Timestamp>,
    ) -> Result<Option<WrittenBack>, SyncError> {
        let (now, token) = (self.clock.now(), format!("{:016x}", self.random.next_u64()));
        let latest = now.saturating_add(LONGEST).unwrap_or(Timestamp::MAX);
        let deadline = deadline.and_then(|end| end.checked_sub(RESERVE).ok()).map_or(latest, |end| end.min(latest));
        let lock = format!("write-back-{}", configured.name);
        if !self.state.lock(&lock, &token, now, LONGEST + RESERVE).await? {
            return Ok(None);
        }
        let result = self.write_back_now(configured, records, &token, deadline).await;
        self.state.unlock(&lock, &token).await?;
        result.map(Some)
    }

    async fn write_back_now(
        &self,
        configured: &Configured,
        records: &WriteBacks,
        token: &str,
        deadline: Timestamp,
    ) -> Result<WrittenBack, SyncError> {
        self.list_everybody(configured, records).await?;
        let outside = &self.outside;
        let (transport, secrets) = (outside.transport.clone(), outside.secrets.clone());
        let system = configured.name.to_string();
        let afas = match Afas::new(settings(configured), transport, secrets, self.clock.clone()) {
            Ok(afas) => afas,
            Err(error) => {
                tracing::error!(event = "write_back.stopped", system, reason = %error);
                return Ok(WrittenBack { system, stopped: Some(error.to_string()), ..WrittenBack::default() });
            }
        };
        let wishes = Wanted { sync: self, configured };
        let on_leaving = match configured.on_leaving {
            OnLeaving::Keep => write_back::OnLeaving::Keep,
            OnLeaving::Clear => write_back::OnLeaving::Clear,
        };
        let run = Run {
            afas: &afas,
            write_backs: records,
            wishes: &wishes,
            clock: &*self.clock,
            on_leaving,
            token,
            deadline,
        };
        let done = write_back::run(&run).await?;
        let stopped = done.stopped.map(|stopped| stopped.reason);
        if let Some(reason) = &stopped {
            tracing::error!(event = "write_back.stopped", system, reason);
        }
        let (looked, written, stuck) = (done.looked, done.written, done.stuck);
        tracing::info!(event = "write_back.done", system, looked, written, stuck);
        Ok(WrittenBack { system, looked, written, stuck, stopped })
    }

    /// Lists everybody, once for each configuration and day: values that rest on the person alone change without the
    /// account.
    async fn list_everybody(&self, configured: &Configured, records: &WriteBacks) -> Result<(), StoreError> {
        let now = self.clock.now();
        let settings = format!("{} {}", configured.fingerprint(), self.configuration.organisation.today(now));
        if records.settings().await?.as_deref() == Some(settings.as_str()) {
            return Ok(());
        }
        let mut after = None;
        loop {
            let (page, next) = self.accounts.page(after.as_ref()).await?;
            let persons: Vec<PersonId> = page.into_iter().map(|(person, _)| person).collect();
            records.want_all(&persons, now).await?;
            after = next;
            if after.is_none() {
                break;
            }
        }
        records.set_settings(&settings).await
    }
}

fn settings(configured: &Configured) -> Settings {
    let section = |written: &Written| Section {
        connector: written.connector.clone(),
        key: written.key.clone(),
        companion: written.companion.clone(),
        columns: written.columns.clone(),
    };
    Settings {
        address: configured.address.clone(),
        secret: configured.secret.clone(),
        employee: configured.employee.as_ref().map(section),
        user: configured.user.as_ref().map(section),
    }
}

/// What is wanted of each person.
struct Wanted<'a> {
    sync: &'a Sync,
    configured: &'a Configured,
}

#[async_trait]
impl Wishes for Wanted<'_> {
    async fn of(&self, person: &PersonId) -> Result<Answer, StoreError> {
        let Sync { people, accounts, configuration, clock, .. } = self.sync;
        let data = people.load(person).await?;
        let snapshots: Vec<_> = data.snapshots.iter().map(|stored| stored.value.clone()).collect();
        let found = match merge(&snapshots, &configuration.source_roles()) {
            Merged::Present { person, .. } => person,
            Merged::Removed { .. } => return Ok(Answer::Wanted(Wish::Leave, None)),
            Merged::Waiting => return Ok(Answer::NotYet),
        };
        let Some(desired) = data.desired.map(|stored| stored.value) else { return Ok(Answer::NotYet) };
        if desired.leaving_since.is_some() {
            return Ok(Answer::Wanted(Wish::Leave, Some(desired.cause)));
        }
        let account = accounts.load(std::slice::from_ref(person)).await?.pop();
        let applied = account.and_then(|stored| stored.value.applied);
        let Some(applied) = applied.filter(|applied| applied.version >= desired.version) else {
            return Ok(Answer::NotYet);
        };
        let user = policy::write_back::AppliedUser::of(&desired, &applied);
        let today = configuration.organisation.today(clock.now());
        let (policy, user) = (&configuration.policy, user.as_ref());
        let employee = self.configured.employee_of(policy, &found, user, today);
        let account = self.configured.user_of(policy, &found, user, today);
        let unusable = |problem: WriteBackProblem| ParkedReason {
            code: "expression-failed".to_owned(),
            message: problem.to_string(),
        };
        let held = |record: WrittenRecord| Held { key: record.key, fields: record.fields };
        match (employee, account) {
            (Ok(employee), Ok(account)) => {
                let employee = employee.map(|record| (UpdateConnector::KnEmployee, held(record)));
                let account = account.map(|record| (UpdateConnector::KnUser, held(record)));
                Ok(Answer::Wanted(Wish::Hold(employee.into_iter().chain(account).collect()), Some(desired.cause)))
            }
            (Err(problem), _) | (_, Err(problem)) => Ok(Answer::Unusable(unusable(problem))),
        }
    }
}
