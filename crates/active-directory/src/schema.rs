//! What the directory says about its attributes: whether one has one value or many, and what its bytes mean. Asking
//! protects from a misspelt name, too: an attribute that does not exist would read as "nobody has it".

use std::collections::BTreeMap;

use crate::directory::{Directory, Search, names};
use crate::entry::Entry;
use crate::error::AdError;
use crate::filter::Filter;

/// Attributes by their names in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema(BTreeMap<String, AttributeKind>);

/// What an attribute is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttributeKind {
    /// Whether it has one value at most.
    pub single: bool,
    /// What its bytes are.
    pub syntax: Syntax,
    /// Whether it is stored with the object: not computed, and not the other end of somebody else's link.
    pub stored: bool,
}

/// What an attribute's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// Text, numbers and booleans, which are sent as text.
    Text,
    /// Bytes.
    Binary,
    /// A security identifier.
    Sid,
    /// A moment.
    Time,
    /// The name of an object.
    Link,
}

impl Schema {
    /// Reads what is said about these attributes.
    pub(crate) async fn read(directory: &mut dyn Directory, base: &str, wanted: &[&str]) -> Result<Self, AdError> {
        let attributes = names(&["lDAPDisplayName", "isSingleValued", "attributeSyntax", "systemFlags", "linkID"]);
        let mut schema = Self::default();
        for some in wanted.chunks(40) {
            let filter = Filter::any(some.iter().map(|name| Filter::equals("lDAPDisplayName", name.as_bytes())));
            let answer = directory.search(&Search::tree(base, filter, attributes.clone())).await?;
            for entry in answer.entries {
                let (name, kind) =
                    attribute(&entry).ok_or(AdError::Malformed("an attribute's schema can't be read"))?;
                schema.0.insert(name.to_ascii_lowercase(), kind);
            }
        }
        let unknown: Vec<_> =
            wanted.iter().filter(|name| schema.of(name).is_none()).map(|name| (*name).to_owned()).collect();
        if unknown.is_empty() { Ok(schema) } else { Err(AdError::UnknownAttributes(unknown)) }
    }

    /// From what is known.
    pub fn new(attributes: impl IntoIterator<Item = (String, AttributeKind)>) -> Self {
        Self(attributes.into_iter().map(|(name, kind)| (name.to_ascii_lowercase(), kind)).collect())
    }

    /// What an attribute is.
    pub fn of(&self, name: &str) -> Option<AttributeKind> {
        self.0.get(&name.to_ascii_lowercase()).copied()
    }
}

fn attribute(entry: &Entry) -> Option<(String, AttributeKind)> {
    // FLAG_ATTR_IS_CONSTRUCTED (MS-ADTS 2.2.10).
    const CONSTRUCTED: u32 = 0x4;
    let text = |name| entry.text(name).ok().flatten();
    let number = |name| text(name).and_then(|text| text.parse::<i64>().ok()).unwrap_or_default();
    // MS-ADTS 3.1.1.2.2.2: attribute syntaxes.
    let syntax = match text("attributeSyntax")? {
        "2.5.5.1" => Syntax::Link,
        "2.5.5.10" | "2.5.5.15" => Syntax::Binary,
        "2.5.5.11" => Syntax::Time,
        "2.5.5.17" => Syntax::Sid,
        _ => Syntax::Text,
    };
    // An odd linkID is the other end of the link with the even one below it (MS-ADTS 3.1.1.1.6).
    let stored = number("systemFlags") & i64::from(CONSTRUCTED) == 0 && number("linkID") % 2 == 0;
    let single = text("isSingleValued")?.eq_ignore_ascii_case("TRUE");
    Some((text("lDAPDisplayName")?.to_owned(), AttributeKind { single, syntax, stored }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, entry};

    const KEY: &str = "ce35e774-6bc0-4e57-ac5a-af1e01c6feb2";

    fn described(name: &str, single: &str, syntax: &str, flags: &str, link: &[&str]) -> Entry {
        entry(
            KEY,
            &[
                ("lDAPDisplayName", &[name]),
                ("isSingleValued", &[single]),
                ("attributeSyntax", &[syntax]),
                ("systemFlags", &[flags]),
                ("linkID", link),
            ],
        )
    }

    #[tokio::test]
    async fn attributes_are_described_by_the_directory() {
        let mut directory = Scripted::default();
        directory.answers(vec![
            described("mail", "TRUE", "2.5.5.12", "16", &[]),
            described("memberOf", "FALSE", "2.5.5.1", "17", &["3"]),
            described("member", "FALSE", "2.5.5.1", "18", &["2"]),
            described("canonicalName", "FALSE", "2.5.5.12", "20", &[]),
        ]);
        let wanted = ["Mail", "memberOf", "member", "canonicalName"];
        let schema = Schema::read(&mut directory, "CN=Schema", &wanted).await.unwrap();
        let kind = |single, syntax, stored| Some(AttributeKind { single, syntax, stored });
        assert_eq!(schema.of("MAIL"), kind(true, Syntax::Text, true));
        assert_eq!(schema.of("memberof"), kind(false, Syntax::Link, false));
        assert_eq!(schema.of("member"), kind(false, Syntax::Link, true));
        assert_eq!(schema.of("canonicalName"), kind(false, Syntax::Text, false));
    }

    #[tokio::test]
    async fn a_misspelt_attribute_is_told() {
        let mut directory = Scripted::default();
        directory.answers(vec![described("mail", "TRUE", "2.5.5.12", "16", &[])]);
        let error = Schema::read(&mut directory, "CN=Schema", &["mail", "employeId"]).await.unwrap_err();
        assert_eq!(error.to_string(), "the directory has no attribute employeId");
    }
}
