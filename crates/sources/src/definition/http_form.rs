//! The YAML form of a source that is read over HTTP: connection, authentication, streams, how they join, incremental
//! reading. Texts may hold expressions in `${…}`; places in a document are written `data/people`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;

use super::job_form::JobForm;

/// How the system is reached.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ConnectionForm {
    /// What all paths are below; https, or http on a loopback host. May use ${settings.name}.
    #[schemars(with = "String")]
    pub(super) base: Spanned<String>,
    /// Headers of every call.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) headers: BTreeMap<String, Spanned<String>>,
    /// Seconds until an answer must be there; 100 when absent.
    pub(super) timeout: Option<u32>,
    /// Milliseconds between two calls.
    pub(super) pause: Option<u32>,
    /// Calls in a minute at most.
    pub(super) per_minute: Option<u32>,
    /// Calls in a day (UTC) at most.
    pub(super) per_day: Option<u32>,
    /// Characters that a query may have.
    pub(super) longest_query: Option<usize>,
    /// What is tried again.
    #[serde(default)]
    pub(super) retry: RetryForm,
    /// The place of the error's code in the body of a refusal; only letters, digits, points and dashes are shown.
    #[schemars(with = "Option<String>")]
    pub(super) error_code: Option<Spanned<String>>,
}

/// What is tried again.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct RetryForm {
    /// Status codes that heal by waiting; 429, 502, 503 and 504 when absent.
    pub(super) codes: Option<Vec<u16>>,
    /// Tries of one call; 4 when absent.
    pub(super) tries: Option<u32>,
    /// The place in the body that says how many seconds to wait; the header Retry-After is always heeded.
    #[schemars(with = "Option<String>")]
    pub(super) wait_body: Option<Spanned<String>>,
    /// A place in the body: where something stands there, the call will not heal, whatever its status.
    #[schemars(with = "Option<String>")]
    pub(super) unless: Option<Spanned<String>>,
}

/// How calls are signed. Everything secret comes from one secret; here stand the names of its fields.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct AuthForm {
    /// The secret's name.
    #[schemars(with = "String")]
    pub(super) secret: Spanned<String>,
    /// Headers made of fields of the secret; alone, or beside one of the kinds below.
    #[serde(default)]
    #[schemars(with = "Vec<HeaderForm>")]
    pub(super) headers: Vec<Spanned<HeaderForm>>,
    /// HTTP Basic.
    #[schemars(with = "Option<BasicForm>")]
    pub(super) basic: Option<Spanned<BasicForm>>,
    /// OAuth 2.0 client credentials; the secret holds clientId and clientSecret.
    #[schemars(with = "Option<ClientCredentialsForm>")]
    pub(super) client_credentials: Option<Spanned<ClientCredentialsForm>>,
    /// OAuth 2.0 client credentials with a signed assertion; the secret holds clientId, privateKey and certificate.
    #[schemars(with = "Option<ClientAssertionForm>")]
    pub(super) client_assertion: Option<Spanned<ClientAssertionForm>>,
    /// OAuth 2.0 with a refresh token that changes with each use; the secret holds clientId, clientSecret and the first
    /// refreshToken.
    #[schemars(with = "Option<RefreshTokenForm>")]
    pub(super) refresh_token: Option<Spanned<RefreshTokenForm>>,
    /// A call that gives a token.
    #[schemars(with = "Option<SessionForm>")]
    pub(super) session: Option<Spanned<SessionForm>>,
    /// Whether the system, and whoever gives its tokens, ask for a certificate (mutual TLS); alone, or beside all of the
    /// above. The secret holds certificate and privateKey.
    #[serde(default)]
    pub(super) mutual_tls: bool,
}

/// A header made of a field of the secret.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct HeaderForm {
    /// The header.
    pub(super) name: String,
    /// The secret's field.
    pub(super) field: String,
    /// What stands before it, as "Bearer ".
    #[serde(default)]
    pub(super) prefix: String,
    /// How the field is written; plain when absent.
    #[serde(default)]
    pub(super) encoding: EncodingForm,
}

/// How a field is written into a header.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EncodingForm {
    /// as it is
    #[default]
    Plain,
    /// base64 of its bytes
    Base64,
}

/// HTTP Basic: of user and password each either the secret's field or, for a fixed word, the word.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct BasicForm {
    /// The secret's field with the user.
    pub(super) user_field: Option<String>,
    /// A fixed user.
    pub(super) user: Option<String>,
    /// The secret's field with the password.
    pub(super) password_field: Option<String>,
    /// A fixed password, where a system takes its key as user and any word as password.
    pub(super) password: Option<String>,
}

/// How a token request carries client id and secret.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SendForm {
    /// in a form body
    #[default]
    Form,
    /// in the header Authorization: Basic
    Basic,
    /// in a JSON body
    Json,
}

/// OAuth 2.0 client credentials.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ClientCredentialsForm {
    /// Where the token comes from. May use ${settings.name}.
    #[schemars(with = "String")]
    pub(super) token_url: Spanned<String>,
    /// How client id and secret are sent.
    #[serde(default)]
    pub(super) send: SendForm,
    /// What else is sent, as scope.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) parameters: BTreeMap<String, Spanned<String>>,
}

/// The signature of an assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub(crate) enum AlgorithmForm {
    /// RSASSA-PSS with SHA-256
    PS256,
    /// RSASSA-PKCS1-v1_5 with SHA-256
    RS256,
}

/// How an assertion names its certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub(crate) enum ThumbprintForm {
    /// SHA-1
    #[serde(rename = "x5t")]
    Sha1,
    /// SHA-256
    #[serde(rename = "x5t#S256")]
    Sha256,
}

/// OAuth 2.0 client credentials with a signed assertion (RFC 7523).
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ClientAssertionForm {
    /// Where the token comes from. May use ${settings.name}.
    #[schemars(with = "String")]
    pub(super) token_url: Spanned<String>,
    /// How the assertion is signed.
    pub(super) algorithm: AlgorithmForm,
    /// How it names the certificate of the secret; not at all when absent.
    pub(super) thumbprint: Option<ThumbprintForm>,
    /// Whom it is for; the token URL when absent.
    #[schemars(with = "Option<String>")]
    pub(super) audience: Option<Spanned<String>>,
    /// What else is sent, as scope.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) parameters: BTreeMap<String, Spanned<String>>,
}

/// OAuth 2.0 with a refresh token that changes with each use.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RefreshTokenForm {
    /// Where the token comes from. May use ${settings.name}.
    #[schemars(with = "String")]
    pub(super) token_url: Spanned<String>,
    /// How client id and secret are sent.
    #[serde(default)]
    pub(super) send: SendForm,
    /// What else is sent.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) parameters: BTreeMap<String, Spanned<String>>,
}

/// A call that gives a token.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct SessionForm {
    /// Where the token comes from. May use ${settings.name}.
    #[schemars(with = "String")]
    pub(super) url: Spanned<String>,
    /// How the fields are sent: form or json.
    #[serde(default)]
    pub(super) send: SendForm,
    /// What is sent from the secret: parameter and field.
    pub(super) fields: BTreeMap<String, String>,
    /// What else is sent.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) parameters: BTreeMap<String, Spanned<String>>,
    /// The place of the token in the answer.
    #[schemars(with = "String")]
    pub(super) token: Spanned<String>,
    /// The place of its life in seconds in the answer.
    #[schemars(with = "Option<String>")]
    pub(super) expires_in: Option<Spanned<String>>,
    /// The header that carries the token; Authorization when absent.
    pub(super) header: Option<String>,
    /// What stands before the token; "Bearer " when absent.
    pub(super) prefix: Option<String>,
}

/// A list of rows that is read page by page.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct StreamForm {
    /// Its name, for joins and messages.
    #[schemars(with = "String")]
    pub(super) name: Spanned<String>,
    /// The path of a GET, below the base.
    #[schemars(with = "Option<String>")]
    pub(super) get: Option<Spanned<String>>,
    /// The path of a POST that only reads.
    #[schemars(with = "Option<String>")]
    pub(super) post: Option<Spanned<String>>,
    /// The query.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) query: BTreeMap<String, Spanned<String>>,
    /// Headers of this stream's calls.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) headers: BTreeMap<String, Spanned<String>>,
    /// The JSON body of a POST.
    #[schemars(with = "Option<Value>")]
    pub(super) body: Option<Spanned<Value>>,
    /// The answers' format; json when absent.
    #[serde(default)]
    pub(super) format: BodyFormatForm,
    /// json: the place of the rows; `.` when the document is one row; without it the document is the list. xml: names
    /// from the root element to the repeating one.
    #[schemars(with = "Option<String>")]
    pub(super) rows: Option<Spanned<String>>,
    /// xml: paths below the row of elements that are lists also when they come once or never.
    #[serde(default)]
    pub(super) repeated: Vec<String>,
    /// csv: the character between two values; a comma when absent.
    #[schemars(with = "Option<String>")]
    pub(super) delimiter: Option<Spanned<String>>,
    /// csv: the encoding, when it is not UTF-8.
    #[schemars(with = "Option<String>")]
    pub(super) encoding: Option<Spanned<String>>,
    /// The places that tell a row from all others of the stream. The key of the stream that persons come from names
    /// their records.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(super) key: Vec<Spanned<String>>,
    /// How the next page is asked for; one page when absent.
    #[schemars(with = "Option<PagingForm>")]
    pub(super) paging: Option<Spanned<PagingForm>>,
    /// The place of the number of all rows in the answer; the read must agree with it.
    #[schemars(with = "Option<String>")]
    pub(super) total: Option<Spanned<String>>,
    /// The stream has exactly one row, which later streams see as ${first.name}.
    #[serde(default)]
    pub(super) single: bool,
    /// No rows are no sign of a fault.
    #[serde(default)]
    pub(super) may_be_empty: bool,
    /// One request for each row of another stream, which the request sees as ${item}.
    #[serde(rename = "for")]
    #[schemars(with = "Option<String>")]
    pub(super) each: Option<Spanned<String>>,
    /// The request begins a job that makes files; the rows are in these.
    #[schemars(with = "Option<JobForm>")]
    pub(super) job: Option<Spanned<JobForm>>,
}

/// The format of answers.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum BodyFormatForm {
    /// JSON
    #[default]
    Json,
    /// JSON Lines
    Jsonl,
    /// CSV with a header row
    Csv,
    /// XML
    Xml,
}

/// What tells the next page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum PagingKind {
    /// the number of rows to skip
    Offset,
    /// a page's number
    Page,
    /// a text in the body that goes into the next request
    Cursor,
    /// an address in the body
    NextUrl,
    /// the header Link with rel="next"
    Link,
}

/// How the next page is asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct PagingForm {
    /// What tells the next page.
    pub(super) by: PagingKind,
    /// offset, page, cursor: the parameter that carries it.
    pub(super) parameter: Option<String>,
    /// offset, page, cursor: whether parameters go into the query or into the JSON body; query when absent.
    #[serde(default, rename = "in")]
    pub(super) place: PlaceForm,
    /// The parameter for the number of rows in a page.
    pub(super) size_parameter: Option<String>,
    /// Rows in a full page.
    pub(super) size: Option<u64>,
    /// offset, page: the first one; 0 for offset and 1 for page when absent.
    pub(super) start: Option<u64>,
    /// offset: each page begins with the last row of the page before, which proves that nothing moved meanwhile.
    #[serde(default)]
    pub(super) overlap: bool,
    /// cursor, nextUrl: its place in the answer.
    #[schemars(with = "Option<String>")]
    pub(super) value: Option<Spanned<String>>,
    /// cursor: the value is an address, of which only the parameter of this name is taken.
    pub(super) from_link: Option<String>,
    /// offset, page: what ends the stream; shortPage when absent.
    pub(super) stop: Option<StopForm>,
    /// The place of a flag in the answer that is true while there are more pages.
    #[schemars(with = "Option<String>")]
    pub(super) more: Option<Spanned<String>>,
    /// page: the place of the number of pages in the answer.
    #[schemars(with = "Option<String>")]
    pub(super) pages: Option<Spanned<String>>,
    /// The place where the answer repeats the size asked for; another size there is a fault.
    #[schemars(with = "Option<String>")]
    pub(super) size_echo: Option<Spanned<String>>,
}

/// Where a parameter goes.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum PlaceForm {
    /// into the query
    #[default]
    Query,
    /// into the JSON body
    Body,
}

/// What ends a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum StopForm {
    /// a page with fewer rows than asked for
    ShortPage,
    /// a page without rows
    EmptyPage,
    /// as many rows as the total says
    Total,
}

/// How the streams become rows of persons.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct JoinForm {
    /// The stream with one row for each person.
    #[schemars(with = "String")]
    pub(super) rows: Spanned<String>,
    /// What is added to each row, in this order.
    #[serde(default)]
    #[schemars(with = "Vec<WithForm>")]
    pub(super) with: Vec<Spanned<WithForm>>,
}

/// What is added to a row.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct WithForm {
    /// The name under which it is added.
    pub(super) name: String,
    /// The stream that it comes from.
    #[schemars(with = "String")]
    pub(super) stream: Spanned<String>,
    /// Rows of which addition get it; the person's row when absent.
    #[serde(rename = "in")]
    #[schemars(with = "Option<String>")]
    pub(super) inside: Option<Spanned<String>>,
    /// The place in that row.
    #[schemars(with = "Option<String>")]
    pub(super) of: Option<Spanned<String>>,
    /// The place in the stream's rows that must hold the same.
    #[schemars(with = "Option<String>")]
    pub(super) key: Option<Spanned<String>>,
    /// list: all that match; one: the one that matches, or null; each: the row it is added to comes once for each match,
    /// and once without when there is none.
    #[serde(rename = "as")]
    pub(super) how: HowForm,
    /// one: the place of the key of the row's parent in the same stream; adds `ancestors`, nearest first.
    #[schemars(with = "Option<String>")]
    pub(super) parent: Option<Spanned<String>>,
}

/// How matches are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum HowForm {
    /// all that match
    List,
    /// the one that matches
    One,
    /// a row for each match
    Each,
}

/// Reading only what changed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct IncrementalForm {
    /// By a link that the last page of a read holds.
    #[schemars(with = "Option<DeltaForm>")]
    pub(super) delta: Option<Spanned<DeltaForm>>,
    /// By the time of the read before.
    #[schemars(with = "Option<SinceForm>")]
    pub(super) since: Option<Spanned<SinceForm>>,
    /// Hours after which everything is read again; 24 when absent.
    pub(super) full_every_hours: Option<u32>,
}

/// By a link that the last page of a read holds.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct DeltaForm {
    /// The place of the link to the next page.
    #[schemars(with = "String")]
    pub(super) next: Spanned<String>,
    /// The place of the link for the next read, on the last page.
    #[schemars(with = "String")]
    pub(super) link: Spanned<String>,
    /// The place of the rows.
    #[schemars(with = "String")]
    pub(super) rows: Spanned<String>,
    /// The request that gives the first link, asked before everything is read, so that nothing falls in between.
    pub(super) first: DeltaRequestForm,
    /// The condition over `row` for an object that is gone.
    #[schemars(with = "String")]
    pub(super) removed: Spanned<String>,
    /// How one changed object, ${item}, is read again whole: a change may hold only a part of it.
    pub(super) reread: DeltaRequestForm,
    /// Status codes that say that the link is too old; 410 when absent.
    pub(super) expired: Option<Vec<u16>>,
    /// Error codes (see errorCode) that say the same.
    #[serde(default)]
    pub(super) expired_codes: Vec<String>,
}

/// A request of a delta read.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct DeltaRequestForm {
    /// The path of a GET.
    #[schemars(with = "String")]
    pub(super) get: Spanned<String>,
    /// The query.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) query: BTreeMap<String, Spanned<String>>,
}

/// By the time of the read before.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct SinceForm {
    /// How the time, ${since}, is written, in UTC; `%Y-%m-%dT%H:%M:%SZ` when absent.
    #[schemars(with = "Option<String>")]
    pub(super) format: Option<Spanned<String>>,
    /// Minutes by which two reads overlap; 10 when absent.
    pub(super) overlap_minutes: Option<u32>,
    /// Parameters added to the query.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) query: BTreeMap<String, Spanned<String>>,
    /// Members put into the JSON body.
    #[schemars(with = "Option<Value>")]
    pub(super) body: Option<Spanned<Value>>,
}

/// What it means when a record no longer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum AbsenceForm {
    /// the person has left
    Leaver,
    /// nothing
    Ignore,
    /// an operator decides
    Hold,
}
