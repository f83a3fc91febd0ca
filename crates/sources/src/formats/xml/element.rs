//! One row's element and what is below it becomes one JSON value. A fault inside the row refuses that row alone.

use std::collections::{HashMap, HashSet};

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart};
use serde_json::{Map, Value};

use crate::formats::MAX_DEPTH;

const MAX_ATTRIBUTES: usize = 256;

/// Which elements are always lists.
pub(super) struct Lists {
    /// Their paths below the row, joined by `/`.
    paths: HashSet<String>,
    /// Their names by the path of the element that they are in (empty: the row).
    by_parent: HashMap<String, Vec<String>>,
}

impl Lists {
    pub(super) fn new(repeated: &[Vec<String>]) -> Self {
        let mut by_parent: HashMap<String, Vec<String>> = HashMap::new();
        for path in repeated {
            if let Some((name, parent)) = path.split_last() {
                by_parent.entry(parent.join("/")).or_default().push(name.clone());
            }
        }
        Self { paths: repeated.iter().map(|path| path.join("/")).collect(), by_parent }
    }
}

/// Builds a row from the events inside it.
pub(super) struct Builder<'l> {
    lists: &'l Lists,
    open: Vec<Element>,
    /// Open elements below the deepest allowed one, which are not built.
    too_deep: usize,
    fault: Option<String>,
}

struct Element {
    name: String,
    /// Below the row, joined by `/`; empty for the row itself.
    path: String,
    children: Map<String, Value>,
    text: String,
}

impl<'l> Builder<'l> {
    /// Begins with the row's own start tag.
    pub(super) fn new(lists: &'l Lists, start: &BytesStart<'_>) -> Self {
        let mut row = Self { lists, open: Vec::new(), too_deep: 0, fault: None };
        row.open(start);
        row
    }

    pub(super) fn open(&mut self, start: &BytesStart<'_>) {
        if self.too_deep > 0 || self.open.len() >= MAX_DEPTH {
            self.too_deep += 1;
            self.fail(|| format!("elements are nested deeper than {MAX_DEPTH} levels"));
            return;
        }
        let name = start.name().as_ref().to_owned();
        let path = match self.open.last() {
            None => String::new(),
            Some(parent) if parent.path.is_empty() => name.clone(),
            Some(parent) => format!("{}/{name}", parent.path),
        };
        let mut children = Map::new();
        for (n, attribute) in start.attributes().enumerate() {
            // quick-xml compares each attribute with all before it.
            if n == MAX_ATTRIBUTES {
                self.fail(|| format!("element {name} has more than {MAX_ATTRIBUTES} attributes"));
                break;
            }
            let read = attribute.map_err(|error| error.to_string()).and_then(|attribute| {
                let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
                Ok((format!("@{}", attribute.key.as_ref()), value.trim().to_owned()))
            });
            match read {
                Ok((name, value)) => drop(children.insert(name, text_or_null(value))),
                Err(error) => self.fail(|| format!("an attribute of element {name} is malformed: {error}")),
            }
        }
        self.open.push(Element { name, path, children, text: String::new() });
    }

    pub(super) fn text(&mut self, text: &str) {
        if self.too_deep == 0
            && let Some(element) = self.open.last_mut()
        {
            element.text.push_str(text);
        }
    }

    pub(super) fn reference(&mut self, reference: &BytesRef<'_>) {
        match reference.resolve_char_ref() {
            Ok(Some(character)) => self.text(character.encode_utf8(&mut [0; 4])),
            Ok(None) => match resolve_predefined_entity(reference) {
                Some(text) => self.text(text),
                None => self.fail(|| "it refers to an entity that is not declared".to_owned()),
            },
            Err(_) => self.fail(|| "it holds a reference to a character that does not exist".to_owned()),
        }
    }

    /// Closes the innermost element; gives the row when that was it.
    pub(super) fn close(&mut self) -> Option<Result<Value, String>> {
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return None;
        }
        let element = self.open.pop()?;
        let is_list = self.lists.paths.contains(&element.path);
        let Element { name, path, children, text } = element;
        let value = self.value(&path, children, &text);
        match self.open.last_mut() {
            Some(parent) => {
                insert(&mut parent.children, name, value, is_list);
                None
            }
            None => Some(self.fault.take().map_or(Ok(value), Err)),
        }
    }

    fn value(&self, path: &str, mut children: Map<String, Value>, text: &str) -> Value {
        for list in self.lists.by_parent.get(path).into_iter().flatten() {
            children.entry(list.clone()).or_insert_with(|| Value::Array(Vec::new()));
        }
        let text = text_or_null(text.trim().to_owned());
        if children.is_empty() {
            return text;
        }
        if !text.is_null() {
            children.insert("#text".to_owned(), text);
        }
        Value::Object(children)
    }

    fn fail(&mut self, reason: impl FnOnce() -> String) {
        self.fault.get_or_insert_with(reason);
    }
}

/// A second element of the same name makes a list of both: no element's value is a list itself.
fn insert(children: &mut Map<String, Value>, name: String, value: Value, is_list: bool) {
    match children.get_mut(&name) {
        Some(Value::Array(values)) => values.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
        None => drop(children.insert(name, if is_list { Value::Array(vec![value]) } else { value })),
    }
}

fn text_or_null(text: String) -> Value {
    if text.is_empty() { Value::Null } else { Value::String(text) }
}
