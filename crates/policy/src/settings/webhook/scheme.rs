//! A scheme: how a request is proven, where its time and its event's id are, and which first calls are answered.

use std::time::Duration;

use super::signed::{SignedPart, parse};
use super::{Algorithm, Content, Encoding, KeyForm, TimeForm};
use crate::files::{At, Sink, shape};
use crate::problems::Place;

/// The longest tolerance: a caught request is good for as long.
const LONGEST_TOLERANCE: Duration = Duration::from_secs(3600);

/// How a request is proven to come from the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// The proof.
    pub proof: Proof,
    /// When the request was sent, or its event happened.
    pub timestamp: Option<SentAt>,
    /// What tells the event from others.
    pub id: Option<RequestValue>,
    /// First calls that are answered without proof.
    pub handshake: Handshake,
    /// What a body is.
    pub content: Content,
}

/// What proves a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// A signature.
    Hmac(Hmac),
    /// The key itself, in each of the places.
    Token(RequestValue),
    /// HTTP Basic with the key as `user:password`.
    Basic,
}

/// A signature by HMAC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hmac {
    /// Where it is.
    pub signature: RequestValue,
    /// The hash.
    pub algorithm: Algorithm,
    /// How it is written.
    pub encoding: Encoding,
    /// What is signed.
    pub signed: Vec<SignedPart>,
    /// How a key is written.
    pub key: KeyForm,
}

/// A value of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestValue {
    /// Where it is.
    pub within: Within,
    /// What stands before it; a value that does not begin so is not meant.
    pub prefix: String,
    /// Between several values of one header.
    pub separator: Option<char>,
}

/// A place in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Within {
    /// The header of that name, in lower case.
    Header(String),
    /// Names of members down to the value; `*` is every item of a list, in tokens only.
    Body(Vec<String>),
}

/// The time of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentAt {
    /// Where it is.
    pub value: RequestValue,
    /// How it is written.
    pub form: TimeForm,
    /// How far from now it may be. Only where the time is signed, so that an old request can't be sent anew.
    pub tolerance: Option<Duration>,
}

/// First calls that are answered without proof and of which nothing is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handshake {
    /// This part of the query is given back as text.
    pub query: Option<String>,
    /// A request without a body.
    pub empty: bool,
    /// A body with this member alone.
    pub field: Option<String>,
    /// A body that is this text.
    pub text: Option<String>,
}

impl Scheme {
    /// Whether all of the body is as the sender sent it: signed, or brought by who knows the key.
    pub fn covers_body(&self) -> bool {
        match &self.proof {
            Proof::Hmac(hmac) => hmac.signed.contains(&SignedPart::Body),
            Proof::Token(_) | Proof::Basic => true,
        }
    }

    /// Whether the address is signed.
    pub fn signs_url(&self) -> bool {
        matches!(&self.proof, Proof::Hmac(hmac) if hmac.signed.contains(&SignedPart::Url))
    }

    /// Whether an old request is told by its time, so that what somebody caught can't be sent again.
    pub fn tells_old(&self) -> bool {
        self.timestamp.as_ref().is_some_and(|timestamp| timestamp.tolerance.is_some())
    }

    /// Whether the event's id is as the sender sent it, so that a repetition is told by it.
    pub fn covers_id(&self) -> bool {
        self.id.as_ref().is_some_and(|id| covers(&self.proof, id, &SignedPart::Id))
    }

    /// How a key of the secret is written.
    pub fn key_form(&self) -> KeyForm {
        match &self.proof {
            Proof::Hmac(hmac) => hmac.key,
            Proof::Token(_) | Proof::Basic => KeyForm::Text,
        }
    }
}

/// Whether a value can't be changed on its way: it is signed by itself or with the body.
fn covers(proof: &Proof, value: &RequestValue, part: &SignedPart) -> bool {
    let Proof::Hmac(hmac) = proof else { return true };
    let within = |signed: &SignedPart| match (signed, &value.within) {
        (SignedPart::Body, Within::Body(_)) => true,
        (SignedPart::Member(member), Within::Body(path)) => path.starts_with(member),
        (signed, _) => signed == part,
    };
    hmac.signed.iter().any(within)
}

/// A scheme as it is written.
pub(super) fn scheme(At { place, value: shape }: &At<shape::Scheme>, sink: &mut Sink) -> Option<Scheme> {
    let content = shape.content.unwrap_or(Content::Json);
    let proof = match (&shape.hmac, &shape.token, &shape.basic) {
        (Some(hmac), None, None) => self::hmac(hmac, content, sink).map(Proof::Hmac),
        (None, Some(At { place, value: token }), None) => {
            let value = Source { header: &token.header, body: &token.body, prefix: &token.prefix, separator: &None };
            value.read(place, content, true, sink).map(Proof::Token)
        }
        (None, None, Some(basic)) if basic.value => Some(Proof::Basic),
        _ => {
            sink.error(place, "a scheme has exactly one of `hmac`, `token` and `basic: true`");
            None
        }
    };
    let timestamp = shape.timestamp.as_ref().map(|at| time(at, content, sink));
    let id = shape.id.as_ref().map(|At { place, value: id }| {
        let value = Source { header: &id.header, body: &id.body, prefix: &None, separator: &None };
        value.read(place, content, false, sink)
    });
    let handshake = shape.handshake.as_ref().map_or(Some(Handshake::default()), |at| handshake(at, sink));
    // What is needed must be there, even when it was refused for another reason.
    if let Some(At { value: hmac, .. }) = &shape.hmac {
        let (time, id) = (shape.timestamp.is_some(), shape.id.is_some());
        for (part, name, there) in [("{timestamp}", "timestamp", time), ("{id}", "id", id)] {
            if hmac.signed.value.contains(part) && !there {
                sink.error(&hmac.signed.place, format!("{part} is signed, but there is no `{name}` in the scheme"));
            }
        }
    }
    let scheme = Scheme {
        proof: proof?,
        timestamp: timestamp.map_or(Some(None), |time| time.map(Some))?,
        id: id.map_or(Some(None), |id| id.map(Some))?,
        handshake: handshake?,
        content,
    };
    let tolerance = shape.timestamp.as_ref().and_then(|time| time.value.tolerance.as_ref());
    if let (Some(tolerance), Some(time)) = (tolerance, &scheme.timestamp)
        && !(matches!(scheme.proof, Proof::Hmac(_)) && covers(&scheme.proof, &time.value, &SignedPart::Timestamp))
    {
        sink.error(&tolerance.place, "the time is not signed: whoever sends an old request again can write a new one");
        return None;
    }
    Some(scheme)
}

fn hmac(At { place, value: shape }: &At<shape::Hmac>, content: Content, sink: &mut Sink) -> Option<Hmac> {
    let value = Source { header: &shape.header, body: &shape.body, prefix: &shape.prefix, separator: &shape.separator };
    let signature = value.read(place, content, false, sink);
    let signed = parse(&shape.signed.value, content);
    if let Err(reason) = &signed {
        sink.error(&shape.signed.place, reason);
    }
    Some(Hmac {
        signature: signature?,
        algorithm: shape.algorithm,
        encoding: shape.encoding,
        signed: signed.ok()?,
        key: shape.key.unwrap_or(KeyForm::Text),
    })
}

fn time(At { place, value: shape }: &At<shape::Time>, content: Content, sink: &mut Sink) -> Option<SentAt> {
    let value = Source { header: &shape.header, body: &shape.body, prefix: &shape.prefix, separator: &shape.separator };
    let value = value.read(place, content, false, sink);
    let tolerance = shape.tolerance.as_ref().map(|at| at.value.0);
    if let Some(At { place, .. }) = shape.tolerance.as_ref().filter(|at| at.value.0 > LONGEST_TOLERANCE) {
        sink.error(place, "1h is the most: a request that somebody caught is good for as long");
        return None;
    }
    Some(SentAt { value: value?, form: shape.form, tolerance })
}

fn handshake(At { place, value: shape }: &At<shape::Handshake>, sink: &mut Sink) -> Option<Handshake> {
    let texts = [&shape.query, &shape.field, &shape.text];
    for At { place, .. } in texts.into_iter().flatten().filter(|at| at.value.is_empty()) {
        sink.error(place, "it is empty");
    }
    if let Some(At { place, .. }) = shape.empty.as_ref().filter(|empty| !empty.value) {
        sink.error(place, "only true has a meaning here");
    }
    if texts.iter().all(|text| text.is_none()) && shape.empty.is_none() {
        sink.error(place, "a handshake has at least one of `query`, `empty`, `field` and `text`");
    }
    let text = |at: &Option<At<String>>| at.as_ref().map(|at| at.value.clone());
    Some(Handshake {
        query: text(&shape.query),
        empty: shape.empty.is_some(),
        field: text(&shape.field),
        text: text(&shape.text),
    })
}

/// The keys that say where a value is.
struct Source<'s> {
    header: &'s Option<At<String>>,
    body: &'s Option<At<String>>,
    prefix: &'s Option<At<String>>,
    separator: &'s Option<At<String>>,
}

impl Source<'_> {
    fn read(&self, place: &Place, content: Content, several: bool, sink: &mut Sink) -> Option<RequestValue> {
        let within = match (self.header, self.body) {
            (Some(header), None) => header_name(header, sink).map(Within::Header),
            (None, Some(path)) => body_path(path, content, several, sink).map(Within::Body),
            _ => {
                sink.error(place, "exactly one of `header` and `body` says where it is");
                None
            }
        };
        let separator = match self.separator.as_ref().map(|at| (at, single(&at.value))) {
            None => None,
            Some((_, Some(c))) if self.header.is_some() => Some(c),
            Some((at, _)) => {
                sink.error(&at.place, "one character between the values of a header is needed here, as \",\"");
                return None;
            }
        };
        let prefix = self.prefix.as_ref().map(|at| at.value.clone()).unwrap_or_default();
        Some(RequestValue { within: within?, prefix, separator })
    }
}

fn single(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|c| chars.next().is_none() && (c.is_ascii_punctuation() || *c == ' '))
}

/// Letters, digits, `-` and `_`: what names of headers are made of in practice (RFC 9110, section 5.6.2, allows more).
fn header_name(At { place, value: name }: &At<String>, sink: &mut Sink) -> Option<String> {
    let good = (1..=100).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !good {
        sink.error(place, "the name of a header is needed here: 1 to 100 letters, digits, - and _");
    }
    good.then(|| name.to_ascii_lowercase())
}

fn body_path(at: &At<String>, content: Content, several: bool, sink: &mut Sink) -> Option<Vec<String>> {
    let path = names(&at.value);
    let told = match &path {
        None => "a place is names of members with slashes between, as data/employee/id",
        Some(path) if path.len() > 1 && content == Content::Form => "a form's fields have no members",
        Some(path) if path.iter().any(|name| name == "*") && !several => "only a token may stand in several places",
        Some(_) => return path,
    };
    sink.error(&at.place, told);
    None
}

/// The names of a place in a body.
pub(super) fn names(text: &str) -> Option<Vec<String>> {
    let names: Vec<_> = text.split('/').map(str::to_owned).collect();
    let good = names.len() <= 16 && names.iter().all(|name| !name.is_empty() && name.trim() == name);
    good.then_some(names)
}
