//! objectGUID: the key of an object, which survives a rename and a move and is never given again. Active Directory keeps
//! 16 bytes of which the first three groups are little-endian (MS-DTYP 2.3.4.2).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An object's key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Guid([u8; 16]);

/// A text or value that is no GUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no GUID")]
pub struct NoGuid;

/// Which stored byte stands at which place of the text.
const ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

impl Guid {
    /// From the attribute's value.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The attribute's value, as a filter needs it.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// A base for a search of the object, wherever it is now (MS-ADTS 3.1.1.3.1.2.4).
    pub(crate) fn as_base(self) -> String {
        format!("<GUID={self}>")
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, &byte) in ORDER.iter().enumerate() {
            if matches!(place, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{:02x}", self.0[byte])?;
        }
        Ok(())
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Guid({self})")
    }
}

impl FromStr for Guid {
    type Err = NoGuid;

    fn from_str(text: &str) -> Result<Self, NoGuid> {
        let groups: Vec<&str> = text.split('-').collect();
        if groups.iter().map(|group| group.len()).ne([8, 4, 4, 4, 12]) {
            return Err(NoGuid);
        }
        let digits: Vec<u8> = groups.concat().into_bytes();
        let mut bytes = [0; 16];
        for (place, pair) in digits.chunks_exact(2).enumerate() {
            let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
            let (high, low) = (digit(pair[0]).ok_or(NoGuid)?, digit(pair[1]).ok_or(NoGuid)?);
            bytes[ORDER[place]] = high << 4 | low;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Guid {
    type Error = NoGuid;

    fn try_from(text: String) -> Result<Self, NoGuid> {
        text.parse()
    }
}

impl From<Guid> for String {
    fn from(guid: Guid) -> Self {
        guid.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_three_groups_are_turned_around() {
        let bytes: Vec<u8> = (0..16).collect();
        let guid = Guid::from_bytes(&bytes).unwrap();
        assert_eq!(guid.to_string(), "03020100-0504-0706-0809-0a0b0c0d0e0f");
        assert_eq!("03020100-0504-0706-0809-0A0B0C0D0E0F".parse(), Ok(guid));
        assert_eq!(guid.as_base(), "<GUID=03020100-0504-0706-0809-0a0b0c0d0e0f>");
    }

    #[test]
    fn anything_else_is_no_guid() {
        assert_eq!(Guid::from_bytes(&[0; 15]), None);
        for text in ["", "03020100-0504-0706-0809", "030201000504-0706-0809-0a0b-0c0d0e0f", "ü".repeat(36).as_str()] {
            assert!(text.parse::<Guid>().is_err(), "{text}");
        }
        assert!("0302010g-0504-0706-0809-0a0b0c0d0e0f".parse::<Guid>().is_err());
    }

    proptest! {
        #[test]
        fn text_and_bytes_round_trip(bytes: [u8; 16]) {
            let guid = Guid(bytes);
            prop_assert_eq!(guid.to_string().parse(), Ok(guid));
        }

        #[test]
        fn no_text_is_too_odd_to_be_refused(text in ".{0,40}") {
            let _ = text.parse::<Guid>();
        }
    }
}
