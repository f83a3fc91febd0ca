//! A user of the directory in neutral form: attributes as texts and lists of texts, and what the many bits and times of
//! an account amount to. Built from one entry, pure.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::RecordError;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use crate::entry::{Entry, ObjectName};
use crate::guid::Guid;
use crate::schema::{Schema, Syntax};
use crate::sid::Sid;
use crate::time::{Expiry, filetime, generalized};

/// A user.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// objectGUID: the record's key.
    pub key: Guid,
    /// Distinguished name, which changes with a rename or a move.
    pub dn: String,
    /// objectSid.
    pub sid: Option<Sid>,
    /// Attributes by their names as configured; none that is missing.
    pub attributes: BTreeMap<String, Content>,
    /// Names that are configured, whether there or not.
    names: Vec<String>,
    /// Whether the account can be used.
    pub status: Status,
    /// The manager.
    pub manager: Option<Manager>,
    /// Names of the groups that the user is in, sorted; `None` when groups are not read.
    pub groups: Option<Vec<String>>,
}

/// What an attribute holds.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// Of an attribute with one value.
    Text(String),
    /// Of an attribute that may have many.
    List(Vec<String>),
}

/// Whether an account can be used, and why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Switched off by an administrator.
    pub disabled: bool,
    /// When it ends.
    pub expires: Expiry,
    /// Whether that has passed.
    pub expired: bool,
    /// The last day on which it can be used.
    pub last_day: Option<Date>,
    /// Locked for a while, after wrong passwords.
    pub locked: bool,
    /// The password is no longer good, or must be changed first.
    pub password_expired: bool,
    /// When the password was last set.
    pub password_set: Option<Timestamp>,
}

/// A user's manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manager {
    /// objectGUID.
    pub key: Guid,
    /// What the join attribute holds there.
    pub id: Option<String>,
}

/// The moment of a read and the zone in which its days are counted.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Now.
    pub now: Timestamp,
    /// The organisation's time zone.
    pub zone: TimeZone,
}

/// Attributes beside the configured ones that a record is made of.
pub(crate) const STATE: [&str; 7] = [
    "objectGUID",
    "objectSid",
    "primaryGroupID",
    "userAccountControl",
    "msDS-User-Account-Control-Computed",
    "accountExpires",
    "pwdLastSet",
];

/// The largest value of one attribute; a photo in full size is no use to anybody here.
const MAX_VALUE: usize = 64 * 1024;

impl Status {
    /// Whether its user can use the account, a passing lock and an expired password aside: both heal by themselves.
    pub fn is_enabled(&self) -> bool {
        !self.disabled && !self.expired
    }

    /// Bits of userAccountControl (MS-ADTS 2.2.16) and of its computed counterpart, which is where lock and password
    /// state are told truly.
    fn of(entry: &Entry, moment: &Moment) -> Result<Self, RecordError> {
        const DISABLED: u32 = 0x2;
        const LOCKED: u32 = 0x10;
        const PASSWORD_EXPIRED: u32 = 0x80_0000;
        let control = number::<i32>(entry, "userAccountControl")?.ok_or_else(|| {
            RecordError::new("userAccountControl", "it is missing; perhaps the reading account may not see it")
        })?;
        let computed = number::<i32>(entry, "msDS-User-Account-Control-Computed")?.unwrap_or_default();
        let (control, computed) = (control.cast_unsigned(), computed.cast_unsigned());
        let expires = match entry.text("accountExpires")? {
            None => Expiry::Never,
            Some(text) => Expiry::parse(text)
                .ok_or_else(|| RecordError::new("accountExpires", "it is no time of the directory"))?,
        };
        let password_set = number::<i64>(entry, "pwdLastSet")?;
        Ok(Self {
            disabled: control & DISABLED != 0,
            expires,
            expired: expires.is_over(moment.now),
            last_day: expires.last_day(&moment.zone),
            locked: computed & LOCKED != 0,
            password_expired: computed & PASSWORD_EXPIRED != 0 || password_set == Some(0),
            password_set: password_set.filter(|units| *units > 0).and_then(filetime),
        })
    }
}

impl Record {
    /// Makes a record of a whole entry. Manager and groups are not in the entry; they are added by who knows them.
    ///
    /// # Errors
    /// The attribute that is wrong, and what is wrong with it.
    pub fn of(entry: &Entry, names: &[&str], schema: &Schema, moment: &Moment) -> Result<Self, RecordError> {
        let key = entry.key().ok_or_else(|| RecordError::new("objectGUID", "it is missing"))?;
        let mut attributes = BTreeMap::new();
        for name in names {
            if let Some(content) = content(entry, name, schema)? {
                attributes.insert((*name).to_owned(), content);
            }
        }
        Ok(Self {
            key,
            dn: entry.name.dn.clone(),
            sid: entry.bytes("objectSid").and_then(Sid::from_bytes),
            attributes,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            status: Status::of(entry, moment)?,
            manager: None,
            groups: None,
        })
    }

    /// The text of an attribute with one value.
    pub fn text(&self, attribute: &str) -> Option<&str> {
        match self.attributes.get(attribute)? {
            Content::Text(text) => Some(text),
            Content::List(_) => None,
        }
    }

    /// The record as the `row` of a mapping: every attribute by its name, null where it is missing, and what is made of
    /// several attributes under names of its own.
    pub fn row(&self) -> Value {
        let text = |text: Option<String>| text.map_or(Value::Null, Value::from);
        let mut row: Map<String, Value> = self
            .names
            .iter()
            .map(|name| (name.clone(), self.attributes.get(name).map_or(Value::Null, Content::to_json)))
            .collect();
        let expires = match self.status.expires {
            Expiry::Never => None,
            Expiry::At(end) => Some(end.to_string()),
        };
        row.extend([
            ("key".to_owned(), Value::from(self.key.to_string())),
            ("dn".to_owned(), Value::from(self.dn.as_str())),
            ("sid".to_owned(), text(self.sid.as_ref().map(ToString::to_string))),
            ("enabled".to_owned(), Value::from(self.status.is_enabled())),
            ("locked".to_owned(), Value::from(self.status.locked)),
            ("expires".to_owned(), text(expires)),
            ("lastDay".to_owned(), text(self.status.last_day.map(|day| day.to_string()))),
            ("managerKey".to_owned(), text(self.manager.as_ref().map(|manager| manager.key.to_string()))),
            ("managerId".to_owned(), text(self.manager.as_ref().and_then(|manager| manager.id.clone()))),
            ("groups".to_owned(), Value::from(self.groups.clone().unwrap_or_default())),
        ]);
        Value::Object(row)
    }
}

/// Without names and values, which are personal data.
impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record")
            .field("key", &self.key)
            .field("enabled", &self.status.is_enabled())
            .finish_non_exhaustive()
    }
}

impl Content {
    /// As JSON.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => Value::from(text.as_str()),
            Self::List(texts) => Value::from(texts.as_slice()),
        }
    }
}

/// Without the values.
impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text",
            Self::List(_) => "List",
        })
    }
}

fn content(entry: &Entry, name: &str, schema: &Schema) -> Result<Option<Content>, RecordError> {
    let Some(values) = entry.values(name).filter(|values| !values.is_empty()) else { return Ok(None) };
    let kind = schema.of(name).ok_or_else(|| RecordError::new(name, "the directory has no such attribute"))?;
    let texts = values.iter().map(|value| value_text(value, name, kind.syntax)).collect::<Result<Vec<_>, _>>()?;
    if !kind.single {
        return Ok(Some(Content::List(texts)));
    }
    match <[String; 1]>::try_from(texts) {
        Ok([text]) => Ok(Some(Content::Text(text))),
        Err(_) => Err(RecordError::new(name, "it has several values and may have one")),
    }
}

fn value_text(value: &[u8], name: &str, syntax: Syntax) -> Result<String, RecordError> {
    let wrong = |reason: &str| RecordError::new(name, reason);
    if value.len() > MAX_VALUE {
        return Err(wrong("a value has more than 64 kB"));
    }
    let text = || std::str::from_utf8(value).map_err(|_| wrong("it is no text"));
    match syntax {
        Syntax::Binary if name.eq_ignore_ascii_case("objectGUID") => {
            Guid::from_bytes(value).map(|guid| guid.to_string()).ok_or_else(|| wrong("it is no GUID"))
        }
        Syntax::Binary => Ok(STANDARD.encode(value)),
        Syntax::Sid => Sid::from_bytes(value).map(|sid| sid.to_string()).ok_or_else(|| wrong("it is no SID")),
        Syntax::Time => {
            let time = generalized(text()?).ok_or_else(|| wrong("it is no time of the directory"))?;
            Ok(time.to_string())
        }
        Syntax::Link => Ok(ObjectName::parse(text()?).dn),
        Syntax::Text => Ok(text()?.to_owned()),
    }
}

fn number<N: std::str::FromStr>(entry: &Entry, attribute: &str) -> Result<Option<N>, RecordError> {
    let number = |text: &str| text.parse().map_err(|_| RecordError::new(attribute, "it is no number"));
    entry.text(attribute)?.map(number).transpose()
}

/// primaryGroupID, which is not part of memberOf.
pub(crate) fn primary_group(entry: &Entry) -> Result<Option<u32>, RecordError> {
    number(entry, "primaryGroupID")
}

#[cfg(test)]
pub(crate) mod tests;
