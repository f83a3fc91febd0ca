//! The bodies of requests, read and checked as a whole before anything is done.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde_json::Value as Json;

use super::contract::{FIELDS, Kind, MATCH_FIELDS, MAX_ACCOUNTS, MAX_LOOKUP, VERSION};
use super::node::{Invalid, Node};
use super::transaction::Halt;
use crate::org::ids::Id;
use crate::org::schema::Object;

/// Why a call as a whole is refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The body has not the form of the contract; the text says where.
    Invalid(String),
    /// It is for another version.
    Version,
    /// More persons than this.
    TooMany(usize),
    /// A governor limit of the platform struck.
    Halted(Halt),
}

impl From<Invalid> for Refusal {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid.0)
    }
}

/// A field and a value in it by which a user is known.
#[derive(Debug)]
pub(super) struct Match {
    pub(super) field: &'static str,
    pub(super) value: String,
}

/// Whom a lookup asks for.
#[derive(Debug)]
pub(super) struct Sought {
    pub(super) reference: String,
    pub(super) user: Option<Id>,
    pub(super) matches: Vec<Match>,
}

#[derive(Debug)]
pub(super) struct Accounts {
    pub(super) welcome_mail: bool,
    pub(super) persons: Vec<Person>,
}

/// What shall become of one user; what is absent stays.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) reference: String,
    pub(super) user: Option<Id>,
    pub(super) matches: Vec<Match>,
    pub(super) fields: Vec<(&'static str, Option<String>)>,
    pub(super) candidates: Vec<(&'static str, Vec<String>)>,
    pub(super) links: Links,
    pub(super) active: Option<bool>,
    pub(super) frozen: Option<bool>,
    pub(super) add: Vec<Entitlement>,
    pub(super) remove: Vec<Entitlement>,
}

/// Links to other records; the inner nothing clears.
#[derive(Debug, Default)]
pub(super) struct Links {
    pub(super) profile: Option<String>,
    pub(super) role: Option<Option<String>>,
    pub(super) manager: Option<Option<String>>,
    pub(super) delegated_approver: Option<Option<String>>,
}

#[derive(Debug)]
pub(super) struct Entitlement {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// The last day of the assignment.
    pub(super) expires: Option<Date>,
}

pub(super) fn lookup(body: &[u8]) -> Result<Vec<Sought>, Refusal> {
    let body = parse(body)?;
    let persons = persons(&Node::root(&body), &["version", "persons"], MAX_LOOKUP)?;
    let sought = persons
        .iter()
        .map(|person| {
            person.members(&["ref", "userId", "match"])?;
            Ok(Sought { reference: reference(person)?, user: user_id(person)?, matches: matches(person)? })
        })
        .collect::<Result<Vec<_>, Invalid>>()?;
    once(sought.iter().map(|person| person.reference.as_str()), "ref")?;
    Ok(sought)
}

pub(super) fn accounts(body: &[u8]) -> Result<Accounts, Refusal> {
    let body = parse(body)?;
    let root = Node::root(&body);
    let persons = persons(&root, &["version", "options", "persons"], MAX_ACCOUNTS)?;
    let welcome_mail = match root.get("options") {
        None => false,
        Some(options) => {
            options.members(&["sendWelcomeMail"])?;
            options.get("sendWelcomeMail").map(|flag| flag.flag()).transpose()?.unwrap_or(false)
        }
    };
    let persons = persons.iter().map(person).collect::<Result<Vec<_>, Invalid>>()?;
    once(persons.iter().map(|person| person.reference.as_str()), "ref")?;
    // One update statement cannot hold a record twice ("Duplicate id in list") [general knowledge].
    once(persons.iter().filter_map(|person| person.user.as_ref()).map(Id::as_str), "userId")?;
    Ok(Accounts { welcome_mail, persons })
}

fn parse(body: &[u8]) -> Result<Json, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| Refusal::Invalid(format!("body: no JSON at line {}, column {}", error.line(), error.column())))
}

/// The version goes first, for another one may have any form.
fn persons<'a>(root: &Node<'a>, known: &[&str], most: usize) -> Result<Vec<Node<'a>>, Refusal> {
    if !root.need("version")?.is_number(VERSION) {
        return Err(Refusal::Version);
    }
    root.members(known)?;
    let persons = root.need("persons")?.list()?;
    if persons.len() > most { Err(Refusal::TooMany(most)) } else { Ok(persons) }
}

fn person(node: &Node<'_>) -> Result<Person, Invalid> {
    node.members(&["ref", "userId", "match", "fields", "candidates", "links", "active", "frozen", "add", "remove"])?;
    let fields: Vec<_> = match node.get("fields") {
        None => Vec::new(),
        Some(fields) => fields
            .entries(&FIELDS)?
            .into_iter()
            .map(|(name, value)| Ok((name, value.nullable_text()?.map(str::to_owned))))
            .collect::<Result<_, Invalid>>()?,
    };
    let candidates: Vec<_> = match node.get("candidates") {
        None => Vec::new(),
        Some(candidates) => candidates.entries(&FIELDS)?.into_iter().map(values).collect::<Result<_, Invalid>>()?,
    };
    if let Some((both, _)) = candidates.iter().find(|(name, _)| fields.iter().any(|(field, _)| field == name)) {
        return Err(node.wrong(&format!("{both} stands in fields and in candidates")));
    }
    let flag = |name: &str| node.get(name).map(|flag| flag.flag()).transpose();
    let list = |name: &str| match node.get(name) {
        None => Ok(Vec::new()),
        Some(list) => list.list()?.iter().map(entitlement).collect::<Result<Vec<_>, Invalid>>(),
    };
    let (add, remove) = (list("add")?, list("remove")?);
    let mut seen = BTreeSet::new();
    for entitlement in add.iter().chain(&remove) {
        if !seen.insert((entitlement.kind.name(), entitlement.name.to_lowercase())) {
            let (kind, name) = (entitlement.kind.name(), &entitlement.name);
            return Err(node.wrong(&format!("{kind} {name} stands twice in add and remove")));
        }
    }
    Ok(Person {
        reference: reference(node)?,
        user: user_id(node)?,
        matches: matches(node)?,
        fields,
        candidates,
        links: node.get("links").map(|links| self::links(&links)).transpose()?.unwrap_or_default(),
        active: flag("active")?,
        frozen: flag("frozen")?,
        add,
        remove,
    })
}

fn values((name, node): (&'static str, Node<'_>)) -> Result<(&'static str, Vec<String>), Invalid> {
    let items = node.list()?;
    if items.is_empty() {
        return Err(node.wrong("must not be empty"));
    }
    let values = items.iter().map(|item| Ok(item.some_text(usize::MAX)?.to_owned())).collect::<Result<_, Invalid>>()?;
    Ok((name, values))
}

fn links(node: &Node<'_>) -> Result<Links, Invalid> {
    node.members(&["profile", "role", "manager", "delegatedApprover"])?;
    let nullable =
        |name: &str| node.get(name).map(|link| Ok::<_, Invalid>(link.nullable_text()?.map(str::to_owned))).transpose();
    Ok(Links {
        profile: node.get("profile").map(|link| Ok::<_, Invalid>(link.some_text(255)?.to_owned())).transpose()?,
        role: nullable("role")?,
        manager: nullable("manager")?,
        delegated_approver: nullable("delegatedApprover")?,
    })
}

fn entitlement(node: &Node<'_>) -> Result<Entitlement, Invalid> {
    node.members(&["kind", "name", "expires"])?;
    let kind = node.need("kind")?;
    let names = Kind::ALL.map(Kind::name);
    let word = kind.word(&names)?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == word).ok_or_else(|| kind.wrong("not known"))?;
    let name = node.need("name")?.some_text(255)?.to_owned();
    let expires = match node.get("expires") {
        None => None,
        Some(expires) if !kind.expires() => return Err(expires.wrong("this kind has no end")),
        Some(expires) => Some(date(&expires)?),
    };
    Ok(Entitlement { kind, name, expires })
}

fn date(node: &Node<'_>) -> Result<Date, Invalid> {
    let text = node.text()?;
    let plain = text.len() == 10;
    text.parse().ok().filter(|_| plain).ok_or_else(|| node.wrong("a date like 2026-01-31 is expected"))
}

fn reference(node: &Node<'_>) -> Result<String, Invalid> {
    Ok(node.need("ref")?.some_text(64)?.to_owned())
}

fn user_id(node: &Node<'_>) -> Result<Option<Id>, Invalid> {
    let Some(id) = node.get("userId") else { return Ok(None) };
    let parsed = Id::parse(id.text()?).ok().filter(|parsed| parsed.prefix() == Object::User.prefix());
    parsed.map(Some).ok_or_else(|| id.wrong("no id of a user"))
}

fn matches(node: &Node<'_>) -> Result<Vec<Match>, Invalid> {
    let Some(list) = node.get("match") else { return Ok(Vec::new()) };
    list.list()?
        .iter()
        .map(|pair| {
            pair.members(&["field", "value"])?;
            let field = pair.need("field")?.word(&MATCH_FIELDS)?;
            Ok(Match { field, value: pair.need("value")?.some_text(usize::MAX)?.to_owned() })
        })
        .collect()
}

fn once<'a>(keys: impl Iterator<Item = &'a str>, what: &str) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for key in keys {
        if !seen.insert(key) {
            return Err(Refusal::Invalid(format!("persons: the {what} {key} stands twice")));
        }
    }
    Ok(())
}
