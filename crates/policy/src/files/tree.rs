//! YAML as a tree in which every value knows its place.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;
use serde_saphyr::options::DuplicateKeyPolicy;

use crate::problems::{Finding, Place};

#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub(crate) place: Place,
    pub(crate) node: Node,
}

#[derive(Clone, Debug)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Tree>),
    /// Keys as written, repeated ones included.
    Map(Vec<(Tree, Tree)>),
}

impl Tree {
    /// Reads one YAML document.
    pub(crate) fn parse(file: &Arc<str>, text: &str) -> Result<Self, Finding> {
        let options = serde_saphyr::options! { duplicate_keys: DuplicateKeyPolicy::PassThrough, with_snippet: false };
        let raw: Spanned<Raw> = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let location = error.location();
            let place = location.map_or_else(|| Place::file(file), |at| place(file, at.line(), at.column()));
            let message = error.without_snippet().to_string();
            let position = location.map(|at| format!(" at line {}, column {}", at.line(), at.column()));
            let message = position.map_or(message.clone(), |position| message.replace(&position, ""));
            Finding::error(place, format!("not readable as YAML: {}", message.lines().next().unwrap_or_default()))
        })?;
        Ok(plant(raw, file))
    }

    /// Whether the file holds nothing but comments.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self.node, Node::Null)
    }

    /// Whether it is a map that has the key.
    pub(crate) fn has_key(&self, wanted: &str) -> bool {
        matches!(&self.node, Node::Map(entries) if entries.iter().any(|(key, _)| key.node.key() == wanted))
    }

    /// Without places, as JSON; of repeated keys the last counts.
    pub(crate) fn to_json(&self) -> Value {
        match &self.node {
            Node::Null => Value::Null,
            Node::Bool(bool) => Value::Bool(*bool),
            Node::Number(number) => Value::Number(number.clone()),
            Node::Text(text) => Value::String(text.clone()),
            Node::List(items) => items.iter().map(Self::to_json).collect(),
            Node::Map(entries) => {
                let entry = |(key, value): &(Self, Self)| (key.node.key(), value.to_json());
                Value::Object(entries.iter().map(entry).collect::<Map<_, _>>())
            }
        }
    }
}

impl Node {
    /// As the key of a map: scalars by their text.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Bool(bool) => bool.to_string(),
            Self::Null | Self::List(_) | Self::Map(_) => String::new(),
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a group of keys",
        }
    }
}

fn place(file: &Arc<str>, line: u64, column: u64) -> Place {
    let number = |n| u32::try_from(n).unwrap_or(u32::MAX);
    Place { file: Arc::clone(file), line: number(line), column: number(column) }
}

fn plant(raw: Spanned<Raw>, file: &Arc<str>) -> Tree {
    let at = raw.referenced;
    let node = match raw.value {
        Raw::Scalar(node) => node,
        Raw::List(items) => Node::List(items.into_iter().map(|item| plant(item, file)).collect()),
        Raw::Map(entries) => {
            Node::Map(entries.into_iter().map(|(key, value)| (plant(key, file), plant(value, file))).collect())
        }
    };
    Tree { place: place(file, at.line(), at.column()), node }
}

/// A tree that does not know its file yet.
enum Raw {
    Scalar(Node),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<Raw>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Node::Null))
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Node::Null))
    }

    fn visit_bool<E>(self, bool: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(Node::Bool(bool)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Node::Number(number.into())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Node::Number(number.into())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Raw, E> {
        let number = Number::from_f64(number).map_or_else(|| Node::Text(number.to_string()), Node::Number);
        Ok(Raw::Scalar(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(Node::Text(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}
