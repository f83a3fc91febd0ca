//! Reading users, and DELETE.

use bytes::Bytes;
use http::Response;

use super::dml;
use super::errors::Refusal;
use super::filter::{Filter, Target};
use super::paging::{Choice, Window, list};
use crate::call::Call;
use crate::org::Org;
use crate::org::ids::Id;
use crate::org::journal::Actor;
use crate::org::schema::Object;
use crate::org::state::Record;
use crate::org::value::Value;
use crate::org::world::Fields;
use crate::reply;

/// Only these kinds of users are shown [src pilot].
const USER_TYPES: [&str; 7] =
    ["Standard", "PowerPartner", "PowerCustomerSuccess", "CustomerSuccess", "SelfService", "CspLitePortal", "CsnOnly"];

impl Org {
    pub(super) fn list_users(&self, call: &Call<'_>) -> Result<Response<Bytes>, Refusal> {
        let window = Window::of(call, self.world.behaviours.start_index_ceiling)?;
        let choice = Choice::of(call)?;
        let filter =
            call.parameter("filter").map(|text| Filter::parse(&self.world, text, filter_attributes)).transpose()?;
        let found: Vec<&Record> = self
            .world
            .state
            .rows(Object::User)
            .filter(|user| USER_TYPES.contains(&user.text("UserType")))
            .filter(|user| filter.as_ref().is_none_or(|filter| filter.holds(&self.world, user)))
            .collect();
        Ok(list(&found, window, |user| choice.apply(self.render_record(user))))
    }

    pub(super) fn get_user(&self, call: &Call<'_>, id: &str) -> Result<Response<Bytes>, Refusal> {
        let choice = Choice::of(call)?;
        let id = self.user_id(id)?;
        Ok(reply::json(200, &choice.apply(self.render_user(&id))))
    }

    /// The same as PATCH active=false, answered by a bare code [doc: 204 in the pilot]; 404 when already inactive and, if
    /// the switch says so, renamed [src pilot].
    pub(super) fn delete_user(&mut self, actor: &Actor, id: &str) -> Result<Response<Bytes>, Refusal> {
        let id = self.user_id(id)?;
        let Some(user) = self.world.state.get(Object::User, &id).filter(|user| user.is("IsActive")) else {
            return Err(self.not_found("Users", id.as_str()));
        };
        let mut fields = Fields::from([("IsActive".to_owned(), Value::Bool(false))]);
        if self.world.behaviours.delete_renames {
            fields.insert("Username".to_owned(), format!("{id}_{}", user.text("Username")).into());
            fields.insert("CommunityNickname".to_owned(), id.as_str().into());
        }
        let start = self.world.savepoint();
        if let Err(error) = self.world.update(actor, Object::User, &id, fields) {
            self.world.rollback(start);
            return Err(dml("Update", Some(id.as_str()), &error));
        }
        Ok(reply::empty(204))
    }

    /// The id of a user that SCIM shows.
    pub(super) fn user_id(&self, text: &str) -> Result<Id, Refusal> {
        Id::parse(text)
            .ok()
            .and_then(|id| self.world.state.get(Object::User, &id))
            .filter(|user| USER_TYPES.contains(&user.text("UserType")))
            .map(|user| user.id.clone())
            .ok_or_else(|| self.not_found("Users", text))
    }
}

/// What users can be filtered by.
pub(super) fn filter_attributes(name: &str) -> Option<Target> {
    let name = name.strip_prefix("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:").unwrap_or(name);
    Some(match name {
        "id" => Target::Field("Id"),
        "userName" => Target::Field("Username"),
        "externalId" => Target::Field("FederationIdentifier"),
        "name.familyName" => Target::Field("LastName"),
        "name.givenName" => Target::Field("FirstName"),
        "name.formatted" | "displayName" => Target::Field("Name"),
        "nickName" => Target::Field("CommunityNickname"),
        "emails.value" => Target::Field("Email"),
        "title" => Target::Field("Title"),
        "userType" => Target::Field("UserType"),
        "preferredLanguage" => Target::Field("LanguageLocaleKey"),
        "locale" => Target::Field("LocaleSidKey"),
        "timezone" => Target::Field("TimeZoneSidKey"),
        "active" => Target::Field("IsActive"),
        "employeeNumber" => Target::Field("EmployeeNumber"),
        "division" => Target::Field("Division"),
        "department" => Target::Field("Department"),
        "manager.value" => Target::Field("ManagerId"),
        "meta.created" => Target::Field("CreatedDate"),
        "meta.lastModified" => Target::Field("LastModifiedDate"),
        "name" | "emails" | "addresses" | "phoneNumbers" | "manager" | "meta" => Target::Complex,
        "entitlements" | "entitlements.value" => {
            Target::Member(Object::PermissionSetAssignment, "AssigneeId", "PermissionSetId")
        }
        "groups" | "groups.value" => Target::Member(Object::GroupMember, "UserOrGroupId", "GroupId"),
        // No table behind a role: the user's own field is compared.
        "roles" | "roles.value" => Target::Member(Object::UserRole, "Id", "UserRoleId"),
        _ => return None,
    })
}
