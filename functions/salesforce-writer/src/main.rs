//! The Lambda function `salesforce-writer`: wiring only.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use aws_lambda_events::sqs::SqsEvent;
use http_client::NetworkTransport;
use lambda::environment::required;
use lambda::sqs::Batch;
use lambda_runtime::{LambdaEvent, service_fn};
use ports::{Clock, QueueName, Store, SystemClock, SystemRandom, Table};
use records::{Accounts, People};
use salesforce_writer::{KnownAdministrators, Writer};
use storage::CachedSecrets;
use storage::aws::AwsClients;

/// Salesforce ends a request after 10 minutes; who waits so long for one has lost the batch.
const SALESFORCE_TIMEOUT: Duration = Duration::from_secs(30);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda::logging::init();
    let configuration = policy::load(Path::new(&required("CONFIG_DIR")?)).map_err(|problems| anyhow!("{problems}"))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random = Arc::new(SystemRandom);
    let aws = AwsClients::from_environment(&required("STACK_NAME")?).await;
    let store = Arc::new(aws.store(clock.clone()));
    let queue = Arc::new(aws.queue(clock.clone()));
    let secrets = Arc::new(CachedSecrets::new(Arc::new(aws.secrets()), clock.clone()));
    let transport = Arc::new(NetworkTransport::new(SALESFORCE_TIMEOUT)?);
    let salesforce = Arc::new(wiring::salesforce(&configuration, transport, secrets, clock.clone(), random.clone()));
    store.connect(Table::Accounts).await.context("DynamoDB")?;
    queue.connect(&[QueueName::Changes, QueueName::UrgentChanges]).await.context("SQS")?;
    // An org that is down now may be up at the first event, so this is no reason not to start.
    if let Err(error) = salesforce.connect().await {
        tracing::warn!(event = "salesforce.not_connected", %error);
    }
    let writer = Writer {
        people: People::new(store.clone()),
        write_backs: wiring::write_backs(&configuration, &(store.clone() as Arc<dyn Store>)),
        accounts: Accounts::new(store),
        queue,
        salesforce,
        clock,
        random,
        rules: salesforce_writer::rules(&configuration),
        administrators: KnownAdministrators::default(),
    };
    let writer = &writer;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| async move {
        let queue = queue_of(&event.payload);
        let batch = Batch::new(event.payload);
        let failed: BTreeSet<String> = writer.handle(queue, batch.deliveries()).await?.into_iter().collect();
        Ok::<_, lambda_runtime::Error>(batch.response(&failed)?)
    }))
    .await
}

/// The function serves two queues; each batch comes from one of them.
fn queue_of(event: &SqsEvent) -> QueueName {
    let source = event.records.first().and_then(|record| record.event_source_arn.as_deref()).unwrap_or_default();
    if source.ends_with(QueueName::UrgentChanges.as_str()) { QueueName::UrgentChanges } else { QueueName::Changes }
}
