//! The Lambda function `sync`: wiring only.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use lambda::environment::required;
use lambda_runtime::{LambdaEvent, service_fn};
use ports::{Clock, QueueName, SystemClock, SystemRandom, Table};
use records::{Accounts, People, SyncState};
use storage::aws::AwsClients;
use sync::{Sync, Task};

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
    let sync = Sync {
        people: People::new(store.clone()),
        accounts: Accounts::new(store.clone()),
        state: SyncState::new(store),
        queue,
        clock,
        random: Arc::new(SystemRandom),
        configuration: Arc::new(configuration),
        grace: sync::GRACE,
    };
    let sync = &sync;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Task>| async move {
        Ok::<_, lambda_runtime::Error>(sync.run(&event.payload).await?)
    }))
    .await
}
