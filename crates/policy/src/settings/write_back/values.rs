//! What a person's records in the system are to hold: the expressions over the person and over what was applied to the
//! Salesforce user.

use std::borrow::Cow;
use std::collections::BTreeMap;

use domain::account::{Applied, DesiredState};
use domain::{AttributeValue, Person, UserField};
use expression::{Lookups, Type, Variables};
use jiff::civil::Date;
use serde_json::{Map, Value};

use super::{WriteBack, Written};
use crate::code::Code;
use crate::policy::Policy;
use crate::problems::Place;
use crate::world::{World, about_person};

/// The Salesforce user as the connector left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedUser(Value);

/// What a record of the system is to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenRecord {
    /// Which record.
    pub key: String,
    /// Its fields; `None` for an empty one.
    pub fields: BTreeMap<String, Option<String>>,
}

/// Why there are no values. Free of the person's data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what} fails: {reason}")]
pub struct WriteBackProblem {
    /// Where.
    pub place: Place,
    /// The field, or the key.
    pub what: String,
    /// Why.
    pub reason: String,
}

impl AppliedUser {
    /// By the desired state that was applied and what came of it; `None` when there is no user, or when the desired
    /// state is a newer one than what was applied: nobody knows yet what the user will hold.
    pub fn of(desired: &DesiredState, applied: &Applied) -> Option<Self> {
        let active = applied.active.filter(|_| applied.version == desired.version)?;
        let mut fields = Map::from_iter([("active".to_owned(), Value::Bool(active))]);
        for (field, value) in &desired.account.attributes {
            // Which candidate was free is only remembered of the user name.
            if let AttributeValue::Value(Some(text)) = value {
                fields.insert(field.api_name().to_owned(), text.as_str().into());
            }
        }
        let username = UserField::Username.api_name().to_owned();
        fields.extend(applied.username.as_deref().map(|name| (username, name.into())));
        Some(Self(Value::Object(fields)))
    }
}

/// The variables: those of an expression about a person, and `user`.
pub(super) fn variables(lookups: &Lookups) -> Variables {
    let fields = UserField::ALL.iter().map(|field| (field.api_name(), Type::Text));
    about_person(lookups).with("user", Type::record(fields.chain([("active", Type::Bool)])))
}

impl WriteBack {
    /// What the employee is to hold; `None` when it is not written, or the person has none.
    ///
    /// # Errors
    /// The expression that fails.
    pub fn employee_of(
        &self,
        policy: &Policy,
        person: &Person,
        user: Option<&AppliedUser>,
        today: Date,
    ) -> Result<Option<WrittenRecord>, WriteBackProblem> {
        self.employee.as_ref().map_or(Ok(None), |written| written.values(policy, person, user, today))
    }

    /// What the user is to hold; `None` when it is not written, or the person has none.
    ///
    /// # Errors
    /// The expression that fails.
    pub fn user_of(
        &self,
        policy: &Policy,
        person: &Person,
        user: Option<&AppliedUser>,
        today: Date,
    ) -> Result<Option<WrittenRecord>, WriteBackProblem> {
        self.user.as_ref().map_or(Ok(None), |written| written.values(policy, person, user, today))
    }
}

impl Written {
    fn values(
        &self,
        policy: &Policy,
        person: &Person,
        user: Option<&AppliedUser>,
        today: Date,
    ) -> Result<Option<WrittenRecord>, WriteBackProblem> {
        let nobody = Value::Null;
        let world = World::new(person, today, &policy.lookups);
        let scope = world.scope().with("user", Cow::Borrowed(user.map_or(&nobody, |user| &user.0)));
        let text = |code: &Code, what: &str| match code.text(&scope) {
            Ok(text) => Ok(text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())),
            Err(error) => {
                Err(WriteBackProblem { place: code.place_of(&error), what: what.to_owned(), reason: error.reason })
            }
        };
        let Some(key) = text(&self.key_code, "key")? else { return Ok(None) };
        let mut fields = BTreeMap::new();
        for (field, code) in &self.codes {
            fields.insert(field.clone(), text(code, field)?);
        }
        Ok(Some(WrittenRecord { key, fields }))
    }
}
