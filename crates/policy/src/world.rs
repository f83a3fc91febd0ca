//! What expressions see of a person: the types for checking them and the values for evaluating them.

use std::borrow::Cow;

use domain::{Contract, Person};
use expression::{Lookups, Scope, Type, Variables};
use jiff::civil::Date;
use serde_json::Value;

/// The variables of an expression that is about a person: `person`, `today`, `nick`, `family`, `display`.
pub(crate) fn about_person(lookups: &Lookups) -> Variables {
    let accounts = ("accounts", Type::map(Type::map(Type::Any)));
    Variables::new()
        .with("person", person([("active", Type::Bool)], [accounts]))
        .with("today", Type::Text)
        .with("nick", Type::Text)
        .with("family", Type::Text)
        .with("display", Type::Text)
        .with_tables(lookups.keys())
}

/// The variables of a key of a person by whom an account is found: what authoritative sources say, and nothing that
/// changes from one day to the next.
pub(crate) fn about_joined_person(lookups: &Lookups) -> Variables {
    Variables::new().with("person", person([], [])).with_tables(lookups.keys())
}

/// The variables of a key of an account.
pub(crate) fn about_account(lookups: &Lookups) -> Variables {
    Variables::new().with("account", Type::map(Type::Any)).with_tables(lookups.keys())
}

/// A person, and what there is beyond an authoritative record in each contract and in the person.
fn person<const C: usize, const P: usize>(
    of_contract: [(&'static str, Type); C],
    of_person: [(&'static str, Type); P],
) -> Type {
    let texts = |names: &[&str]| Type::record(names.iter().map(|name| (*name, Type::Text)));
    let fields = [
        ("id", Type::Text),
        (
            "name",
            texts(&[
                "givenName",
                "nickName",
                "initials",
                "familyName",
                "familyNamePrefix",
                "partnerName",
                "partnerNamePrefix",
                "convention",
            ]),
        ),
        ("contact", texts(&["email", "phone", "mobilePhone"])),
        ("contracts", Type::list(contract(of_contract))),
        ("blocked", Type::Bool),
        ("custom", Type::map(Type::Any)),
    ];
    Type::record(fields.into_iter().chain(of_person))
}

/// As [`about_person`], and `contract`.
pub(crate) fn about_contract(lookups: &Lookups) -> Variables {
    about_person(lookups).with("contract", contract([("active", Type::Bool)]))
}

fn contract<const N: usize>(more: [(&'static str, Type); N]) -> Type {
    let reference = || Type::record([("id", Type::Text), ("name", Type::Text), ("managerId", Type::Text)]);
    let fields = [
        ("id", Type::Text),
        ("startDate", Type::Text),
        ("endDate", Type::Text),
        ("type", Type::Text),
        ("fte", Type::Number),
        ("hoursPerWeek", Type::Number),
        ("percentage", Type::Number),
        ("sequence", Type::Number),
        ("department", reference()),
        ("title", reference()),
        ("location", reference()),
        ("costCenter", reference()),
        ("employer", reference()),
        ("manager", reference()),
        ("custom", Type::map(Type::Any)),
    ];
    Type::record(fields.into_iter().chain(more))
}

/// One person on one day, as values.
pub(crate) struct World<'a> {
    person: Value,
    plain: [(&'static str, Value); 4],
    lookups: &'a Lookups,
}

impl<'a> World<'a> {
    pub(crate) fn new(person: &Person, today: Date, lookups: &'a Lookups) -> Self {
        // Our own types always serialise.
        let mut json = serde_json::to_value(person).unwrap_or_default();
        for (contract, value) in person.contracts.iter().zip(json["contracts"].as_array_mut().into_iter().flatten()) {
            value["active"] = contract.is_active(today).into();
        }
        let plain = [
            ("today", today.to_string().into()),
            ("nick", person.name.nick().into()),
            ("family", person.name.family().into()),
            ("display", person.name.display().into()),
        ];
        Self { person: json, plain, lookups }
    }

    /// The scope of an expression about the person.
    pub(crate) fn scope(&self) -> Scope<'_> {
        let scope = Scope::new().with_lookups(self.lookups).with("person", Cow::Borrowed(&self.person));
        self.plain.iter().fold(scope, |scope, (name, value)| scope.with(name, Cow::Borrowed(value)))
    }

    /// The scope of an expression about one of the person's contracts; `contract` is null when there is none.
    pub(crate) fn scope_of(&self, contract: Option<&Contract>) -> Scope<'_> {
        let all = self.person["contracts"].as_array();
        let value = contract
            .and_then(|contract| all?.iter().find(|value| value["id"] == contract.id.as_str()))
            .map_or(Cow::Owned(Value::Null), Cow::Borrowed);
        self.scope().with("contract", value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The types are written by hand; a field that `domain` adds must be added here too.
    #[test]
    fn every_canonical_field_is_known_to_expressions() {
        let reference = json!({ "id": "R", "name": "R", "managerId": "M" });
        let person = json!({
            "id": "1",
            "name": { "givenName": "a", "nickName": "a", "initials": "a", "familyName": "a", "familyNamePrefix": "a",
                      "partnerName": "a", "partnerNamePrefix": "a", "convention": "BP" },
            "contact": { "email": "a", "phone": "a", "mobilePhone": "a" },
            "contracts": [{ "id": "c", "startDate": "2026-01-01", "endDate": "2026-12-31", "type": "t", "fte": 1.0,
                "hoursPerWeek": 40.0, "percentage": 100.0, "sequence": 1, "department": reference, "title": reference,
                "location": reference, "costCenter": reference, "employer": reference, "manager": reference,
                "custom": { "a": 1 } }],
            "accounts": { "entra": { "mail": "a" } },
            "blocked": true,
            "custom": { "a": 1 }
        });
        let person = Person::from_json(&person).unwrap();
        let lookups = Lookups::new();
        let world = World::new(&person, jiff::civil::date(2026, 6, 1), &lookups);
        let mut paths = Vec::new();
        leaves(&world.person, "person", &mut paths);
        leaves(&world.person["contracts"][0], "contract", &mut paths);
        assert!(paths.len() > 60, "{paths:?}");
        let scope = world.scope_of(person.contracts.first());
        for path in paths {
            let expression = expression::Expression::compile(&path).unwrap();
            expression.check(&about_contract(&lookups)).unwrap_or_else(|errors| panic!("{path}: {errors:?}"));
            assert!(!expression.evaluate(&scope).unwrap().is_null(), "{path}");
        }
    }

    fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                fields.iter().for_each(|(name, field)| leaves(field, &format!("{path}.{name}"), found));
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(n, item)| leaves(item, &format!("{path}[{n}]"), found));
            }
            _ => found.push(path.to_owned()),
        }
    }
}
