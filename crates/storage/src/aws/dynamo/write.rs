//! Writing: a single item by PutItem or DeleteItem, which cost half, several by TransactWriteItems.
//!
//! The SDK repeats a lost call by itself. A transaction carries a token by which DynamoDB recognises the repetition; a
//! single write has none, and would meet its own effect and report a conflict. So a single write whose fate is unclear
//! is not repeated, but reported as such.

use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::error::TransactionCanceledException;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use ports::{Condition, StoreError, Write};

use super::shape::{self, Attributes};
use super::{DynamoStore, Failure, number, write_failure};
use crate::limits::{self, Action, Checked};

impl DynamoStore {
    pub(super) async fn write_all(&self, writes: &[Write]) -> Result<(), StoreError> {
        let checked = limits::check_writes(writes)?;
        match checked.as_slice() {
            [Checked { action: Action::Put { .. }, .. }] => self.put(&checked[0]).await,
            [Checked { action: Action::Delete, .. }] => self.delete(&checked[0]).await,
            _ => self.transact(&checked).await,
        }
    }

    async fn put(&self, write: &Checked) -> Result<(), StoreError> {
        let condition = self.condition(write.when);
        let sent = self
            .client
            .put_item()
            .table_name(self.table_name(write.key.table))
            .set_item(Some(item(write)?))
            .condition_expression(condition.expression)
            .set_expression_attribute_names(Some(names()))
            .set_expression_attribute_values(Some(condition.values))
            .customize()
            .config_override(never_blindly())
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                Err(StoreError::Conflict { write: 0 })
            }
            Err(error) => Err(write_failure(Failure::of("PutItem", &error))),
        }
    }

    async fn delete(&self, write: &Checked) -> Result<(), StoreError> {
        let condition = self.condition(write.when);
        let sent = self
            .client
            .delete_item()
            .table_name(self.table_name(write.key.table))
            .set_key(Some(shape::key(&write.key)))
            .condition_expression(condition.expression)
            .set_expression_attribute_names(Some(names()))
            .set_expression_attribute_values(Some(condition.values))
            .customize()
            .config_override(never_blindly())
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                Err(StoreError::Conflict { write: 0 })
            }
            Err(error) => Err(write_failure(Failure::of("DeleteItem", &error))),
        }
    }

    async fn transact(&self, writes: &[Checked]) -> Result<(), StoreError> {
        let items = writes.iter().map(|write| self.transact_item(write)).collect::<Result<Vec<_>, _>>()?;
        let sent = self.client.transact_write_items().set_transact_items(Some(items)).send().await;
        let Err(error) = sent else { return Ok(()) };
        Err(match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => why_canceled(canceled),
            _ => write_failure(Failure::of("TransactWriteItems", &error)),
        })
    }

    fn transact_item(&self, write: &Checked) -> Result<TransactWriteItem, StoreError> {
        let table = self.table_name(write.key.table);
        let Conditions { expression, values } = self.condition(write.when);
        let item = TransactWriteItem::builder();
        let item = match write.action {
            Action::Put { .. } => item.put(
                Put::builder()
                    .table_name(table)
                    .set_item(Some(self::item(write)?))
                    .condition_expression(expression)
                    .set_expression_attribute_names(Some(names()))
                    .set_expression_attribute_values(Some(values))
                    .build()
                    .map_err(unbuilt)?,
            ),
            Action::Delete => item.delete(
                Delete::builder()
                    .table_name(table)
                    .set_key(Some(shape::key(&write.key)))
                    .condition_expression(expression)
                    .set_expression_attribute_names(Some(names()))
                    .set_expression_attribute_values(Some(values))
                    .build()
                    .map_err(unbuilt)?,
            ),
            Action::Check => item.condition_check(
                ConditionCheck::builder()
                    .table_name(table)
                    .set_key(Some(shape::key(&write.key)))
                    .condition_expression(expression)
                    .set_expression_attribute_names(Some(names()))
                    .set_expression_attribute_values(Some(values))
                    .build()
                    .map_err(unbuilt)?,
            ),
        };
        Ok(item.build())
    }

    /// DynamoDB deletes expired items late, so an expired one counts as absent.
    fn condition(&self, when: Condition) -> Conditions {
        let now = (":now".to_owned(), number(&self.now()));
        match when {
            Condition::Absent => {
                Conditions { expression: "attribute_not_exists(#v) OR #ttl <= :now", values: Attributes::from([now]) }
            }
            Condition::Version(version) => Conditions {
                expression: "#v = :v AND (attribute_not_exists(#ttl) OR #ttl > :now)",
                values: Attributes::from([now, (":v".to_owned(), number(&version))]),
            },
        }
    }
}

struct Conditions {
    expression: &'static str,
    values: std::collections::HashMap<String, AttributeValue>,
}

/// `ttl` is a reserved word in expressions.
fn names() -> std::collections::HashMap<String, String> {
    [("#v", "v"), ("#ttl", "ttl")].map(|(alias, name)| (alias.to_owned(), name.to_owned())).into()
}

fn item(write: &Checked) -> Result<Attributes, StoreError> {
    match &write.action {
        Action::Put { version, body, index, expires } => {
            shape::attributes(&write.key, *version, body, index.as_ref(), *expires)
        }
        Action::Delete | Action::Check => Ok(shape::key(&write.key)),
    }
}

/// A failed condition is the answer that lasts; a collision with another transaction goes by.
fn why_canceled(canceled: &TransactionCanceledException) -> StoreError {
    let codes = || canceled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or("None")).enumerate();
    if let Some((write, _)) = codes().find(|(_, code)| *code == "ConditionalCheckFailed") {
        return StoreError::Conflict { write };
    }
    let reason = |(write, code): (usize, &str)| format!("TransactWriteItems: write {write}: {code}");
    let passing = |code: &str| {
        matches!(code, "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded" | "DuplicateItem")
    };
    match codes().find(|(_, code)| *code != "None" && !passing(code)) {
        Some(lasting) => StoreError::Refused { reason: reason(lasting) },
        None => {
            let found = codes().find(|(_, code)| *code != "None");
            StoreError::Busy { reason: found.map_or_else(|| "TransactWriteItems: canceled".to_owned(), reason) }
        }
    }
}

fn unbuilt(error: impl std::fmt::Display) -> StoreError {
    StoreError::Refused { reason: error.to_string() }
}

fn never_blindly() -> Builder {
    Builder::new().retry_classifier(NeverBlindly)
}

/// Forbids the SDK to repeat a call that may have taken effect. Throttled calls have not, and may be repeated.
#[derive(Debug)]
struct NeverBlindly;

impl ClassifyRetry for NeverBlindly {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.output_or_error() {
            Some(Err(error)) => {
                let refused = context.response().is_some_and(|response| response.status().is_client_error());
                if error.is_operation_error() && refused {
                    RetryAction::NoActionIndicated
                } else {
                    RetryAction::RetryForbidden
                }
            }
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "never blindly"
    }
}
