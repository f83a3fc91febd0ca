//! An entry as a domain controller sends it: attributes with their values as bytes, because in the protocol nothing tells
//! a text from a GUID. Three things are kept apart that are easily taken for one another: an attribute that is missing,
//! one that comes without values (cleared, in a DirSync answer), and one of which only a range came.

use std::collections::BTreeMap;

use domain::RecordError;
use ldap3::asn1::{PL, StructureTag};

use crate::guid::Guid;

/// An entry.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it is, and what it is.
    pub name: ObjectName,
    /// By the attribute's name in lower case; names are compared without case.
    attributes: BTreeMap<String, Attribute>,
}

/// What came of one attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Attribute {
    values: Vec<Vec<u8>>,
    ranges: Vec<(Range, Vec<Vec<u8>>)>,
}

/// Which values of an attribute came (MS-ADTS 3.1.1.3.1.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first one's place.
    pub from: u32,
    /// The last one's place; `None` when there are no more.
    pub to: Option<u32>,
}

/// A distinguished name, with the object's GUID where the extended form was asked for
/// (`<GUID=…>;<SID=…>;CN=…`, MS-ADTS 3.1.1.3.4.1.5).
#[derive(Clone, PartialEq, Eq)]
pub struct ObjectName {
    /// The object's key.
    pub guid: Option<Guid>,
    /// Its distinguished name.
    pub dn: String,
}

/// Values added to and removed from a link, when DirSync was asked for incremental values: `range=1-1` holds what was
/// added, `range=0-0` what was removed (MS-ADTS 3.1.1.3.4.1.3).
const ADDED: Range = Range { from: 1, to: Some(1) };
const REMOVED: Range = Range { from: 0, to: Some(0) };

impl Entry {
    /// From attributes as they were sent, `member;range=0-1499` included.
    pub fn new(dn: &str, attributes: impl IntoIterator<Item = (String, Vec<Vec<u8>>)>) -> Self {
        let mut entry = Self { name: ObjectName::parse(dn), attributes: BTreeMap::new() };
        for (description, values) in attributes {
            let (name, range) = Range::split(&description);
            let attribute = entry.attributes.entry(name.to_ascii_lowercase()).or_default();
            match range {
                Some(range) => attribute.ranges.push((range, values)),
                None => attribute.values.extend(values),
            }
        }
        entry
    }

    /// From the protocol's structure (RFC 4511, 4.5.2); `None` when it is none.
    pub(crate) fn from_tag(tag: StructureTag) -> Option<Self> {
        let [dn, attributes] = elements(tag)?.try_into().ok()?;
        let mut all = Vec::new();
        for attribute in elements(attributes)? {
            let [name, values] = elements(attribute)?.try_into().ok()?;
            let values = elements(values)?.into_iter().map(bytes).collect::<Option<Vec<_>>>()?;
            all.push((text(name)?, values));
        }
        Some(Self::new(&text(dn)?, all))
    }

    /// The values of an attribute: `None` when it is missing, none of them when it was cleared.
    pub fn values(&self, attribute: &str) -> Option<&[Vec<u8>]> {
        let attribute = self.attributes.get(&attribute.to_ascii_lowercase())?;
        (attribute.ranges.is_empty() || !attribute.values.is_empty()).then_some(attribute.values.as_slice())
    }

    /// Whether the attribute came in any form.
    pub fn has(&self, attribute: &str) -> bool {
        self.attributes.contains_key(&attribute.to_ascii_lowercase())
    }

    /// The one value of an attribute as bytes.
    pub(crate) fn bytes(&self, attribute: &str) -> Option<&[u8]> {
        self.values(attribute)?.first().map(Vec::as_slice)
    }

    /// The one value of an attribute as text.
    pub(crate) fn text(&self, attribute: &str) -> Result<Option<&str>, RecordError> {
        let Some(value) = self.bytes(attribute) else { return Ok(None) };
        let text = std::str::from_utf8(value).map_err(|_| RecordError::new(attribute, "it is no text"))?;
        Ok(Some(text))
    }

    /// The values of an attribute as texts.
    pub(crate) fn texts(&self, attribute: &str) -> Result<Vec<&str>, RecordError> {
        let text = |value| std::str::from_utf8(value).map_err(|_| RecordError::new(attribute, "it is no text"));
        self.values(attribute).unwrap_or_default().iter().map(|value| text(value)).collect()
    }

    /// The objects that a link attribute names.
    pub fn links(&self, attribute: &str) -> Result<Vec<ObjectName>, RecordError> {
        Ok(self.texts(attribute)?.into_iter().map(ObjectName::parse).collect())
    }

    /// objectGUID.
    pub fn key(&self) -> Option<Guid> {
        self.bytes("objectGUID").and_then(Guid::from_bytes).or(self.name.guid)
    }

    /// Whether objectClass holds the class.
    pub(crate) fn is_a(&self, class: &str) -> bool {
        self.values("objectClass").unwrap_or_default().iter().any(|value| value.eq_ignore_ascii_case(class.as_bytes()))
    }

    /// Whether it is a tombstone: deleted, and perhaps recycled too.
    pub fn is_deleted(&self) -> bool {
        let is_true = |attribute| self.bytes(attribute).is_some_and(|value| value.eq_ignore_ascii_case(b"TRUE"));
        is_true("isDeleted") || is_true("isRecycled")
    }

    /// What DirSync tells as added to a link.
    pub fn added(&self, attribute: &str) -> Vec<ObjectName> {
        self.of_range(attribute, ADDED)
    }

    /// What DirSync tells as removed from a link.
    pub fn removed(&self, attribute: &str) -> Vec<ObjectName> {
        self.of_range(attribute, REMOVED)
    }

    fn of_range(&self, attribute: &str, wanted: Range) -> Vec<ObjectName> {
        let Some(attribute) = self.attributes.get(&attribute.to_ascii_lowercase()) else { return Vec::new() };
        let of_range = attribute.ranges.iter().filter(|(range, _)| *range == wanted);
        of_range
            .flat_map(|(_, values)| values)
            .map(|value| ObjectName::parse(&String::from_utf8_lossy(value)))
            .collect()
    }

    /// The attributes of which only a range came, with the last one of each.
    pub fn ranges(&self) -> Vec<(String, Range)> {
        let last = |attribute: &Attribute| attribute.ranges.iter().map(|(range, _)| *range).next_back();
        self.attributes.iter().filter_map(|(name, attribute)| Some((name.clone(), last(attribute)?))).collect()
    }

    /// Takes the ranges of an attribute out, in their order.
    pub(crate) fn take_ranges(&mut self, attribute: &str) -> Vec<(Range, Vec<Vec<u8>>)> {
        let attribute = self.attributes.get_mut(&attribute.to_ascii_lowercase());
        attribute.map(|attribute| std::mem::take(&mut attribute.ranges)).unwrap_or_default()
    }

    /// Sets an attribute's values to the whole.
    pub(crate) fn set(&mut self, attribute: &str, values: Vec<Vec<u8>>) {
        self.attributes.insert(attribute.to_ascii_lowercase(), Attribute { values, ranges: Vec::new() });
    }
}

/// Without names and values, which are personal data.
impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("key", &self.key()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for ObjectName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ObjectName").field("guid", &self.guid).finish_non_exhaustive()
    }
}

impl Range {
    /// Splits `member;range=0-1499` into the name and the range.
    fn split(description: &str) -> (&str, Option<Self>) {
        let Some((name, options)) = description.split_once(';') else { return (description, None) };
        let range = options.split(';').find_map(|option| {
            let (from, to) = option
                .get(..6)
                .filter(|key| key.eq_ignore_ascii_case("range="))
                .and_then(|_| option[6..].split_once('-'))?;
            let to = if to == "*" { None } else { Some(to.parse().ok()?) };
            Some(Self { from: from.parse().ok()?, to })
        });
        (if range.is_some() { name } else { description }, range)
    }
}

impl ObjectName {
    /// Reads both forms.
    pub fn parse(text: &str) -> Self {
        let (mut guid, mut rest) = (None, text);
        while let Some((id, after)) = rest.strip_prefix('<').and_then(|rest| rest.split_once(">;")) {
            guid = id.strip_prefix("GUID=").and_then(|guid| guid.parse().ok()).or(guid);
            rest = after;
        }
        Self { guid, dn: rest.to_owned() }
    }
}

fn elements(tag: StructureTag) -> Option<Vec<StructureTag>> {
    tag.expect_constructed()
}

fn bytes(tag: StructureTag) -> Option<Vec<u8>> {
    match tag.payload {
        PL::P(bytes) => Some(bytes),
        PL::C(_) => None,
    }
}

pub(crate) fn text(tag: StructureTag) -> Option<String> {
    String::from_utf8(bytes(tag)?).ok()
}

#[cfg(test)]
mod tests {
    use ldap3::asn1::TagClass;
    use proptest::prelude::*;

    use super::*;

    fn entry(attributes: &[(&str, &[&str])]) -> Entry {
        let values = |values: &[&str]| values.iter().map(|value| value.as_bytes().to_vec()).collect();
        Entry::new("CN=a,DC=x", attributes.iter().map(|(name, all)| ((*name).to_owned(), values(all))))
    }

    #[test]
    fn missing_cleared_and_ranged_are_three_things() {
        let entry = entry(&[("Title", &[]), ("mail", &["a@x"]), ("member;range=0-1", &["CN=b", "CN=c"])]);
        assert_eq!(entry.values("department"), None);
        assert_eq!(entry.values("title"), Some(&[][..]));
        assert_eq!(entry.text("MAIL"), Ok(Some("a@x")));
        assert_eq!(entry.values("member"), None);
        assert!(entry.has("member") && !entry.has("department"));
        assert_eq!(entry.ranges(), [("member".to_owned(), Range { from: 0, to: Some(1) })]);
    }

    #[test]
    fn incremental_values_are_told_apart() {
        let entry = entry(&[("member;range=1-1", &["CN=new"]), ("member;range=0-0", &["CN=old", "CN=older"])]);
        let dns = |links: Vec<ObjectName>| links.into_iter().map(|link| link.dn).collect::<Vec<_>>();
        assert_eq!(dns(entry.added("member")), ["CN=new"]);
        assert_eq!(dns(entry.removed("member")), ["CN=old", "CN=older"]);
        assert!(entry.added("other").is_empty());
    }

    #[test]
    fn a_range_is_split_off() {
        let range = |from, to| Some(Range { from, to });
        assert_eq!(Range::split("member;range=0-1499"), ("member", range(0, Some(1499))));
        assert_eq!(Range::split("member;Range=1500-*"), ("member", range(1500, None)));
        for plain in ["member", "member;binary", "member;range=a-b", "member;range=", "member;é", "member;range=-"] {
            assert_eq!(Range::split(plain), (plain, None));
        }
    }

    #[test]
    fn an_extended_name_gives_the_key() {
        let text = "<GUID=ce35e774-6bc0-4e57-ac5a-af1e01c6feb2>;<SID=S-1-5-21-1-2-3-4>;CN=a;b<c>;,DC=x";
        let name = ObjectName::parse(text);
        assert_eq!(name.guid, "ce35e774-6bc0-4e57-ac5a-af1e01c6feb2".parse().ok());
        assert_eq!(name.dn, "CN=a;b<c>;,DC=x");
        assert_eq!(ObjectName::parse("CN=a,DC=x"), ObjectName { guid: None, dn: "CN=a,DC=x".to_owned() });
    }

    #[test]
    fn a_tombstone_is_one_in_both_stages() {
        assert!(entry(&[("isDeleted", &["TRUE"])]).is_deleted());
        assert!(entry(&[("isRecycled", &["TRUE"])]).is_deleted());
        // A restored object: isDeleted was cleared.
        assert!(!entry(&[("isDeleted", &[])]).is_deleted());
    }

    #[test]
    fn nothing_personal_is_printed() {
        assert_eq!(format!("{:?}", entry(&[("mail", &["a@x"])])), "Entry { key: None, .. }");
    }

    fn tag() -> impl Strategy<Value = StructureTag> {
        let leaf = proptest::collection::vec(any::<u8>(), 0..8).prop_map(PL::P);
        let tag = |payload| StructureTag { class: TagClass::Universal, id: 4, payload };
        leaf.prop_map(tag)
            .prop_recursive(4, 32, 4, move |inner| proptest::collection::vec(inner, 0..4).prop_map(PL::C).prop_map(tag))
    }

    proptest! {
        #[test]
        fn an_odd_structure_is_refused_and_nothing_more(tag in tag()) {
            let _ = Entry::from_tag(tag);
        }

        #[test]
        fn an_odd_name_is_only_a_name(text in "[<>;GUID=a-f0-9é-]{0,60}", option in "[a-z;=é*-]{0,20}") {
            let _ = (ObjectName::parse(&text), Range::split(&option));
        }
    }
}
