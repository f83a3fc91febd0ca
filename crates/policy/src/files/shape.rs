//! The shapes of the configuration's files: which keys there are and what each holds. The published JSON Schema is made
//! from the same definitions.

use std::borrow::Cow;
use std::collections::BTreeMap;

use domain::{SourceRole, UserField};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::read::{At, Read, Sink};
use super::tree::{Node, Tree};

// `= value` behind a field: what it counts as when it is refused, so that the rest is still checked.
macro_rules! shape {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $key:literal $field:ident: $type:ty $(= $refused:expr)?,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, JsonSchema)]
        #[schemars(deny_unknown_fields)]
        pub(crate) struct $name { $($(#[$field_doc])* #[schemars(rename = $key)] pub(crate) $field: $type,)* }

        impl Read for $name {
            fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
                let fields = sink.fields(tree, &[$($key),*])?;
                $(let $field = <$type>::read_field(fields.get($key).copied(), tree, $key, sink)$(.or(Some($refused)))?;)*
                Some(Self { $($field: $field?,)* })
            }
        }
    )*};
}

shape! {
    /// A file of the connector's configuration. Every top-level key may stand in any file of the folder, but each in
    /// one file only; rules may be spread over several.
    File {
        /// The organisation whose people these are.
        "organisation" organisation: Option<At<Organisation>> = None,
        /// The Salesforce org and how it is written to.
        "salesforce" salesforce: Option<At<Salesforce>> = None,
        /// Where people come from, the most trusted source first.
        "sources" sources: Option<At<Vec<At<Source>>>> = None,
        /// The Salesforce account: when there is one, and what its fields hold.
        "account" account: Option<At<Account>> = None,
        /// Business rules: who is given what.
        "rules" rules: Option<At<Vec<At<Rule>>>> = None,
        /// Tables for the function `lookup`.
        "lookups" lookups: Option<At<Entries<Entries<TextOrNumber>>>> = None,
    }

    /// The organisation whose people these are.
    Organisation {
        /// IANA time zone, as Europe/Amsterdam. Days begin and end there; also the default of TimeZoneSidKey.
        "timeZone" time_zone: At<String>,
        /// Default of LocaleSidKey; en_US when absent.
        "locale" locale: Option<String>,
        /// Default of LanguageLocaleKey; en_US when absent.
        "language" language: Option<String>,
    }

    /// The Salesforce org and how it is written to.
    Salesforce {
        /// Name of the secret with the org's credentials.
        "secret" secret: At<String>,
        /// The write path; scim when absent.
        "api" api: Option<Api>,
        /// Version of Salesforce's API, in quotes; "66.0" when absent.
        "apiVersion" api_version: Option<At<String>>,
        /// How many persons are written at the same time, 1 to 25; 4 when absent.
        "concurrentWrites" concurrent_writes: Option<At<u16>>,
    }

    /// A system that people data is read from: exactly one of webhook and file says how.
    Source {
        /// Its name in URLs, keys and expressions: a-z, 0-9 and -.
        "name" name: At<String>,
        /// authoritative: it decides which persons exist. dependent: it only adds an account to a person.
        "role" role: Role,
        /// It sends records to POST /webhook/{name}.
        "webhook" webhook: Option<Webhook>,
        /// Its export is read from a file.
        "file" file: Option<Export>,
    }

    /// A source that sends its records.
    Webhook {
        /// Name of the secret with the signing keys.
        "secret" secret: At<String>,
    }

    /// A source whose export is read.
    Export {
        /// Path, within the folder, of the file that describes the export.
        "definition" definition: At<String>,
        /// Path of the export, for reading it on a schedule; without one it is given to `connector import`.
        "path" path: Option<String>,
    }

    /// The Salesforce account.
    Account {
        /// Condition over person and today; true when absent. While it does not hold there is no account.
        "when" when: Option<At<Cel>> = None,
        /// The days around a contract on which the account may be used; from the first to the last day when absent.
        "access" access: Option<Access> = None,
        /// The days before a contract's start on which the account is prepared, inactive; none when absent.
        "create" create: Option<Create> = None,
        /// The fields by which an existing user is found, in this order.
        "correlate" correlate: At<Vec<At<String>>>,
        /// The fields under management; a field that is not named is left alone.
        "attributes" attributes: At<Attributes>,
    }

    /// When the account may be used.
    Access {
        /// Days before a contract's first day; 0 when absent.
        "daysBeforeStart" days_before_start: Option<u16>,
        /// Days after a contract's last day; 0 when absent.
        "daysAfterEnd" days_after_end: Option<u16>,
    }

    /// When the account is prepared.
    Create {
        /// Days before a contract's first day; 0 when absent.
        "daysBeforeStart" days_before_start: Option<u16>,
    }

    /// The long form of an attribute: exactly one of value, literal and candidates.
    AttributeForm {
        /// An expression that gives the value.
        "value" value: Option<At<Cel>>,
        /// Whether a person without the value is held back; only beside value.
        "required" required: Option<At<bool>>,
        /// A text, taken as it is.
        "literal" literal: Option<At<String>>,
        /// Expressions in order of preference; the first whose value is free is taken.
        "candidates" candidates: Option<At<Vec<At<Cel>>>>,
        /// Whether an account that has another value already gets a new one; only beside candidates; false when absent.
        "follow" follow: Option<At<bool>>,
    }

    /// Who is given what.
    Rule {
        /// Name, unique over all files; it is written into the audit log.
        "name" name: At<String>,
        /// Condition over person, contract and today; true when absent.
        "when" when: Option<At<Cel>>,
        /// Name of a profile.
        "profile" profile: Option<At<String>>,
        /// Developer name of a role.
        "role" role: Option<At<String>>,
        /// API names of permission sets.
        "permissionSets" permission_sets: Option<Vec<At<String>>>,
        /// Developer names of public groups.
        "publicGroups" public_groups: Option<Vec<At<String>>>,
    }
}

/// The write path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Api {
    /// SCIM and standard REST; needs nothing installed in the org.
    Scim,
}

impl Read for Api {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        sink.choice(tree, &[("scim", Self::Scim)])
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

/// The source of an expression. A bare `true` or `12` is one too.
#[derive(Clone, Debug)]
pub(crate) struct Cel(pub(crate) String);

impl Read for Cel {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        match &tree.node {
            Node::Text(_) | Node::Bool(_) | Node::Number(_) => Some(Self(tree.node.key())),
            other => {
                sink.error(&tree.place, format!("an expression is needed here, not {}", other.kind()));
                None
            }
        }
    }
}

impl JsonSchema for Cel {
    fn schema_name() -> Cow<'static, str> {
        "Expression".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A CEL expression.", "type": ["string", "boolean", "number"], "maxLength": expression::MAX_SOURCE
        })
    }
}

/// A text, or a number taken as its digits.
#[derive(Clone, Debug)]
pub(crate) struct TextOrNumber(pub(crate) String);

impl Read for TextOrNumber {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        match &tree.node {
            Node::Number(number) => Some(Self(number.to_string())),
            _ => String::read(tree, sink).map(Self),
        }
    }
}

impl JsonSchema for TextOrNumber {
    fn schema_name() -> Cow<'static, str> {
        "TextOrNumber".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number"] })
    }
}

/// Any number of keys of the user's own.
#[derive(Clone, Debug)]
pub(crate) struct Entries<T>(pub(crate) Vec<(At<String>, T)>);

impl<T: Read> Read for Entries<T> {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        let entries = sink.entries(tree)?;
        Some(Self(entries.into_iter().filter_map(|(key, tree)| Some((key, T::read(tree, sink)?))).collect()))
    }
}

impl<T: JsonSchema> JsonSchema for Entries<T> {
    fn schema_name() -> Cow<'static, str> {
        BTreeMap::<String, T>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        BTreeMap::<String, T>::json_schema(generator)
    }

    fn inline_schema() -> bool {
        true
    }
}

/// Fields of the User object.
#[derive(Clone, Debug)]
pub(crate) struct Attributes(pub(crate) Vec<(At<String>, Attribute)>);

impl Read for Attributes {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        Entries::read(tree, sink).map(|entries| Self(entries.0))
    }
}

impl JsonSchema for Attributes {
    fn schema_name() -> Cow<'static, str> {
        "Attributes".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let attribute = generator.subschema_for::<Attribute>();
        let fields = UserField::ALL.iter().map(|field| (field.api_name().to_owned(), attribute.clone().to_value()));
        let fields: serde_json::Map<_, _> = fields.collect();
        json_schema!({ "type": "object", "properties": fields, "additionalProperties": false })
    }
}

/// What a field holds: an expression, or the long form.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub(crate) enum Attribute {
    Short(At<Cel>),
    Long(At<AttributeForm>),
}

impl Read for Attribute {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        match &tree.node {
            Node::Map(_) => At::read(tree, sink).map(Self::Long),
            _ => At::read(tree, sink).map(Self::Short),
        }
    }
}
