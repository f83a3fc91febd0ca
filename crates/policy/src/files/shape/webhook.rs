//! The shapes of a webhook: how what a source sends is proven to come from it, and what is done with it. A preset is a
//! file of the shape `Scheme`, as a user may write one.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{At, Every, Read, Sink, Tree};
use crate::settings::webhook::preset_names;

shape! {
    /// A source that sends. Its requests are proven as a preset says, by Standard Webhooks 1.0 when none is named, or
    /// by a scheme of your own.
    Webhook {
        /// Name of the secret with the keys.
        "secret" secret: At<String>,
        /// Whose way of proving requests it is; standard when absent.
        "preset" preset: Option<At<PresetName>>,
        /// A way of your own, in place of preset.
        "scheme" scheme: Option<At<Scheme>>,
        /// The webhook's address as the sender knows it, where that is part of what is signed.
        "url" url: Option<At<String>>,
        /// Path, within the folder, of the file that says how a body becomes persons. Without it a body holds events
        /// with canonical persons.
        "definition" definition: Option<At<String>>,
    }

    /// How a request is proven to come from the source: exactly one of hmac, token and basic, and what goes with it.
    Scheme {
        /// A signature that only who has the key can make.
        "hmac" hmac: Option<At<Hmac>>,
        /// The key itself comes with each request.
        "token" token: Option<At<Token>>,
        /// true: HTTP Basic; the key is user:password.
        "basic" basic: Option<At<bool>>,
        /// When the request was sent, or its event happened.
        "timestamp" timestamp: Option<At<Time>>,
        /// What tells the event from others and is the same when it is sent again.
        "id" id: Option<At<EventId>>,
        /// First calls that are answered without proof, and of which nothing is taken.
        "handshake" handshake: Option<At<Handshake>>,
        /// What a body is; json when absent.
        "content" content: Option<Content>,
    }

    /// A signature by HMAC; header or body says where it is.
    Hmac {
        /// Name of the header.
        "header" header: Option<At<String>>,
        /// Place in the body, names of members with slashes between.
        "body" body: Option<At<String>>,
        /// What stands before it, as sha256=; a value that does not begin so is passed over.
        "prefix" prefix: Option<At<String>>,
        /// The character between several values of one header.
        "separator" separator: Option<At<String>>,
        /// The hash.
        "algorithm" algorithm: Algorithm,
        /// How the signature is written.
        "encoding" encoding: Encoding,
        /// What is signed: a text in which {body}, {body/NAME}, {timestamp}, {id} and {url} stand for parts of the
        /// request.
        "signed" signed: At<String>,
        /// How a key of the secret is written; text when absent.
        "key" key: Option<KeyForm>,
    }

    /// Where the key comes; header or body.
    Token {
        /// Name of the header.
        "header" header: Option<At<String>>,
        /// Place in the body, names of members with slashes between; * is every item of a list.
        "body" body: Option<At<String>>,
        /// What stands before it, as "Bearer ".
        "prefix" prefix: Option<At<String>>,
    }

    /// Where the time is; header or body.
    Time {
        /// Name of the header.
        "header" header: Option<At<String>>,
        /// Place in the body, names of members with slashes between.
        "body" body: Option<At<String>>,
        /// What stands before it.
        "prefix" prefix: Option<At<String>>,
        /// The character between several values of one header.
        "separator" separator: Option<At<String>>,
        /// How it is written.
        "form" form: TimeForm,
        /// How far from now it may be, both ways, as 5m; not looked at when absent. Only for a time that is signed.
        "tolerance" tolerance: Option<At<Every>>,
    }

    /// Where the event's id is; header or body.
    EventId {
        /// Name of the header.
        "header" header: Option<At<String>>,
        /// Place in the body, names of members with slashes between.
        "body" body: Option<At<String>>,
    }

    /// First calls of a sender that wants to know whether somebody is there; any that fits is answered.
    Handshake {
        /// Name of a part of the query whose value is given back as text.
        "query" query: Option<At<String>>,
        /// true: a request without a body.
        "empty" empty: Option<At<bool>>,
        /// Name of a member; a body that holds nothing else.
        "field" field: Option<At<String>>,
        /// A body that is this text, as it is or as JSON.
        "text" text: Option<At<String>>,
    }
}

// The schema names every word, and configuration reads the same ones.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
        pub enum $name { $($(#[$word_doc])* #[schemars(rename = $word)] $variant,)* }

        impl Read for $name {
            fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
                sink.choice(tree, &[$(($word, Self::$variant)),*])
            }
        }
    )*};
}

words! {
    /// The hash of an HMAC.
    Algorithm {
        /// SHA-1; no longer recommended, but sound within an HMAC.
        Sha1 = "sha1",
        /// SHA-256.
        Sha256 = "sha256",
        /// SHA-512.
        Sha512 = "sha512",
    }

    /// How a signature is written.
    Encoding {
        /// Hexadecimal, a to f.
        Hex = "hex",
        /// Hexadecimal, A to F.
        HexUpper = "hexUpper",
        /// Base64 with padding.
        Base64 = "base64",
        /// Base64 for URLs, with or without padding.
        Base64Url = "base64url",
    }

    /// How a key is written in the secret.
    KeyForm {
        /// Its characters are the key.
        Text = "text",
        /// Hexadecimal.
        Hex = "hex",
        /// Base64 with padding.
        Base64 = "base64",
        /// As Standard Webhooks has it: base64 of 24 to 64 bytes, after whsec_ or without it.
        Whsec = "whsec",
    }

    /// How a time is written.
    TimeForm {
        /// Seconds since 1970.
        Seconds = "seconds",
        /// Milliseconds since 1970.
        Milliseconds = "milliseconds",
        /// ISO 8601 with an offset, as 2026-11-24T09:30:00Z.
        Iso = "iso",
    }

    /// What a body is.
    Content {
        /// JSON.
        Json = "json",
        /// The fields of a form, application/x-www-form-urlencoded.
        Form = "form",
    }
}

/// The name of a preset.
#[derive(Clone, Debug)]
pub(crate) struct PresetName(pub(crate) &'static str);

impl Read for PresetName {
    fn read(tree: &Tree, sink: &mut Sink) -> Option<Self> {
        let names: Vec<_> = preset_names().map(|name| (name, name)).collect();
        sink.choice(tree, &names).map(Self)
    }
}

impl JsonSchema for PresetName {
    fn schema_name() -> Cow<'static, str> {
        "Preset".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<_> = preset_names().collect();
        json_schema!({ "description": "Whose way of proving requests it is.", "type": "string", "enum": names })
    }
}
