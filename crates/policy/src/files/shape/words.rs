//! Words and short forms that configuration uses: one of a few, or a number of days.

use std::borrow::Cow;
use std::time::Duration;

use domain::{Ownership, SourceRole};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::files::read::{Read, Sink};
use crate::files::tree::{Node, Tree};

/// The write path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Api {
    /// SCIM and standard REST; needs nothing installed in the org.
    Scim,
    /// The Apex REST service, installed in the org: many persons in each call.
    Apex,
}

impl Read for Api {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        sink.choice(tree, &[("scim", Self::Scim), ("apex", Self::Apex)])
    }
}

/// What a source decides.
#[derive(Clone, Copy, Debug, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub(crate) enum Role {
    Authoritative,
    Dependent,
}

impl Read for Role {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        sink.choice(tree, &[("authoritative", Self::Authoritative), ("dependent", Self::Dependent)])
    }
}

impl From<Role> for SourceRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Authoritative => Self::Authoritative,
            Role::Dependent => Self::Dependent,
        }
    }
}

/// What it means when a record no longer comes in a complete read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum Absence {
    /// The person has left, or the account is gone.
    Leaver,
    /// Nothing.
    #[default]
    Ignore,
    /// A person must look at it.
    Hold,
}

impl Read for Absence {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        sink.choice(tree, &[("leaver", Self::Leaver), ("ignore", Self::Ignore), ("hold", Self::Hold)])
    }
}

/// What is done about a change that somebody made in the org by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum DriftAnswer {
    /// It is set right, and the audit log says so.
    Repair,
    /// It stays, and the administrator is told.
    Report,
    /// It stays.
    Accept,
}

impl Read for DriftAnswer {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        sink.choice(tree, &[("repair", Self::Repair), ("report", Self::Report), ("accept", Self::Accept)])
    }
}

/// What is done with entitlements of a kind that others gave.
#[derive(Clone, Copy, Debug, JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub(crate) enum Mode {
    /// Give what rules give, take back what the connector gave.
    Own,
    /// Give what rules give, take everything else.
    Exact,
    /// Give what rules give, take nothing.
    AddOnly,
    /// Give and take nothing.
    Observe,
}

impl Read for Mode {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        let modes =
            [("own", Self::Own), ("exact", Self::Exact), ("addOnly", Self::AddOnly), ("observe", Self::Observe)];
        sink.choice(tree, &modes)
    }
}

impl From<Mode> for Ownership {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Own => Self::Own,
            Mode::Exact => Self::Exact,
            Mode::AddOnly => Self::AddOnly,
            Mode::Observe => Self::Observe,
        }
    }
}

/// A number of days: `immediately`, or as `7d`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Days(pub(crate) u16);

impl Read for Days {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        let days = match &tree.node {
            Node::Text(text) if text == "immediately" => Some(0),
            Node::Text(text) => text.strip_suffix('d').and_then(days),
            _ => None,
        };
        if days.is_none() {
            sink.error(&tree.place, "`immediately` or a number of days up to 9999, as `7d`, is needed here");
        }
        days.map(Self)
    }
}

fn days(digits: &str) -> Option<u16> {
    let plain = (1..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

impl JsonSchema for Days {
    fn schema_name() -> Cow<'static, str> {
        "Days".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "`immediately`, or a number of days, as `7d`.", "type": "string",
            "pattern": "^(immediately|[0-9]{1,4}d)$"
        })
    }
}

/// A period between two reads: a number of minutes, hours or days, as `15m`, `6h`, `1d`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Every(pub(crate) Duration);

impl Read for Every {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        let period = match &tree.node {
            Node::Text(text) => period(text),
            _ => None,
        };
        if period.is_none() {
            sink.error(&tree.place, "a period from 1m to 366d, as `15m`, `6h` or `1d`, is needed here");
        }
        period.map(Self)
    }
}

fn period(text: &str) -> Option<Duration> {
    let unit = match text.chars().last()? {
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    let seconds = u64::from(days(text.get(..text.len() - 1)?)?) * unit;
    (60..=366 * 86_400).contains(&seconds).then(|| Duration::from_secs(seconds))
}

impl JsonSchema for Every {
    fn schema_name() -> Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number of minutes, hours or days, as `15m`, `6h` or `1d`.", "type": "string",
            "pattern": "^[0-9]{1,4}[mhd]$"
        })
    }
}
