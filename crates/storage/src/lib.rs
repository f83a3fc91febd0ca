//! The adapters behind the storage, queue and secret ports: [`embedded`] keeps everything in one file on one machine,
//! [`aws`] in DynamoDB, SQS and Secrets Manager. Both refuse the same things and answer alike; one contract suite
//! (tests/) runs on both. What items and messages mean is not known here.

pub mod embedded;
mod limits;

pub use embedded::Embedded;
