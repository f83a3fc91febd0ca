//! Values that configuration holds: expressions, texts, and groups of keys of the user's own.

use std::borrow::Cow;
use std::collections::BTreeMap;

use domain::UserField;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::AttributeForm;
use crate::files::read::{At, Read, Sink};
use crate::files::tree::{Node, Tree};

/// The source of an expression. A bare `true` or `12` is one too.
#[derive(Clone, Debug)]
pub(crate) struct Cel(pub(crate) String);

impl Read for Cel {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        match &tree.node {
            Node::Text(_) | Node::Bool(_) | Node::Number(_) => Some(Self(tree.node.key())),
            other => {
                sink.error(&tree.place, format!("an expression is needed here, not {}", other.kind()));
                None
            }
        }
    }
}

impl JsonSchema for Cel {
    fn schema_name() -> Cow<'static, str> {
        "Expression".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A CEL expression.", "type": ["string", "boolean", "number"], "maxLength": expression::MAX_SOURCE
        })
    }
}

/// A text, or a number taken as its digits.
#[derive(Clone, Debug)]
pub(crate) struct TextOrNumber(pub(crate) String);

impl Read for TextOrNumber {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        match &tree.node {
            Node::Number(number) => Some(Self(number.to_string())),
            _ => String::read(tree, sink).map(Self),
        }
    }
}

impl JsonSchema for TextOrNumber {
    fn schema_name() -> Cow<'static, str> {
        "TextOrNumber".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number"] })
    }
}

/// Any number of keys of the user's own.
#[derive(Clone, Debug)]
pub(crate) struct Entries<T>(pub(crate) Vec<(At<String>, T)>);

impl<T: Read> Read for Entries<T> {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        let entries = sink.entries(tree)?;
        Some(Self(entries.into_iter().filter_map(|(key, tree)| Some((key, T::read(tree, sink)?))).collect()))
    }
}

impl<T: JsonSchema> JsonSchema for Entries<T> {
    fn schema_name() -> Cow<'static, str> {
        BTreeMap::<String, T>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        BTreeMap::<String, T>::json_schema(generator)
    }

    fn inline_schema() -> bool {
        true
    }
}

/// Fields of the User object.
#[derive(Clone, Debug)]
pub(crate) struct Attributes(pub(crate) Vec<(At<String>, Attribute)>);

impl Read for Attributes {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        Entries::read(tree, sink).map(|entries| Self(entries.0))
    }
}

impl JsonSchema for Attributes {
    fn schema_name() -> Cow<'static, str> {
        "Attributes".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let attribute = generator.subschema_for::<Attribute>();
        let fields = UserField::ALL.iter().map(|field| (field.api_name().to_owned(), attribute.clone().to_value()));
        let fields: serde_json::Map<_, _> = fields.collect();
        json_schema!({ "type": "object", "properties": fields, "additionalProperties": false })
    }
}

/// What a field holds: an expression, or the long form.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub(crate) enum Attribute {
    Short(At<Cel>),
    Long(Box<At<AttributeForm>>),
}

impl Read for Attribute {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        match &tree.node {
            Node::Map(_) => At::read(tree, sink).map(Box::new).map(Self::Long),
            _ => At::read(tree, sink).map(Self::Short),
        }
    }
}
