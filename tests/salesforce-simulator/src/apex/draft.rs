//! The User record of one person as the request wants it: what has to be written, for which of the things asked.

use std::collections::BTreeSet;

use super::contract::Kind;
use super::outcome::{Outcome, Results, Slot, unknown_name};
use super::request::{Entitlement, Person};
use crate::org::dml_error::DmlError;
use crate::org::ids::Id;
use crate::org::schema::Object;
use crate::org::schema::features;
use crate::org::state::{Record, State};
use crate::org::value::Value;
use crate::org::world::{Fields, World};

/// Values that one call has given out already: field and value in lower case.
pub(super) type Taken = BTreeSet<(&'static str, String)>;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// What has to be written.
    pub(super) fields: Fields,
    /// The results that share the record's fate.
    pub(super) parts: Vec<Slot>,
    choices: Vec<Choice>,
    /// Why the record is not even tried.
    pub(super) refused: Option<DmlError>,
}

/// A field that takes the first value of several that is free.
#[derive(Debug)]
struct Choice {
    field: &'static str,
    values: Vec<String>,
    /// The next value to try.
    next: usize,
}

impl Draft {
    /// Compares what is asked with the user, if there is one. Asks for its results in the contract's order.
    pub(super) fn of(
        state: &State,
        user: Option<&Record>,
        person: &Person,
        results: &mut Results,
        taken: &mut Taken,
    ) -> Self {
        let mut draft = Self::default();
        for (field, value) in &person.fields {
            let slot = results.ask(format!("field:{field}"));
            let value = value.as_deref().map_or(Value::Null, |text| Value::from(text.trim_end()));
            draft.want(user, field, value, slot, results);
        }
        for (field, values) in &person.candidates {
            let slot = results.ask(format!("field:{field}"));
            draft.choose(state, user, field, values, slot, results, taken);
        }
        draft.link(state, user, person, results);
        if let Some(active) = person.active {
            let slot = results.ask("active".to_owned());
            draft.want_flag(user, "IsActive", active, slot, results);
        }
        draft
    }

    /// A feature licence is a field of the record.
    pub(super) fn feature(
        &mut self,
        state: &State,
        user: Option<&Record>,
        entitlement: &Entitlement,
        given: bool,
        slot: Slot,
        results: &mut Results,
    ) {
        debug_assert_eq!(entitlement.kind, Kind::FeatureLicense);
        match features::named(&entitlement.name).filter(|feature| state.seats_of_feature(feature.field).is_some()) {
            // A new user has none.
            Some(_) if user.is_none() && !given => results.set(slot, Outcome::Already),
            Some(feature) => self.want_flag(user, feature.field, given, slot, results),
            None => results.set(slot, Outcome::Failed(unknown_name())),
        }
    }

    fn want_flag(&mut self, user: Option<&Record>, field: &str, flag: bool, slot: Slot, results: &mut Results) {
        // A new user's checkboxes are written even when they are what Salesforce would take by itself.
        if user.is_some_and(|user| user.is(field) == flag) {
            results.set(slot, Outcome::Already);
        } else {
            self.put(field, Value::Bool(flag), slot);
        }
    }

    fn want(&mut self, user: Option<&Record>, field: &str, value: Value, slot: Slot, results: &mut Results) {
        let has = user.map_or(&Value::Null, |user| user.get(field));
        if *has == value || (field == "Username" && same_text(has, &value)) {
            results.set(slot, Outcome::Already);
        } else {
            self.put(field, value, slot);
        }
    }

    fn put(&mut self, field: &str, value: Value, slot: Slot) {
        self.fields.insert(field.to_owned(), value);
        self.parts.push(slot);
    }

    #[expect(clippy::too_many_arguments, reason = "all of them are parts of one comparison")]
    fn choose(
        &mut self,
        state: &State,
        user: Option<&Record>,
        field: &'static str,
        values: &[String],
        slot: Slot,
        results: &mut Results,
        taken: &mut Taken,
    ) {
        let has = user.map_or("", |user| user.text(field)).to_lowercase();
        if values.iter().any(|value| value.to_lowercase() == has) {
            results.set(slot, Outcome::Already);
            return;
        }
        self.choices.push(Choice { field, values: values.to_vec(), next: 0 });
        let last = self.choices.len() - 1;
        if self.advance(state, user.map(|user| &user.id), last, taken) {
            self.parts.push(slot);
        } else {
            let error = none_free(field);
            results.set(slot, Outcome::Failed(error.clone()));
            self.refused = Some(error);
        }
    }

    /// Takes the next free value of a field; false when there is none.
    fn advance(&mut self, state: &State, user: Option<&Id>, place: usize, taken: &mut Taken) -> bool {
        let Some(choice) = self.choices.get_mut(place) else { return false };
        while let Some(value) = choice.values.get(choice.next) {
            choice.next += 1;
            let key = (choice.field, value.to_lowercase());
            let others = state.matching(Object::User, choice.field, value);
            if others.iter().all(|other| Some(&other.id) == user) && !taken.contains(&key) {
                taken.insert(key);
                self.fields.insert(choice.field.to_owned(), Value::from(value.trim_end()));
                return true;
            }
        }
        false
    }

    /// After Salesforce refused the record: takes the next value where it said that one is taken elsewhere. False when there
    /// is no reason to try again.
    pub(super) fn try_next(&mut self, state: &State, user: Option<&Id>, error: &DmlError, taken: &mut Taken) -> bool {
        if !error.code.starts_with("DUPLICATE_") {
            return false;
        }
        let place = self.choices.iter().position(|choice| error.fields.iter().any(|field| field == choice.field));
        place.is_some_and(|place| self.advance(state, user, place, taken))
    }

    fn link(&mut self, state: &State, user: Option<&Record>, person: &Person, results: &mut Results) {
        let links = &person.links;
        if let Some(name) = &links.profile {
            let slot = results.ask("profile".to_owned());
            let profile = state.named(Object::Profile, name).map(|profile| &profile.id);
            self.want_link(user, "ProfileId", profile.ok_or_else(unknown_name).map(Value::from), slot, results);
        }
        if let Some(role) = &links.role {
            let slot = results.ask("role".to_owned());
            let role = match role {
                None => Ok(Value::Null),
                Some(name) => {
                    state.named(Object::UserRole, name).map(|role| Value::from(&role.id)).ok_or_else(unknown_name)
                }
            };
            self.want_link(user, "UserRoleId", role, slot, results);
        }
        for (item, field, link) in [
            ("manager", "ManagerId", &links.manager),
            ("delegatedApprover", "DelegatedApproverId", &links.delegated_approver),
        ] {
            let Some(link) = link else { continue };
            let slot = results.ask(item.to_owned());
            let target = match link {
                None => Ok(Value::Null),
                Some(text) => Id::parse(text)
                    .map(Value::Id)
                    .map_err(|error| DmlError::new("MALFORMED_ID", error.to_string(), &[field])),
            };
            self.want_link(user, field, target, slot, results);
        }
    }

    fn want_link(
        &mut self,
        user: Option<&Record>,
        field: &str,
        target: Result<Value, DmlError>,
        slot: Slot,
        results: &mut Results,
    ) {
        match target {
            Ok(value) => self.want(user, field, value, slot, results),
            Err(error) => {
                // A new user is nothing without its profile.
                if user.is_none() && field == "ProfileId" {
                    self.refused = Some(error.clone());
                }
                results.set(slot, Outcome::Failed(error));
            }
        }
    }
}

/// What each of the fields with candidates holds now.
pub(super) fn given(world: &World, user: Option<&Id>, person: &Person) -> serde_json::Map<String, serde_json::Value> {
    let user = user.and_then(|id| world.state.get(Object::User, id));
    person
        .candidates
        .iter()
        .filter_map(|(field, _)| Some(((*field).to_owned(), user?.get(field).as_text()?.into())))
        .collect()
}

fn same_text(a: &Value, b: &Value) -> bool {
    matches!((a.as_text(), b.as_text()), (Some(a), Some(b)) if a.to_lowercase() == b.to_lowercase())
}

/// Every candidate belongs to somebody: said with Salesforce's own code, which would be its answer to any of them.
fn none_free(field: &str) -> DmlError {
    let code = match field {
        "Username" => "DUPLICATE_USERNAME",
        "CommunityNickname" => "DUPLICATE_COMM_NICKNAME",
        _ => "DUPLICATE_VALUE",
    };
    DmlError::new(code, format!("Every candidate for {field} is taken"), &[field])
}
