//! What the Lambda functions' mains share: logs, environment variables, and SQS batches in and out. Nothing of the AWS
//! SDKs, and nothing of what the functions do.

pub mod environment;
pub mod logging;
pub mod sqs;
