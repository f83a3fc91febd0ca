//! Record ids: fifteen case-sensitive characters, or eighteen with a checksum that makes them safe against case folding.
//!
//! Shape and prefixes as in recordings (`005…` users, `00e…` profiles, …) [rec].

use std::fmt;

use serde::{Serialize, Serializer};

const SUFFIX: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The id of a record. Kept and shown in its eighteen-character form; both forms parse to the same value.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(String);

/// The text is not a record id: wrong length, wrong characters or a checksum that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed id {0}")]
pub struct MalformedId(pub String);

impl Id {
    /// Reads an id of fifteen or eighteen characters. In the long form the case of the letters is taken from the
    /// checksum, so a case-folded long id still names its record.
    ///
    /// # Errors
    /// [`MalformedId`] when the text has another length, other characters or an impossible checksum.
    pub fn parse(text: &str) -> Result<Self, MalformedId> {
        let bad = || MalformedId(text.to_owned());
        if !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(bad());
        }
        match text.len() {
            15 => Ok(Self(format!("{text}{}", checksum(text)))),
            18 => {
                let (head, tail) = text.split_at(15);
                let restored = restore_case(head, tail).ok_or_else(bad)?;
                Ok(Self(format!("{restored}{}", checksum(&restored))))
            }
            _ => Err(bad()),
        }
    }

    /// The `number`-th id of a kind of record: `prefix` is its three-character key prefix.
    #[must_use]
    pub fn numbered(prefix: &str, number: u64) -> Self {
        let mut digits = [b'0'; 9];
        let mut rest = number;
        for digit in digits.iter_mut().rev() {
            *digit = BASE62[usize::try_from(rest % 62).unwrap_or(0)];
            rest /= 62;
        }
        let short = format!("{prefix}Wz0{}", String::from_utf8_lossy(&digits));
        let sum = checksum(&short);
        Self(short + &sum)
    }

    /// The eighteen-character form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The fifteen-character form.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..15]
    }

    /// The first three characters, which tell the kind of record.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.0[..3]
    }
}

/// The three characters that follow a fifteen-character id: one per five characters, its bits saying which are capitals.
#[must_use]
pub fn checksum(fifteen: &str) -> String {
    fifteen
        .as_bytes()
        .chunks(5)
        .map(|chunk| {
            let bits = chunk.iter().rev().fold(0, |sum, b| (sum << 1) | usize::from(b.is_ascii_uppercase()));
            char::from(SUFFIX[bits & 31])
        })
        .collect()
}

fn restore_case(head: &str, tail: &str) -> Option<String> {
    let mut out = String::with_capacity(15);
    for (chunk, mark) in head.as_bytes().chunks(5).zip(tail.bytes()) {
        let mark = mark.to_ascii_uppercase();
        let bits = SUFFIX.iter().position(|s| *s == mark)?;
        for (place, byte) in chunk.iter().enumerate() {
            let capital = bits >> place & 1 == 1;
            if capital && !byte.is_ascii_alphabetic() {
                return None;
            }
            out.push(char::from(if capital { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() }));
        }
    }
    Some(out)
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Pairs of short and long ids as they appear in public recordings of other people's orgs.
    #[test]
    fn checksum_of_known_ids() {
        for (short, sum) in [("005dM00000aYaE3", "QAK"), ("001xx000003DHP0", "AAO"), ("00DdM00000vfgTu", "UAI")] {
            assert_eq!(checksum(short), sum, "{short}");
        }
    }

    #[test]
    fn refuses_what_is_no_id() {
        for text in ["", "abc123", "005dM00000aYaE3Q", "005dM00000aYaE!", "001000000000000BBB"] {
            assert!(Id::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn both_forms_name_the_same_record(short in "[0-9A-Za-z]{15}") {
            let id = Id::parse(&short).unwrap();
            prop_assert_eq!(id.short(), short.as_str());
            prop_assert_eq!(&Id::parse(id.as_str()).unwrap(), &id);
            prop_assert_eq!(&Id::parse(&id.as_str().to_lowercase()).unwrap(), &id);
            prop_assert_eq!(&Id::parse(&id.as_str().to_uppercase()).unwrap(), &id);
        }

        #[test]
        fn numbered_ids_keep_their_order(a in 0u64..10_000_000, b in 0u64..10_000_000) {
            prop_assert_eq!(a.cmp(&b), Id::numbered("005", a).cmp(&Id::numbered("005", b)));
        }
    }
}
