//! Salesforce record ids: 15 case-sensitive characters, or 18 with a checksum that makes them safe to compare without
//! case. Kept in the 18-character form.

use std::fmt;

use super::IdError;

/// A Salesforce record id in its 18-character form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SalesforceId(String);

impl SalesforceId {
    /// Takes 15 or 18 characters; a wrong checksum is refused.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let error = |rule| IdError { kind: "Salesforce id", rule };
        if !text.bytes().all(|b| b.is_ascii_alphanumeric()) || !(text.len() == 15 || text.len() == 18) {
            return Err(error("15 or 18 letters and digits"));
        }
        let (base, given) = text.split_at(15);
        let checksum = checksum(base);
        if !given.is_empty() && given != checksum {
            return Err(error("its last three characters are not its checksum"));
        }
        Ok(Self(format!("{base}{checksum}")))
    }

    /// The 18 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The three characters that tell the object: `005` User, `00e` Profile, `0PS` PermissionSet …
    pub fn prefix(&self) -> &str {
        &self.0[..3]
    }
}

/// The three characters that encode which of the fifteen are upper case, five at a time
/// (help.salesforce.com, "Converting 15-character ids to 18").
fn checksum(base: &str) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
    base.as_bytes()
        .chunks(5)
        .map(|chunk| {
            let bits = chunk.iter().rev().fold(0_usize, |bits, b| bits << 1 | usize::from(b.is_ascii_uppercase()));
            char::from(ALPHABET[bits])
        })
        .collect()
}

impl TryFrom<String> for SalesforceId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<SalesforceId> for String {
    fn from(id: SalesforceId) -> Self {
        id.0
    }
}

impl fmt::Display for SalesforceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SalesforceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of a Salesforce user (`005…`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SalesforceUserId(SalesforceId);

impl SalesforceUserId {
    /// Takes a Salesforce id that begins with `005`.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let id = SalesforceId::parse(text)?;
        if id.prefix() == "005" {
            Ok(Self(id))
        } else {
            Err(IdError { kind: "Salesforce user id", rule: "it begins with 005" })
        }
    }

    /// The 18 characters.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// As an id of any object.
    pub fn as_id(&self) -> &SalesforceId {
        &self.0
    }
}

impl TryFrom<String> for SalesforceUserId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<SalesforceUserId> for String {
    fn from(id: SalesforceUserId) -> Self {
        id.0.0
    }
}

impl fmt::Display for SalesforceUserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifteen_characters_get_their_checksum() {
        // Ids printed in Salesforce's public SCIM documentation.
        let user = SalesforceUserId::parse("005RM000002FZAl").unwrap();
        assert_eq!(user.as_str(), "005RM000002FZAlYAO");
        assert_eq!(SalesforceUserId::parse("005RM000002FZAlYAO").unwrap(), user);
    }

    #[test]
    fn wrong_ids_are_refused() {
        for bad in ["", "005", "005RM000002FZAlYAA", "005RM000002FZA'YAO", "00eRM000002FZAl", "005RM000002FZAl "] {
            assert!(SalesforceUserId::parse(bad).is_err(), "{bad:?}");
        }
    }
}
