//! An SQS batch as Lambda delivers it, and the answer that names the messages to be delivered again.
//!
//! Lambda takes an empty, missing or unknown identifier in the answer for a failure of the whole batch ("Handling
//! errors for an SQS event source in Lambda", Lambda developer guide), so the answer is made here only.

use std::collections::BTreeSet;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use ports::Delivery;

/// The messages of one invocation.
#[derive(Clone, Debug)]
pub struct Batch {
    ids: BTreeSet<String>,
    nameless: usize,
    deliveries: Vec<Delivery>,
}

impl Batch {
    /// The event's messages. One without a body gets an empty one, which its reader refuses like any other bad body.
    pub fn new(event: SqsEvent) -> Self {
        let records = event.records.len();
        let deliveries: Vec<_> = event.records.into_iter().filter_map(delivery).collect();
        Self {
            ids: deliveries.iter().map(|delivery| delivery.id.clone()).collect(),
            nameless: records - deliveries.len(),
            deliveries,
        }
    }

    /// The messages that have an id, in the order of the event.
    pub fn deliveries(&self) -> &[Delivery] {
        &self.deliveries
    }

    /// The answer: SQS deletes all messages of the batch but those with the `failed` ids.
    ///
    /// # Errors
    /// [`NamelessMessages`], which the function must return, so that the whole batch is delivered again.
    pub fn response(&self, failed: &BTreeSet<String>) -> Result<SqsBatchResponse, NamelessMessages> {
        if self.nameless > 0 {
            return Err(NamelessMessages(self.nameless));
        }
        let mut response = SqsBatchResponse::default();
        response.set_failures(failed.intersection(&self.ids).cloned());
        Ok(response)
    }
}

/// Messages without an id can't be named in an answer, and one that is not named is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} messages of the batch have no id, so none of it may be deleted")]
pub struct NamelessMessages(usize);

fn delivery(message: SqsMessage) -> Option<Delivery> {
    let receives = message.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok()).unwrap_or(1);
    Some(Delivery {
        id: message.message_id.filter(|id| !id.is_empty())?,
        receipt: message.receipt_handle.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
        receives,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn batch(records: &Value) -> Batch {
        Batch::new(serde_json::from_value(json!({ "Records": records })).unwrap())
    }

    fn ids(ids: &[&str]) -> BTreeSet<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    fn answer(batch: &Batch, failed: &[&str]) -> Value {
        serde_json::to_value(batch.response(&ids(failed)).unwrap()).unwrap()
    }

    /// The shape of the event in the Lambda developer guide, "Using Lambda with Amazon SQS".
    fn two() -> Batch {
        let record = |id: &str, receives: &str| {
            json!({
                "messageId": id, "receiptHandle": format!("receipt {id}"), "body": "{\"persons\":[\"1\"]}",
                "attributes": {"ApproximateReceiveCount": receives, "SentTimestamp": "1770000000000"},
                "messageAttributes": {}, "md5OfBody": "…", "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:s-changes", "awsRegion": "eu-west-1"
            })
        };
        batch(&json!([record("m-1", "1"), record("m-2", "4")]))
    }

    #[test]
    fn records_become_deliveries() {
        let delivery = |id: &str, receives| Delivery {
            id: id.to_owned(),
            receipt: format!("receipt {id}"),
            body: "{\"persons\":[\"1\"]}".to_owned(),
            receives,
        };
        assert_eq!(two().deliveries(), [delivery("m-1", 1), delivery("m-2", 4)]);
    }

    #[test]
    fn only_failed_messages_of_this_batch_are_named_once() {
        assert_eq!(answer(&two(), &[]), json!({"batchItemFailures": []}));
        let some = answer(&two(), &["m-2", "", "other"]);
        assert_eq!(some, json!({"batchItemFailures": [{"itemIdentifier": "m-2"}]}));
    }

    #[test]
    fn a_missing_body_is_an_empty_one() {
        let batch = batch(&json!([{"messageId": "m-1"}, {"messageId": "m-2", "body": null, "attributes": null}]));
        assert!(batch.deliveries().iter().all(|delivery| delivery.body.is_empty() && delivery.receives == 1));
        assert_eq!(answer(&batch, &["m-1"]), json!({"batchItemFailures": [{"itemIdentifier": "m-1"}]}));
    }

    #[test]
    fn a_message_without_an_id_keeps_the_whole_batch() {
        for nameless in [json!({"body": "x"}), json!({"messageId": "", "body": "x"}), json!({"messageId": null})] {
            let batch = batch(&json!([{"messageId": "m-1", "body": "x"}, nameless]));
            assert_eq!(batch.deliveries().len(), 1);
            assert_eq!(batch.response(&ids(&["m-1"])), Err(NamelessMessages(1)));
        }
    }
}
