//! The YAML form of a stream's job: a request that begins it, another that tells how far it is, and the files that it makes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

/// A job that a request begins and that makes files.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct JobForm {
    /// Where it is asked how far the job is.
    #[schemars(with = "JobStatusForm")]
    pub(super) status: Spanned<JobStatusForm>,
    /// The place of the job's state in that answer.
    #[schemars(with = "String")]
    pub(super) state: Spanned<String>,
    /// States that mean that the files are there.
    pub(super) done: Vec<String>,
    /// States that mean that there will be none.
    #[serde(default)]
    pub(super) failed: Vec<String>,
    /// The place of the files in the answer of a job that is done: an address, or a list of addresses or of objects.
    #[schemars(with = "String")]
    pub(super) files: Spanned<String>,
    /// The place of the address in each of the files, when they are objects.
    #[schemars(with = "Option<String>")]
    pub(super) url: Option<Spanned<String>>,
    /// Other hosts that files may be at; nothing secret is sent there.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(super) hosts: Vec<Spanned<String>>,
    /// Seconds between two questions; 10 when absent.
    pub(super) pause: Option<u32>,
    /// Questions at most; 60 when absent.
    pub(super) polls: Option<u32>,
}

/// Where it is asked how far a job is: exactly one of get, value and header.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct JobStatusForm {
    /// The path of a GET, which sees the first answer as ${job}.
    #[schemars(with = "Option<String>")]
    pub(super) get: Option<Spanned<String>>,
    /// Its query.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) query: BTreeMap<String, Spanned<String>>,
    /// The place of the address in the first answer.
    #[schemars(with = "Option<String>")]
    pub(super) value: Option<Spanned<String>>,
    /// The first answer's header with the address, as Location.
    #[schemars(with = "Option<String>")]
    pub(super) header: Option<Spanned<String>>,
}
