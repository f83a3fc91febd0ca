//! The org as a whole: it takes a request, lets faults strike, checks session and allowance, and hands it to the API that
//! the path names.

pub(crate) mod admin;
pub(crate) mod builder;
pub(crate) mod dml_error;
pub(crate) mod ids;
pub(crate) mod journal;
pub(crate) mod picklists;
pub(crate) mod rules;
pub(crate) mod sample;
pub(crate) mod schema;
pub(crate) mod state;
pub(crate) mod value;
pub(crate) mod views;
pub(crate) mod world;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use jiff::{SignedDuration, Timestamp};

use crate::accounting::Accounting;
use crate::behaviours::{Behaviours, LimitHeader};
use crate::call::Call;
use crate::faults::{Fault, FaultPlan, Seen};
use crate::oauth::Registry;
use crate::reply::{self, Outcome, Reply};
use crate::rest::Cursors;
use ids::Id;
use journal::{Actor, Api, JournalEntry};
use world::{Mail, World};

/// The addresses of the org.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hosts {
    /// Where tokens are asked for.
    pub(crate) login_url: String,
    /// Where the API is called: the `instance_url` of token answers.
    pub(crate) instance_url: String,
    pub(crate) sandbox: bool,
}

/// A simulated org.
#[derive(Debug, Clone)]
pub struct Org {
    pub(crate) world: World,
    pub(crate) oauth: Registry,
    pub(crate) hosts: Hosts,
    pub(crate) cursors: Cursors,
    pub(crate) accounting: Accounting,
    /// The person who does what [`Org::admin`] does.
    pub(crate) administrator: Id,
    faults: FaultPlan,
}

impl Org {
    pub(crate) fn new(now: Timestamp) -> Self {
        let address = "https://sample.my.salesforce.com".to_owned();
        let administrator = Id::numbered("005", 0);
        Self {
            world: World::new(now),
            administrator,
            oauth: Registry::default(),
            hosts: Hosts { login_url: address.clone(), instance_url: address, sandbox: false },
            cursors: Cursors::default(),
            accounting: Accounting::default(),
            faults: FaultPlan::default(),
        }
    }

    /// Answers one request, as the faults in force let it.
    pub fn handle(&mut self, request: &Request<Bytes>) -> Reply {
        let call = Call::read(request);
        self.accounting.see(&kind(&call));
        let seen = Seen {
            number: self.accounting.number,
            method: &call.method,
            target: &call.target,
            body: call.body,
        };
        let fault = self.faults.strike(&seen);
        let delay = fault.as_ref().map(Fault::delay).unwrap_or_default();
        let outcome = match fault {
            None => Outcome::Answer(self.serve(&call)),
            Some(fault) => self.serve_under(&call, fault),
        };
        Reply { outcome, delay }
    }

    fn serve_under(&mut self, call: &Call<'_>, fault: Fault) -> Outcome {
        Outcome::Answer(match fault {
            Fault::Refused => return Outcome::NotConnected,
            Fault::AnswerLost => {
                self.serve(call);
                return Outcome::AnswerLost;
            }
            Fault::HalfBody => {
                let answer = self.serve(call);
                let length = answer.body().len() / 2;
                return Outcome::Truncated { answer, length };
            }
            Fault::EmptyBody => {
                let mut answer = self.serve(call);
                *answer.body_mut() = Bytes::new();
                answer
            }
            Fault::SessionExpired => {
                self.expire_tokens();
                reply::invalid_session()
            }
            Fault::LimitExceeded => reply::limit_exceeded(),
            Fault::TooManyRequests(seconds) => {
                let mut answer = reply::rest_error(429, "TOO_MANY_REQUESTS", "Too many requests.");
                answer.headers_mut().insert(http::header::RETRY_AFTER, HeaderValue::from(seconds));
                answer
            }
            Fault::UnavailableHtml => {
                reply::html(503, "<html><head><title>Service Unavailable</title></head><body>Try later.</body></html>")
            }
            // [test] body.
            Fault::Unavailable => reply::rest_error(503, "SERVER_UNAVAILABLE", "Server Unavailable"),
            Fault::BadGateway => bad_gateway(),
            Fault::BadGatewayAfterEffect => {
                self.serve(call);
                bad_gateway()
            }
            Fault::ServerError => server_error(),
            Fault::ServerErrorAfterEffect => {
                self.serve(call);
                server_error()
            }
            Fault::HtmlOk => reply::html(200, "<html><head><title>Login | Salesforce</title></head><body></body></html>"),
            Fault::Delay(_) => self.serve(call),
            Fault::MembershipLock => {
                self.world.membership_lock_held = true;
                let answer = self.serve(call);
                self.world.membership_lock_held = false;
                answer
            }
            Fault::RowLock => {
                self.world.row_lock_held = true;
                let answer = self.serve(call);
                self.world.row_lock_held = false;
                answer
            }
        })
    }

    fn serve(&mut self, call: &Call<'_>) -> Response<Bytes> {
        // URI and headers together [sec quoting docs]: 414 when the URI alone is too long, 431 otherwise.
        if call.target.len() > crate::rest::MAX_HEAD {
            return reply::html(414, "<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>");
        }
        if call.head_size() > crate::rest::MAX_HEAD {
            return reply::html(431, "<h1>Bad Message 431</h1><pre>reason: Request Header Fields Too Large</pre>");
        }
        let answer = match call.path_from(0).as_slice() {
            ["services", "oauth2", "token"] => self.token(call),
            ["services", "oauth2", "revoke"] => self.revoke(call),
            // No session is needed for the list of versions [doc], and it carries no limit header [rec].
            ["services", "data"] => crate::rest::versions(),
            ["services", "oauth2", "userinfo"] => match self.authenticate(call.headers) {
                Ok(user) => self.userinfo(&user),
                Err(refusal) => refusal,
            },
            ["services", "scim", ..] => self.as_user(call, Api::Scim),
            ["services", "data", ..] => self.as_user(call, Api::Rest),
            _ => reply::not_found(),
        };
        self.world.state.commit();
        answer
    }

    fn as_user(&mut self, call: &Call<'_>, api: Api) -> Response<Bytes> {
        if !self.is_at_home(call) {
            // A session belongs to its instance: another host does not know it [?].
            return reply::invalid_session();
        }
        let user = match self.authenticate(call.headers) {
            Ok(user) => user,
            Err(refusal) => return refusal,
        };
        let now = self.world.now;
        if !self.accounting.spend(now) {
            return reply::limit_exceeded();
        }
        if !rules::has_permission(&self.world, &user, "PermissionsApiEnabled") {
            // [test]
            return reply::rest_error(
                403,
                "API_DISABLED_FOR_ORG",
                "API is not enabled for this Organization or Partner",
            );
        }
        let actor = Actor { user, api };
        let mut answer = match api {
            Api::Scim => self.scim(call, &actor),
            _ => self.rest(call, &actor),
        };
        let wanted = match self.world.behaviours.limit_header {
            LimitHeader::Never => false,
            LimitHeader::AsRecorded => api != Api::Scim,
            LimitHeader::AlsoScim => true,
        };
        if wanted && answer.status() != http::StatusCode::NO_CONTENT {
            let usage = format!("api-usage={}/{}", self.accounting.used(now), self.accounting.daily_max);
            if let Ok(value) = HeaderValue::from_str(&usage) {
                answer.headers_mut().insert("sforce-limit-info", value);
            }
        }
        answer
    }

    /// Whether the call went to the instance, as far as one can tell.
    fn is_at_home(&self, call: &Call<'_>) -> bool {
        let host_of = |url: &str| url.split_once("://").map_or(url, |(_, rest)| rest).trim_end_matches('/').to_owned();
        call.host.as_ref().is_none_or(|host| host.eq_ignore_ascii_case(&host_of(&self.hosts.instance_url)))
    }

    /// The org's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.world.now
    }

    /// Sets the org's clock, to the millisecond.
    pub fn set_now(&mut self, now: Timestamp) {
        self.world.now = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
    }

    /// Moves the org's clock.
    pub fn advance(&mut self, by: SignedDuration) {
        self.set_now(self.world.now.saturating_add(by).unwrap_or(self.world.now));
    }

    /// How uncertain points are decided.
    pub fn behaviours_mut(&mut self) -> &mut Behaviours {
        &mut self.world.behaviours
    }

    /// The faults in force.
    pub fn faults_mut(&mut self) -> &mut FaultPlan {
        &mut self.faults
    }

    /// Calls by kind since the org was made or [`Self::reset_calls`]: `oauth`, `soql`, `soql more`, `scim POST Users`,
    /// `rest PATCH User`, `collections POST`, `limits`, …
    #[must_use]
    pub fn calls(&self) -> &BTreeMap<String, u64> {
        &self.accounting.by_kind
    }

    /// All calls since the org was made or [`Self::reset_calls`].
    #[must_use]
    pub fn call_count(&self) -> u64 {
        self.accounting.number
    }

    /// Forgets the counted calls; the used allowance stays.
    pub fn reset_calls(&mut self) {
        self.accounting.reset();
    }

    /// Sets the allowance of API calls a rolling day.
    pub fn set_daily_api_limit(&mut self, max: u64) {
        self.accounting.daily_max = max;
    }

    /// Sets the used part of the allowance, as if other integrations had used it.
    pub fn set_api_usage(&mut self, used: u64) {
        let now = self.world.now;
        self.accounting.set_used(now, used);
    }

    /// The used part of the allowance.
    pub fn api_usage(&mut self) -> u64 {
        let now = self.world.now;
        self.accounting.used(now)
    }

    /// Every mutation since the org was built, oldest first.
    #[must_use]
    pub fn journal(&self) -> &[JournalEntry] {
        &self.world.journal
    }

    /// Every mail that the org sent, oldest first.
    #[must_use]
    pub fn mails(&self) -> &[Mail] {
        &self.world.mails
    }

    /// Ends all sessions, as an administrator or a changed policy does.
    pub fn expire_tokens(&mut self) {
        self.oauth.sessions.clear();
    }

    /// Sets how long a session lives without a call.
    pub fn set_session_timeout(&mut self, timeout: SignedDuration) {
        self.oauth.timeout = timeout;
    }

    /// Sets the address where tokens are asked for and the one where the API is called, without a slash at the end.
    pub fn set_addresses(&mut self, login_url: &str, instance_url: &str) {
        self.hosts.login_url = login_url.trim_end_matches('/').to_owned();
        self.hosts.instance_url = instance_url.trim_end_matches('/').to_owned();
    }

    /// Where tokens are asked for.
    #[must_use]
    pub fn login_url(&self) -> &str {
        &self.hosts.login_url
    }

    /// Where the API is called.
    #[must_use]
    pub fn instance_url(&self) -> &str {
        &self.hosts.instance_url
    }

    /// The org's own id.
    #[must_use]
    pub fn id(&self) -> &Id {
        &self.world.org_id
    }
}

/// [test] body.
fn bad_gateway() -> Response<Bytes> {
    reply::html(502, "<html><body><h1>502 Bad Gateway</h1></body></html>")
}

fn server_error() -> Response<Bytes> {
    reply::rest_error(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId if you contact support")
}

/// The name under which a call is counted.
fn kind(call: &Call<'_>) -> String {
    let method = &call.method;
    match call.path_from(1).as_slice() {
        ["oauth2", "token"] => "oauth".to_owned(),
        ["oauth2", other] => format!("oauth {other}"),
        ["scim", _, resource, ..] => format!("scim {method} {resource}"),
        ["data"] => "versions".to_owned(),
        ["data", _, "query"] => "soql".to_owned(),
        ["data", _, "query", _] => "soql more".to_owned(),
        ["data", _, "limits", ..] => "limits".to_owned(),
        ["data", _, "composite", "sobjects", ..] => format!("collections {method}"),
        ["data", _, "sobjects", object, "describe"] => format!("describe {object}"),
        ["data", _, "sobjects", object, ..] => format!("rest {method} {object}"),
        _ => format!("{method} {}", call.segments.join("/")),
    }
}
