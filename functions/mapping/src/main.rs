//! The Lambda function `mapping`: wiring only.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use aws_lambda_events::sqs::SqsEvent;
use lambda::environment::required;
use lambda::sqs::Batch;
use lambda_runtime::{LambdaEvent, service_fn};
use mapping::Mapping;
use ports::{Clock, QueueName, SystemClock, Table};
use records::{Accounts, Joins, People};
use storage::aws::AwsClients;

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
    let mapping = Mapping {
        people: People::new(store.clone()),
        joins: Joins::new(store.clone()),
        accounts: Accounts::new(store),
        queue,
        clock,
        configuration: Arc::new(configuration),
    };
    let mapping = &mapping;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| async move {
        let batch = Batch::new(event.payload);
        let failed: BTreeSet<String> = mapping.handle(batch.deliveries()).await?.into_iter().collect();
        Ok::<_, lambda_runtime::Error>(batch.response(&failed)?)
    }))
    .await
}
