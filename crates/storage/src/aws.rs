//! The adapters for DynamoDB, SQS and Secrets Manager, all made from one [`AwsClients`]. Names come from the stack's
//! name: tables `<stack>-people`, queues `<stack>-changes` and `<stack>-changes-dead`, secrets `<stack>/<name>`. Beside them
//! [`S3Objects`], for buckets that are not the stack's.

mod dynamo;
mod failure;
mod objects;
#[cfg(test)]
mod scripted;
mod secrets_manager;
mod sqs;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
pub use dynamo::{DynamoStore, INDEX};
pub use objects::S3Objects;
use ports::Clock;
pub use secrets_manager::SecretsManager;
pub use sqs::SqsQueue;

/// The region of the calls to an emulator, which must be told the same.
pub const EMULATOR_REGION: &str = "eu-west-1";

/// Connected clients for one stack; cheap to clone.
#[derive(Clone, Debug)]
pub struct AwsClients {
    stack: String,
    dynamodb: aws_sdk_dynamodb::Client,
    sqs: aws_sdk_sqs::Client,
    secrets_manager: aws_sdk_secretsmanager::Client,
}

impl AwsClients {
    /// Clients for the region, credentials and endpoint that the environment names, as all AWS tools read it.
    pub async fn from_environment(stack: &str) -> Self {
        Self::from_config(stack, &environment().load().await)
    }

    /// Clients for an emulator at `endpoint`, which wants no real credentials; the environment plays no part.
    pub fn for_emulator(stack: &str, endpoint: &str) -> Self {
        Self::from_config(stack, &emulator(endpoint))
    }

    fn from_config(stack: &str, config: &SdkConfig) -> Self {
        Self {
            stack: stack.to_owned(),
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
            secrets_manager: aws_sdk_secretsmanager::Client::new(config),
        }
    }

    /// The stack's tables.
    pub fn store(&self, clock: Arc<dyn Clock>) -> DynamoStore {
        DynamoStore::new(self.dynamodb.clone(), &self.stack, clock)
    }

    /// The stack's queues.
    pub fn queue(&self, clock: Arc<dyn Clock>) -> SqsQueue {
        SqsQueue::new(self.sqs.clone(), &self.stack, clock)
    }

    /// The stack's secrets, not cached (see [`crate::CachedSecrets`]).
    pub fn secrets(&self) -> SecretsManager {
        SecretsManager::new(self.secrets_manager.clone(), &self.stack)
    }
}

fn environment() -> ConfigLoader {
    aws_config::defaults(behavior()).timeout_config(timeouts()).retry_config(retries())
}

fn emulator(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "emulator");
    SdkConfig::builder()
        .behavior_version(behavior())
        .timeout_config(timeouts())
        .retry_config(retries())
        .region(Region::from_static(EMULATOR_REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .build()
}

fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// All calls are small: an attempt that takes longer than five seconds is lost, and the whole stays well below a
/// function's time.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(5))
        .operation_timeout(Duration::from_secs(12))
        .build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(4)
}
