//! The load: made-up persons who join, are sent again unchanged, move and leave.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{anyhow, bail};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use local::{Pipeline, Ports};
use policy::Configuration;
use ports::{Clock, SystemClock, SystemRandom};
use serde_json::{Value, json};
use storage::Embedded;

use super::meter::{Meter, Reading};
use crate::output::Output;
use crate::secrets::Layered;
use crate::sign;
use crate::simulated_org::SimulatedOrg;
use crate::store::Opened;

const CONFIGURATION: &str = include_str!("load.yaml");

/// Persons in one request.
const BATCH: usize = 250;

/// A run that takes longer has hung.
const PATIENCE: Duration = Duration::from_secs(6 * 60 * 60);

/// The runs, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Joiners,
    Unchanged,
    Movers,
    Frozen,
    Deactivated,
    Stripped,
}

impl Step {
    pub(super) const ALL: [Self; 6] =
        [Self::Joiners, Self::Unchanged, Self::Movers, Self::Frozen, Self::Deactivated, Self::Stripped];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Joiners => "joiners",
            Self::Unchanged => "the same again",
            Self::Movers => "movers",
            Self::Frozen => "leavers, frozen",
            Self::Deactivated => "leavers, deactivated",
            Self::Stripped => "leavers, stripped",
        }
    }

    fn department(self) -> &'static str {
        if matches!(self, Self::Joiners | Self::Unchanged) { "SALES" } else { "SERVICE" }
    }
}

pub(super) struct Load {
    pipeline: Pipeline,
    org: SimulatedOrg,
    meter: Arc<Meter>,
    key: String,
    persons: u32,
}

impl Load {
    /// A new org and a new store, in the file if one is named.
    pub(super) fn new(persons: u32, latency: Duration, api: &str, file: Option<&Path>) -> anyhow::Result<Self> {
        let configuration =
            CONFIGURATION.replace("secret: salesforce }", &format!("secret: salesforce, api: {api} }}"));
        let files = [("load.yaml".to_owned(), configuration)];
        let configuration = Configuration::parse(&files).map_err(|problems| anyhow!("{problems}"))?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let org = SimulatedOrg::in_memory(clock.clone()).with_latency(latency);
        let meter = Arc::new(Meter::new(org.clone()));
        let key = sign::new_key(&SystemRandom);
        let mut secrets = Layered::over(None)?.with(configuration.salesforce.secret.clone(), &org.secret());
        for (_, secret) in crate::configuration::webhooks(&configuration) {
            secrets = secrets.with(secret, &json!({ "key": key }));
        }
        let embedded = match file {
            Some(file) => Embedded::open(file, clock.clone())?,
            None => Embedded::in_memory(clock.clone())?,
        };
        let opened = Opened::embedded(Arc::new(embedded));
        let ports = Ports {
            store: opened.store,
            queue: opened.queue,
            secrets: Arc::new(secrets),
            transport: meter.clone(),
            sources: meter.clone(),
            clock,
            random: Arc::new(SystemRandom),
        };
        Ok(Self { pipeline: Pipeline::new(ports, Arc::new(configuration)), org, meter, key, persons })
    }

    /// Sends everybody and works until all is quiet.
    pub(super) async fn run(&self, step: Step, output: &Output) -> anyhow::Result<Reading> {
        let started = self.meter.start();
        let today = self.pipeline.mapping.today();
        let numbers: Vec<u32> = (0..self.persons).collect();
        for batch in numbers.chunks(BATCH) {
            self.send(batch, step, today).await?;
        }
        let progress = output.progress(step.as_str());
        let quiet = self.pipeline.run_until_quiet(PATIENCE, &|left| progress.left(left)).await?;
        drop(progress);
        if quiet.dead > 0 {
            bail!("{} messages were given up: {}", quiet.dead, quiet.trouble.unwrap_or_default());
        }
        let reading = self.meter.read(started);
        self.check(step)?;
        Ok(reading)
    }

    async fn send(&self, numbers: &[u32], step: Step, today: Date) -> anyhow::Result<()> {
        let now = SystemClock.now();
        let events = numbers.iter().map(|number| event(*number, step, now, today));
        let body = Value::Array(events.collect::<anyhow::Result<_>>()?).to_string();
        let request = sign::request("hr", &self.key, &sign::new_id(&SystemRandom), now, body)?;
        let answer = self.pipeline.webhook.handle(&request).await;
        if answer.status() != 202 {
            bail!("the webhook answered {}: {}", answer.status(), String::from_utf8_lossy(answer.body()));
        }
        Ok(())
    }

    /// A figure about work that was not done would be worth nothing.
    fn check(&self, step: Step) -> anyhow::Result<()> {
        let users = self.org.with(|org| org.users());
        let ours = users.iter().filter(|user| user.text("FederationIdentifier").starts_with("bench-"));
        let right = ours.filter(|user| {
            let sets = user.permission_sets.len();
            let licences = user.permission_set_licences.len();
            match step {
                Step::Frozen => user.frozen && user.active && sets == 3,
                Step::Deactivated => !user.active && sets == 3,
                Step::Stripped => !user.active && sets == 0 && licences == 0 && user.groups.is_empty(),
                Step::Joiners | Step::Unchanged | Step::Movers => {
                    let given = sets == 3 && licences == 1 && user.groups.len() == 1 && user.role.is_some();
                    user.active && given && user.text("Department") == step.department()
                }
            }
        });
        let right = right.count();
        if right == self.persons as usize {
            return Ok(());
        }
        bail!("{} of {} persons came out right in the run of {}", right, self.persons, step.as_str())
    }
}

fn event(number: u32, step: Step, now: Timestamp, today: Date) -> anyhow::Result<Value> {
    // Who left so many days ago is at that step of the ladder.
    let days_ago = match step {
        Step::Joiners | Step::Unchanged | Step::Movers => None,
        Step::Frozen => Some(1),
        Step::Deactivated => Some(8),
        Step::Stripped => Some(31),
    };
    let end = days_ago.map(|days| today.checked_sub(days.days())).transpose()?;
    let department = step.department();
    Ok(json!({
        "type": "person.upserted",
        "timestamp": now,
        "data": {
            "id": format!("bench-{number:05}"),
            "name": { "givenName": "Person", "familyName": format!("Number {number:05}") },
            "contact": { "email": format!("person.{number:05}@example.com"), "phone": "+31 20 0000000" },
            "contracts": [{
                "id": "c-1", "startDate": "2020-01-01", "endDate": end, "type": "permanent", "fte": 1.0,
                "department": { "id": department, "name": department },
                "title": { "id": "T", "name": "Consultant" },
                "manager": { "id": "bench-00000" }
            }]
        }
    }))
}
