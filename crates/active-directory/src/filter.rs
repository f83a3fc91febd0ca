//! Search filters (RFC 4515). Every value comes in through [`escape`]; what configuration gives as a whole filter is
//! parsed first, so that joining filters can't change what one of them means.

use std::collections::BTreeSet;
use std::fmt;
use std::fmt::Write as _;

use crate::guid::Guid;

/// A well-formed filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter(String);

/// The name of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeName(String);

/// `LDAP_MATCHING_RULE_TRANSITIVE_EVAL` (MS-ADTS 3.1.1.3.4.4.3): follows a link through all levels.
const IN_CHAIN: &str = "1.2.840.113556.1.4.1941";

/// Escapes a value for a filter: what RFC 4515 demands, and every byte that is not printable ASCII.
pub fn escape(value: &[u8]) -> String {
    let mut escaped = String::with_capacity(value.len());
    for &byte in value {
        match byte {
            b'*' | b'(' | b')' | b'\\' | 0..=0x1f | 0x7f..=0xff => {
                // Writing to a text can't fail.
                let _ = write!(escaped, "\\{byte:02x}");
            }
            _ => escaped.push(char::from(byte)),
        }
    }
    escaped
}

impl AttributeName {
    /// Letters, digits and hyphens, a letter first (RFC 4512, 1.4); no options such as `;range=`.
    pub fn parse(name: &str) -> Option<Self> {
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (plain && name.starts_with(|c: char| c.is_ascii_alphabetic())).then(|| Self(name.to_owned()))
    }

    /// As configured.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Filter {
    /// Takes a filter as somebody wrote it; `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        (text.starts_with('(') && ldap3::parse_filter(text).is_ok()).then(|| Self(text.to_owned()))
    }

    /// The attribute has the value.
    pub(crate) fn equals(attribute: &str, value: &[u8]) -> Self {
        Self(format!("({attribute}={})", escape(value)))
    }

    /// The attribute has any value.
    pub(crate) fn present(attribute: &str) -> Self {
        Self(format!("({attribute}=*)"))
    }

    /// The attribute's number is at least this.
    pub(crate) fn at_least(attribute: &str, number: u64) -> Self {
        Self(format!("({attribute}>={number})"))
    }

    /// Members of the group, through all levels.
    pub(crate) fn nested_member_of(group: &str) -> Self {
        Self(format!("(memberOf:{IN_CHAIN}:={})", escape(group.as_bytes())))
    }

    /// Any of these objects.
    pub(crate) fn any_object(keys: &[Guid]) -> Self {
        Self::any(keys.iter().map(|key| Self::equals("objectGUID", key.as_bytes())))
    }

    /// Any of them.
    pub(crate) fn any(filters: impl IntoIterator<Item = Self>) -> Self {
        Self::joined('|', filters)
    }

    /// All of them.
    pub(crate) fn all(filters: impl IntoIterator<Item = Self>) -> Self {
        Self::joined('&', filters)
    }

    /// Not this.
    pub(crate) fn not(self) -> Self {
        Self(format!("(!{self})"))
    }

    fn joined(by: char, filters: impl IntoIterator<Item = Self>) -> Self {
        let filters: String = filters.into_iter().map(|filter| filter.0).collect();
        Self(format!("({by}{filters})"))
    }

    /// The attributes that the filter looks at. A parenthesis within a value is escaped, so each one that is not begins a
    /// filter.
    pub(crate) fn attributes(&self) -> BTreeSet<&str> {
        let name = |part: &'_ str| part.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(part.len());
        let names = self.0.split('(').map(|part| &part[..name(part)]);
        // `anr` stands for several attributes and is none itself (MS-ADTS 3.1.1.3.1.3.3).
        names.filter(|name| AttributeName::parse(name).is_some() && !name.eq_ignore_ascii_case("anr")).collect()
    }

    /// Whether it asks for members of groups.
    pub(crate) fn asks_for_members(&self) -> bool {
        self.attributes().iter().any(|name| name.eq_ignore_ascii_case("memberOf"))
    }

    /// As the protocol's library takes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use ldap3::asn1::{ASNTag, PL, StructureTag};
    use proptest::prelude::*;

    use super::*;

    /// All values that a filter, as sent, compares with.
    fn values(filter: &Filter) -> Vec<Vec<u8>> {
        fn collect(tag: StructureTag, values: &mut Vec<Vec<u8>>) {
            match tag.payload {
                PL::P(value) => values.push(value),
                PL::C(tags) => tags.into_iter().for_each(|tag| collect(tag, values)),
            }
        }
        let mut all = Vec::new();
        collect(ldap3::parse_filter(filter.as_str()).unwrap().into_structure(), &mut all);
        all
    }

    #[test]
    fn what_rfc_4515_demands_is_escaped() {
        assert_eq!(escape(b"a*(b)\\c\0"), "a\\2a\\28b\\29\\5cc\\00");
        assert_eq!(escape("Zoë".as_bytes()), "Zo\\c3\\ab");
        assert_eq!(Filter::nested_member_of("CN=a(b),DC=x").as_str(), {
            "(memberOf:1.2.840.113556.1.4.1941:=CN=a\\28b\\29,DC=x)"
        });
    }

    #[test]
    fn a_filter_of_configuration_is_one_whole_filter() {
        assert!(Filter::parse(" (&(objectCategory=person)(objectClass=user)) ").is_some());
        assert!(Filter::parse("(!(userAccountControl:1.2.840.113556.1.4.803:=2))").is_some());
        for bad in ["", "objectClass=user", "(a=b", "(a=b)(c=d)", "(a=b))", "()", "(&)x"] {
            assert_eq!(Filter::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_attributes_of_a_filter_are_found() {
        let text =
            "(&(objectClass=user)(!(cn~=a\\28title=b\\29))(|(memberOf:1.2.840.113556.1.4.1941:=CN=x)(uid>=1)(anr=j)))";
        let filter = Filter::parse(text).unwrap();
        assert_eq!(Vec::from_iter(filter.attributes()), ["cn", "memberOf", "objectClass", "uid"]);
        assert!(filter.asks_for_members() && !Filter::parse("(cn=memberOf)").unwrap().asks_for_members());
    }

    #[test]
    fn an_attribute_name_holds_nothing_else() {
        assert!(AttributeName::parse("msDS-cloudExtensionAttribute1").is_some());
        for bad in ["", "1a", "a b", "a)(b", "member;range=0-1", "a=b", "é", "*"] {
            assert_eq!(AttributeName::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_value_arrives_as_it_is(value in proptest::collection::vec(any::<u8>(), 1..60)) {
            let filter = Filter::equals("cn", &value);
            prop_assert_eq!(values(&filter), [b"cn".to_vec(), value]);
        }

        #[test]
        fn a_value_never_leaves_its_place(value in "[()*\\\\&|!=a-z\u{0}é]{1,30}", other in "[()*\\\\a]{1,9}") {
            let filter = Filter::all([
                Filter::equals("a", value.as_bytes()),
                Filter::any([Filter::equals("b", other.as_bytes()).not(), Filter::present("c")]),
            ]);
            let expected: Vec<Vec<u8>> = vec![
                b"a".into(), value.into_bytes(), b"b".into(), other.into_bytes(), b"c".into(),
            ];
            prop_assert_eq!(values(&filter), expected);
        }

        #[test]
        fn a_dn_arrives_in_the_rule_as_it_is(dn in "[ -~é\u{0}]{1,40}") {
            let filter = Filter::nested_member_of(&dn);
            prop_assert!(values(&filter).contains(&dn.into_bytes()));
        }

        #[test]
        fn odd_filters_are_refused_and_nothing_more(text in "[()&|!*=<>~:a-z0-9.\\\\ ]{0,40}") {
            if let Some(filter) = Filter::parse(&text) {
                prop_assert!(ldap3::parse_filter(filter.as_str()).is_ok());
            }
        }
    }
}
