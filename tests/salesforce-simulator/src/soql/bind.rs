//! Resolves the names of a query against the org's schema, and checks its literals against the fields' types.

use std::collections::BTreeSet;

use super::SoqlError;
use super::eval;
use super::lexer::Piece;
use super::parser::{Condition, Item, Literal, Name, Operator, Query, Select};
use crate::org::ids::Id;
use crate::org::schema::{Kind, Object, Spec};
use crate::org::state::{Record, State};
use crate::org::value::Value;

/// A path from a record to a field: references to follow, then the field.
#[derive(Debug, Clone)]
pub(super) struct Path {
    /// Exact API name of the relationship and of its reference field, for each step.
    pub(super) steps: Vec<(String, String)>,
    pub(super) field: Spec,
}

impl Path {
    /// The value at the end of the path; null where a reference on the way leads nowhere.
    pub(super) fn value(&self, state: &State, record: &Record) -> Value {
        let mut here = record;
        for (_, reference) in &self.steps {
            match here.id_in(reference).and_then(|id| state.find(id)) {
                Some(next) => here = next,
                None => return Value::Null,
            }
        }
        match here.get(&self.field.name) {
            // A checkbox is never null, unless the record is missing.
            Value::Null if self.field.kind == Kind::Bool => Value::Bool(false),
            value => value.clone(),
        }
    }
}

/// A condition with everything resolved.
#[derive(Debug)]
pub(super) enum Test {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Compare { path: Path, operator: Operator, value: Value },
    Like { path: Path, pattern: Vec<Piece> },
    In { path: Path, negated: bool, values: BTreeSet<Key> },
}

/// A value made comparable: text folded unless the field minds case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Null,
    Bool(bool),
    Int(i64),
    Time(jiff::Timestamp),
    Text(String),
}

impl Key {
    pub(super) fn of(value: &Value, spec: &Spec) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Int(number) => Self::Int(*number),
            Value::Time(at) => Self::Time(*at),
            Value::Text(text) if spec.case_sensitive => Self::Text(text.clone()),
            Value::Text(text) => Self::Text(text.to_lowercase()),
            Value::Id(id) => Self::Text(id.as_str().to_owned()),
        }
    }
}

pub(super) fn object(query: &str, name: &Name) -> Result<Object, SoqlError> {
    Object::named(&name.text).ok_or_else(|| {
        // [rec] text.
        SoqlError::at(
            "INVALID_TYPE",
            query,
            name.at,
            &format!(
                "sObject type '{}' is not supported. If you are attempting to use a custom object, be sure to append the \
                 '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.",
                name.text
            ),
        )
    })
}

pub(super) fn path(state: &State, query: &str, from: Object, name: &Name) -> Result<Path, SoqlError> {
    let no_column = |object: Object, column: &str| {
        SoqlError::at(
            "INVALID_FIELD",
            query,
            name.at,
            &format!(
                "No such column '{column}' on entity '{}'. If you are attempting to use a custom field, be sure to append \
                 the '__c' after the custom field name. Please reference your WSDL or the describe call for the \
                 appropriate names.",
                object.name()
            ),
        )
    };
    let mut parts: Vec<&str> = name.text.split('.').collect();
    let last = parts.pop().unwrap_or_default();
    // `User.Name FROM User`: the object's own name may lead the path.
    if parts.first().is_some_and(|first| first.eq_ignore_ascii_case(from.name()))
        && state.relationship(from, parts[0]).is_none()
    {
        parts.remove(0);
    }
    let mut objects = vec![from];
    let mut steps = Vec::new();
    for part in parts {
        let found = objects.iter().find_map(|object| state.relationship(*object, part));
        let Some(Spec { name: field, kind: Kind::Reference { to, relationship }, .. }) = found else {
            return Err(SoqlError::at(
                "INVALID_FIELD",
                query,
                name.at,
                &format!(
                    "Didn't understand relationship '{part}' in field path. If you are attempting to use a custom \
                     relationship, be sure to append the '__r' after the custom relationship name. Please reference \
                     your WSDL or the describe call for the appropriate names."
                ),
            ));
        };
        steps.push(((*relationship).to_owned(), field.to_string()));
        objects = to.to_vec();
    }
    let Some(field) = objects.iter().find_map(|object| state.spec(*object, last)) else {
        return Err(no_column(objects[0], last));
    };
    Ok(Path { steps, field: field.clone() })
}

pub(super) fn condition(state: &State, query: &str, from: Object, condition: &Condition) -> Result<Test, SoqlError> {
    let each = |terms: &[Condition]| {
        terms.iter().map(|term| self::condition(state, query, from, term)).collect::<Result<Vec<_>, _>>()
    };
    Ok(match condition {
        Condition::All(terms) => Test::All(each(terms)?),
        Condition::Any(terms) => Test::Any(each(terms)?),
        Condition::Not(inner) => Test::Not(Box::new(self::condition(state, query, from, inner)?)),
        Condition::Compare { field, operator, value } => {
            compare(filterable(path(state, query, from, field)?)?, *operator, value)?
        }
        Condition::In { field, negated, values } => {
            let path = filterable(path(state, query, from, field)?)?;
            let values = values
                .iter()
                .map(|literal| Ok(Key::of(&typed(&path.field, literal)?, &path.field)))
                .collect::<Result<_, SoqlError>>()?;
            Test::In { path, negated: *negated, values }
        }
        Condition::InQuery { field, negated, query: inner } => {
            let path = filterable(path(state, query, from, field)?)?;
            let values = semi_join(state, query, inner, &path)?;
            Test::In { path, negated: *negated, values }
        }
    })
}

/// Some fields cannot stand in a WHERE [doc]; the text is general knowledge.
fn filterable(path: Path) -> Result<Path, SoqlError> {
    if path.field.filterable {
        return Ok(path);
    }
    Err(SoqlError::plain("INVALID_FIELD", format!("field '{}' can not be filtered in a query call", path.field.name)))
}

fn semi_join(state: &State, text: &str, query: &Query, outer: &Path) -> Result<BTreeSet<Key>, SoqlError> {
    let inner = object(text, &query.from)?;
    let Select::Items(items) = &query.select else {
        return Err(SoqlError::malformed(text, query.from.at, "semi join sub-selects need one field"));
    };
    let [Item::Field(field)] = items.as_slice() else {
        return Err(SoqlError::malformed(text, query.from.at, "semi join sub-selects need one field"));
    };
    let path = path(state, text, inner, field)?;
    let rows = eval::rows(state, text, query, inner)?;
    let keys = rows.iter().map(|row| Key::of(&path.value(state, row), &outer.field));
    // A null in the list matches nothing.
    Ok(keys.filter(|key| *key != Key::Null).collect())
}

fn compare(path: Path, operator: Operator, literal: &Literal) -> Result<Test, SoqlError> {
    if operator == Operator::Like {
        let Literal::Text(pattern) = literal else { return Err(wrong_type(&path.field)) };
        if !path.field.kind.is_text() {
            return Err(invalid_operator(&path.field));
        }
        return Ok(Test::Like { path, pattern: pattern.clone() });
    }
    let ordering = !matches!(operator, Operator::Equal | Operator::NotEqual);
    if ordering && path.field.kind == Kind::Bool {
        return Err(invalid_operator(&path.field));
    }
    let value = typed(&path.field, literal)?;
    Ok(Test::Compare { path, operator, value })
}

fn invalid_operator(spec: &Spec) -> SoqlError {
    SoqlError::plain(
        "INVALID_QUERY_FILTER_OPERATOR",
        format!("invalid operator on {} field", spec.kind.describe_name()),
    )
}

/// A literal as a value of the field's type. The texts are general knowledge [?]; that quoted and unquoted must fit the
/// field's type is [doc].
fn typed(spec: &Spec, literal: &Literal) -> Result<Value, SoqlError> {
    match (spec.kind, literal) {
        (_, Literal::Null) => Ok(Value::Null),
        (Kind::Bool, Literal::Bool(flag)) => Ok(Value::Bool(*flag)),
        (Kind::Int, Literal::Number(number)) => Ok(Value::Int(*number)),
        (Kind::DateTime, Literal::Time(at)) => Ok(Value::Time(*at)),
        (kind, Literal::Text(pieces)) if kind.is_id() => {
            let text: String = pieces.iter().map(|piece| piece.ch).collect();
            if text.is_empty() {
                return Ok(Value::Null);
            }
            Id::parse(&text)
                .map(Value::Id)
                .map_err(|_| SoqlError::plain("INVALID_QUERY_FILTER_OPERATOR", format!("invalid ID field: {text}")))
        }
        // An empty literal is null, as there is no empty text in a record.
        (kind, Literal::Text(pieces)) if kind.is_text() => {
            Ok(Value::from(pieces.iter().map(|piece| piece.ch).collect::<String>()))
        }
        _ => Err(wrong_type(spec)),
    }
}

fn wrong_type(spec: &Spec) -> SoqlError {
    let quotes = if spec.kind.is_text() || spec.kind.is_id() {
        "should be enclosed in quotes"
    } else {
        "should not be enclosed in quotes"
    };
    let kind = if spec.kind.is_text() { "string" } else { spec.kind.describe_name() };
    SoqlError::plain(
        "INVALID_FIELD",
        format!("value of filter criterion for field '{}' must be of type {kind} and {quotes}", spec.name),
    )
}
