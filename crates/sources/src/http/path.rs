//! Places in a JSON document, written `d/results` or `@odata.nextLink`: names of members with slashes between, because
//! names hold dots. A key is one or several such places together.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

/// A place in a document; the document itself when it is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path(Vec<String>);

impl Path {
    /// Reads `a/b`; `.` is the document itself.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.trim() == "." {
            return Ok(Self(Vec::new()));
        }
        let names: Vec<_> = text.split('/').map(|name| name.trim().to_owned()).collect();
        if names.iter().any(String::is_empty) {
            return Err("a place is names of members with slashes between, as data/people".to_owned());
        }
        Ok(Self(names))
    }

    /// What is there; `None` where a member is missing.
    pub(crate) fn of<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(document, |value, name| value.get(name))
    }

    /// Takes what is there out of the document.
    pub(crate) fn take(&self, document: &mut Value) -> Option<Value> {
        self.0.iter().try_fold(document, |value, name| value.get_mut(name)).map(Value::take)
    }

    /// The names.
    pub(crate) fn names(&self) -> &[String] {
        &self.0
    }

    /// As it is written.
    pub(crate) fn text(&self) -> String {
        if self.0.is_empty() { ".".to_owned() } else { self.0.join("/") }
    }

    /// What is there as a number of rows or pages; texts that are whole numbers count.
    pub(crate) fn count(&self, document: &Value) -> Option<u64> {
        match self.of(document)? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }
}

/// What tells a row from the others.
pub(crate) type Key = Vec<Path>;

/// The key's text; `None` when a part of it is missing or empty.
pub(crate) fn key_text(key: &[Path], row: &Value) -> Option<String> {
    let mut parts = key.iter().map(|path| path.of(row).and_then(text_of).filter(|text| !text.is_empty()));
    let first = parts.next()??;
    // No part's text holds the separator: ids with control characters are refused later anyway.
    parts.try_fold(first, |text, part| Some(format!("{text}\u{1f}{}", part?)))
}

/// The text of a text or number, trimmed; systems without types give texts, others numbers, for the same id.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => {
            let text = number.to_string();
            Some(text.strip_suffix(".0").map_or(text.clone(), str::to_owned))
        }
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A text's fingerprint within one read.
pub(crate) fn fingerprint(text: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_are_found() {
        let document = json!({"d": {"results": [1], "@odata.nextLink": "x", "n": "12"}});
        assert_eq!(Path::parse("d/results").unwrap().of(&document), Some(&json!([1])));
        assert_eq!(Path::parse("d/@odata.nextLink").unwrap().of(&document), Some(&json!("x")));
        assert_eq!(Path::parse(".").unwrap().of(&document), Some(&document));
        assert_eq!(Path::parse("d/none/x").unwrap().of(&document), None);
        assert_eq!(Path::parse("d/n").unwrap().count(&document), Some(12));
        assert!(Path::parse("d//x").is_err());
    }

    #[test]
    fn a_number_and_its_text_are_the_same_key() {
        let key = [Path::parse("id").unwrap(), Path::parse("n").unwrap()];
        let of = |row| key_text(&key, &row);
        assert_eq!(of(json!({"id": 7.0, "n": 1})), of(json!({"id": " 7", "n": "1"})));
        assert_eq!(of(json!({"id": "", "n": "1"})), None);
        assert_eq!(of(json!({"id": 1})), None);
        assert_ne!(of(json!({"id": "1", "n": "23"})), of(json!({"id": "12", "n": "3"})));
    }
}
