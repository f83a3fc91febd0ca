//! Putting the whole pipeline together for a command: store, secrets, org, configuration.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use http_client::NetworkTransport;
use local::{Pipeline, Ports};
use policy::Configuration;
use ports::{Clock, HttpTransport, Random, Secrets, SystemClock, SystemRandom};
use records::{Accounts, Findings, Joins, People, SourceReads, SyncState};
use storage::aws::S3Objects;
use sync::Sync;

use crate::arguments::{DataArguments, OrgArguments};
use crate::configuration::webhooks;
use crate::exit::wrong_use;
use crate::secrets::Layered;
use crate::sign;
use crate::simulated_org::SimulatedOrg;
use crate::store::Opened;

/// Salesforce ends a request after 10 minutes; who waits so long for one has lost the batch.
const SALESFORCE_TIMEOUT: Duration = Duration::from_secs(30);

/// A source's own timeout is shorter: the reader ends a request after that of the definition.
const SOURCE_TIMEOUT: Duration = Duration::from_secs(310);

/// A pipeline and what it works on.
pub(crate) struct Assembled {
    pub(crate) pipeline: Pipeline,
    pub(crate) opened: Opened,
    pub(crate) secrets: Arc<dyn Secrets>,
    /// The file that the webhooks' keys are read from, where there is one.
    pub(crate) secrets_file: Option<PathBuf>,
}

/// Opens everything on this machine.
///
/// # Errors
/// What is missing, and what to do about it.
pub(crate) fn assemble(
    data: &DataArguments,
    org: &OrgArguments,
    configuration: &Arc<Configuration>,
) -> anyhow::Result<Assembled> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    if org.secrets.is_none() && !org.simulated_org {
        return Err(wrong_use("name the org: --secrets FILE with its log-in, or --simulated-org to try without one"));
    }
    // Read before anything is made, so that a wrong file leaves nothing behind.
    let mut secrets = Layered::over(org.secrets.as_deref())?;
    let opened = data.open_or_create(clock.clone())?;
    let mut secrets_file = org.secrets.clone();
    let transport: Arc<dyn HttpTransport> = if org.simulated_org {
        let simulated = SimulatedOrg::kept(&data.data.join("simulated-org.jsonl"), clock.clone())?;
        if secrets_file.is_none() {
            let path = throw_away_keys(&data.data, configuration, &SystemRandom)?;
            secrets = Layered::over(Some(&path))?;
            secrets_file = Some(path);
        }
        secrets = secrets.with(configuration.salesforce.secret.clone(), &simulated.secret());
        Arc::new(simulated)
    } else {
        Arc::new(NetworkTransport::new(SALESFORCE_TIMEOUT)?)
    };
    let secrets: Arc<dyn Secrets> = Arc::new(secrets);
    let sources = Arc::new(NetworkTransport::new(SOURCE_TIMEOUT)?);
    let objects = Arc::new(S3Objects::from_environment(sources.clone(), clock.clone()));
    let ports = Ports {
        store: opened.store.clone(),
        queue: opened.queue.clone(),
        secrets: secrets.clone(),
        transport,
        sources,
        clock,
        random: Arc::new(SystemRandom),
    };
    let mut pipeline = Pipeline::new(ports, configuration.clone());
    pipeline.sync.objects = Some(objects);
    Ok(Assembled { pipeline, opened, secrets, secrets_file })
}

/// What reads sources; it needs no org.
///
/// # Errors
/// When there is no way to the network.
pub(crate) fn reader(
    opened: &Opened,
    configuration: Arc<Configuration>,
    secrets: Option<Arc<dyn Secrets>>,
) -> anyhow::Result<Sync> {
    let (clock, random): (Arc<dyn Clock>, Arc<dyn Random>) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let secrets = secrets.unwrap_or_else(|| Arc::new(Layered::default()));
    let transport = Arc::new(NetworkTransport::new(SOURCE_TIMEOUT)?);
    let objects = Arc::new(S3Objects::from_environment(transport.clone(), clock.clone()));
    let store = &opened.store;
    Ok(Sync {
        people: People::new(store.clone()),
        accounts: Accounts::new(store.clone()),
        write_backs: wiring::write_backs(&configuration, store),
        state: SyncState::new(store.clone()),
        reads: SourceReads::new(store.clone()),
        joins: Joins::new(store.clone()),
        outside: wiring::sources(store.clone(), transport, secrets, clock.clone(), random.clone()),
        objects: Some(objects),
        findings: Findings::new(store.clone()),
        salesforce: None,
        queue: opened.queue.clone(),
        clock,
        random,
        configuration,
        grace: sync::GRACE,
    })
}

/// A secrets file in the data folder with a new key for each webhook; one that is there stays.
fn throw_away_keys(data: &Path, configuration: &Configuration, random: &dyn Random) -> anyhow::Result<PathBuf> {
    let path = data.join("secrets.yaml");
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = match options.open(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(path),
        result => result.with_context(|| format!("{} can't be made", path.display()))?,
    };
    let mut text = String::from("# Keys for trying webhooks against the simulated org. Never use them elsewhere.\n");
    let mut names: Vec<_> = webhooks(configuration).map(|(_, secret)| secret).collect();
    names.sort();
    names.dedup();
    for name in names {
        text.push_str(&format!("{name}: {{ key: {} }}\n", sign::new_key(random)));
    }
    file.write_all(text.as_bytes())?;
    Ok(path)
}
