//! SCIM v2 under `/services/scim/v2`: routing and what its parts share.
//!
//! The general service is taken to be of one line with Salesforce's public pilot, whose source is the evidence "src pilot".

mod attributes;
mod create;
mod discovery;
mod errors;
mod filter;
mod groups;
mod lists;
mod paging;
mod patch;
mod render;
mod users;

use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value as Json};

use crate::call::Call;
use crate::org::Org;
use crate::org::dml_error::DmlError;
use crate::org::journal::Actor;
use crate::org::world::World;
use crate::reply;
use errors::Refusal;

pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
pub(crate) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub(crate) const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
pub(crate) const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
pub(crate) const SALESFORCE_1: &str = "urn:salesforce:schemas:extension:1.0";
pub(crate) const SALESFORCE_2: &str = "urn:salesforce:schemas:extension:2.0";

impl Org {
    /// A call under `/services/scim`. Version 1 still answers in a real org; here it does not.
    pub(crate) fn scim(&mut self, call: &Call<'_>, actor: &Actor) -> Response<Bytes> {
        if call.segments.get(2).map(String::as_str) != Some("v2") {
            return reply::not_found();
        }
        let outcome = match (call.method.as_str(), call.path_from(3).as_slice()) {
            ("GET", ["ServiceProviderConfigs"]) => Ok(discovery::service_provider_configs()),
            ("GET", ["ServiceProviderConfig"]) if self.world.behaviours.singular_service_provider_config => {
                Ok(discovery::service_provider_configs())
            }
            ("GET", ["ResourceTypes"]) => Ok(self.resource_types()),
            ("GET", ["Schemas"]) => Ok(self.schemas()),
            ("GET", ["Users"]) => self.list_users(call),
            ("POST", ["Users"]) => self.create_user(call, actor),
            ("GET", ["Users", id]) => self.get_user(call, id),
            ("PATCH", ["Users", id]) => self.patch_user(call, actor, id),
            ("PUT", ["Users", id]) => self.put_user(call, actor, id),
            ("DELETE", ["Users", id]) => self.delete_user(actor, id),
            ("GET", ["Me"]) => self.get_user(call, actor.user.as_str()),
            ("PATCH", ["Me"]) => self.patch_user(call, actor, actor.user.as_str()),
            ("GET", ["Groups"]) => self.list_groups(call),
            ("GET", ["Groups", id]) => self.get_group(id),
            ("PATCH", ["Groups", id]) => self.patch_group(call, actor, id),
            ("GET", ["Entitlements"]) => self.list_entitlements(call),
            ("GET", ["Entitlements", id]) => self.get_entitlement(id),
            ("GET", ["Roles"]) => self.list_roles(call),
            ("GET", ["Roles", id]) => self.get_role(id),
            // No creating of groups, no writing of entitlements and roles, no Bulk [doc: table of endpoints].
            (
                _,
                [
                    "Users"
                    | "Groups"
                    | "Entitlements"
                    | "Roles"
                    | "Me"
                    | "Schemas"
                    | "ResourceTypes"
                    | "ServiceProviderConfigs",
                    ..,
                ],
            ) => Err(Refusal::scim(501, "Method not supported")),
            _ => Err(Refusal::scim(404, "No such resource")),
        };
        outcome.unwrap_or_else(|refusal| refusal.answer(&self.world.behaviours))
    }

    /// Address of a resource.
    pub(crate) fn scim_url(&self, resource: &str, id: &str) -> String {
        format!("{}/services/scim/v2/{resource}/{id}", self.hosts.instance_url)
    }

    fn not_found(&self, resource: &str, id: &str) -> Refusal {
        Refusal::scim(404, format!("Resource {} not found", self.scim_url(resource, id)))
    }
}

/// The URN under which the org's custom User fields stand: its 18-character id at the end [src pilot].
pub(crate) fn custom_urn(world: &World) -> String {
    format!("urn:salesforce:schemas:extension:{}", world.org_id)
}

/// A DML error of the SCIM service.
fn dml(verb: &str, id: Option<&str>, error: &DmlError) -> Refusal {
    Refusal::Dml { text: error.apex_text(verb, id), error: error.clone() }
}

/// The body as a JSON object. What is no JSON fails in the platform before the service sees it: REST form [facts, section 1].
fn object_body(call: &Call<'_>) -> Result<Map<String, Json>, Refusal> {
    match serde_json::from_slice(call.body) {
        Ok(Json::Object(map)) => Ok(map),
        Ok(_) => Err(Refusal::Malformed),
        Err(error) => Err(Refusal::Answer(Box::new(reply::rest_error(
            400,
            "JSON_PARSER_ERROR",
            &format!("Unexpected character at [line:{}, column:{}]", error.line(), error.column()),
        )))),
    }
}
