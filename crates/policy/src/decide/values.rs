//! The values of the account's fields, and the keys by which an existing user is found.

use std::collections::BTreeMap;

use domain::{AttributeValue, Contract, Person, UserField};
use expression::Scope;

use super::Problem;
use crate::address::is_address;
use crate::code::Code;
use crate::policy::{Attribute, Policy, default_nickname};
use crate::world::World;

/// Keys that are one person's and nobody else's, in whatever state the account is.
pub const STRONG_KEYS: [UserField; 2] = [UserField::FederationIdentifier, UserField::EmployeeNumber];

/// Numbered variants that follow the configured candidates.
const VARIANTS: std::ops::RangeInclusive<u8> = 2..=9;

#[derive(Default)]
pub(super) struct Values {
    pub(super) attributes: BTreeMap<UserField, AttributeValue>,
    pub(super) correlate: Vec<(UserField, String)>,
    pub(super) problems: Vec<Problem>,
}

pub(super) fn values(policy: &Policy, person: &Person, world: &World<'_>, contract: Option<&Contract>) -> Values {
    let suffix = policy.username_suffix.as_str();
    let mut reading = Reading { person, scope: world.scope_of(contract), suffix, values: Values::default() };
    for (field, attribute) in &policy.attributes {
        reading.attribute(*field, attribute);
    }
    if default_nickname(&policy.attributes) {
        reading.nickname();
    }
    reading.correlate(&policy.correlate);
    reading.values
}

struct Reading<'a> {
    person: &'a Person,
    scope: Scope<'a>,
    /// What user names end with.
    suffix: &'a str,
    values: Values,
}

impl Reading<'_> {
    fn attribute(&mut self, field: UserField, attribute: &Attribute) {
        let value = match attribute {
            Attribute::Literal(text) => Some(AttributeValue::Value(Some(self.ended(field, text.clone())))),
            Attribute::Value { code, required } => self.value(field, code, *required),
            Attribute::Candidates { codes, follow, numbered } => self.candidates(field, codes, *follow, *numbered),
        };
        if let Some(value) = value {
            self.values.attributes.insert(field, value);
        }
    }

    fn value(&mut self, field: UserField, code: &Code, required: bool) -> Option<AttributeValue> {
        let Some(text) = self.evaluate(field, code)? else {
            if required {
                self.missing(field, std::slice::from_ref(code));
            }
            return Some(AttributeValue::Value(None));
        };
        if let Err(problem) = fits(field, &text) {
            self.values.problems.push(problem);
        }
        Some(AttributeValue::Value(Some(text)))
    }

    fn candidates(&mut self, field: UserField, codes: &[Code], follow: bool, numbered: bool) -> Option<AttributeValue> {
        let mut values: Vec<String> = Vec::new();
        let mut unfit = Vec::new();
        let mut failed = false;
        for code in codes {
            match self.evaluate(field, code) {
                None => failed = true,
                Some(None) => {}
                Some(Some(text)) => match fits(field, &text) {
                    Ok(()) => push_new(&mut values, text),
                    Err(problem) => unfit.push(problem),
                },
            }
        }
        if numbered {
            append_variants(field, &mut values);
        }
        if !values.is_empty() {
            return Some(AttributeValue::Candidates { values, follow });
        }
        if unfit.is_empty() && !failed && (field.is_required() || field == UserField::CommunityNickname) {
            self.missing(field, codes);
        }
        self.values.problems.extend(unfit);
        None
    }

    /// From the local part of the user name.
    fn nickname(&mut self) {
        let names = match self.values.attributes.get(&UserField::Username) {
            Some(AttributeValue::Candidates { values, .. }) => values.as_slice(),
            Some(AttributeValue::Value(Some(name))) => std::slice::from_ref(name),
            _ => return,
        };
        let field = UserField::CommunityNickname;
        let mut nicknames = Vec::new();
        for local in names.iter().filter_map(|name| name.split('@').next()) {
            push_new(&mut nicknames, local.chars().take(field.max_length()).collect());
        }
        append_variants(field, &mut nicknames);
        if !nicknames.is_empty() {
            self.values.attributes.insert(field, AttributeValue::Candidates { values: nicknames, follow: false });
        }
    }

    /// The keys that have a value, in the configured order. Of several user names only the first: the others may well be
    /// somebody else's.
    fn correlate(&mut self, fields: &[UserField]) {
        for field in fields {
            let value = match self.values.attributes.get(field) {
                Some(AttributeValue::Value(Some(value))) => Some(value),
                Some(AttributeValue::Candidates { values, .. }) => values.first(),
                _ => None,
            };
            self.values.correlate.extend(value.map(|value| (*field, value.clone())));
        }
        let strong: Vec<_> = fields.iter().filter(|field| STRONG_KEYS.contains(field)).collect();
        let has_value = |field: &UserField| self.values.correlate.iter().any(|(found, _)| found == field);
        if let Some(first) = strong.first().filter(|_| !strong.iter().any(|field| has_value(field))) {
            let message = format!(
                "{} has no value, and without a unique key no account is made for the person",
                first.api_name()
            );
            self.values.problems.push(Problem::new("missing-attribute", message));
        }
    }

    /// `None` when the expression fails; blanks at the ends are dropped, as Salesforce drops them.
    fn evaluate(&mut self, field: UserField, code: &Code) -> Option<Option<String>> {
        match code.text(&self.scope) {
            Ok(text) => {
                let text = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
                Some(text.map(|text| self.ended(field, text)))
            }
            Err(error) => {
                let message = format!("{}: {} fails: {}", code.place_of(&error), field.api_name(), error.reason);
                self.values.problems.push(Problem::new("expression-failed", message));
                None
            }
        }
    }

    /// With the ending that user names have in this org.
    fn ended(&self, field: UserField, text: String) -> String {
        if field == UserField::Username { text + self.suffix } else { text }
    }

    fn missing(&mut self, field: UserField, codes: &[Code]) {
        let mut message = format!("{} has no value", field.api_name());
        let mut waiting: Vec<_> = codes.iter().flat_map(Code::accounts).collect();
        waiting.retain(|name| !self.person.accounts.keys().any(|source| source.as_str() == *name));
        waiting.sort_unstable();
        waiting.dedup();
        if !waiting.is_empty() {
            message += &format!("; the person has no account of source `{}` that can be used", waiting.join("` or `"));
        }
        self.values.problems.push(Problem::new("missing-attribute", message));
    }
}

fn fits(field: UserField, text: &str) -> Result<(), Problem> {
    let (name, length, limit) = (field.api_name(), text.chars().count(), field.max_length());
    if length > limit {
        let message = format!("{name} has {length} characters, Salesforce takes {limit}; truncate() shortens a value");
        return Err(Problem::new("too-long", message));
    }
    if text.chars().any(char::is_control) {
        return Err(Problem::new("invalid-attribute", format!("{name} holds a control character")));
    }
    if matches!(field, UserField::Username | UserField::Email) && !is_address(text) {
        let help = "; ascii() and slug() make letters that one may hold";
        return Err(Problem::new(
            "invalid-attribute",
            format!("{name} does not have the form of a mail address{help}"),
        ));
    }
    Ok(())
}

/// `jan@x` is followed by `jan2@x` … `jan9@x`, shortened where the number would not fit.
fn append_variants(field: UserField, values: &mut Vec<String>) {
    let Some(base) = values.first().cloned() else { return };
    let (local, domain) = base.split_once('@').map_or((base.as_str(), None), |(local, domain)| (local, Some(domain)));
    let room = field.max_length().saturating_sub(1 + domain.map_or(0, |domain| domain.chars().count() + 1));
    let local: String = local.chars().take(room).collect();
    let local = local.trim_end_matches('.');
    for n in VARIANTS {
        let variant = domain.map_or_else(|| format!("{local}{n}"), |domain| format!("{local}{n}@{domain}"));
        push_new(values, variant);
    }
}

/// Salesforce takes names that differ in case alone for the same.
fn push_new(values: &mut Vec<String>, value: String) {
    if !values.iter().any(|other| other.to_lowercase() == value.to_lowercase()) {
        values.push(value);
    }
}
