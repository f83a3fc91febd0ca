//! `PATCH /Users/{id}`: operations without a path, with an object of attributes as value [doc, three pages].

use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value as Json};

use super::attributes::{ADDRESS, ENTERPRISE_TEXTS, PHONES, Plural, Problem, TEXTS, ids, take};
use super::errors::Refusal;
use super::{ENTERPRISE, PATCH_OP, SALESFORCE_1, SALESFORCE_2, custom_urn, dml, object_body};
use crate::behaviours::{AddAssigned, ReplaceEntitlements};
use crate::call::Call;
use crate::org::Org;
use crate::org::ids::Id;
use crate::org::journal::Actor;
use crate::org::schema::Object;
use crate::org::value::Value;
use crate::org::world::{Fields, Mail, MailReason};
use crate::reply;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Add,
    Replace,
    Remove,
}

/// An operation: its `op`, and all of it.
pub(super) type Operation<'a> = (Op, &'a Map<String, Json>);

/// The operations of a PATCH, their `op` read by the org's rule about case [src pilot: lower case only].
pub(super) fn operations<'a>(org: &Org, body: &'a Map<String, Json>) -> Result<Vec<Operation<'a>>, Refusal> {
    let schemas = body.get("schemas").and_then(Json::as_array);
    if !schemas.is_some_and(|list| list.iter().any(|urn| urn == PATCH_OP)) {
        return Err(Refusal::scim(400, "Improper Schema."));
    }
    let list = body.get("Operations").and_then(Json::as_array).ok_or(Refusal::Malformed)?;
    list.iter()
        .map(|operation| {
            let operation = operation.as_object().ok_or(Refusal::Malformed)?;
            let sent = operation.get("op").and_then(Json::as_str).unwrap_or_default();
            let name = if org.world.behaviours.patch_op_case_sensitive { sent.to_owned() } else { sent.to_lowercase() };
            let op = match name.as_str() {
                "add" => Op::Add,
                "replace" => Op::Replace,
                "remove" => Op::Remove,
                _ => return Err(Refusal::scim(400, format!("INPROPER Operation: {sent}"))),
            };
            Ok((op, operation))
        })
        .collect()
}

impl Org {
    pub(super) fn patch_user(&mut self, call: &Call<'_>, actor: &Actor, id: &str) -> Result<Response<Bytes>, Refusal> {
        let id = self.user_id(id)?;
        let body = object_body(call)?;
        let operations = operations(self, &body)?;
        let start = self.world.savepoint();
        let outcome = operations.into_iter().try_for_each(|(op, operation)| match op {
            Op::Remove => self.remove(actor, &id, operation),
            // The path is read and ignored; only an object will do as value [src pilot, doc].
            _ => match operation.get("value") {
                Some(Json::Object(value)) => self.set(actor, &id, op, value),
                _ => Err(Refusal::Malformed),
            },
        });
        if outcome.is_err() {
            self.world.rollback(start);
        }
        outcome?;
        // 200 with the whole user [doc].
        Ok(reply::json(200, &self.render_user(&id)))
    }

    fn set(&mut self, actor: &Actor, id: &Id, op: Op, value: &Map<String, Json>) -> Result<(), Refusal> {
        let mut fields = Fields::new();
        for (name, json) in value {
            if let Some((attribute, _)) = TEXTS.iter().find(|(attribute, _)| attribute == name)
                && json.is_null()
                && !matches!(*attribute, "title")
            {
                return Err(not_null(attribute));
            }
            if let Some(problem) = take(&self.world, name, json, &mut fields).first() {
                return Err(refusal(problem));
            }
        }
        let list = |name: &str| value.get(name).map(|json| ids(json).map_err(|_| Refusal::Malformed)).transpose();
        if let Some(roles) = list("roles")? {
            // Exactly one [src pilot].
            let [role] = roles.as_slice() else {
                return Err(Refusal::scim(400, "INVALID:user_must_have_only_one_role;"));
            };
            let role = Id::parse(role).map_err(|_| refusal(&Problem::MalformedId(role.clone())))?;
            fields.insert("UserRoleId".to_owned(), role.into());
        }
        let entitlements = list("entitlements")?.unwrap_or_default();
        let has_entitlements = value.contains_key("entitlements");
        let profiles: Vec<String> =
            entitlements.iter().filter(|id| id.starts_with(Object::Profile.prefix())).cloned().collect();
        let sets: Vec<String> =
            entitlements.iter().filter(|id| id.starts_with(Object::PermissionSet.prefix())).cloned().collect();
        if let Some(other) = entitlements.iter().find(|id| !profiles.contains(id) && !sets.contains(id)) {
            // Permission set groups end here too: they are not in SCIM [src pilot].
            return Err(Refusal::scim(400, format!("INVALID entitlement id: {other}")));
        }
        if profiles.len() > 1 || (op == Op::Add && !profiles.is_empty()) {
            return Err(Refusal::scim(400, format!("INVALID: cannot have multiple profiles: {}", profiles.join(", "))));
        }
        if let Some(profile) = profiles.first() {
            let profile = Id::parse(profile).map_err(|_| refusal(&Problem::MalformedId(profile.clone())))?;
            fields.insert("ProfileId".to_owned(), profile.into());
        }
        self.update_user(actor, id, fields)?;
        if has_entitlements {
            self.set_entitlements(actor, id, op, &sets)?;
        }
        for group in list("groups")?.unwrap_or_default() {
            self.world.add_member(actor, id, &group)?;
        }
        if value.get("password").is_some_and(Json::is_string) {
            let at = self.world.now;
            self.world.mails.push(Mail { user: id.clone(), reason: MailReason::PasswordReset, at });
        }
        Ok(())
    }

    fn set_entitlements(&mut self, actor: &Actor, id: &Id, op: Op, sets: &[String]) -> Result<(), Refusal> {
        let whole = self.world.behaviours.replace_entitlements == ReplaceEntitlements::WholeList;
        if op == Op::Replace && (whole || !sets.is_empty()) {
            self.world.delete_sets(actor, id)?;
        }
        let skip_assigned = op == Op::Add && self.world.behaviours.add_assigned_entitlement == AddAssigned::NoOp;
        for set in sets {
            if skip_assigned && self.has_set(id, set) {
                continue;
            }
            self.world.assign_set(actor, id, set)?;
        }
        Ok(())
    }

    fn has_set(&self, user: &Id, set: &str) -> bool {
        let set = Id::parse(set).ok();
        let rows = self.world.state.matching(Object::PermissionSetAssignment, "AssigneeId", user.as_str());
        rows.iter().any(|row| row.id_in("PermissionSetId") == set.as_ref())
    }

    /// `remove` takes bare names as path [src pilot].
    fn remove(&mut self, actor: &Actor, id: &Id, operation: &Map<String, Json>) -> Result<(), Refusal> {
        let Some(path) = operation.get("path").and_then(Json::as_str).filter(|path| !path.is_empty()) else {
            return Err(Refusal::scim(400, "MISING PATH"));
        };
        let mut fields = Fields::new();
        let mut clear = |names: &[&str]| {
            for name in names {
                fields.insert((*name).to_owned(), Value::Null);
            }
        };
        let addresses = ADDRESS.map(|(_, field)| field);
        let phones = PHONES.map(|(_, field)| field);
        match path {
            "entitlements" => {
                return Err(Refusal::scim(400, "INVALID: Cannot remove all entitlements. Use replace"));
            }
            "alias" | "password" | "emails" | "userName" | "familyName" | "nickName" | "locale" | "timezone"
            | "preferredLanguage" | "emailEncodingKey" => return Err(not_null(path)),
            "givenName" => clear(&["FirstName"]),
            "title" => clear(&["Title"]),
            "externalId" => clear(&["FederationIdentifier"]),
            "addresses" => clear(&addresses),
            "phoneNumbers" => clear(&phones),
            "manager" => clear(&["ManagerId"]),
            "delegatedApprover" => clear(&["DelegatedApproverId"]),
            "roles" => clear(&["UserRoleId"]),
            "active" => {
                fields.insert("IsActive".to_owned(), false.into());
            }
            "groups" => return self.leave_groups(actor, id),
            ENTERPRISE => {
                clear(&["ManagerId", "DelegatedApproverId"]);
                clear(&ENTERPRISE_TEXTS.map(|(_, field)| field));
            }
            SALESFORCE_1 | SALESFORCE_2 => return Err(not_null("alias")),
            _ if path == custom_urn(&self.world) => {
                for spec in &self.world.state.custom_user_fields {
                    fields.insert(spec.name.to_string(), Value::Null);
                }
            }
            _ => match ENTERPRISE_TEXTS.iter().find(|(attribute, _)| *attribute == path) {
                Some((_, field)) => clear(&[field]),
                None => return Err(Refusal::scim(400, format!("UNSUPPORTED_FIELD: {path}"))),
            },
        }
        self.update_user(actor, id, fields)
    }

    fn leave_groups(&mut self, actor: &Actor, id: &Id) -> Result<(), Refusal> {
        let rows = self.world.state.matching(Object::GroupMember, "UserOrGroupId", id.as_str());
        let rows: Vec<Id> = rows.into_iter().map(|row| row.id.clone()).collect();
        for row in rows {
            self.world
                .delete(actor, Object::GroupMember, &row)
                .map_err(|error| dml("Delete", Some(row.as_str()), &error))?;
        }
        Ok(())
    }

    pub(super) fn update_user(&mut self, actor: &Actor, id: &Id, fields: Fields) -> Result<(), Refusal> {
        if fields.is_empty() {
            return Ok(());
        }
        self.world.update(actor, Object::User, id, fields).map_err(|error| dml("Update", Some(id.as_str()), &error))
    }
}

fn not_null(path: &str) -> Refusal {
    Refusal::scim(400, format!("FIELD CANNOT BE NULL: {path}"))
}

/// The text of a problem in a PATCH [src pilot]; those of phone and id are by analogy [?].
fn refusal(problem: &Problem) -> Refusal {
    let text = match problem {
        Problem::Malformed => return Refusal::Malformed,
        Problem::ReadOnlyId => "UNSUPPORTED_FIELD: id".to_owned(),
        Problem::ExternalIdUnavailable => "UNSUPPORTED_FIELD: externalId".to_owned(),
        Problem::Unsupported(name) => format!("UNSUPPORTED_FIELD: {name}"),
        Problem::NotNull(name) => format!("FIELD CANNOT BE NULL: {name}"),
        Problem::Several(Plural::Email) => "INVALID: User can only have one email".to_owned(),
        Problem::Several(Plural::Address) => "INVALID: User can only have one address".to_owned(),
        Problem::Several(Plural::Phone) => "INVALID: User can only have one phone".to_owned(),
        Problem::MalformedId(id) => format!("INVALID: invalid id {id}"),
    };
    Refusal::scim(400, text)
}
