//! Making a user so that no lost answer ever makes two: one POST, never repeated blindly; after an unclear answer, and
//! when a unique value is taken, the person's keys are looked up first.

use std::collections::BTreeMap;

use domain::{ActualUser, Entitlement, EntitlementKind, SalesforceId, SalesforceUserId, UserField};
use http::Method;
use serde_json::{Map, Value, json};

use super::Stop;
use super::person::{Create, Person};
use crate::Salesforce;
use crate::api::Call;
use crate::catalog::Catalog;
use crate::directory::{Candidate, STRONG_KEYS, Wanted};
use crate::error::SalesforceError;
use crate::scim::{self, USERS};
use crate::usage::CallKind;

impl Salesforce {
    pub(super) async fn create_user(&self, person: &mut Person, catalog: &Catalog, stop: &Stop) {
        let mut looked_up = false;
        let mut with_sets = true;
        while let Some(create) = person.create.clone().filter(|_| stop.error().is_none()) {
            let error = match self.post(&create, with_sets, catalog).await {
                Ok(made) => {
                    stop.answered();
                    return person.is_created(&made);
                }
                Err(error) => error,
            };
            let verdict = if self.scim.learn_external_id(&error) {
                continue;
            } else if with_sets && is_for_sets(&error) && sets(&create, catalog).next().is_some() {
                // Perhaps one of them does not fit the user. They follow, each for itself.
                with_sets = false;
                continue;
            } else if may_be_done(&error) {
                self.find_again(&person.correlate).await
            } else if let SalesforceError::Taken { what, .. } = &error {
                let ours = if looked_up { Ok(None) } else { self.find_again(&strong(&person.correlate)).await };
                looked_up = true;
                if matches!(ours, Ok(None)) && what.field().is_some_and(|field| person.next_candidate(field)) {
                    continue;
                }
                ours
            } else {
                Ok(None)
            };
            match verdict {
                Ok(Some(found)) => {
                    tracing::info!(user = %found.id, "salesforce.created_before");
                    stop.answered();
                    person.is_found(&found);
                }
                Ok(None) => {
                    stop.note(&error);
                    tracing::warn!(%error, "salesforce.create_failed");
                    person.create_failed(&error);
                }
                // Not even known whether it was made, whatever kept the look-up from telling.
                Err(lookup) => {
                    stop.note(&lookup);
                    tracing::warn!(%error, %lookup, "salesforce.create_unknown");
                    let unknown = may_be_done(&error) && !is_ambiguous_match(&lookup);
                    let unclear = SalesforceError::Unclear { reason: format!("{error}; {lookup}") };
                    person.create_failed(if unknown { &unclear } else { &lookup });
                }
            }
        }
    }

    async fn post(&self, create: &Create, with_sets: bool, catalog: &Catalog) -> Result<ActualUser, SalesforceError> {
        let profile = create.of_kind(EntitlementKind::Profile).next().ok_or_else(profile_missing)?;
        let profile = catalog.id(profile)?.clone();
        // Without its key in the same call, a user whose creation's answer is lost could not be found again.
        if self.scim.external_id_refused() && create.fields.contains_key(&UserField::FederationIdentifier) {
            return self.post_by_rest(create, &profile).await;
        }
        let alias = match create.fields.contains_key(&UserField::Alias) {
            true => self.alias_extension().await,
            false => None,
        };
        let sets = sets(create, catalog).filter(|_| with_sets);
        let entitlements: Vec<_> = std::iter::once(profile).chain(sets).collect();
        let body = scim::create(&create.fields, create.active, alias, &entitlements);
        let call = Call::with_body(CallKind::ScimCreate, Method::POST, USERS.to_owned(), body).once();
        let answer = self.api.call(&call).await?;
        let made = scim::user(&answer, catalog, create.active)
            .ok_or_else(|| SalesforceError::Unclear { reason: "the answer to a create shows no user id".to_owned() })?;
        if alias.is_some() && made.field(UserField::Alias) != create.fields.get(&UserField::Alias).map(String::as_str) {
            self.scim.alias_ignored().await;
        }
        Ok(made)
    }

    /// The same by standard REST, for an org whose SCIM has no place for the key. The permission sets follow.
    async fn post_by_rest(&self, create: &Create, profile: &SalesforceId) -> Result<ActualUser, SalesforceError> {
        let mut record: Map<String, Value> =
            create.fields.iter().map(|(field, value)| (field.api_name().to_owned(), json!(value))).collect();
        record.insert("IsActive".to_owned(), json!(create.active));
        record.insert("ProfileId".to_owned(), json!(profile));
        let path = format!("/services/data/{}/sobjects/User", self.version);
        let call = Call::with_body(CallKind::RestCreate, Method::POST, path, Value::Object(record)).once();
        let answer = self.api.call(&call).await?;
        let id = answer.get("id").and_then(Value::as_str).and_then(|id| SalesforceUserId::parse(id).ok());
        let id = id
            .ok_or_else(|| SalesforceError::Unclear { reason: "the answer to a create shows no user id".to_owned() })?;
        Ok(ActualUser {
            fields: create.fields.clone(),
            profile: create.of_kind(EntitlementKind::Profile).next().map(|entitlement| entitlement.name.clone()),
            ..ActualUser::bare(id, create.active)
        })
    }

    /// The user that carries the person's keys and contradicts none of them.
    ///
    /// # Errors
    /// Those of the look-up; [`SalesforceError::SeveralUsers`].
    async fn find_again(&self, keys: &[(UserField, String)]) -> Result<Option<ActualUser>, SalesforceError> {
        if keys.is_empty() {
            return Ok(None);
        }
        let wanted = Wanted { user: None, keys: keys.to_vec() };
        let found = self.lookup(&[wanted]).await?.into_iter().flatten();
        let mut ours: Vec<_> = found.filter(|candidate| contradicts_none(candidate, keys)).collect();
        match ours.len() {
            0 | 1 => Ok(ours.pop().map(|candidate| candidate.user)),
            users => Err(SalesforceError::SeveralUsers { users }),
        }
    }
}

pub(crate) fn profile_missing() -> SalesforceError {
    let message = "no rule gives the person a profile, and no user can be without one";
    SalesforceError::refused("profile-missing", message)
}

/// The permission sets that go with the user at once: not those that end on a day, for which SCIM has no place, nor those
/// that need a licence which the user does not have from the start.
fn sets(create: &Create, catalog: &Catalog) -> impl Iterator<Item = SalesforceId> {
    let profile = create.of_kind(EntitlementKind::Profile).next().map(|profile| &profile.name);
    let at_once =
        move |set: &&Entitlement| !create.expirations.contains_key(*set) && catalog.fits_profile(&set.name, profile);
    let sets = create.of_kind(EntitlementKind::PermissionSet).filter(at_once);
    sets.filter_map(|set| catalog.id(set).ok().cloned())
}

/// Whether a permission set may be to blame for a refused create: nothing says that something else is.
fn is_for_sets(error: &SalesforceError) -> bool {
    match error {
        SalesforceError::Refused(refusal) => {
            let of_user = ["LICENSE_LIMIT_EXCEEDED", "REQUIRED_FIELD_MISSING"].contains(&refusal.code.as_str());
            refusal.status < 500 && refusal.fields.is_empty() && !of_user
        }
        SalesforceError::Form(refusal) => refusal.message.to_lowercase().contains("entitlement id"),
        SalesforceError::AssignedAlready(_) => true,
        _ => false,
    }
}

fn contradicts_none(candidate: &Candidate, keys: &[(UserField, String)]) -> bool {
    let strong: BTreeMap<_, _> = strong(keys).into_iter().collect();
    candidate.strong_keys.iter().all(|(field, own)| strong.get(field).is_none_or(|key| field.same_value(own, key)))
}

fn strong(keys: &[(UserField, String)]) -> Vec<(UserField, String)> {
    keys.iter().filter(|(field, _)| STRONG_KEYS.contains(field)).cloned().collect()
}

/// Whether the error leaves open that the user was made.
fn may_be_done(error: &SalesforceError) -> bool {
    match error {
        SalesforceError::Unclear { .. } => true,
        SalesforceError::Refused(refusal) | SalesforceError::Form(refusal) => refusal.status >= 500,
        _ => false,
    }
}

fn is_ambiguous_match(error: &SalesforceError) -> bool {
    matches!(error, SalesforceError::SeveralUsers { .. })
}
