//! From trees to shapes, going on after an error so that all of them are found.

use std::collections::BTreeMap;

use expression::closest;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::tree::{Node, Tree};
use crate::problems::{Finding, Place, Severity};

/// Where findings are put.
#[derive(Debug, Default)]
pub(crate) struct Sink(pub(crate) Vec<Finding>);

impl Sink {
    pub(crate) fn error(&mut self, place: &Place, message: impl Into<String>) {
        self.0.push(Finding::error(place.clone(), message));
    }

    pub(crate) fn warning(&mut self, place: &Place, message: impl Into<String>) {
        self.0.push(Finding::warning(place.clone(), message));
    }

    /// Whether there is no error yet.
    pub(crate) fn is_clean(&self) -> bool {
        self.0.iter().all(|finding| finding.severity == Severity::Warning)
    }

    fn wrong<T>(&mut self, tree: &Tree, needed: &str) -> Option<T> {
        self.error(&tree.place, format!("{needed} is needed here, not {}", tree.node.kind()));
        None
    }

    /// The entries of a map by key; a key that occurs twice is an error.
    pub(crate) fn entries<'t>(&mut self, tree: &'t Tree) -> Option<Vec<(At<String>, &'t Tree)>> {
        let Node::Map(entries) = &tree.node else { return self.wrong(tree, "a group of keys") };
        let mut seen: BTreeMap<String, &Place> = BTreeMap::new();
        let mut unique = Vec::new();
        for (key, value) in entries {
            let name = key.node.key();
            if let Some(first) = seen.get(&name) {
                self.error(&key.place, format!("the key `{name}` is here twice, first in line {}", first.line));
                continue;
            }
            seen.insert(name.clone(), &key.place);
            unique.push((At { place: key.place.clone(), value: name }, value));
        }
        Some(unique)
    }

    /// As [`entries`](Self::entries), of which only the known keys are passed on.
    pub(crate) fn fields<'t>(&mut self, tree: &'t Tree, known: &[&str]) -> Option<BTreeMap<String, &'t Tree>> {
        let entries = self.entries(tree)?;
        let mut fields = BTreeMap::new();
        for (key, value) in entries {
            if known.contains(&key.value.as_str()) {
                fields.insert(key.value, value);
            } else {
                let near = closest(&key.value, known.iter().copied());
                let known = known.join(", ");
                self.error(&key.place, format!("there is no key `{}` here{near} (known: {known})", key.value));
            }
        }
        Some(fields)
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(&mut self, tree: &Tree, choices: &[(&str, T)]) -> Option<T> {
        let words = || choices.iter().map(|(word, _)| *word).collect::<Vec<_>>();
        let Node::Text(text) = &tree.node else { return self.wrong(tree, &format!("one of {}", words().join(", "))) };
        let chosen = choices.iter().find(|(word, _)| word == text).map(|(_, choice)| *choice);
        if chosen.is_none() {
            let near = closest(text, words().into_iter());
            self.error(&tree.place, format!("`{text}` is none of {}{near}", words().join(", ")));
        }
        chosen
    }
}

/// Something that a tree can be read as. What can't be read is reported and left out.
pub(crate) trait Read: Sized {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self>;

    /// The value of a key that may not be there.
    fn read_field(field: Option<&Tree>, of: &Tree, key: &str, sink: &mut Sink) -> Option<Self> {
        if let Some(tree) = field {
            return Self::read(tree, sink);
        }
        sink.error(&of.place, format!("the key `{key}` is missing"));
        None
    }
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct At<T> {
    pub(crate) place: Place,
    pub(crate) value: T,
}

impl<T: Read> Read for At<T> {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        T::read(tree, sink).map(|value| Self { place: tree.place.clone(), value })
    }
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }

    fn inline_schema() -> bool {
        T::inline_schema()
    }
}

impl<T: Read> Read for Option<T> {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        T::read(tree, sink).map(Some)
    }

    fn read_field(field: Option<&Tree>, _: &Tree, _: &str, sink: &mut Sink) -> Option<Self> {
        field.map_or(Some(None), |tree| Self::read(tree, sink))
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        match &tree.node {
            Node::List(items) => Some(items.iter().filter_map(|item| T::read(item, sink)).collect()),
            _ => sink.wrong(tree, "a list"),
        }
    }
}

impl Read for String {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        match &tree.node {
            Node::Text(text) => Some(text.clone()),
            Node::Bool(_) | Node::Number(_) => sink.wrong(tree, "a text (in quotes)"),
            _ => sink.wrong(tree, "a text"),
        }
    }
}

impl Read for bool {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        match &tree.node {
            Node::Bool(bool) => Some(*bool),
            _ => sink.wrong(tree, "true or false"),
        }
    }
}

impl Read for u16 {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        let whole = match &tree.node {
            Node::Number(number) => number.as_u64().and_then(|number| Self::try_from(number).ok()),
            _ => return sink.wrong(tree, "a whole number"),
        };
        if whole.is_none() {
            sink.error(&tree.place, format!("a whole number from 0 to {} is needed here", Self::MAX));
        }
        whole
    }
}
