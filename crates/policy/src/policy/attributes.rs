//! The account's fields, compiled, with the defaults of those that configuration does not name.

use std::collections::BTreeMap;

use domain::UserField;
use expression::closest;

use crate::code::Code;
use crate::files::shape::{Attribute as Shape, AttributeForm, Attributes, Cel};
use crate::files::{At, Sink};
use crate::settings::Organisation;

/// Where a field's value comes from.
#[derive(Clone, Debug)]
pub(crate) enum Attribute {
    /// From an expression.
    Value { code: Code, required: bool },
    /// Always this.
    Literal(String),
    /// The first that is free.
    Candidates { codes: Vec<Code>, follow: bool, numbered: bool },
}

impl Attribute {
    pub(crate) fn code(&self) -> impl Iterator<Item = &Code> {
        match self {
            Self::Value { code, .. } => std::slice::from_ref(code),
            Self::Literal(_) => &[],
            Self::Candidates { codes, .. } => codes.as_slice(),
        }
        .iter()
    }
}

/// Whether the nickname comes from the user name: configuration says nothing else.
pub(crate) fn default_nickname(attributes: &BTreeMap<UserField, Attribute>) -> bool {
    !attributes.contains_key(&UserField::CommunityNickname)
}

/// Fields whose candidates are followed by numbered forms: they are to be unique, and a number does no harm.
const NUMBERED: [UserField; 2] = [UserField::Username, UserField::CommunityNickname];

/// First letter and family name, 8 characters; of a name without any Latin spelling, the id.
const ALIAS: &str =
    "first(truncate(slug(truncate(nick, 1), '') + slug(family, ''), 8), truncate(slug(person.id, ''), 8))";

pub(crate) fn build(
    shapes: &At<Attributes>,
    organisation: Option<&Organisation>,
    compile: impl Fn(&At<Cel>, &mut Sink) -> Option<Code>,
    sink: &mut Sink,
) -> BTreeMap<UserField, Attribute> {
    let mut attributes = defaults(organisation);
    let mut refused = Vec::new();
    for (name, shape) in &shapes.value.0 {
        let Some(field) = UserField::from_api_name(&name.value) else {
            let known = UserField::ALL.iter().map(|field| field.api_name());
            let near = closest(&name.value, known);
            sink.error(&name.place, format!("there is no field `{}` that can be set{near}", name.value));
            continue;
        };
        let attribute = match shape {
            Shape::Short(cel) => {
                compile(cel, sink).map(|code| Attribute::Value { code, required: field.is_required() })
            }
            Shape::Long(form) => long(field, form, &compile, sink),
        };
        match attribute {
            Some(attribute) => drop(attributes.insert(field, attribute)),
            None => refused.push(field),
        }
    }
    for field in UserField::ALL.iter().filter(|field| field.is_required()) {
        if !attributes.contains_key(field) && !refused.contains(field) {
            sink.error(&shapes.place, format!("`{}` is missing; Salesforce demands it", field.api_name()));
        }
    }
    attributes
}

fn long(
    field: UserField,
    form: &At<AttributeForm>,
    compile: impl Fn(&At<Cel>, &mut Sink) -> Option<Code>,
    sink: &mut Sink,
) -> Option<Attribute> {
    let At { place, value: form } = form;
    if let Some(required) = form.required.as_ref().filter(|_| form.value.is_none()) {
        sink.error(&required.place, "`required` stands only beside `value`");
    }
    if let Some(follow) = form.follow.as_ref().filter(|_| form.candidates.is_none()) {
        sink.error(&follow.place, "`follow` stands only beside `candidates`");
    }
    let can_be_numbered = NUMBERED.contains(&field);
    if let Some(numbered) = form.numbered.as_ref().filter(|_| form.candidates.is_none() || !can_be_numbered) {
        sink.error(&numbered.place, "`numbered` stands only beside `candidates`, of Username and CommunityNickname");
    }
    match (&form.value, &form.literal, &form.candidates) {
        (Some(cel), None, None) => {
            let required = form.required.as_ref().is_some_and(|required| required.value) || field.is_required();
            compile(cel, sink).map(|code| Attribute::Value { code, required })
        }
        (None, Some(literal), None) => {
            let length = literal.value.chars().count();
            if length > field.max_length() {
                let limit = field.max_length();
                sink.error(&literal.place, format!("{length} characters; Salesforce takes {limit}"));
            }
            if literal.value.trim().is_empty() || literal.value.chars().any(char::is_control) {
                sink.error(&literal.place, "a text without control characters is needed here");
            }
            Some(Attribute::Literal(literal.value.trim().to_owned()))
        }
        (None, None, Some(candidates)) => {
            if candidates.value.is_empty() {
                sink.error(&candidates.place, "at least one candidate is needed");
            }
            let codes: Vec<_> = candidates.value.iter().filter_map(|cel| compile(cel, sink)).collect();
            let follow = form.follow.as_ref().is_some_and(|follow| follow.value);
            let numbered = can_be_numbered && form.numbered.as_ref().is_none_or(|numbered| numbered.value);
            (codes.len() == candidates.value.len()).then_some(Attribute::Candidates { codes, follow, numbered })
        }
        _ => {
            sink.error(place, "an attribute has exactly one of `value`, `literal` and `candidates`");
            None
        }
    }
}

fn defaults(organisation: Option<&Organisation>) -> BTreeMap<UserField, Attribute> {
    let mut defaults = BTreeMap::from([(UserField::EmailEncodingKey, Attribute::Literal("UTF-8".to_owned()))]);
    let organisation = organisation.map(|o| (o.time_zone.clone(), o.locale.clone(), o.language.clone()));
    let (zone, locale, language) = organisation.unwrap_or_default();
    defaults.insert(UserField::TimeZoneSidKey, Attribute::Literal(zone));
    defaults.insert(UserField::LocaleSidKey, Attribute::Literal(locale));
    defaults.insert(UserField::LanguageLocaleKey, Attribute::Literal(language));
    if let Some(code) = Code::built_in(ALIAS) {
        defaults.insert(UserField::Alias, Attribute::Candidates { codes: vec![code], follow: false, numbered: false });
    }
    defaults
}

/// The fields by which a user may be found: those that tell one person from another.
const KEYS: [UserField; 4] =
    [UserField::FederationIdentifier, UserField::EmployeeNumber, UserField::Username, UserField::Email];

pub(crate) fn correlate(
    names: &At<Vec<At<String>>>,
    attributes: &BTreeMap<UserField, Attribute>,
    sink: &mut Sink,
) -> Vec<UserField> {
    let mut fields = Vec::new();
    for At { place, value } in &names.value {
        let field = UserField::from_api_name(value).filter(|field| KEYS.contains(field));
        match field {
            None => {
                let near = closest(value, KEYS.iter().map(|field| field.api_name()));
                let known = KEYS.map(UserField::api_name).join(", ");
                sink.error(place, format!("a user can't be found by `{value}`{near} (known: {known})"));
            }
            Some(field) if fields.contains(&field) => sink.error(place, format!("`{value}` is here twice")),
            Some(field) => {
                if !attributes.contains_key(&field) {
                    sink.error(place, format!("`{value}` has no value in `attributes`"));
                } else if matches!(attributes.get(&field), Some(Attribute::Literal(_))) {
                    sink.error(place, format!("`{value}` is the same for everybody in `attributes`"));
                }
                fields.push(field);
            }
        }
    }
    let has = |field| fields.contains(&field);
    match (has(UserField::FederationIdentifier), has(UserField::EmployeeNumber)) {
        (true, _) => {}
        (false, true) => sink.warning(
            &names.place,
            "EmployeeNumber is not unique in Salesforce; with FederationIdentifier no second user can arise",
        ),
        (false, false) => sink.error(
            &names.place,
            "FederationIdentifier or EmployeeNumber is needed: without such a key a create that is repeated after a lost \
             answer could make a second user",
        ),
    }
    fields
}
