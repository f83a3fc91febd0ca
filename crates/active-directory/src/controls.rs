//! The controls of Active Directory that the protocol's library does not have, written and read here; its own reader of
//! the paged results control panics on an odd answer.

use bytes::BytesMut;
use ldap3::asn1::{ASNTag, Integer, OctetString, Sequence, StructureTag, Tag, parse_tag, write};
use ldap3::controls::RawControl;

/// Paged results (RFC 2696).
const PAGED: &str = "1.2.840.113556.1.4.319";
/// `LDAP_SERVER_DIRSYNC_OID` (MS-ADTS 3.1.1.3.4.1.3).
const DIRSYNC: &str = "1.2.840.113556.1.4.841";
/// `LDAP_SERVER_SHOW_DELETED_OID` (MS-ADTS 3.1.1.3.4.1.14).
const SHOW_DELETED: &str = "1.2.840.113556.1.4.417";
/// `LDAP_SERVER_EXTENDED_DN_OID` (MS-ADTS 3.1.1.3.4.1.5).
const EXTENDED_DN: &str = "1.2.840.113556.1.4.529";

/// `LDAP_DIRSYNC_OBJECT_SECURITY`: what an ordinary account may read, without a replication right.
const OBJECT_SECURITY: u32 = 0x0000_0001;
/// `LDAP_DIRSYNC_INCREMENTAL_VALUES`: of a link, only what was added and removed.
const INCREMENTAL_VALUES: u32 = 0x8000_0000;
/// How much a DirSync answer may hold: the server's own limit too (MS-ADTS 3.1.1.3.4.1.3).
const DIRSYNC_BYTES: i64 = 1024 * 1024;

/// What is asked for beside the search itself. All are critical: a server that does not know one must say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// A page of so many entries, after the one that gave the cookie.
    Paged {
        /// Entries.
        size: u16,
        /// Empty for the first page.
        cookie: Vec<u8>,
    },
    /// What has changed since the answer that gave the cookie, as far as the account may read it.
    DirSync {
        /// Empty for everything.
        cookie: Vec<u8>,
    },
    /// Tombstones too.
    ShowDeleted,
    /// Names with GUIDs.
    ExtendedDn,
}

/// What an answer tells about going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Of [`Control::Paged`]: empty after the last page.
    Page(Vec<u8>),
    /// Of [`Control::DirSync`].
    DirSync {
        /// Whether there is more already.
        more: bool,
        /// Where to go on.
        cookie: Vec<u8>,
    },
}

impl Control {
    pub(crate) fn encode(&self) -> Option<RawControl> {
        let (oid, value) = match self {
            Self::Paged { size, cookie } => (PAGED, Some(vec![integer(i64::from(*size)), octets(cookie)])),
            Self::DirSync { cookie } => {
                // A signed number of 32 bits, as Windows' own clients send it.
                let flags = i64::from((OBJECT_SECURITY | INCREMENTAL_VALUES).cast_signed());
                (DIRSYNC, Some(vec![integer(flags), integer(DIRSYNC_BYTES), octets(cookie)]))
            }
            Self::ShowDeleted => (SHOW_DELETED, None),
            // 1: the GUID as text in its usual form.
            Self::ExtendedDn => (EXTENDED_DN, Some(vec![integer(1)])),
        };
        let val = match value {
            Some(inner) => Some(sequence(inner)?),
            None => None,
        };
        Some(RawControl { ctype: oid.to_owned(), crit: true, val })
    }
}

impl Next {
    /// Reads an answer's controls; the inner `None` when they tell nothing about going on, the outer when one is malformed.
    pub(crate) fn among<'a>(controls: impl IntoIterator<Item = &'a RawControl>) -> Option<Option<Self>> {
        for control in controls {
            match control.ctype.as_str() {
                PAGED => {
                    let [_, cookie] = parts(control)?.try_into().ok()?;
                    return Some(Some(Self::Page(cookie.expect_primitive()?)));
                }
                DIRSYNC => {
                    let [more, _, cookie] = parts(control)?.try_into().ok()?;
                    let more = more.expect_primitive()?.iter().any(|byte| *byte != 0);
                    return Some(Some(Self::DirSync { more, cookie: cookie.expect_primitive()? }));
                }
                _ => {}
            }
        }
        Some(None)
    }
}

fn integer(inner: i64) -> Tag {
    Tag::Integer(Integer { inner, ..Integer::default() })
}

fn octets(bytes: &[u8]) -> Tag {
    Tag::OctetString(OctetString { inner: bytes.to_vec(), ..OctetString::default() })
}

fn sequence(inner: Vec<Tag>) -> Option<Vec<u8>> {
    let mut buffer = BytesMut::new();
    write::encode_into(&mut buffer, Sequence { inner, ..Sequence::default() }.into_structure()).ok()?;
    Some(buffer.to_vec())
}

fn parts(control: &RawControl) -> Option<Vec<StructureTag>> {
    let (_, tag) = parse_tag(control.val.as_deref()?).ok()?;
    tag.expect_constructed()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(oid: &str, value: &[u8]) -> RawControl {
        RawControl { ctype: oid.to_owned(), crit: false, val: Some(value.to_vec()) }
    }

    #[test]
    fn dirsync_asks_with_the_two_flags() {
        let control = Control::DirSync { cookie: b"MSDS".to_vec() }.encode().unwrap();
        assert!(control.crit);
        let expected = [0x30, 17, 2, 4, 0x80, 0, 0, 1, 2, 3, 0x10, 0, 0, 4, 4, b'M', b'S', b'D', b'S'];
        assert_eq!(control.val.unwrap(), expected);
    }

    #[test]
    fn a_page_asks_for_its_size() {
        let control = Control::Paged { size: 500, cookie: Vec::new() }.encode().unwrap();
        assert_eq!(control.val.unwrap(), [0x30, 6, 2, 2, 1, 0xf4, 4, 0]);
        assert_eq!(Control::ExtendedDn.encode().unwrap().val.unwrap(), [0x30, 3, 2, 1, 1]);
        assert_eq!(Control::ShowDeleted.encode().unwrap().val, None);
    }

    #[test]
    fn answers_are_read() {
        let page = answer(PAGED, &[0x30, 6, 2, 1, 0, 4, 1, 7]);
        assert_eq!(Next::among([&page]), Some(Some(Next::Page(vec![7]))));
        let changes = answer(DIRSYNC, &[0x30, 9, 2, 1, 1, 2, 1, 0, 4, 1, 9]);
        assert_eq!(Next::among([&changes]), Some(Some(Next::DirSync { more: true, cookie: vec![9] })));
        assert_eq!(Next::among([&answer("1.2.3", &[])]), Some(None));
        assert_eq!(Next::among([&answer(PAGED, &[0x30, 1])]), None);
        assert_eq!(Next::among([&RawControl { ctype: PAGED.to_owned(), crit: false, val: None }]), None);
    }

    proptest! {
        #[test]
        fn an_odd_answer_is_malformed_and_nothing_more(value in proptest::collection::vec(any::<u8>(), 0..24)) {
            let _ = Next::among([&answer(PAGED, &value)]);
            let _ = Next::among([&answer(DIRSYNC, &value)]);
        }
    }
}
