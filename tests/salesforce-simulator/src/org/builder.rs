//! Building an org from names, in code or from a YAML or JSON seed.

mod fill;
mod found;
mod seed;

use jiff::Timestamp;

use super::Org;
use super::admin::AdminError;
use super::schema::Object;
use crate::behaviours::Behaviours;
pub use found::ADMINISTRATOR_USERNAME;
use seed::{ClientSeed, ProfileSeed, RoleSeed, Seed, SetSeed, UserSeed};

/// A seed that cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SeedError {
    /// The text is not a seed.
    #[error("the seed cannot be read: {0}")]
    Unreadable(String),
    /// A name in it is not known, or the org refuses something.
    #[error("the seed cannot be built: {0}")]
    Unbuildable(#[from] AdminError),
    /// There is no such variant of behaviours.
    #[error("there is no behaviours variant {0}")]
    UnknownVariant(String),
}

/// Collects what an org shall hold, then builds it. Every org has an administrator, the licence `Salesforce` (100 seats
/// unless given), the profile `System Administrator`, some feature licences, and the users that the platform itself keeps.
#[derive(Debug, Clone)]
pub struct OrgBuilder {
    seed: Seed,
    now: Timestamp,
}

impl OrgBuilder {
    /// An org with nothing but what every org has.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { seed: Seed::default(), now }
    }

    /// Reads a seed in YAML or JSON. Its `now` goes before the argument.
    ///
    /// # Errors
    /// [`SeedError::Unreadable`] with the place in the text.
    pub fn from_text(text: &str, now: Timestamp) -> Result<Self, SeedError> {
        let seed: Seed = serde_saphyr::from_str(text).map_err(|error| SeedError::Unreadable(error.to_string()))?;
        Ok(Self { now: seed.now.unwrap_or(now), seed })
    }

    /// Adds a user licence, or sets its seats.
    #[must_use]
    pub fn licence(mut self, name: &str, seats: i64) -> Self {
        self.seed.licences.insert(name.to_owned(), seats);
        self
    }

    /// Adds a permission set licence.
    #[must_use]
    pub fn permission_set_licence(mut self, name: &str, seats: i64) -> Self {
        self.seed.permission_set_licences.insert(name.to_owned(), seats);
        self
    }

    /// Adds a profile of a user licence.
    #[must_use]
    pub fn profile(mut self, name: &str, licence: &str) -> Self {
        self.seed.profiles.push(ProfileSeed {
            name: name.to_owned(),
            licence: licence.to_owned(),
            manages_users: false,
            custom_permissions: Vec::new(),
        });
        self
    }

    /// Adds a profile that may manage users, for the connector's own user.
    #[must_use]
    pub fn managing_profile(mut self, name: &str, licence: &str) -> Self {
        self.seed.profiles.push(ProfileSeed {
            name: name.to_owned(),
            licence: licence.to_owned(),
            manages_users: true,
            custom_permissions: Vec::new(),
        });
        self
    }

    /// Gives the profile added last a custom permission.
    #[must_use]
    pub fn with_custom_permission(mut self, permission: &str) -> Self {
        if let Some(profile) = self.seed.profiles.last_mut() {
            profile.custom_permissions.push(permission.to_owned());
        }
        self
    }

    /// Adds a feature licence, by its field. With the first of them, the org has no others than those added.
    #[must_use]
    pub fn feature_licence(mut self, field: &str, seats: i64) -> Self {
        self.seed.feature_licences.get_or_insert_default().insert(field.to_owned(), seats);
        self
    }

    /// Installs the accounts service.
    #[must_use]
    pub fn accounts_service(mut self) -> Self {
        self.seed.accounts_service = true;
        self
    }

    /// Adds a role, below another if named.
    #[must_use]
    pub fn role(mut self, name: &str, parent: Option<&str>) -> Self {
        self.seed.roles.push(RoleSeed { name: name.to_owned(), parent: parent.map(str::to_owned) });
        self
    }

    /// Adds a permission set, for holders of a licence if named.
    #[must_use]
    pub fn permission_set(mut self, name: &str, licence: Option<&str>) -> Self {
        self.seed.permission_sets.push(SetSeed { name: name.to_owned(), licence: licence.map(str::to_owned) });
        self
    }

    /// Adds a permission set group of these permission sets.
    #[must_use]
    pub fn permission_set_group(mut self, name: &str, sets: &[&str]) -> Self {
        let sets = sets.iter().map(|set| (*set).to_owned()).collect();
        self.seed.permission_set_groups.insert(name.to_owned(), sets);
        self
    }

    /// Adds a public group.
    #[must_use]
    pub fn public_group(mut self, name: &str) -> Self {
        self.seed.public_groups.push(name.to_owned());
        self
    }

    /// Adds a queue.
    #[must_use]
    pub fn queue(mut self, name: &str) -> Self {
        self.seed.queues.push(name.to_owned());
        self
    }

    /// Adds a user with plain values in the required fields, besides these.
    #[must_use]
    pub fn user(mut self, username: &str, profile: &str, fields: &[(&str, &str)]) -> Self {
        self.seed.users.push(UserSeed {
            username: username.to_owned(),
            profile: profile.to_owned(),
            role: None,
            fields: fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            active: true,
            frozen: false,
            permission_sets: Vec::new(),
            permission_set_groups: Vec::new(),
            permission_set_licences: Vec::new(),
            groups: Vec::new(),
            feature_licences: Vec::new(),
            blocker: None,
        });
        self
    }

    /// Registers an app for both flows: runs as, and is approved for, this user.
    #[must_use]
    pub fn client(mut self, client_id: &str, client_secret: &str, public_key: &str, username: &str) -> Self {
        self.seed.clients.push(ClientSeed {
            client_id: client_id.to_owned(),
            client_secret: Some(client_secret.to_owned()),
            public_key: Some(public_key.to_owned()),
            run_as: Some(username.to_owned()),
            approved: vec![username.to_owned()],
        });
        self
    }

    /// Builds the org. Its journal begins empty.
    ///
    /// # Errors
    /// When a name is not known or a rule of the org refuses something.
    pub fn build(self) -> Result<Org, SeedError> {
        let Self { seed, now } = self;
        let mut org = Org::new(now);
        org.set_now(now);
        org.hosts.sandbox = seed.sandbox;
        found::found(&mut org, seed.licences.get("Salesforce").copied().unwrap_or(100))?;
        fill::set_up(&mut org, &seed)?;
        for user in &seed.users {
            fill::add_user(&mut org, user)?;
        }
        for client in &seed.clients {
            fill::add_client(&mut org, client)?;
        }
        if let Some(variant) = &seed.variant {
            let (_, behaviours) = Behaviours::variants()
                .into_iter()
                .find(|(name, _)| name == variant)
                .ok_or_else(|| SeedError::UnknownVariant(variant.clone()))?;
            *org.behaviours_mut() = behaviours;
        }
        if let Some(limit) = seed.daily_api_limit {
            org.set_daily_api_limit(limit);
        }
        *org.faults_mut() = seed.faults;
        org.install_accounts_service(seed.accounts_service);
        org.world.journal.clear();
        org.world.state.clear(Object::SetupAuditTrail);
        org.world.next_sequence = 1;
        Ok(org)
    }
}
