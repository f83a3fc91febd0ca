//! A place in a JSON body: reads values of the wanted form, and names the place where one is not.

use serde_json::Value as Json;

/// A text that says what is wrong, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Invalid(pub(super) String);

/// A value and where it stands.
pub(super) struct Node<'a> {
    json: &'a Json,
    place: String,
}

impl<'a> Node<'a> {
    pub(super) fn root(json: &'a Json) -> Self {
        Self { json, place: "body".to_owned() }
    }

    pub(super) fn wrong(&self, what: &str) -> Invalid {
        Invalid(format!("{}: {what}", self.place))
    }

    /// The value has the form of an object with these members only.
    pub(super) fn members(&self, known: &[&str]) -> Result<(), Invalid> {
        let Json::Object(map) = self.json else { return Err(self.wrong("an object is expected")) };
        match map.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(Invalid(format!("{}.{key}: not known", self.place))),
            None => Ok(()),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<Node<'a>> {
        self.json.get(name).map(|json| Node { json, place: format!("{}.{name}", self.place) })
    }

    pub(super) fn need(&self, name: &str) -> Result<Node<'a>, Invalid> {
        self.get(name).ok_or_else(|| Invalid(format!("{}.{name}: is missing", self.place)))
    }

    /// The members of an object, of which only some names are known.
    pub(super) fn entries(&self, known: &[&'static str]) -> Result<Vec<(&'static str, Node<'a>)>, Invalid> {
        let Json::Object(map) = self.json else { return Err(self.wrong("an object is expected")) };
        map.iter()
            .map(|(key, json)| {
                let node = Node { json, place: format!("{}.{key}", self.place) };
                let name = known.iter().find(|name| *name == key).ok_or_else(|| node.wrong("not known"))?;
                Ok((*name, node))
            })
            .collect()
    }

    pub(super) fn list(&self) -> Result<Vec<Node<'a>>, Invalid> {
        let Json::Array(items) = self.json else { return Err(self.wrong("a list is expected")) };
        let place = |number: usize| format!("{}[{number}]", self.place);
        Ok(items.iter().enumerate().map(|(number, json)| Node { json, place: place(number) }).collect())
    }

    pub(super) fn text(&self) -> Result<&'a str, Invalid> {
        self.json.as_str().ok_or_else(|| self.wrong("a text is expected"))
    }

    /// A text of this many characters at most, and one at least.
    pub(super) fn some_text(&self, most: usize) -> Result<&'a str, Invalid> {
        let text = self.text()?;
        match text.chars().count() {
            0 => Err(self.wrong("must not be empty")),
            length if length > most => Err(self.wrong(&format!("has {length} characters, at most {most} are allowed"))),
            _ => Ok(text),
        }
    }

    pub(super) fn nullable_text(&self) -> Result<Option<&'a str>, Invalid> {
        match self.json {
            Json::Null => Ok(None),
            Json::String(text) => Ok(Some(text)),
            _ => Err(self.wrong("a text or null is expected")),
        }
    }

    pub(super) fn flag(&self) -> Result<bool, Invalid> {
        self.json.as_bool().ok_or_else(|| self.wrong("true or false is expected"))
    }

    pub(super) fn is_number(&self, number: i64) -> bool {
        self.json.as_i64() == Some(number) || self.json.as_f64().is_some_and(|float| float == number as f64)
    }

    /// One of these words.
    pub(super) fn word(&self, known: &[&'static str]) -> Result<&'static str, Invalid> {
        let text = self.text()?;
        known.iter().copied().find(|word| *word == text).ok_or_else(|| self.wrong("not known"))
    }
}
