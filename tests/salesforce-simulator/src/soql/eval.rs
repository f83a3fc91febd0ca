//! Runs a query over the org's records.

use std::cmp::Ordering;

use serde_json::{Map, Value as Json, json};

use super::bind::{self, Key, Path, Test};
use super::lexer::Piece;
use super::parser::{Item, Name, Operator, Query, Select, parse};
use super::{SoqlError, bind::condition};
use crate::org::schema::{Kind, Object};
use crate::org::state::{Record, State};

/// The rows of a query, as REST shows them, or a bare count.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Count(usize),
    Rows(Vec<Json>),
}

/// Greatest OFFSET [doc].
const MAX_OFFSET: usize = 2000;

/// Child relationships that may be read by a subquery: parent, name, child, the child's reference to the parent.
const CHILDREN: [(Object, &str, Object, &str); 10] = [
    (Object::User, "UserLogins", Object::UserLogin, "UserId"),
    (Object::Profile, "Users", Object::User, "ProfileId"),
    (Object::UserRole, "Users", Object::User, "UserRoleId"),
    (
        Object::PermissionSetLicense,
        "PermissionSetLicenseAssignments",
        Object::PermissionSetLicenseAssign,
        "PermissionSetLicenseId",
    ),
    (Object::User, "PermissionSetAssignments", Object::PermissionSetAssignment, "AssigneeId"),
    (Object::User, "PermissionSetLicenseAssignments", Object::PermissionSetLicenseAssign, "AssigneeId"),
    (Object::Group, "GroupMembers", Object::GroupMember, "GroupId"),
    (Object::PermissionSet, "Assignments", Object::PermissionSetAssignment, "PermissionSetId"),
    (
        Object::PermissionSetGroup,
        "PermissionSetGroupComponents",
        Object::PermissionSetGroupComponent,
        "PermissionSetGroupId",
    ),
    (Object::PermissionSetGroup, "Assignments", Object::PermissionSetAssignment, "PermissionSetGroupId"),
];

/// Runs a query. `base` is the path of the API version, for the `url` of each record.
pub(crate) fn run(state: &State, base: &str, text: &str) -> Result<Answer, SoqlError> {
    let query = parse(text)?;
    let from = bind::object(text, &query.from)?;
    let columns = columns(state, text, from, &query.select)?;
    let rows = rows(state, text, &query, from)?;
    Ok(match query.select {
        Select::Count => Answer::Count(rows.len()),
        Select::Items(_) => Answer::Rows(rows.into_iter().map(|row| show(state, base, row, &columns)).collect()),
    })
}

/// The matching records in order, after LIMIT and OFFSET.
pub(super) fn rows<'a>(
    state: &'a State,
    text: &str,
    query: &Query,
    from: Object,
) -> Result<Vec<&'a Record>, SoqlError> {
    select_from(state, text, query, from, None)
}

fn select_from<'a>(
    state: &'a State,
    text: &str,
    query: &Query,
    from: Object,
    within: Option<Vec<&'a Record>>,
) -> Result<Vec<&'a Record>, SoqlError> {
    let test = query.condition.as_ref().map(|found| condition(state, text, from, found)).transpose()?;
    let candidates = within.or_else(|| test.as_ref().and_then(|test| narrow(state, from, test)));
    let holds = |record: &&Record| test.as_ref().is_none_or(|test| matches(state, record, test));
    let mut found: Vec<&Record> = match candidates {
        Some(rows) => rows.into_iter().filter(holds).collect(),
        None => state.rows(from).filter(holds).collect(),
    };
    sort(state, text, query, from, &mut found)?;
    let offset = query.offset.unwrap_or(0);
    if offset > MAX_OFFSET {
        return Err(SoqlError::plain("NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"));
    }
    Ok(found.into_iter().skip(offset).take(query.limit.unwrap_or(usize::MAX)).collect())
}

/// Records that an indexed `=` or `IN` of the outermost AND leaves, where there is one.
fn narrow<'a>(state: &'a State, from: Object, test: &Test) -> Option<Vec<&'a Record>> {
    let by = |path: &Path, keys: &mut dyn Iterator<Item = &Key>| {
        if !path.steps.is_empty() {
            return None;
        }
        let mut out: Vec<&Record> = Vec::new();
        for key in keys {
            let Key::Text(text) = key else { return None };
            if path.field.kind == Kind::Id {
                let id = crate::org::ids::Id::parse(text).ok()?;
                out.extend(state.get(from, &id));
            } else {
                out.extend(state.candidates(from, &path.field.name, text)?);
            }
        }
        out.sort_by(|a, b| a.id.cmp(&b.id));
        out.dedup_by(|a, b| a.id == b.id);
        Some(out)
    };
    match test {
        Test::All(terms) => terms.iter().find_map(|term| narrow(state, from, term)),
        Test::Compare { path, operator: Operator::Equal, value } => {
            by(path, &mut std::iter::once(&Key::of(value, &path.field)))
        }
        Test::In { path, negated: false, values } => by(path, &mut values.iter()),
        _ => None,
    }
}

fn matches(state: &State, record: &Record, test: &Test) -> bool {
    match test {
        Test::All(terms) => terms.iter().all(|term| matches(state, record, term)),
        Test::Any(terms) => terms.iter().any(|term| matches(state, record, term)),
        Test::Not(inner) => !matches(state, record, inner),
        Test::In { path, negated, values } => {
            values.contains(&Key::of(&path.value(state, record), &path.field)) != *negated
        }
        Test::Like { path, pattern } => {
            path.value(state, record).as_text().is_some_and(|text| like(text, pattern, path.field.case_sensitive))
        }
        Test::Compare { path, operator, value } => {
            let (left, right) = (Key::of(&path.value(state, record), &path.field), Key::of(value, &path.field));
            let both = left != Key::Null && right != Key::Null;
            match operator {
                Operator::Equal => left == right,
                // A null differs from every value [doc: != includes nulls].
                Operator::NotEqual => left != right,
                Operator::Less => both && left < right,
                Operator::Greater => both && left > right,
                Operator::AtMost => both && left <= right,
                Operator::AtLeast => both && left >= right,
                Operator::Like => false,
            }
        }
    }
}

/// `%` for any text, `_` for one character, both only when not escaped; case does not matter [doc].
fn like(text: &str, pattern: &[Piece], case_sensitive: bool) -> bool {
    let fold = |ch: char| if case_sensitive { vec![ch] } else { ch.to_lowercase().collect() };
    let text: Vec<char> = text.chars().flat_map(fold).collect();
    let pattern: Vec<Piece> = pattern
        .iter()
        .flat_map(|piece| fold(piece.ch).into_iter().map(|ch| Piece { ch, escaped: piece.escaped }))
        .collect();
    // Greedy matching with one place to return to: the last `%`.
    let (mut t, mut p, mut back) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(Piece { ch: '%', escaped: false }) => {
                back = Some((t, p));
                p += 1;
            }
            Some(piece) if (piece.ch == '_' && !piece.escaped) || piece.ch == text[t] => {
                t += 1;
                p += 1;
            }
            _ => {
                let Some((from, percent)) = back else { return false };
                back = Some((from + 1, percent));
                t = from + 1;
                p = percent + 1;
            }
        }
    }
    pattern[p..].iter().all(|piece| piece.ch == '%' && !piece.escaped)
}

fn sort(state: &State, text: &str, query: &Query, from: Object, rows: &mut [&Record]) -> Result<(), SoqlError> {
    let mut keys: Vec<(Path, bool, bool)> = Vec::new();
    for order in &query.order {
        keys.push((bind::path(state, text, from, &order.field)?, order.descending, order.nulls_last));
    }
    rows.sort_by(|a, b| {
        for (path, descending, nulls_last) in &keys {
            let of = |record: &Record| Key::of(&path.value(state, record), &path.field);
            let (left, right) = (of(a), of(b));
            let ordering = match (left == Key::Null, right == Key::Null) {
                (true, true) => Ordering::Equal,
                (true, false) => {
                    if *nulls_last {
                        Ordering::Greater
                    } else {
                        Ordering::Less
                    }
                }
                (false, true) => {
                    if *nulls_last {
                        Ordering::Less
                    } else {
                        Ordering::Greater
                    }
                }
                (false, false) if *descending => right.cmp(&left),
                (false, false) => left.cmp(&right),
            };
            if ordering != Ordering::Equal {
                return ordering;
            }
        }
        Ordering::Equal
    });
    Ok(())
}

enum Column {
    Field(Path),
    Children {
        name: &'static str,
        child: Object,
        reference: &'static str,
        text: String,
        query: Box<Query>,
        columns: Vec<Self>,
    },
}

fn columns(state: &State, text: &str, from: Object, select: &Select) -> Result<Vec<Column>, SoqlError> {
    let Select::Items(items) = select else { return Ok(Vec::new()) };
    items
        .iter()
        .map(|item| match item {
            Item::Field(name) => Ok(Column::Field(bind::path(state, text, from, name)?)),
            Item::Children(query) => children(state, text, from, query),
        })
        .collect()
}

fn children(state: &State, text: &str, from: Object, query: &Query) -> Result<Column, SoqlError> {
    let Name { text: wanted, at } = &query.from;
    let found = CHILDREN.iter().find(|(parent, name, ..)| *parent == from && name.eq_ignore_ascii_case(wanted));
    let Some((_, name, child, reference)) = found else {
        return Err(SoqlError::at(
            "INVALID_TYPE",
            text,
            *at,
            &format!("Didn't understand relationship '{wanted}' in FROM part of query call."),
        ));
    };
    // Bound now, so that a wrong child query is refused even when there are no rows.
    if let Some(found) = &query.condition {
        condition(state, text, *child, found)?;
    }
    Ok(Column::Children {
        name,
        child: *child,
        reference,
        text: text.to_owned(),
        columns: columns(state, text, *child, &query.select)?,
        query: Box::new(query.clone()),
    })
}

/// A record as REST shows it: `attributes`, then the fields; a relationship is an object of its own, or null [rec].
fn show(state: &State, base: &str, record: &Record, columns: &[Column]) -> Json {
    let mut out = Map::new();
    out.insert("attributes".to_owned(), attributes(base, record));
    for column in columns {
        match column {
            Column::Field(path) => place(state, base, record, path, &mut out),
            Column::Children { name, child, reference, text, query, columns } => {
                let rows: Vec<&Record> = state.matching(*child, reference, record.id.as_str());
                let rows = select_from(state, text, query, *child, Some(rows)).unwrap_or_default();
                // No children: null, not an empty list [CumulusCI's note].
                let value = if rows.is_empty() {
                    Json::Null
                } else {
                    let records: Vec<Json> = rows.iter().map(|row| show(state, base, row, columns)).collect();
                    json!({ "totalSize": records.len(), "done": true, "records": records })
                };
                out.insert((*name).to_owned(), value);
            }
        }
    }
    Json::Object(out)
}

fn place(state: &State, base: &str, record: &Record, path: &Path, out: &mut Map<String, Json>) {
    let mut here = record;
    let mut level = out;
    for (relationship, reference) in &path.steps {
        let Some(next) = here.id_in(reference).and_then(|id| state.find(id)) else {
            level.entry(relationship.clone()).or_insert(Json::Null);
            return;
        };
        let slot = level.entry(relationship.clone()).or_insert_with(|| json!({ "attributes": attributes(base, next) }));
        let Json::Object(inner) = slot else { return };
        here = next;
        level = inner;
    }
    let here = Path { steps: Vec::new(), field: path.field.clone() }.value(state, here);
    level.insert(path.field.name.to_string(), here.to_json());
}

/// The `attributes` of a record [rec].
pub(crate) fn attributes(base: &str, record: &Record) -> Json {
    let name = record.object.name();
    json!({ "type": name, "url": format!("{base}/sobjects/{name}/{}", record.id) })
}
