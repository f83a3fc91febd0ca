//! A user as SCIM shows it.

use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use super::attributes::{ADDRESS, ENTERPRISE_TEXTS, PHONES, TEXTS};
use super::{ENTERPRISE, SALESFORCE_1, SALESFORCE_2, USER, custom_urn};
use crate::behaviours::ExtensionUrn;
use crate::org::Org;
use crate::org::ids::Id;
use crate::org::schema::Object;
use crate::org::state::Record;
use crate::org::value::{Value, scim_time};

impl Org {
    /// The whole resource; null when there is no such user.
    pub(super) fn render_user(&self, id: &Id) -> Json {
        self.world.state.get(Object::User, id).map_or(Json::Null, |user| self.render_record(user))
    }

    pub(super) fn render_record(&self, user: &Record) -> Json {
        let mut out = Map::new();
        let mut schemas = vec![USER.to_owned(), ENTERPRISE.to_owned()];
        put(&mut out, "id", Json::from(user.id.as_str()));
        for (attribute, field) in TEXTS {
            put(&mut out, attribute, user.get(field).to_json());
        }
        if self.world.behaviours.external_id_available {
            put(&mut out, "externalId", user.get("FederationIdentifier").to_json());
        }
        let mut name = Map::new();
        put(&mut name, "formatted", user.get("Name").to_json());
        put(&mut name, "familyName", user.get("LastName").to_json());
        put(&mut name, "givenName", user.get("FirstName").to_json());
        put(&mut out, "name", Json::Object(name));
        put(&mut out, "displayName", user.get("Name").to_json());
        put(&mut out, "userType", user.get("UserType").to_json());
        put(&mut out, "active", Json::from(user.is("IsActive")));
        put(&mut out, "profileURL", Json::from(format!("{}/{}", self.hosts.instance_url, user.id)));
        put(&mut out, "emails", json!([{ "type": "work", "primary": true, "value": user.text("Email") }]));
        put(&mut out, "addresses", address(user));
        put(&mut out, "phoneNumbers", phones(user));
        put(&mut out, "entitlements", self.entitlements_of(user));
        put(&mut out, "groups", self.groups_of(user));
        put(&mut out, "roles", self.roles_of(user));
        put(&mut out, ENTERPRISE, self.enterprise(user));
        let extension = match self.world.behaviours.extension {
            ExtensionUrn::V2 => SALESFORCE_2,
            ExtensionUrn::Mixed | ExtensionUrn::V1 => SALESFORCE_1,
        };
        put(&mut out, extension, json!({ "alias": user.text("Alias") }));
        let custom = self.custom(user);
        if !custom.is_empty() {
            let urn = custom_urn(&self.world);
            schemas.push(urn.clone());
            put(&mut out, &urn, Json::Object(custom));
        }
        put(&mut out, "schemas", json!(schemas));
        put(&mut out, "meta", self.meta("User", "Users", user));
        Json::Object(out)
    }

    /// The profile first and alone primary, then the permission sets [src pilot].
    fn entitlements_of(&self, user: &Record) -> Json {
        let state = &self.world.state;
        let mut list = Vec::new();
        if let Some(profile) = user.id_in("ProfileId") {
            let name = state.get(Object::Profile, profile).map_or("", |profile| profile.text("Name"));
            list.push(self.entitlement(profile, name, "Profile", true));
        }
        for row in state.matching(Object::PermissionSetAssignment, "AssigneeId", user.id.as_str()) {
            let set = row.id_in("PermissionSetId").and_then(|id| state.get(Object::PermissionSet, id));
            if let Some(set) = set.filter(|set| !set.is("IsOwnedByProfile")) {
                list.push(self.entitlement(&set.id, set.text("Label"), "Permission Set", false));
            }
        }
        Json::from(list)
    }

    fn entitlement(&self, id: &Id, display: &str, kind: &str, primary: bool) -> Json {
        json!({
            "value": id,
            "$ref": self.scim_url("Entitlements", id.as_str()),
            "display": display,
            "type": kind,
            "primary": primary,
        })
    }

    fn groups_of(&self, user: &Record) -> Json {
        let state = &self.world.state;
        let list: Vec<Json> = state
            .matching(Object::GroupMember, "UserOrGroupId", user.id.as_str())
            .into_iter()
            .filter_map(|row| state.get(Object::Group, row.id_in("GroupId")?))
            .map(|group| {
                json!({
                    "value": group.id,
                    "$ref": self.scim_url("Groups", group.id.as_str()),
                    "display": group.text("Name"),
                })
            })
            .collect();
        some(list)
    }

    fn roles_of(&self, user: &Record) -> Json {
        let role = user.id_in("UserRoleId").and_then(|id| self.world.state.get(Object::UserRole, id));
        some(
            role.map(|role| {
                json!({
                    "value": role.id,
                    "$ref": self.scim_url("Roles", role.id.as_str()),
                    "display": role.text("Name"),
                })
            })
            .into_iter()
            .collect(),
        )
    }

    fn enterprise(&self, user: &Record) -> Json {
        let mut out = Map::new();
        put(&mut out, "organization", Json::from(self.world.org_id.as_str()));
        for (attribute, field) in ENTERPRISE_TEXTS {
            put(&mut out, attribute, user.get(field).to_json());
        }
        if let Some(manager) = user.id_in("ManagerId") {
            let name = self.world.state.get(Object::User, manager).map_or("", |manager| manager.text("Name"));
            let reference = self.scim_url("Users", manager.as_str());
            put(&mut out, "manager", json!({ "value": manager, "$ref": reference, "displayName": name }));
        }
        if let Some(approver) = user.id_in("DelegatedApproverId") {
            put(&mut out, "delegatedApprover", json!({ "delegatedApproverId": approver }));
        }
        Json::Object(out)
    }

    fn custom(&self, user: &Record) -> Map<String, Json> {
        let fields = &self.world.state.custom_user_fields;
        fields
            .iter()
            .filter(|spec| !user.get(&spec.name).is_null())
            .map(|spec| (spec.name.to_string(), user.get(&spec.name).to_json()))
            .collect()
    }

    /// `meta`; its version follows id and LastModifiedDate only, so it misses changes of assignments [src pilot].
    pub(super) fn meta(&self, kind: &str, resource: &str, record: &Record) -> Json {
        let time = |field: &str| match record.get(field) {
            Value::Time(at) => Json::from(scim_time(*at)),
            _ => Json::Null,
        };
        let digest = Sha256::digest(format!("{}{}", record.id, time("LastModifiedDate")));
        let version: String = digest.iter().take(20).map(|byte| format!("{byte:02x}")).collect();
        json!({
            "created": time("CreatedDate"),
            "lastModified": time("LastModifiedDate"),
            "location": self.scim_url(resource, record.id.as_str()),
            "resourceType": kind,
            "version": version,
        })
    }
}

fn address(user: &Record) -> Json {
    let mut out = Map::new();
    for (part, field) in ADDRESS {
        put(&mut out, part, user.get(field).to_json());
    }
    if out.is_empty() {
        return Json::Null;
    }
    put(&mut out, "type", "work".into());
    put(&mut out, "primary", true.into());
    Json::from(vec![Json::Object(out)])
}

fn phones(user: &Record) -> Json {
    let list = PHONES
        .iter()
        .filter(|(_, field)| !user.get(field).is_null())
        .map(|(kind, field)| json!({ "type": kind, "value": user.text(field) }))
        .collect();
    some(list)
}

fn some(list: Vec<Json>) -> Json {
    if list.is_empty() { Json::Null } else { Json::from(list) }
}

/// Attributes without a value are absent [doc example].
fn put(out: &mut Map<String, Json>, name: &str, value: Json) {
    if !value.is_null() {
        out.insert(name.to_owned(), value);
    }
}
