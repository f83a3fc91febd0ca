//! `POST /Users` and `PUT /Users/{id}`: all problems are collected into one 409 [rec, src pilot].

use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value as Json};

use super::attributes::{Plural, Problem, ids, take};
use super::errors::Refusal;
use super::{dml, object_body};
use crate::behaviours::GroupsInPost;
use crate::call::Call;
use crate::org::Org;
use crate::org::ids::Id;
use crate::org::journal::Actor;
use crate::org::schema::{Object, Spec};
use crate::org::value::Value;
use crate::org::world::{Fields, Mail, MailReason, World};
use crate::reply;

/// A user as a POST or PUT describes it.
struct Wanted {
    fields: Fields,
    permission_sets: Vec<String>,
    groups: Vec<String>,
    password: bool,
}

impl Org {
    pub(super) fn create_user(&mut self, call: &Call<'_>, actor: &Actor) -> Result<Response<Bytes>, Refusal> {
        let body = object_body(call)?;
        let mut wanted = self.read(&body, true)?;
        self.fill(&mut wanted.fields);
        let start = self.world.savepoint();
        // All or nothing for one user, by savepoint and rollback [src pilot].
        let outcome = self.make(actor, &wanted);
        if outcome.is_err() {
            self.world.rollback(start);
        }
        let id = outcome?;
        let active = self.world.state.get(Object::User, &id).is_some_and(|user| user.is("IsActive"));
        let mut status = 201;
        if active && !wanted.password {
            if self.world.behaviours.create_sends_mail {
                let at = self.world.now;
                self.world.mails.push(Mail { user: id.clone(), reason: MailReason::Welcome, at });
            }
            if self.world.behaviours.create_with_mail_answers_200 {
                status = 200;
            }
        }
        Ok(reply::json(status, &self.render_user(&id)))
    }

    pub(super) fn put_user(&mut self, call: &Call<'_>, actor: &Actor, id: &str) -> Result<Response<Bytes>, Refusal> {
        let id = self.user_id(id)?;
        let body = object_body(call)?;
        let wanted = self.read(&body, false)?;
        // Every writable field that the body does not name becomes null [src pilot]; what cannot be null stays.
        let keep = |spec: &&Spec| {
            spec.updateable && !spec.required && spec.name != "IsActive" && spec.name != "CommunityNickname"
        };
        let mut fields: Fields = self
            .world
            .state
            .specs(Object::User)
            .filter(keep)
            .map(|spec| (spec.name.to_string(), Value::Null))
            .collect();
        fields.extend(wanted.fields.clone());
        let start = self.world.savepoint();
        let outcome = self
            .world
            .update(actor, Object::User, &id, fields)
            .map_err(|error| dml("Update", Some(id.as_str()), &error))
            .and_then(|()| {
                if body.contains_key("entitlements") {
                    self.world.delete_sets(actor, &id)?;
                }
                self.give(actor, &id, &wanted)
            });
        if outcome.is_err() {
            self.world.rollback(start);
        }
        outcome?;
        Ok(reply::json(200, &self.render_user(&id)))
    }

    fn read(&self, body: &Map<String, Json>, create: bool) -> Result<Wanted, Refusal> {
        let mut details = String::new();
        let mut fields = Fields::new();
        for (name, value) in body {
            // In a PUT the id may stand [RFC 7644 3.5.1]; in a POST it is refused [src pilot].
            if name == "id" && !create {
                continue;
            }
            for problem in take(&self.world, name, value, &mut fields) {
                details.push_str(&detail(&problem)?);
            }
        }
        let list = |name: &str| ids(body.get(name).unwrap_or(&Json::Null)).map_err(|_| Refusal::Malformed);
        let entitlements = list("entitlements")?;
        let groups = list("groups")?;
        let roles = list("roles")?;
        for (field, text) in [("Username", "userName"), ("LastName", "name.familyName"), ("Email", "email")] {
            if fields.get(field).is_none_or(Value::is_null) && !details.contains(text) {
                details.push_str("REQUIRED_FIELD_MISSING:");
                details.push_str(text);
                details.push(';');
            }
        }
        let profiles: Vec<&String> =
            entitlements.iter().filter(|id| id.starts_with(Object::Profile.prefix())).collect();
        match profiles.as_slice() {
            [profile] => {
                let id =
                    Id::parse(profile).map_err(|_| Refusal::scim(409, format!("INVALID:invalid id {profile};")))?;
                fields.insert("ProfileId".to_owned(), id.into());
            }
            _ => details.push_str("REQUIRED_FIELD_MISSING:user_must_have_one_entitlement_which_must_be_a_profileid;"),
        }
        if roles.len() > 1 {
            details.push_str("INVALID:user_must_have_only_one_role;");
        } else if let Some(role) = roles.first()
            && self.world.behaviours.roles_in_scim_post
        {
            let id = Id::parse(role).map_err(|_| Refusal::scim(409, format!("INVALID:invalid id {role};")))?;
            fields.insert("UserRoleId".to_owned(), id.into());
        }
        if !details.is_empty() {
            return Err(Refusal::scim(409, details));
        }
        // Only ids of permission sets are looked at besides; others are passed over [src pilot].
        let permission_sets: Vec<String> =
            entitlements.iter().filter(|id| id.starts_with(Object::PermissionSet.prefix())).cloned().collect();
        Ok(Wanted { fields, permission_sets, groups, password: body.get("password").is_some_and(Json::is_string) })
    }

    /// The pilot's defaults [src pilot]; nickName as sent [doc example].
    fn fill(&self, fields: &mut Fields) {
        let world = &self.world;
        let missing = |fields: &Fields, name: &str| fields.get(name).is_none_or(Value::is_null);
        if missing(fields, "CommunityNickname") {
            let username = fields.get("Username").cloned().unwrap_or_default();
            fields.insert("CommunityNickname".to_owned(), username);
        }
        let alias = (world.now.as_millisecond() % 100_000_000).to_string();
        let broken = missing(fields, "EmailEncodingKey") && world.behaviours.missing_encoding_breaks_create;
        for (name, value) in [
            ("Alias", format!("{alias:0>8}").as_str()),
            ("LanguageLocaleKey", if broken { "UTF-8" } else { "en_US" }),
            ("LocaleSidKey", "en_US"),
            ("TimeZoneSidKey", "America/Los_Angeles"),
        ] {
            if missing(fields, name) || (broken && name == "LanguageLocaleKey") {
                fields.insert(name.to_owned(), value.into());
            }
        }
        if !broken && missing(fields, "EmailEncodingKey") {
            fields.insert("EmailEncodingKey".to_owned(), "UTF-8".into());
        }
        // A user is made active unless the body says otherwise [RFC default; the doc example is active].
        fields.entry("IsActive".to_owned()).or_insert(Value::Bool(true));
    }

    fn make(&mut self, actor: &Actor, wanted: &Wanted) -> Result<Id, Refusal> {
        let id = self
            .world
            .insert(actor, Object::User, wanted.fields.clone())
            .map_err(|error| dml("Insert", None, &error))?;
        self.give(actor, &id, wanted)?;
        Ok(id)
    }

    fn give(&mut self, actor: &Actor, id: &Id, wanted: &Wanted) -> Result<(), Refusal> {
        for set in &wanted.permission_sets {
            self.world.assign_set(actor, id, set)?;
        }
        let groups_count = match self.world.behaviours.groups_in_scim_post {
            GroupsInPost::Always => true,
            GroupsInPost::WithPermissionSets => !wanted.permission_sets.is_empty(),
            GroupsInPost::Never => false,
        };
        if groups_count {
            for group in &wanted.groups {
                self.world.add_member(actor, id, group)?;
            }
        }
        Ok(())
    }
}

impl World {
    /// Assigns a permission set to a user.
    pub(super) fn assign_set(&mut self, actor: &Actor, user: &Id, set: &str) -> Result<(), Refusal> {
        let set = Id::parse(set).map_err(|_| Refusal::scim(400, format!("INVALID entitlement id: {set}")))?;
        let fields = Fields::from([("AssigneeId".to_owned(), user.into()), ("PermissionSetId".to_owned(), set.into())]);
        self.insert(actor, Object::PermissionSetAssignment, fields)
            .map(|_| ())
            .map_err(|error| dml("Insert", None, &error))
    }

    /// Makes a user a member of a group.
    pub(super) fn add_member(&mut self, actor: &Actor, user: &Id, group: &str) -> Result<(), Refusal> {
        let group = Id::parse(group).map_err(|_| Refusal::scim(400, format!("INVALID group id: {group}")))?;
        let fields = Fields::from([("UserOrGroupId".to_owned(), user.into()), ("GroupId".to_owned(), group.into())]);
        self.insert(actor, Object::GroupMember, fields).map(|_| ()).map_err(|error| dml("Insert", None, &error))
    }

    /// Deletes all assignments that no profile owns. Those of permission set groups are among them: their rows carry the
    /// group's own permission set [derived from the pilot's query and the object's fields].
    pub(super) fn delete_sets(&mut self, actor: &Actor, user: &Id) -> Result<(), Refusal> {
        let rows: Vec<Id> = self
            .state
            .matching(Object::PermissionSetAssignment, "AssigneeId", user.as_str())
            .into_iter()
            .filter(|row| {
                row.id_in("PermissionSetId")
                    .and_then(|set| self.state.get(Object::PermissionSet, set))
                    .is_some_and(|set| !set.is("IsOwnedByProfile"))
            })
            .map(|row| row.id.clone())
            .collect();
        for row in rows {
            self.delete(actor, Object::PermissionSetAssignment, &row)
                .map_err(|error| dml("Delete", Some(row.as_str()), &error))?;
        }
        Ok(())
    }
}

/// The text of a problem in a POST or PUT [src pilot].
fn detail(problem: &Problem) -> Result<String, Refusal> {
    Ok(match problem {
        Problem::Malformed => return Err(Refusal::Malformed),
        Problem::ReadOnlyId => "INVALID:id_attribute_is_readonly;".to_owned(),
        Problem::ExternalIdUnavailable => "INVALID:externalId_not_available_in_your_organization;".to_owned(),
        Problem::Unsupported(name) => format!("UNSUPPORTED_FIELD:{name};"),
        Problem::NotNull("emails") => "REQUIRED_FIELD_MISSING:email;".to_owned(),
        Problem::NotNull(name) => format!("REQUIRED_FIELD_MISSING:{name};"),
        Problem::Several(Plural::Email) => "INVALID:only_a_single_email_is_allowed;".to_owned(),
        Problem::Several(Plural::Address) => "INVALID:only_a_single_address_is_allowed;".to_owned(),
        // Without a semicolon, as in the pilot's source.
        Problem::Several(Plural::Phone) => "INVALID:only_a_single_phone_is_allowed".to_owned(),
        Problem::MalformedId(id) => format!("INVALID:invalid id {id};"),
    })
}
