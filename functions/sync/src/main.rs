//! The Lambda function `sync`: wiring only.

use std::path::Path;
use std::sync::Arc;

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use http_client::NetworkTransport;
use lambda::environment::required;
use lambda_runtime::{LambdaEvent, service_fn};
use ports::{Clock, QueueName, SystemClock, SystemRandom, Table};
use records::{Accounts, Findings, People, SyncState};
use storage::CachedSecrets;
use storage::aws::AwsClients;
use sync::{Sync, Task};

/// Reading a page of users takes a query seconds, not minutes.
const SALESFORCE_TIMEOUT: Duration = Duration::from_secs(60);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda::logging::init();
    let configuration = policy::load(Path::new(&required("CONFIG_DIR")?)).map_err(|problems| anyhow!("{problems}"))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let aws = AwsClients::from_environment(&required("STACK_NAME")?).await;
    let store = Arc::new(aws.store(clock.clone()));
    let queue = Arc::new(aws.queue(clock.clone()));
    store.connect(Table::People).await.context("DynamoDB")?;
    queue.connect(&[QueueName::PersonEvents, QueueName::Changes, QueueName::UrgentChanges]).await.context("SQS")?;
    let random = Arc::new(SystemRandom);
    let secrets = Arc::new(CachedSecrets::new(Arc::new(aws.secrets()), clock.clone()));
    let transport = Arc::new(NetworkTransport::new(SALESFORCE_TIMEOUT)?);
    let salesforce = wiring::salesforce(&configuration, transport, secrets, clock.clone(), random.clone());
    let sync = Sync {
        people: People::new(store.clone()),
        accounts: Accounts::new(store.clone()),
        state: SyncState::new(store.clone()),
        findings: Findings::new(store),
        salesforce: Some(Arc::new(salesforce)),
        queue,
        clock,
        random,
        configuration: Arc::new(configuration),
        grace: sync::GRACE,
    };
    let sync = &sync;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Task>| async move {
        Ok::<_, lambda_runtime::Error>(sync.run(&event.payload).await?)
    }))
    .await
}
