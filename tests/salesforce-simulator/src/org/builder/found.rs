//! What every org has before anybody adds to it.

use super::super::Org;
use super::super::admin::AdminError;
use super::super::ids::Id;
use super::super::journal::{Actor, Api};
use super::super::rules;
use super::super::schema::Object;
use super::super::state::Record;

/// The username of the administrator whom every built org has.
pub const ADMINISTRATOR_USERNAME: &str = "administrator@sample.example";

/// What every org has: itself, the first licence, profile and administrator, and the platform's own users [rec].
pub(super) fn found(org: &mut Org, seats: i64) -> Result<(), AdminError> {
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
    for permission in [
        "PermissionsManageUsers",
        "PermissionsManageInternalUsers",
        "PermissionsAssignPermissionSets",
        "PermissionsModifyAllData",
    ] {
        admin.set_permission(Object::Profile, "System Administrator", permission, true)?;
    }
    let mut user = Record::new(Object::User, administrator.clone());
    for (name, value) in [
        ("Username", ADMINISTRATOR_USERNAME),
        ("Email", ADMINISTRATOR_USERNAME),
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
    rules::after_insert(&mut org.world, &actor, Object::User, &administrator);
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
        rules::after_insert(&mut org.world, actor, Object::User, &id);
    }
    org.world.state.commit();
    Ok(())
}
