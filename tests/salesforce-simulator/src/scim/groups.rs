//! Groups: public groups, queues and what else stands in Group. Read, and change of members by PATCH [doc].

use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value as Json, json};

use super::errors::Refusal;
use super::filter::{Filter, Target};
use super::paging::{Window, list};
use super::patch::{Op, operations};
use super::{GROUP, dml, object_body};
use crate::call::Call;
use crate::org::Org;
use crate::org::ids::Id;
use crate::org::journal::Actor;
use crate::org::schema::Object;
use crate::org::state::Record;
use crate::reply;

impl Org {
    pub(super) fn list_groups(&self, call: &Call<'_>) -> Result<Response<Bytes>, Refusal> {
        let window = Window::of(call, self.world.behaviours.start_index_ceiling)?;
        let filter =
            call.parameter("filter").map(|text| Filter::parse(&self.world, text, filter_attributes)).transpose()?;
        let found: Vec<&Record> = self
            .world
            .state
            .rows(Object::Group)
            .filter(|group| filter.as_ref().is_none_or(|filter| filter.holds(&self.world, group)))
            .collect();
        Ok(list(&found, window, |group| self.render_group(group)))
    }

    pub(super) fn get_group(&self, id: &str) -> Result<Response<Bytes>, Refusal> {
        let id = self.group_id(id)?;
        Ok(self.show_group(&id))
    }

    pub(super) fn patch_group(&mut self, call: &Call<'_>, actor: &Actor, id: &str) -> Result<Response<Bytes>, Refusal> {
        let id = self.group_id(id)?;
        let body = object_body(call)?;
        let operations = operations(self, &body)?;
        let start = self.world.savepoint();
        let outcome = operations.into_iter().try_for_each(|(op, operation)| {
            let members = members(operation)?;
            match op {
                Op::Add => self.join(actor, &id, &members),
                Op::Remove => self.leave(actor, &id, Some(&members)),
                Op::Replace => {
                    self.leave(actor, &id, None)?;
                    // The insert sits in the other branch of the pilot's code: replace only deletes [src pilot].
                    if self.world.behaviours.replace_members_only_deletes {
                        Ok(())
                    } else {
                        self.join(actor, &id, &members)
                    }
                }
            }
        });
        if outcome.is_err() {
            self.world.rollback(start);
        }
        outcome?;
        Ok(self.show_group(&id))
    }

    fn join(&mut self, actor: &Actor, group: &Id, members: &[Id]) -> Result<(), Refusal> {
        members.iter().try_for_each(|member| self.world.add_member(actor, member, group.as_str()))
    }

    /// Removes these members, or all.
    fn leave(&mut self, actor: &Actor, group: &Id, members: Option<&[Id]>) -> Result<(), Refusal> {
        let rows: Vec<Id> = self
            .world
            .state
            .matching(Object::GroupMember, "GroupId", group.as_str())
            .into_iter()
            .filter(|row| {
                members.is_none_or(|members| row.id_in("UserOrGroupId").is_some_and(|id| members.contains(id)))
            })
            .map(|row| row.id.clone())
            .collect();
        rows.iter().try_for_each(|row| {
            self.world
                .delete(actor, Object::GroupMember, row)
                .map_err(|error| dml("Delete", Some(row.as_str()), &error))
        })
    }

    fn group_id(&self, text: &str) -> Result<Id, Refusal> {
        Id::parse(text)
            .ok()
            .filter(|id| self.world.state.get(Object::Group, id).is_some())
            .ok_or_else(|| self.not_found("Groups", text))
    }

    fn show_group(&self, id: &Id) -> Response<Bytes> {
        let body = self.world.state.get(Object::Group, id).map_or(Json::Null, |group| self.render_group(group));
        reply::json(200, &body)
    }

    /// As in the documented answer; an empty list of members is shown [doc].
    fn render_group(&self, group: &Record) -> Json {
        let members: Vec<Json> = self
            .world
            .state
            .matching(Object::GroupMember, "GroupId", group.id.as_str())
            .into_iter()
            .filter_map(|row| row.id_in("UserOrGroupId"))
            .map(|id| {
                let (kind, resource) =
                    if id.prefix() == Object::User.prefix() { ("User", "Users") } else { ("Group", "Groups") };
                json!({ "value": id, "type": kind, "$ref": self.scim_url(resource, id.as_str()) })
            })
            .collect();
        json!({
            "schemas": [GROUP],
            "id": group.id,
            "displayName": group.text("Name"),
            "type": group.text("Type"),
            "members": members,
            "meta": self.meta("Group", "Groups", group),
        })
    }
}

/// The members an operation names: the path says `members`, and the value wraps the list once more [doc].
fn members(operation: &Map<String, Json>) -> Result<Vec<Id>, Refusal> {
    match operation.get("path").and_then(Json::as_str) {
        Some("members") => {}
        None | Some("") => return Err(Refusal::scim(400, "MISING PATH")),
        Some(path) => return Err(Refusal::scim(400, format!("UNSUPPORTED_FIELD: {path}"))),
    }
    let list = operation
        .get("value")
        .and_then(Json::as_object)
        .and_then(|value| value.get("members"))
        .and_then(Json::as_array)
        .ok_or(Refusal::Malformed)?;
    list.iter()
        .map(|member| {
            let text = member.get("value").and_then(Json::as_str).ok_or(Refusal::Malformed)?;
            Id::parse(text).map_err(|_| Refusal::scim(400, format!("INVALID: invalid id {text}")))
        })
        .collect()
}

fn filter_attributes(name: &str) -> Option<Target> {
    Some(match name {
        "id" => Target::Field("Id"),
        "displayName" => Target::Field("Name"),
        "type" => Target::Field("Type"),
        "meta.created" => Target::Field("CreatedDate"),
        "meta.lastModified" => Target::Field("LastModifiedDate"),
        _ => return None,
    })
}
