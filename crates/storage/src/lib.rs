//! The adapters behind the storage, queue and secret ports: [`embedded`] keeps everything in one file on one machine,
//! [`aws`] in DynamoDB, SQS and Secrets Manager. Both refuse the same things and answer alike; one contract suite
//! (tests/) runs on both. What items and messages mean is not known here.

pub mod aws;
pub mod embedded;
mod limits;
pub mod secret_cache;
pub mod secrets_file;

pub use embedded::Embedded;
pub use secret_cache::CachedSecrets;
pub use secrets_file::SecretsFile;
