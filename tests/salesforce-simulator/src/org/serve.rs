//! Answering a request: lets faults strike, checks address, session and allowance, and hands it to the API that the path
//! names.

use bytes::Bytes;
use http::{HeaderValue, Request, Response};

use super::Org;
use super::journal::{Actor, Api};
use super::rules;
use crate::behaviours::LimitHeader;
use crate::call::Call;
use crate::faults::{Fault, Seen};
use crate::reply::{self, Outcome, Reply};

impl Org {
    /// Answers one request, as the faults in force let it.
    pub fn handle(&mut self, request: &Request<Bytes>) -> Reply {
        let call = Call::read(request);
        self.accounting.see(&kind(&call));
        let seen = Seen { number: self.accounting.number, method: &call.method, target: &call.target, body: call.body };
        let fault = self.faults.strike(&seen);
        let delay = fault.as_ref().map(Fault::delay).unwrap_or_default();
        let outcome = match fault {
            None => Outcome::Answer(self.serve(&call)),
            Some(fault) => self.serve_under(&call, &fault),
        };
        Reply { outcome, delay }
    }

    fn serve_under(&mut self, call: &Call<'_>, fault: &Fault) -> Outcome {
        Outcome::Answer(match *fault {
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
            Fault::HtmlOk => {
                reply::html(200, "<html><head><title>Login | Salesforce</title></head><body></body></html>")
            }
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
                Err(refusal) => *refusal,
            },
            ["services", "scim", ..] => self.as_user(call, Api::Scim),
            ["services", "data", ..] => self.as_user(call, Api::Rest),
            ["services", "apexrest", ..] => self.as_user(call, Api::Apex),
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
            Err(refusal) => return *refusal,
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
            Api::Apex => self.apex(call, &actor),
            _ => self.rest(call, &actor),
        };
        let wanted = match self.world.behaviours.limit_header {
            LimitHeader::Never => false,
            LimitHeader::AsRecorded | LimitHeader::PerApp => api != Api::Scim,
            LimitHeader::AlsoScim => true,
        };
        if wanted && answer.status() != http::StatusCode::NO_CONTENT {
            let mut usage = format!("api-usage={}/{}", self.accounting.used(now), self.accounting.daily_max);
            if self.world.behaviours.limit_header == LimitHeader::PerApp {
                usage.push_str("; per-app-api-usage=1/250(appName=connector)");
            }
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
}

/// [test] body.
fn bad_gateway() -> Response<Bytes> {
    reply::html(502, "<html><body><h1>502 Bad Gateway</h1></body></html>")
}

fn server_error() -> Response<Bytes> {
    reply::rest_error(
        500,
        "UNKNOWN_EXCEPTION",
        "An unexpected error occurred. Please include this ErrorId if you contact support",
    )
}

/// The name under which a call is counted.
fn kind(call: &Call<'_>) -> String {
    let method = &call.method;
    match call.path_from(1).as_slice() {
        ["oauth2", "token"] => "oauth".to_owned(),
        ["oauth2", other] => format!("oauth {other}"),
        ["scim", _, resource, ..] => format!("scim {method} {resource}"),
        ["apexrest", .., resource] => format!("apex {method} {resource}"),
        ["data"] => "versions".to_owned(),
        ["data", _, "query"] => "soql".to_owned(),
        ["data", _, "query", _] => "soql more".to_owned(),
        ["data", _, "limits", ..] => "limits".to_owned(),
        ["data", _, "composite"] => "composite".to_owned(),
        ["data", _, "composite", "batch"] => "composite batch".to_owned(),
        ["data", _, "composite", "sobjects", ..] => format!("collections {method}"),
        ["data", _, "sobjects", object, "describe"] => format!("describe {object}"),
        ["data", _, "sobjects", object, ..] => format!("rest {method} {object}"),
        _ => format!("{method} {}", call.segments.join("/")),
    }
}
