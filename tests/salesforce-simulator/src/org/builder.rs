//! Building an org from names, in code or from a YAML or JSON seed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::Org;
use super::admin::AdminError;
use super::ids::Id;
use super::journal::{Actor, Api};
use super::schema::Object;
use super::state::Record;
use super::value::Value;
use crate::behaviours::Behaviours;
use crate::faults::FaultPlan;
use crate::oauth::ClientApp;

/// The username of the administrator whom every built org has.
pub(crate) const ADMINISTRATOR: &str = "administrator@sample.example";

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

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Seed {
    now: Option<Timestamp>,
    sandbox: bool,
    variant: Option<String>,
    daily_api_limit: Option<u64>,
    licences: BTreeMap<String, i64>,
    permission_set_licences: BTreeMap<String, i64>,
    profiles: Vec<ProfileSeed>,
    roles: Vec<RoleSeed>,
    permission_sets: Vec<SetSeed>,
    permission_set_groups: BTreeMap<String, Vec<String>>,
    public_groups: Vec<String>,
    queues: Vec<String>,
    custom_user_fields: Vec<FieldSeed>,
    users: Vec<UserSeed>,
    foreign_usernames: Vec<String>,
    clients: Vec<ClientSeed>,
    faults: FaultPlan,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ProfileSeed {
    name: String,
    licence: String,
    #[serde(default)]
    manages_users: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RoleSeed {
    name: String,
    parent: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SetSeed {
    name: String,
    licence: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FieldSeed {
    name: String,
    length: usize,
    #[serde(default)]
    external_id: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UserSeed {
    username: String,
    profile: String,
    role: Option<String>,
    #[serde(default)]
    fields: BTreeMap<String, String>,
    #[serde(default = "yes")]
    active: bool,
    #[serde(default)]
    frozen: bool,
    #[serde(default)]
    permission_sets: Vec<String>,
    #[serde(default)]
    permission_set_groups: Vec<String>,
    #[serde(default)]
    permission_set_licences: Vec<String>,
    /// Public groups and queues.
    #[serde(default)]
    groups: Vec<String>,
    /// Why the user cannot be deactivated.
    blocker: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClientSeed {
    client_id: String,
    client_secret: Option<String>,
    public_key: Option<String>,
    run_as: Option<String>,
    #[serde(default)]
    approved: Vec<String>,
}

fn yes() -> bool {
    true
}

/// Collects what an org shall hold, then builds it. Every org has an administrator, the licence `Salesforce` (100 seats
/// unless given), the profile `System Administrator`, and the users that the platform itself keeps.
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
        self.seed.profiles.push(ProfileSeed { name: name.to_owned(), licence: licence.to_owned(), manages_users: false });
        self
    }

    /// Adds a profile that may manage users, for the connector's own user.
    #[must_use]
    pub fn managing_profile(mut self, name: &str, licence: &str) -> Self {
        self.seed.profiles.push(ProfileSeed { name: name.to_owned(), licence: licence.to_owned(), manages_users: true });
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
        found(&mut org, seed.licences.get("Salesforce").copied().unwrap_or(100))?;
        set_up(&mut org, &seed)?;
        for user in &seed.users {
            add_user(&mut org, user)?;
        }
        for client in &seed.clients {
            add_client(&mut org, client)?;
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
        org.world.journal.clear();
        org.world.next_sequence = 1;
        Ok(org)
    }
}

/// What every org has: itself, the first licence, profile and administrator, and the platform's own users [rec].
fn found(org: &mut Org, seats: i64) -> Result<(), AdminError> {
    let administrator = org.world.state.next_id(Object::User);
    org.administrator = administrator.clone();
    let actor = Actor { user: administrator.clone(), api: Api::Admin };
    let mut organization = Record::new(Object::Organization, org.world.org_id.clone());
    for (name, value) in [
        ("Name", "Sample"),
        ("OrganizationType", "Enterprise Edition"),
        ("InstanceName", "SAM1"),
        ("TimeZoneSidKey", "Europe/Amsterdam"),
        ("LanguageLocaleKey", "en_US"),
        ("DefaultLocaleSidKey", "nl_NL"),
    ] {
        organization.set(name, value);
    }
    organization.set("IsSandbox", org.hosts.sandbox);
    org.world.write(&actor, None, organization);

    let mut admin = org.admin();
    admin.add_licence("Salesforce", seats);
    let profile = admin.add_profile("System Administrator", "Salesforce")?;
    for permission in ["PermissionsManageUsers", "PermissionsManageInternalUsers", "PermissionsAssignPermissionSets"] {
        admin.set_permission(Object::Profile, "System Administrator", permission, true)?;
    }
    let mut user = Record::new(Object::User, administrator.clone());
    for (name, value) in [
        ("Username", ADMINISTRATOR),
        ("Email", ADMINISTRATOR),
        ("LastName", "Administrator"),
        ("Alias", "admin"),
        ("CommunityNickname", "administrator"),
        ("TimeZoneSidKey", "Europe/Amsterdam"),
        ("LocaleSidKey", "nl_NL"),
        ("EmailEncodingKey", "UTF-8"),
        ("LanguageLocaleKey", "en_US"),
    ] {
        user.set(name, value);
    }
    user.set("IsActive", true);
    user.set("ProfileId", &profile);
    org.world.write(&actor, None, user);
    super::rules::after_insert(&mut org.world, &actor, Object::User, &administrator);
    platform_users(org, &actor)
}

/// Automated Process and its like: they stand in `FROM User`, some with a profile that cannot be read [rec].
fn platform_users(org: &mut Org, actor: &Actor) -> Result<(), AdminError> {
    let mut admin = org.admin();
    admin.add_licence("Analytics Cloud Integration User", 2);
    admin.add_licence("Chatter Free", 5_000);
    let integration = admin.add_profile("Analytics Cloud Integration User", "Analytics Cloud Integration User")?;
    let security = admin.add_profile("Analytics Cloud Security User", "Analytics Cloud Integration User")?;
    let chatter = admin.add_profile("Chatter Free User", "Chatter Free")?;
    admin.set_permission(Object::Profile, "Chatter Free User", "PermissionsApiEnabled", false)?;
    let hidden = |number: u64| Id::numbered("00e", 9_000_000 + number);
    let org_part = org.world.org_id.as_str().to_lowercase();
    for (username, first, last, user_type, profile) in [
        (format!("autoproc@{org_part}"), "Automated", "Process", "AutomatedProcess", hidden(1)),
        (format!("cloud@{org_part}"), "", "Platform Integration User", "CloudIntegrationUser", hidden(2)),
        (format!("automatedclean@{org_part}"), "", "Data.com Clean", "AutomatedProcess", hidden(1)),
        (format!("integration@{org_part}.com"), "Integration", "User", "Standard", integration),
        (format!("chatty.{org_part}@chatter.salesforce.com"), "", "Chatter Expert", "CsnOnly", chatter),
        (format!("insightssecurity@{org_part}.com"), "Security", "User", "Standard", security),
    ] {
        let id = org.world.state.next_id(Object::User);
        org.world.system_users.insert(id.clone());
        let mut user = Record::new(Object::User, id.clone());
        for (name, value) in [
            ("Username", username.as_str()),
            ("FirstName", first),
            ("LastName", last),
            ("UserType", user_type),
            ("Email", "noreply@example.com"),
            ("Alias", last.get(..4).unwrap_or(last)),
            ("CommunityNickname", username.get(..username.len().min(40)).unwrap_or(&username)),
            ("TimeZoneSidKey", "America/Los_Angeles"),
            ("LocaleSidKey", "en_US"),
            ("EmailEncodingKey", "UTF-8"),
            ("LanguageLocaleKey", "en_US"),
        ] {
            user.set(name, value);
        }
        user.set("IsActive", true);
        user.set("ProfileId", profile);
        org.world.write(actor, None, user);
        super::rules::after_insert(&mut org.world, actor, Object::User, &id);
    }
    org.world.state.commit();
    Ok(())
}

fn set_up(org: &mut Org, seed: &Seed) -> Result<(), AdminError> {
    let mut admin = org.admin();
    for (name, seats) in &seed.licences {
        if admin.set_seats(name, *seats).is_err() {
            admin.add_licence(name, *seats);
        }
    }
    for (name, seats) in &seed.permission_set_licences {
        admin.add_permission_set_licence(name, *seats);
    }
    for profile in &seed.profiles {
        admin.add_profile(&profile.name, &profile.licence)?;
        if profile.manages_users {
            for permission in ["PermissionsManageUsers", "PermissionsManageInternalUsers", "PermissionsAssignPermissionSets"] {
                admin.set_permission(Object::Profile, &profile.name, permission, true)?;
            }
        }
    }
    for role in &seed.roles {
        admin.add_role(&role.name, role.parent.as_deref())?;
    }
    for set in &seed.permission_sets {
        admin.add_permission_set(&set.name, set.licence.as_deref())?;
    }
    for (name, sets) in &seed.permission_set_groups {
        let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
        admin.add_permission_set_group(name, &sets)?;
    }
    for name in &seed.public_groups {
        admin.add_public_group(name);
    }
    for name in &seed.queues {
        admin.add_queue(name);
    }
    for field in &seed.custom_user_fields {
        admin.add_custom_user_field(&field.name, field.length, field.external_id);
    }
    for username in &seed.foreign_usernames {
        admin.add_foreign_username(username);
    }
    Ok(())
}

fn add_user(org: &mut Org, seed: &UserSeed) -> Result<(), AdminError> {
    let mut fields: Vec<(&str, Value)> =
        seed.fields.iter().map(|(name, value)| (name.as_str(), Value::from(value.as_str()))).collect();
    fields.push(("IsActive", seed.active.into()));
    if let Some(role) = &seed.role {
        let id = org.id_of(Object::UserRole, role);
        let id = id.ok_or_else(|| AdminError::Unknown { object: "UserRole", name: role.clone() })?;
        fields.push(("UserRoleId", id.into()));
    }
    let mut admin = org.admin();
    let username = seed.username.as_str();
    admin.add_user(username, &seed.profile, &fields)?;
    for (object, names) in [
        (Object::PermissionSetLicense, &seed.permission_set_licences),
        (Object::PermissionSet, &seed.permission_sets),
        (Object::PermissionSetGroup, &seed.permission_set_groups),
        (Object::Group, &seed.groups),
    ] {
        for name in names {
            admin.assign(username, object, name)?;
        }
    }
    if seed.frozen {
        admin.set_frozen(username, true)?;
    }
    if let Some(reason) = &seed.blocker {
        admin.block_deactivation(username, reason)?;
    }
    Ok(())
}

fn add_client(org: &mut Org, seed: &ClientSeed) -> Result<(), AdminError> {
    let user = |username: &str| {
        org.id_of(Object::User, username)
            .ok_or_else(|| AdminError::Unknown { object: "User", name: username.to_owned() })
    };
    let app = ClientApp {
        client_id: seed.client_id.clone(),
        client_secret: seed.client_secret.clone(),
        public_key: seed.public_key.clone(),
        run_as: seed.run_as.as_deref().map(user).transpose()?,
        approved: seed.approved.iter().map(|username| user(username)).collect::<Result<_, _>>()?,
    };
    org.admin().register_client(app);
    Ok(())
}
