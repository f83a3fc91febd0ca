//! What the demo plays on: the whole pipeline over a store in memory, a simulated org, and a clock that is set by hand.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use domain::{DesiredAccount, Known, Operation, PersonId, diff};
use jiff::Timestamp;
use local::{Pipeline, Ports};
use ports::clock::ManualClock;
use ports::random::SeededRandom;
use ports::{Clock as _, SecretName};
use salesforce::Wanted;
use salesforce_simulator::UserView;
use serde_json::{Value, json};
use storage::Embedded;

use crate::example;
use crate::secrets::Layered;
use crate::sign;
use crate::simulated_org::SimulatedOrg;
use crate::store::Opened;

const MONDAY_MORNING: &str = "2026-03-02T08:00:00+01:00";

/// Far more than anything here takes, by the demo's own clock.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) struct Stage {
    pub(super) pipeline: Pipeline,
    pub(super) opened: Opened,
    org: SimulatedOrg,
    clock: Arc<ManualClock>,
    random: SeededRandom,
    key: String,
}

/// What should be, and what leads there.
pub(super) struct Plan {
    pub(super) desired: DesiredAccount,
    pub(super) operations: Vec<Operation>,
}

impl Stage {
    pub(super) fn new() -> anyhow::Result<Self> {
        let now: Timestamp = MONDAY_MORNING.parse()?;
        let clock = Arc::new(ManualClock::at(now));
        let random = SeededRandom::new(2026);
        let configuration = example::configuration()?;
        let org = SimulatedOrg::in_memory(clock.clone());
        let key = sign::new_key(&random);
        let secrets = Layered::over(None)?
            .with(configuration.salesforce.secret.clone(), &org.secret())
            .with(SecretName::parse("hr-webhook").map_err(|error| anyhow!(error))?, &json!({ "key": key }));
        let opened = Opened::embedded(Arc::new(Embedded::in_memory(clock.clone())?));
        let ports = Ports {
            store: opened.store.clone(),
            queue: opened.queue.clone(),
            secrets: Arc::new(secrets),
            transport: Arc::new(org.clone()),
            sources: Arc::new(org.clone()),
            clock: clock.clone(),
            random: Arc::new(SeededRandom::new(7)),
        };
        Ok(Self { pipeline: Pipeline::new(ports, configuration), opened, org, clock, random, key })
    }

    /// HR sends these persons in one signed request; answers the status.
    pub(super) async fn hr_sends(&self, persons: &[Value]) -> anyhow::Result<u16> {
        let now = self.clock.now();
        let event = |person: &Value| json!({ "type": "person.upserted", "timestamp": now, "data": person });
        let body = Value::Array(persons.iter().map(event).collect()).to_string();
        let request = sign::request("hr", &self.key, &sign::new_id(&self.random), now, body)?;
        let answer = self.pipeline.webhook.handle(&request).await;
        if answer.status() != 202 {
            bail!("the webhook answered {}: {}", answer.status(), String::from_utf8_lossy(answer.body()));
        }
        Ok(answer.status().as_u16())
    }

    /// Anybody sends this, and signs it with another key.
    pub(super) async fn somebody_sends(&self, person: &Value) -> anyhow::Result<u16> {
        let key = sign::new_key(&self.random);
        let request = sign::request("hr", &key, "msg_forged", self.clock.now(), person.to_string())?;
        Ok(self.pipeline.webhook.handle(&request).await.status().as_u16())
    }

    /// What the writer is about to do for a person: mapping runs, the org is only read.
    pub(super) async fn plan(&self, person: &str) -> anyhow::Result<Plan> {
        let person = PersonId::parse(person)?;
        self.pipeline.mapping.person(&person).await?;
        let persons = std::slice::from_ref(&person);
        let desired = self.pipeline.mapping.people.desired(persons).await?.pop().flatten();
        let desired = desired.context("mapping decided nothing")?.value.account;
        let record = self.pipeline.writer.accounts.load(persons).await?.pop().context("no record")?.value;
        let user = record.correlation.as_ref().map(|correlation| correlation.user.clone());
        let keys = if user.is_some() { Vec::new() } else { desired.correlate.clone() };
        let found = self.pipeline.writer.salesforce.lookup(&[Wanted { user, keys }]).await?;
        let actual = found.into_iter().flatten().next().map(|candidate| candidate.user);
        let known = Known { owned: record.owned(), ..Known::default() };
        let operations = diff(&desired, actual.as_ref(), &known).operations;
        Ok(Plan { desired, operations })
    }

    /// Runs the pipeline until nothing is left to do.
    pub(super) async fn settle(&self) -> anyhow::Result<()> {
        let quiet = self.pipeline.run_until_quiet(PATIENCE, &|_| ()).await?;
        if quiet.dead > 0 {
            bail!("{} messages were given up: {}", quiet.dead, quiet.trouble.unwrap_or_default());
        }
        Ok(())
    }

    /// A later moment.
    pub(super) fn at(&self, moment: &str) -> anyhow::Result<()> {
        self.clock.set(moment.parse()?);
        Ok(())
    }

    /// The person's user, as the org shows it.
    pub(super) fn user(&self, person: &str) -> anyhow::Result<UserView> {
        let mut users = self.org.with(|org| org.users_with("FederationIdentifier", person));
        match (users.pop(), users.len()) {
            (Some(user), 0) => Ok(user),
            (None, _) => bail!("the org has no user for person {person}"),
            (Some(_), more) => bail!("the org has {} users for person {person}", more + 1),
        }
    }

    /// The org's calls since the last time this was asked, by kind.
    pub(super) fn calls(&self) -> BTreeMap<String, u64> {
        self.org.with(|org| {
            let calls = org.calls().clone();
            org.reset_calls();
            calls
        })
    }
}
