//! What the service says of itself: capabilities [doc, body and all], resource types, schemas [src pilot].

use bytes::Bytes;
use http::Response;
use serde_json::{Value as Json, json};

use super::attributes::{ENTERPRISE_TEXTS, TEXTS};
use super::{ENTERPRISE, GROUP, LIST, SALESFORCE_1, SALESFORCE_2, USER, custom_urn};
use crate::behaviours::ExtensionUrn;
use crate::org::Org;
use crate::reply;

pub(super) fn service_provider_configs() -> Response<Bytes> {
    reply::json(
        200,
        &json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
            "documentationUri": "https://help.salesforce.com/HTViewHelpDoc?id=identity_scim_overview.htm",
            "patch": { "supported": true },
            "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
            "filter": { "supported": true, "maxResults": 200 },
            "changePassword": { "supported": true },
            "sort": { "supported": false },
            "etag": { "supported": false },
            "authenticationSchemes": [{
                "type": "oauth2",
                "name": "OAuth v2.0",
                "description": "Authentication Scheme using the OAuth Standard",
                "specUri": "http://tools.ietf.org/html/rfc6749",
                "documentationUri": "https://help.salesforce.com/apex/HTViewHelpDoc?id=remoteaccess_authenticate.htm",
                "primary": true,
            }],
        }),
    )
}

impl Org {
    pub(super) fn resource_types(&self) -> Response<Bytes> {
        let extension = self.listed_extension();
        let types = [
            ("User", "/Users", USER.to_owned()),
            ("Group", "/Groups", GROUP.to_owned()),
            ("Entitlement", "/Entitlements", format!("{extension}:Entitlement")),
            ("Role", "/Roles", format!("{extension}:Role")),
        ];
        let resources: Vec<Json> = types
            .into_iter()
            .map(|(name, endpoint, schema)| {
                let extensions = if name == "User" {
                    json!([
                        { "schema": ENTERPRISE, "required": false },
                        { "schema": extension, "required": false },
                        { "schema": custom_urn(&self.world), "required": false },
                    ])
                } else {
                    json!([])
                };
                json!({
                    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
                    "id": name,
                    "name": name,
                    "endpoint": endpoint,
                    "schema": schema,
                    "schemaExtensions": extensions,
                })
            })
            .collect();
        envelope(&resources)
    }

    pub(super) fn schemas(&self) -> Response<Bytes> {
        let extension = self.listed_extension();
        let text = |name: &str| attribute(name, "string", "readWrite", false);
        let mut user: Vec<Json> = TEXTS.iter().map(|(name, _)| text(name)).collect();
        user.extend([
            attribute("id", "string", "readOnly", false),
            attribute("displayName", "string", "readOnly", false),
            attribute("userType", "string", "readOnly", false),
            attribute("profileURL", "reference", "readOnly", false),
            attribute("active", "boolean", "readWrite", false),
            attribute("name", "complex", "readWrite", false),
            attribute("password", "string", "writeOnly", false),
        ]);
        user.extend(
            ["emails", "addresses", "phoneNumbers", "entitlements", "groups", "roles"]
                .map(|name| attribute(name, "complex", "readWrite", true)),
        );
        if self.world.behaviours.external_id_available {
            user.push(text("externalId"));
        }
        let mut enterprise: Vec<Json> = ENTERPRISE_TEXTS.iter().map(|(name, _)| text(name)).collect();
        enterprise.push(attribute("organization", "string", "readOnly", false));
        enterprise.push(attribute("manager", "complex", "readWrite", false));
        enterprise.push(attribute("delegatedApprover", "complex", "readWrite", false));
        let custom: Vec<Json> = self.world.state.custom_user_fields.iter().map(|spec| text(&spec.name)).collect();
        let resources = [
            schema(USER, "User", &user),
            schema(ENTERPRISE, "EnterpriseUser", &enterprise),
            schema(extension, "SalesforceUser", &[text("alias")]),
            schema(&custom_urn(&self.world), "CustomFields", &custom),
            schema(GROUP, "Group", &[text("displayName"), attribute("members", "complex", "readWrite", true)]),
            schema(&format!("{extension}:Entitlement"), "Entitlement", &[text("displayName"), text("type")]),
            schema(&format!("{extension}:Role"), "Role", &[text("displayName")]),
        ];
        envelope(&resources)
    }

    /// The name under which /Schemas lists Salesforce's own extension: 2.0 in the pilot, though its bodies carry 1.0.
    fn listed_extension(&self) -> &'static str {
        match self.world.behaviours.extension {
            ExtensionUrn::V1 => SALESFORCE_1,
            ExtensionUrn::Mixed | ExtensionUrn::V2 => SALESFORCE_2,
        }
    }
}

fn attribute(name: &str, kind: &str, mutability: &str, plural: bool) -> Json {
    json!({
        "name": name,
        "type": kind,
        "multiValued": plural,
        "required": matches!(name, "userName" | "emails" | "entitlements"),
        "caseExact": false,
        "mutability": mutability,
        "returned": if mutability == "writeOnly" { "never" } else { "default" },
        "uniqueness": if name == "userName" { "global" } else { "none" },
    })
}

fn schema(urn: &str, name: &str, attributes: &[Json]) -> Json {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": urn,
        "name": name,
        "description": name,
        "attributes": attributes,
    })
}

fn envelope(resources: &[Json]) -> Response<Bytes> {
    reply::json(
        200,
        &json!({
            "schemas": [LIST],
            "totalResults": resources.len(),
            "itemsPerPage": resources.len(),
            "startIndex": 1,
            "Resources": resources,
        }),
    )
}
