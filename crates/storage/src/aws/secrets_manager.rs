//! Secrets from AWS Secrets Manager, one per system, named `<stack>/<name>`.

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use ports::secrets::SecretString;
use ports::{SecretError, SecretName, Secrets};

use super::failure::Failure;

/// The secrets of one stack.
#[derive(Clone, Debug)]
pub struct SecretsManager {
    client: Client,
    stack: String,
}

impl SecretsManager {
    pub(super) fn new(client: Client, stack: &str) -> Self {
        Self { client, stack: stack.to_owned() }
    }
}

#[async_trait]
impl Secrets for SecretsManager {
    async fn read(&self, name: &SecretName) -> Result<SecretString, SecretError> {
        let id = format!("{}/{name}", self.stack);
        let answer = self.client.get_secret_value().secret_id(id).send().await.map_err(|error| {
            match error.as_service_error() {
                Some(GetSecretValueError::ResourceNotFoundException(_)) => SecretError::Missing(name.clone()),
                Some(GetSecretValueError::DecryptionFailure(_)) => SecretError::Refused {
                    name: name.clone(),
                    reason: "GetSecretValue: its key may not be used".to_owned(),
                },
                _ => failed(name, Failure::of("GetSecretValue", &error)),
            }
        })?;
        answer
            .secret_string
            .map(SecretString::from)
            .ok_or_else(|| SecretError::Malformed { name: name.clone(), reason: "it is binary, not text".to_owned() })
    }
}

fn failed(name: &SecretName, failure: Failure) -> SecretError {
    let name = name.clone();
    match failure {
        Failure::Busy(reason) | Failure::Unclear(reason) => SecretError::Unavailable { name, reason },
        Failure::Unavailable(reason) | Failure::Refused(reason) => SecretError::Refused { name, reason },
    }
}
