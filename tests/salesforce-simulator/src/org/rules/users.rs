//! Rules of User and UserLogin.

use super::super::dml_error::DmlError;
use super::super::ids::Id;
use super::super::journal::Actor;
use super::super::schema::Object;
use super::super::state::Record;
use super::super::value::Value;
use super::super::world::{Fields, World};
use super::fields::is_email;
use super::{hierarchy, seats, take_membership_lock};

/// CommunityNickname is filled by the platform when absent, `User` and digits [rec].
pub(super) fn defaults(world: &mut World, fields: &mut Fields) {
    if fields.get("CommunityNickname").is_none_or(Value::is_null) {
        world.nickname_counter += 1;
        let nickname = format!("User{}{:07}", world.now.as_millisecond(), world.nickname_counter);
        fields.insert("CommunityNickname".to_owned(), nickname.into());
    }
    fields.entry("IsActive".to_owned()).or_insert(Value::Bool(world.behaviours.rest_create_is_active));
    for flag in ["ReceivesInfoEmails", "ReceivesAdminInfoEmails", "ForecastEnabled"] {
        fields.entry(flag.to_owned()).or_insert(Value::Bool(false));
    }
}

pub(super) fn check(world: &World, old: Option<&Record>, new: &Record) -> Result<(), DmlError> {
    let changed = |field: &str| old.is_none_or(|old| old.get(field) != new.get(field));
    if changed("Username") {
        check_username(world, old, new)?;
    }
    if changed("CommunityNickname") {
        check_nickname(world, new)?;
    }
    check_unique_fields(world, old, new)?;
    if changed("ManagerId") {
        hierarchy::check_manager(world, new)?;
    }
    seats::check_licence(world, old, new)?;
    seats::check_features(world, old, new)?;
    if let Some(old) = old {
        hierarchy::check_deactivation(world, old, new)?;
    }
    // Creating a user with a role and changing a role take the group membership lock [doc].
    let role_set = !new.get("UserRoleId").is_null();
    if changed("UserRoleId") && (old.is_some() || role_set) {
        take_membership_lock(world)?;
    }
    Ok(())
}

fn check_username(world: &World, old: Option<&Record>, new: &Record) -> Result<(), DmlError> {
    let username = new.text("Username");
    if !is_email(username) {
        // E-mail form is documented; code and text for User [?].
        return Err(DmlError::new(
            "INVALID_EMAIL_ADDRESS",
            format!("Username: invalid email address: {username}"),
            &["Username"],
        ));
    }
    let same = old.is_some_and(|old| old.text("Username").eq_ignore_ascii_case(username));
    let taken_here = world.state.matching(Object::User, "Username", username).iter().any(|other| other.id != new.id);
    let taken_elsewhere = !same && world.foreign_usernames.contains(&username.to_lowercase());
    if taken_here || taken_elsewhere {
        // [apex] text with its literal <br>.
        return Err(DmlError::new(
            "DUPLICATE_USERNAME",
            "Duplicate Username.<br>The username already exists in this or another Salesforce organization. Usernames \
             must be unique across all Salesforce organizations. To resolve, use a different username (it doesn't need \
             to match the user's email address).",
            &["Username"],
        ));
    }
    Ok(())
}

fn check_nickname(world: &World, new: &Record) -> Result<(), DmlError> {
    let nickname = new.text("CommunityNickname");
    if world.state.matching(Object::User, "CommunityNickname", nickname).iter().any(|other| other.id != new.id) {
        // [apex] text.
        return Err(DmlError::new(
            "DUPLICATE_COMM_NICKNAME",
            "Duplicate Nickname.<br>Another user has already selected this nickname.<br>Please select another.",
            &["CommunityNickname"],
        ));
    }
    Ok(())
}

/// FederationIdentifier, with its case, and custom unique fields [test for the text].
fn check_unique_fields(world: &World, old: Option<&Record>, new: &Record) -> Result<(), DmlError> {
    for spec in world.state.specs(Object::User).filter(|spec| spec.unique) {
        let name = spec.name.as_ref();
        let value = new.get(name);
        if value.is_null() || old.is_some_and(|old| old.get(name) == value) {
            continue;
        }
        let same = |other: &&&Record| other.id != new.id && (!spec.case_sensitive || other.get(name) == value);
        let others = world.state.matching(Object::User, name, new.text(name));
        if let Some(other) = others.iter().find(same) {
            return Err(DmlError::new(
                "DUPLICATE_VALUE",
                format!("duplicate value found: {name} duplicates value on record with id: {}", other.id),
                &[name],
            ));
        }
    }
    Ok(())
}

/// Nobody freezes themselves: code [enum], text [?].
pub(super) fn check_login(actor: &Actor, new: &Record) -> Result<(), DmlError> {
    if new.is("IsFrozen") && new.id_in("UserId") == Some(&actor.user) {
        return Err(DmlError::new("CANNOT_FREEZE_SELF", "You can't freeze yourself.", &["IsFrozen"]));
    }
    Ok(())
}

/// Name from its parts; Username in lower case [doc: SCIM example, rec: all usernames]; UserType from the profile.
pub(super) fn derive(world: &World, user: &mut Record) {
    let name = format!("{} {}", user.text("FirstName"), user.text("LastName"));
    user.set("Name", name.trim());
    let username = user.text("Username").to_lowercase();
    user.set("Username", username);
    let user_type = user
        .id_in("ProfileId")
        .and_then(|id| world.state.get(Object::Profile, id))
        .map(|profile| profile.text("UserType").to_owned());
    if let Some(user_type) = user_type {
        user.set("UserType", user_type);
    }
}

/// Every user has one UserLogin row.
pub(crate) fn add_login(world: &mut World, actor: &Actor, user: &Id) {
    let id = world.state.next_id(Object::UserLogin);
    let mut login = Record::new(Object::UserLogin, id);
    login.set("UserId", user);
    login.set("IsFrozen", false);
    login.set("IsPasswordLocked", false);
    login.set("LastModifiedDate", world.now);
    login.set("LastModifiedById", &actor.user);
    // Not in the journal: the row is a side of the user that was just made.
    world.state.put(login);
}
