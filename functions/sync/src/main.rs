//! The Lambda function `sync`: wiring, and between a schedule's event and a queue's.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use aws_lambda_events::sqs::SqsEvent;
use http_client::NetworkTransport;
use jiff::Timestamp;
use lambda::environment::required;
use lambda::sqs::Batch;
use lambda_runtime::{LambdaEvent, service_fn};
use ports::{Clock, QueueName, Store, SystemClock, SystemRandom, Table};
use records::{Accounts, Findings, Joins, People, SourceReads, SyncState};
use serde::Deserialize;
use serde_json::Value;
use storage::CachedSecrets;
use storage::aws::{AwsClients, S3Objects};
use sync::{Sync, Task};

/// Reading a page of users takes a query seconds, not minutes.
const SALESFORCE_TIMEOUT: Duration = Duration::from_secs(60);
/// A source's own timeout is shorter: the reader ends a request after that of the definition.
const SOURCE_TIMEOUT: Duration = Duration::from_secs(310);

/// What the function is invoked with.
#[derive(Deserialize)]
#[serde(untagged)]
enum Event {
    /// By a schedule, or by hand.
    Task(Task),
    /// By the queue of sources to read.
    Reads(SqsEvent),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda::logging::init();
    let configuration = policy::load(Path::new(&required("CONFIG_DIR")?)).map_err(|problems| anyhow!("{problems}"))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let aws = AwsClients::from_environment(&required("STACK_NAME")?).await;
    let store = Arc::new(aws.store(clock.clone()));
    let queue = Arc::new(aws.queue(clock.clone()));
    store.connect(Table::People).await.context("DynamoDB")?;
    queue.connect(&QueueName::ALL).await.context("SQS")?;
    let random = Arc::new(SystemRandom);
    let secrets = Arc::new(CachedSecrets::new(Arc::new(aws.secrets()), clock.clone()));
    let transport = Arc::new(NetworkTransport::new(SALESFORCE_TIMEOUT)?);
    let salesforce = wiring::salesforce(&configuration, transport, secrets.clone(), clock.clone(), random.clone());
    let transport = Arc::new(NetworkTransport::new(SOURCE_TIMEOUT)?);
    let objects = Arc::new(S3Objects::from_environment(transport.clone(), clock.clone()));
    let outside = wiring::sources(store.clone(), transport, secrets, clock.clone(), random.clone());
    let sync = Sync {
        people: People::new(store.clone()),
        accounts: Accounts::new(store.clone()),
        write_backs: wiring::write_backs(&configuration, &(store.clone() as Arc<dyn Store>)),
        state: SyncState::new(store.clone()),
        reads: SourceReads::new(store.clone()),
        joins: Joins::new(store.clone()),
        outside,
        objects: Some(objects),
        findings: Findings::new(store),
        salesforce: Some(Arc::new(salesforce)),
        queue,
        clock,
        random,
        configuration: Arc::new(configuration),
        grace: sync::GRACE,
    };
    let sync = &sync;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Event>| async move {
        let deadline = i64::try_from(event.context.deadline).ok();
        let deadline = deadline.and_then(|millis| Timestamp::from_millisecond(millis).ok());
        match event.payload {
            Event::Task(task) => Ok(serde_json::to_value(sync.run_until(&task, deadline).await?)?),
            Event::Reads(event) => reads(sync, event, deadline).await,
        }
    }))
    .await
}

async fn reads(sync: &Sync, event: SqsEvent, deadline: Option<Timestamp>) -> Result<Value, lambda_runtime::Error> {
    let batch = Batch::new(event);
    let failed: BTreeSet<String> = sync.handle(batch.deliveries(), deadline).await?.into_iter().collect();
    Ok(serde_json::to_value(batch.response(&failed)?)?)
}
