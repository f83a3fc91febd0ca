//! The forms of requests and answers. Requests say exactly what the contract allows; answers are read tolerantly: what is
//! not known there is passed over.

use std::collections::BTreeMap;

use domain::{
    ActualUser, Assignment, Entitlement, EntitlementKind, EntitlementName, SalesforceUserId, UserField, UserLink,
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The contract's version, in every request and answer.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub(super) struct Version;

impl TryFrom<u64> for Version {
    type Error = &'static str;
    fn try_from(number: u64) -> Result<Self, Self::Error> {
        if number == 1 { Ok(Self) } else { Err("another version") }
    }
}

impl From<Version> for u64 {
    fn from(_: Version) -> Self {
        1
    }
}

#[derive(Deserialize)]
pub(super) struct ServiceAnswer {
    #[serde(rename = "version")]
    _version: Version,
    pub(super) caller: SalesforceUserId,
    pub(super) permitted: bool,
}

#[derive(Serialize)]
pub(super) struct LookupRequest<'a> {
    pub(super) version: Version,
    pub(super) persons: Vec<LookupPerson<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LookupPerson<'a> {
    #[serde(rename = "ref")]
    pub(super) reference: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_id: Option<&'a SalesforceUserId>,
    #[serde(rename = "match", skip_serializing_if = "Vec::is_empty")]
    pub(super) keys: Vec<Key<'a>>,
}

/// A field that tells who somebody is, and its value.
#[derive(Serialize)]
pub(super) struct Key<'a> {
    field: UserField,
    value: &'a str,
}

impl<'a> Key<'a> {
    /// `None` for what no user can carry and what the service does not look for.
    pub(super) fn new((field, value): &'a (UserField, String)) -> Option<Self> {
        let known = [UserField::FederationIdentifier, UserField::EmployeeNumber, UserField::Username, UserField::Email];
        let usable = known.contains(field) && crate::directory::can_be_carried(value);
        usable.then_some(Self { field: *field, value })
    }
}

#[derive(Deserialize)]
pub(super) struct LookupAnswer {
    #[serde(rename = "version")]
    _version: Version,
    pub(super) persons: Vec<Found>,
    pub(super) users: Vec<User>,
}

#[derive(Deserialize)]
pub(super) struct Found {
    #[serde(rename = "ref")]
    pub(super) reference: String,
    pub(super) users: Vec<SalesforceUserId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    id: SalesforceUserId,
    active: bool,
    frozen: bool,
    fields: BTreeMap<String, String>,
    profile: Option<String>,
    role: Option<String>,
    manager: Option<SalesforceUserId>,
    delegated_approver: Option<SalesforceUserId>,
    entitlements: Vec<Given>,
}

#[derive(Deserialize)]
struct Given {
    kind: String,
    name: String,
    expires: Option<Date>,
}

impl User {
    pub(super) fn read(self) -> ActualUser {
        let name = |name: Option<String>| name.and_then(|name| EntitlementName::parse(name).ok());
        let links = [(UserLink::Manager, self.manager), (UserLink::DelegatedApprover, self.delegated_approver)];
        let fields = self.fields.into_iter().filter(|(_, value)| !value.is_empty());
        let mut user = ActualUser {
            frozen: self.frozen,
            fields: fields.filter_map(|(field, value)| Some((UserField::from_api_name(&field)?, value))).collect(),
            profile: name(self.profile),
            role: name(self.role),
            links: links.into_iter().filter_map(|(link, user)| Some((link, user?))).collect(),
            ..ActualUser::bare(self.id, self.active)
        };
        for given in self.entitlements {
            let kind = EntitlementKind::ALL.into_iter().find(|kind| kind.as_str() == given.kind);
            match (kind, EntitlementName::parse(given.name)) {
                (Some(EntitlementKind::FeatureLicense), Ok(name)) => drop(user.features.insert(name)),
                (Some(kind), Ok(name)) if !kind.is_single() => user.assignments.push(Assignment {
                    entitlement: Entitlement::new(kind, name),
                    // The service takes away by name, so nobody needs the assigning record, and its answer does not hold
                    // that record's id. The user's own id stands in its place, which deletes nothing by mistake: users
                    // can't be deleted.
                    id: user.id.as_id().clone(),
                    expires: given.expires,
                }),
                _ => {}
            }
        }
        user
    }
}

#[derive(Serialize)]
pub(super) struct AccountsRequest<'a> {
    pub(super) version: Version,
    pub(super) options: Options,
    pub(super) persons: Vec<PersonRequest<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Options {
    pub(super) send_welcome_mail: bool,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PersonRequest<'a> {
    #[serde(rename = "ref")]
    pub(super) reference: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_id: Option<&'a SalesforceUserId>,
    #[serde(rename = "match", skip_serializing_if = "Vec::is_empty")]
    pub(super) keys: Vec<Key<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) fields: BTreeMap<UserField, Option<&'a str>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) candidates: BTreeMap<UserField, Vec<&'a str>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) links: BTreeMap<&'static str, Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) active: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) frozen: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) add: Vec<Named<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) remove: Vec<Named<'a>>,
}

#[derive(Serialize)]
pub(super) struct Named<'a> {
    pub(super) kind: EntitlementKind,
    pub(super) name: &'a EntitlementName,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expires: Option<Date>,
}

#[derive(Deserialize)]
pub(super) struct AccountsAnswer {
    #[serde(rename = "version")]
    _version: Version,
    pub(super) persons: Vec<Answered>,
}

/// What came of one person's share.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answered {
    #[serde(rename = "ref")]
    pub(super) reference: String,
    pub(super) user_id: Option<SalesforceUserId>,
    pub(super) created: bool,
    pub(super) given: BTreeMap<String, String>,
    pub(super) results: Vec<ItemResult>,
}

#[derive(Deserialize)]
pub(super) struct ItemResult {
    pub(super) item: String,
    pub(super) status: Status,
    /// Salesforce's, or the service's own: `{statusCode, message, fields}`.
    pub(super) error: Option<Value>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Status {
    Done,
    Already,
    Failed,
    Skipped,
}

impl Answered {
    pub(super) fn given(&self, field: UserField) -> Option<&str> {
        self.given.get(field.api_name()).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(super) fn result(&self, item: &str) -> Option<&ItemResult> {
        self.results.iter().find(|result| result.item == item)
    }
}
