//! Reads `template.yaml` as JSON: `!Ref x` becomes `{"Ref": x}`, `!Sub x` becomes `{"Fn::Sub": x}` and so on, as
//! CloudFormation itself reads the short forms. Knows the shape of a template, and none of the rules.

use std::path::Path;

use saphyr::{LoadableYamlNode, Yaml};
use serde_json::{Map, Value, json};

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// A parsed template.
#[derive(Clone)]
pub(crate) struct Template(Value);

/// A resource: its logical id and its definition.
pub(crate) type Resource<'t> = (&'t str, &'t Value);

/// An event of a function: function's logical id, event's name, the event.
pub(crate) type Event<'t> = (&'t str, &'t str, &'t Value);

impl Template {
    pub(crate) fn load() -> Self {
        let text = std::fs::read_to_string(root().join("template.yaml")).unwrap();
        let documents = Yaml::load_from_str(&text).unwrap();
        assert_eq!(documents.len(), 1);
        Self(to_json(&documents[0]))
    }

    /// The template with the value at a JSON pointer replaced; `null` removes it, and what is not there is added.
    pub(crate) fn broken(&self, pointer: &str, value: &str) -> Self {
        let mut broken = self.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = broken.0.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent} in the template"));
        let value: Value = serde_json::from_str(value).unwrap();
        match (parent, value) {
            (Value::Object(map), Value::Null) => assert!(map.remove(name).is_some(), "no {pointer} in the template"),
            (Value::Object(map), value) => drop(map.insert(name.to_owned(), value)),
            (Value::Array(list), value) if name == "-" => list.push(value),
            (Value::Array(list), value) => list[name.parse::<usize>().unwrap()] = value,
            (other, _) => panic!("{pointer} is inside of {other}"),
        }
        broken
    }

    pub(crate) fn at(&self, pointer: &str) -> &Value {
        self.0.pointer(pointer).unwrap_or(&Value::Null)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = Resource<'_>> {
        self.at("/Resources").as_object().into_iter().flatten().map(|(id, resource)| (id.as_str(), resource))
    }

    pub(crate) fn of(&self, kind: &str) -> Vec<Resource<'_>> {
        self.all().filter(|(_, resource)| resource["Type"] == kind).collect()
    }

    pub(crate) fn functions(&self) -> Vec<Resource<'_>> {
        self.of("AWS::Serverless::Function")
    }

    pub(crate) fn events(&self, kind: &str) -> Vec<Event<'_>> {
        self.functions()
            .into_iter()
            .flat_map(|(function, definition)| {
                let events = definition["Properties"]["Events"].as_object().into_iter().flatten();
                events.map(move |(name, event)| (function, name.as_str(), event))
            })
            .filter(|(_, _, event)| event["Type"] == kind)
            .collect()
    }

    /// A number, or the default of the parameter that is referred to.
    pub(crate) fn number(&self, value: &Value) -> Option<i64> {
        match reference(value) {
            Some(parameter) => self.at(&format!("/Parameters/{parameter}/Default")).as_i64(),
            None => value.as_i64(),
        }
    }
}

/// The logical id that a `Ref` or a `Fn::GetAtt` points to.
pub(crate) fn reference(value: &Value) -> Option<&str> {
    value["Ref"].as_str().or_else(|| value["Fn::GetAtt"].as_str()?.split('.').next())
}

/// A literal, or the text of a `Fn::Sub` with its placeholders.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().or_else(|| value["Fn::Sub"].as_str()).unwrap_or("")
}

/// What a value may be: both sides of an `Fn::If`, without `AWS::NoValue`, or itself.
pub(crate) fn possible(value: &Value) -> Vec<&Value> {
    let Some([_condition, sides @ ..]) = value["Fn::If"].as_array().map(Vec::as_slice) else { return vec![value] };
    sides.iter().filter(|side| reference(side) != Some("AWS::NoValue")).collect()
}

/// The value as a list: itself when it is one, else of itself alone.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

fn to_json(yaml: &Yaml<'_>) -> Value {
    match yaml {
        Yaml::Tagged(tag, inner) => {
            let name = match tag.suffix.as_ref() {
                name @ ("Ref" | "Condition") => name.to_owned(),
                name => format!("Fn::{name}"),
            };
            json!({ name: to_json(inner) })
        }
        Yaml::Sequence(items) => items.iter().map(to_json).collect(),
        Yaml::Mapping(entries) => {
            let entries = entries.iter().map(|(key, value)| (key.as_str().unwrap().to_owned(), to_json(value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
        scalar => match (scalar.as_bool(), scalar.as_integer(), scalar.as_floating_point(), scalar.as_str()) {
            (Some(value), ..) => value.into(),
            (_, Some(value), ..) => value.into(),
            (_, _, Some(value), _) => value.into(),
            (.., Some(value)) => value.into(),
            _ => {
                assert!(scalar.is_null(), "not a template's value: {scalar:?}");
                Value::Null
            }
        },
    }
}
