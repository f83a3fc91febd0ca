//! The form of a seed file.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use crate::faults::FaultPlan;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Seed {
    pub(super) now: Option<Timestamp>,
    pub(super) sandbox: bool,
    pub(super) variant: Option<String>,
    pub(super) daily_api_limit: Option<u64>,
    pub(super) licences: BTreeMap<String, i64>,
    pub(super) permission_set_licences: BTreeMap<String, i64>,
    /// Fields of feature licences with their seats; the usual ones when it is not given.
    pub(super) feature_licences: Option<BTreeMap<String, i64>>,
    pub(super) profiles: Vec<ProfileSeed>,
    pub(super) roles: Vec<RoleSeed>,
    pub(super) permission_sets: Vec<SetSeed>,
    pub(super) permission_set_groups: BTreeMap<String, Vec<String>>,
    pub(super) public_groups: Vec<String>,
    pub(super) queues: Vec<String>,
    pub(super) custom_user_fields: Vec<FieldSeed>,
    pub(super) users: Vec<UserSeed>,
    pub(super) foreign_usernames: Vec<String>,
    pub(super) clients: Vec<ClientSeed>,
    /// Whether the accounts service is installed.
    pub(super) accounts_service: bool,
    pub(super) faults: FaultPlan,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ProfileSeed {
    pub(super) name: String,
    pub(super) licence: String,
    #[serde(default)]
    pub(super) manages_users: bool,
    #[serde(default)]
    pub(super) custom_permissions: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RoleSeed {
    pub(super) name: String,
    pub(super) parent: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SetSeed {
    pub(super) name: String,
    pub(super) licence: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct FieldSeed {
    pub(super) name: String,
    pub(super) length: usize,
    #[serde(default)]
    pub(super) external_id: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct UserSeed {
    pub(super) username: String,
    pub(super) profile: String,
    pub(super) role: Option<String>,
    #[serde(default)]
    pub(super) fields: BTreeMap<String, String>,
    #[serde(default = "yes")]
    pub(super) active: bool,
    #[serde(default)]
    pub(super) frozen: bool,
    #[serde(default)]
    pub(super) permission_sets: Vec<String>,
    #[serde(default)]
    pub(super) permission_set_groups: Vec<String>,
    #[serde(default)]
    pub(super) permission_set_licences: Vec<String>,
    /// Public groups and queues.
    #[serde(default)]
    pub(super) groups: Vec<String>,
    /// Fields of feature licences.
    #[serde(default)]
    pub(super) feature_licences: Vec<String>,
    /// Why the user cannot be deactivated.
    pub(super) blocker: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ClientSeed {
    pub(super) client_id: String,
    pub(super) client_secret: Option<String>,
    pub(super) public_key: Option<String>,
    pub(super) run_as: Option<String>,
    #[serde(default)]
    pub(super) approved: Vec<String>,
}

fn yes() -> bool {
    true
}
