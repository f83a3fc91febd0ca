//! Entitlements (profiles and permission sets) and Roles: read only [doc].

use bytes::Bytes;
use http::Response;
use serde_json::{Value as Json, json};

use super::errors::Refusal;
use super::filter::{Filter, Target};
use super::paging::{Window, list};
use super::{SALESFORCE_1, SALESFORCE_2};
use crate::behaviours::ExtensionUrn;
use crate::call::Call;
use crate::org::Org;
use crate::org::ids::Id;
use crate::org::schema::Object;
use crate::org::state::Record;
use crate::reply;

/// Most entitlements that can be listed; more must be asked for by filter [doc].
const MAX_ENTITLEMENTS: usize = 200;

impl Org {
    pub(super) fn list_entitlements(&self, call: &Call<'_>) -> Result<Response<Bytes>, Refusal> {
        let window = Window::of(call, None)?;
        let filter = call
            .parameter("filter")
            .map(|text| Filter::parse(&self.world, text, entitlement_attributes))
            .transpose()?;
        let state = &self.world.state;
        let sets = state.rows(Object::PermissionSet).filter(|set| !set.is("IsOwnedByProfile"));
        let found: Vec<&Record> = state
            .rows(Object::Profile)
            .chain(sets)
            .filter(|record| filter.as_ref().is_none_or(|filter| filter.holds(&self.world, record)))
            .take(MAX_ENTITLEMENTS)
            .collect();
        Ok(list(&found, window, |record| self.render_entitlement(record)))
    }

    pub(super) fn get_entitlement(&self, id: &str) -> Result<Response<Bytes>, Refusal> {
        let state = &self.world.state;
        let found = Id::parse(id)
            .ok()
            .and_then(|id| state.get(Object::Profile, &id).or_else(|| state.get(Object::PermissionSet, &id)));
        found
            .map(|record| reply::json(200, &self.render_entitlement(record)))
            .ok_or_else(|| self.not_found("Entitlements", id))
    }

    pub(super) fn list_roles(&self, call: &Call<'_>) -> Result<Response<Bytes>, Refusal> {
        let window = Window::of(call, self.world.behaviours.start_index_ceiling)?;
        let filter =
            call.parameter("filter").map(|text| Filter::parse(&self.world, text, role_attributes)).transpose()?;
        let found: Vec<&Record> = self
            .world
            .state
            .rows(Object::UserRole)
            .filter(|role| filter.as_ref().is_none_or(|filter| filter.holds(&self.world, role)))
            .collect();
        Ok(list(&found, window, |role| self.render_role(role)))
    }

    pub(super) fn get_role(&self, id: &str) -> Result<Response<Bytes>, Refusal> {
        let found = Id::parse(id).ok().and_then(|id| self.world.state.get(Object::UserRole, &id));
        found.map(|role| reply::json(200, &self.render_role(role))).ok_or_else(|| self.not_found("Roles", id))
    }

    fn render_entitlement(&self, record: &Record) -> Json {
        let (name, kind) = if record.object == Object::Profile {
            (record.text("Name"), "Profile")
        } else {
            (record.text("Label"), "Permission Set")
        };
        json!({
            "schemas": [format!("{}:Entitlement", self.extension())],
            "id": record.id,
            "displayName": name,
            "type": kind,
            "meta": self.meta("Entitlement", "Entitlements", record),
        })
    }

    fn render_role(&self, role: &Record) -> Json {
        json!({
            "schemas": [format!("{}:Role", self.extension())],
            "id": role.id,
            "displayName": role.text("Name"),
            "meta": self.meta("Role", "Roles", role),
        })
    }

    /// The URN that bodies carry.
    fn extension(&self) -> &'static str {
        if self.world.behaviours.extension == ExtensionUrn::V2 { SALESFORCE_2 } else { SALESFORCE_1 }
    }
}

fn entitlement_attributes(name: &str) -> Option<Target> {
    Some(match name {
        "id" => Target::Field("Id"),
        // Profiles are known by Name, permission sets by Name and, shown, by Label; the filter asks Name [?].
        "displayName" => Target::Field("Name"),
        _ => return None,
    })
}

fn role_attributes(name: &str) -> Option<Target> {
    Some(match name {
        "id" => Target::Field("Id"),
        "displayName" => Target::Field("Name"),
        _ => return None,
    })
}
