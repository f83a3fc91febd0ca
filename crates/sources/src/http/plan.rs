//! A definition of an HTTP source, compiled: nothing in it can be wrong any more but what only the source can tell.

use std::time::Duration;

use expression::Expression;
use http::{HeaderName, HeaderValue, Method};
use ports::SecretName;
use serde_json::Value;
use url::{Origin, Url};

use super::path::{Key, Path};
use super::template::{Body, Template};
pub(crate) use crate::definition::{AlgorithmForm, EncodingForm, HowForm, PlaceForm, SendForm, ThumbprintForm};
use crate::formats::Format;
use crate::mapping::{AccountMapping, Mapping};

/// All of a definition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    /// Tells whether a stored state belongs to this definition.
    pub(crate) fingerprint: String,
    pub(crate) settings: Value,
    pub(crate) connection: Connection,
    pub(crate) auth: Auth,
    pub(crate) streams: Vec<Stream>,
    /// The stream with one row for each record.
    pub(crate) root: usize,
    pub(crate) joins: Vec<Join>,
    pub(crate) incremental: Option<Incremental>,
    pub(crate) absence: Absence,
    pub(crate) subject: Subject,
}

/// What a record becomes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Subject {
    Person(Mapping),
    Account(AccountMapping),
}

/// What it means when a record that came before no longer comes in a complete read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// The person has left.
    Leaver,
    /// Nothing.
    Ignore,
    /// An operator decides.
    Hold,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Connection {
    /// Its path ends with a slash.
    pub(crate) base: Url,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) timeout: Duration,
    pub(crate) pause: Duration,
    pub(crate) per_minute: Option<u32>,
    pub(crate) per_day: Option<u32>,
    pub(crate) longest_query: Option<usize>,
    pub(crate) retry: Retry,
    pub(crate) error_code: Option<Path>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Retry {
    pub(crate) codes: Vec<u16>,
    pub(crate) tries: u32,
    pub(crate) wait_body: Option<Path>,
    pub(crate) unless: Option<Path>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Auth {
    pub(crate) secret: SecretName,
    pub(crate) headers: Vec<SecretHeader>,
    pub(crate) kind: AuthKind,
    /// Whether the secret's certificate is presented.
    pub(crate) mutual_tls: bool,
}

/// A header made of a field of the secret.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SecretHeader {
    pub(crate) name: HeaderName,
    pub(crate) field: String,
    pub(crate) prefix: String,
    pub(crate) encoding: EncodingForm,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AuthKind {
    /// The headers alone.
    Headers,
    Basic {
        user: Word,
        password: Word,
    },
    ClientCredentials(TokenRequest),
    ClientAssertion {
        request: TokenRequest,
        algorithm: AlgorithmForm,
        thumbprint: Option<ThumbprintForm>,
        audience: String,
    },
    RefreshToken(TokenRequest),
    Session {
        request: TokenRequest,
        fields: Vec<(String, String)>,
        token: Path,
        expires_in: Option<Path>,
        header: HeaderName,
        prefix: String,
    },
}

/// A word that is fixed, or a field of the secret.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Word {
    Fixed(String),
    Field(String),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TokenRequest {
    pub(crate) url: Url,
    pub(crate) send: SendForm,
    pub(crate) parameters: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stream {
    pub(crate) name: String,
    pub(crate) request: Request,
    pub(crate) rows: RowsAt,
    pub(crate) key: Key,
    pub(crate) paging: Paging,
    pub(crate) total: Option<Path>,
    pub(crate) single: bool,
    pub(crate) may_be_empty: bool,
    /// One request for each row of that stream.
    pub(crate) each: Option<usize>,
    /// The request only begins a job, whose files hold the rows.
    pub(crate) job: Option<Job>,
}

/// A job that makes files.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Job {
    pub(crate) status: StatusAt,
    pub(crate) state: Path,
    pub(crate) done: Vec<String>,
    pub(crate) failed: Vec<String>,
    pub(crate) files: Path,
    /// The address in each of the files; they are addresses themselves without it.
    pub(crate) url: Option<Path>,
    /// Where files may be beside the source itself.
    pub(crate) hosts: Vec<Origin>,
    pub(crate) pause: Duration,
    pub(crate) polls: u32,
}

/// Where it is asked how far a job is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum StatusAt {
    Get(Request),
    Place(Path),
    Header(HeaderName),
}

/// Where an answer's rows are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RowsAt {
    /// A list in a JSON document.
    List(Path),
    /// The JSON document is one row.
    Document,
    /// A document of another format.
    Format(Format),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: Template,
    pub(crate) query: Vec<(String, Template)>,
    pub(crate) headers: Vec<(HeaderName, Template)>,
    pub(crate) body: Option<Body>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Paging {
    None,
    Offset {
        parameter: Parameter,
        size: u64,
        start: u64,
        overlap: bool,
        stop: Stop,
    },
    Page {
        parameter: Parameter,
        size: Option<u64>,
        start: u64,
        stop: Stop,
    },
    Cursor {
        parameter: Parameter,
        size: Option<u64>,
        value: Path,
        /// The value is an address; the parameter of this name is taken.
        from_link: Option<String>,
        more: Option<Path>,
    },
    NextUrl {
        size_parameter: Option<(String, u64)>,
        value: Path,
    },
    Link {
        size_parameter: Option<(String, u64)>,
    },
}

/// How a page is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) size_name: Option<String>,
    pub(crate) place: PlaceForm,
    pub(crate) size_echo: Option<Path>,
}

/// What ends a stream.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stop {
    ShortPage,
    EmptyPage,
    Total,
    More(Path),
    Pages(Path),
}

/// What is added to a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Join {
    pub(crate) name: String,
    pub(crate) stream: usize,
    /// Names of additions from the person's row down to the rows that get it.
    pub(crate) inside: Vec<String>,
    pub(crate) of: Path,
    pub(crate) key: Path,
    pub(crate) how: HowForm,
    pub(crate) parent: Option<Path>,
    /// The place of `key` among the keys that the stream's rows are looked up by.
    pub(crate) index: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Incremental {
    pub(crate) kind: IncrementalKind,
    pub(crate) full_every: Duration,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum IncrementalKind {
    Delta(Box<Delta>),
    Since { format: String, overlap: Duration, query: Vec<(String, Template)>, body: Option<Body> },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Delta {
    pub(crate) next: Path,
    pub(crate) link: Path,
    pub(crate) rows: Path,
    pub(crate) first: Request,
    pub(crate) removed: Expression,
    pub(crate) reread: Request,
    pub(crate) expired: Vec<u16>,
    pub(crate) expired_codes: Vec<String>,
}

impl Plan {
    /// The keys that a stream's rows are looked up by: its own first, then those of joins, then that of the stream that
    /// it is read for.
    pub(crate) fn keys(&self, stream: usize) -> Vec<Key> {
        let own = self.streams.get(stream).map_or(Vec::new(), |stream| stream.key.clone());
        let joins = self.joins.iter().filter(|join| join.stream == stream).map(|join| vec![join.key.clone()]);
        std::iter::once(own).chain(joins).collect()
    }

    /// Whether an address is one of this source: same scheme, host and port as the base.
    pub(crate) fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.connection.base.origin() && url.username().is_empty() && url.password().is_none()
    }
}
