//! `connector preflight`: what would fail, told before anything is written. This file reads the arguments and puts the
//! parts together; what is read is in `facts`, `waiting` and `samples`, and each topic's checks are a pure file.

mod calls;
mod connection;
mod facts;
mod fields;
mod finding;
mod keys;
mod licences;
mod names;
mod people;
mod read_only;
mod report;
mod samples;
mod seats;
mod user;
mod waiting;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use http_client::NetworkTransport;
use policy::{Api, Configuration};
use ports::{Clock, HttpTransport, Secrets, Store, SystemClock, SystemRandom};
use salesforce::Salesforce;
use salesforce_simulator::{AdminError, Object, Org};

use self::facts::{Facts, Login};
use self::finding::Topic;
use self::read_only::ReadOnly;
use self::report::Preflight as Shown;
use self::samples::Samples;
use self::waiting::Waiting;
use crate::arguments::{ConfigurationArguments, OrgArguments, StoreArguments};
use crate::exit::{Ending, wrong_use};
use crate::output::Output;
use crate::secrets::Layered;
use crate::simulated_org::SimulatedOrg;

/// No answer to reading takes longer, unless the org hangs.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Tell what would fail in the org, before anything is written.
///
/// Log-in, permissions of the connector's user, API calls, names and licences that rules give, free seats, fields of the
/// User object, protected users: each is looked up in the org and compared with the configuration. The people in the
/// configuration's examples/ are tried, and with a store (--data or --stack) everybody whose account waits to be written.
/// Nothing is written anywhere.
///
/// Exit code 1 when something FAILS; warnings alone are no failure.
#[derive(Debug, Args)]
pub(crate) struct Preflight {
    /// Read all users of the org too, to find keys that several of them carry.
    #[arg(long)]
    deep: bool,
    #[command(flatten)]
    configuration: ConfigurationArguments,
    #[command(flatten)]
    org: OrgArguments,
    #[command(flatten)]
    store: StoreArguments,
}

/// All that the checks compare with the org.
struct Plan<'a> {
    configuration: &'a Configuration,
    samples: &'a Samples,
    /// `None` without a store.
    waiting: Option<&'a Waiting>,
}

impl Preflight {
    pub(crate) async fn run(&self, output: &Output) -> anyhow::Result<Ending> {
        if self.org.secrets.is_none() && !self.org.simulated_org {
            return Err(wrong_use(
                "name the org: --secrets FILE with its log-in, or --simulated-org to try without one",
            ));
        }
        let configuration = self.configuration.load(self.org.simulated_org)?;
        let dir = self.configuration.config.as_deref();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = self.store(&clock).await?;
        let mut waiting = match &store {
            Some(store) => Some(Waiting::read(store).await?),
            None => None,
        };
        let samples = Samples::collect(&configuration, dir, waiting.as_ref(), clock.now());
        let (transport, secrets) = self.org(&configuration, &clock)?;
        let login = Login::read(&*secrets, &configuration.salesforce.secret).await;
        let org = client(&configuration, transport, secrets, clock);
        let facts = Facts::read(&org, login, &configuration.salesforce, self.deep).await;
        if let (Some(waiting), Some(store), Ok(org)) = (&mut waiting, &store, &facts.org) {
            waiting.owner_of_own = Waiting::find_owner(store, &org.session.user).await?;
        }
        let plan = Plan { configuration: &configuration, samples: &samples, waiting: waiting.as_ref() };
        let shown = Shown::new(topics(&plan, &facts), dir);
        let fails = shown.fails();
        output.show(&shown)?;
        Ok(if fails { Ending::Failed } else { Ending::Done })
    }

    /// `None` where nobody has imported anything yet; none is made.
    async fn store(&self, clock: &Arc<dyn Clock>) -> anyhow::Result<Option<Arc<dyn Store>>> {
        if self.store.stack.is_none() && !self.store.local.data.exists() {
            return Ok(None);
        }
        Ok(Some(self.store.open(clock.clone()).await?.store))
    }

    fn org(
        &self,
        configuration: &Configuration,
        clock: &Arc<dyn Clock>,
    ) -> anyhow::Result<(Arc<dyn HttpTransport>, Arc<dyn Secrets>)> {
        let secrets = Layered::over(self.org.secrets.as_deref())?;
        if !self.org.simulated_org {
            return Ok((Arc::new(NetworkTransport::new(TIMEOUT)?), Arc::new(secrets)));
        }
        let simulated = simulated(&self.store.local.data, clock)?;
        let secrets = secrets.with(configuration.salesforce.secret.clone(), &simulated.secret());
        Ok((Arc::new(simulated), Arc::new(secrets)))
    }
}

/// The org that is kept in the folder; without one a new one, which is not kept. A kept one notes the log-in.
fn simulated(data: &Path, clock: &Arc<dyn Clock>) -> anyhow::Result<SimulatedOrg> {
    let kept = data.join("simulated-org.jsonl");
    let org =
        if kept.exists() { SimulatedOrg::kept(&kept, clock.clone())? } else { SimulatedOrg::in_memory(clock.clone()) };
    org.with(permit)?;
    Ok(org)
}

/// The simulated org has a profile's permissions on the profile alone. A real one has them on the permission set that
/// stands for the profile too, which is where they are looked for.
fn permit(org: &mut Org) -> Result<(), AdminError> {
    for profile in ["System Administrator", "Provisioning Integration"] {
        let Some(id) = org.id_of(Object::Profile, profile) else { continue };
        let set = format!("X{}", id.short());
        for permission in ["ApiEnabled", "ManageUsers", "ManageInternalUsers", "AssignPermissionSets"] {
            org.admin().set_permission(Object::PermissionSet, &set, &format!("Permissions{permission}"), true)?;
        }
    }
    Ok(())
}

/// A client that can't write, and that looks up without the accounts service, for that may be what is missing.
fn client(
    configuration: &Configuration,
    transport: Arc<dyn HttpTransport>,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
) -> Salesforce {
    let mut configuration = configuration.clone();
    configuration.salesforce.api = Api::Scim;
    let transport = Arc::new(ReadOnly::new(transport));
    wiring::salesforce(&configuration, transport, secrets, clock, Arc::new(SystemRandom))
}

/// Every check, in the order in which one would mend.
fn topics(plan: &Plan<'_>, facts: &Facts) -> Vec<Topic> {
    let mut topics = vec![connection::check(plan, facts)];
    let Ok(org) = &facts.org else { return topics };
    topics.extend([
        user::check(plan, org),
        calls::check(plan, org),
        names::check(plan, org),
        licences::check(plan, org),
        seats::check(plan, org),
        fields::check(plan, org),
        people::check(plan, org),
        keys::check(plan, org),
    ]);
    topics
}

#[cfg(test)]
mod tests;
