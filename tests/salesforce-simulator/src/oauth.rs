//! The token endpoint, sessions, and the two small endpoints beside it. Forms as in the documented and captured answers.

mod jwt;

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use bytes::Bytes;
use http::{HeaderMap, Response, header};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::call::{Call, form};
use crate::org::Org;
use crate::org::ids::Id;
use crate::org::schema::Object;
use crate::reply::{self, Refused};

/// Most logins of one user in an hour [doc Spring '24].
const LOGINS_PER_HOUR: usize = 3_600;

/// An external client app (formerly: connected app) that may ask for tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientApp {
    /// The consumer key.
    pub client_id: String,
    /// The consumer secret, for client credentials.
    pub client_secret: Option<String>,
    /// PEM of the RSA public key that verifies JWT assertions.
    pub public_key: Option<String>,
    /// The user that client credentials run as.
    pub run_as: Option<Id>,
    /// Users that an administrator approved beforehand, for JWT bearer.
    pub approved: BTreeSet<Id>,
}

/// A session behind an access token.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) user: Id,
    last_used: Timestamp,
}

/// Apps, sessions and logins.
#[derive(Debug, Clone)]
pub(crate) struct Registry {
    pub(crate) apps: Vec<ClientApp>,
    pub(crate) sessions: BTreeMap<String, Session>,
    /// Sessions end after so long without a call: two hours unless set otherwise [sec].
    pub(crate) timeout: SignedDuration,
    logins: BTreeMap<Id, Vec<Timestamp>>,
    issued: u64,
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            apps: Vec::new(),
            sessions: BTreeMap::new(),
            timeout: SignedDuration::from_hours(2),
            logins: BTreeMap::new(),
            issued: 0,
        }
    }
}

/// Why no token is given: `error` and `error_description`.
type Refusal = (&'static str, &'static str);

impl Org {
    /// The user of the session that the call carries; the session's clock starts anew.
    pub(crate) fn authenticate(&mut self, headers: &HeaderMap) -> Result<Id, Refused> {
        let Some(token) = bearer(headers) else {
            // General knowledge, not captured.
            return Err(Box::new(reply::rest_error(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")));
        };
        let now = self.world.now;
        let timeout = self.oauth.timeout;
        let Some(session) = self.oauth.sessions.get_mut(token) else { return Err(Box::new(reply::invalid_session())) };
        let user = session.user.clone();
        let alive = now.duration_since(session.last_used) < timeout;
        session.last_used = now;
        if !alive || self.may_not_log_in(&user).is_some() {
            self.oauth.sessions.remove(token);
            return Err(Box::new(reply::invalid_session()));
        }
        Ok(user)
    }

    /// `POST /services/oauth2/token`
    pub(crate) fn token(&mut self, call: &Call<'_>) -> Response<Bytes> {
        if call.method != "POST" {
            return reply::method_not_allowed(&call.method, "POST");
        }
        let fields = form(call.body);
        let field = |name: &str| fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        let outcome = match field("grant_type") {
            "urn:ietf:params:oauth:grant-type:jwt-bearer" => {
                self.by_assertion(field("assertion")).map(|user| self.issue(&user, Grant::Jwt))
            }
            "client_credentials" => {
                let basic = basic_credentials(call.headers);
                let (id, secret) =
                    basic.as_ref().map_or((field("client_id"), field("client_secret")), |(id, secret)| {
                        (id.as_str(), secret.as_str())
                    });
                self.by_secret(id, secret).map(|user| self.issue(&user, Grant::ClientCredentials))
            }
            // The username-password flow is retired in Winter '27 [doc]; other grants are not the connector's.
            _ => Err(("unsupported_grant_type", "grant type not supported")),
        };
        match outcome {
            Ok(body) => reply::json(200, &body),
            Err((error, description)) => reply::json(400, &json!({ "error": error, "error_description": description })),
        }
    }

    /// JWT bearer: the assertion proves the app, the app was approved for the user [doc].
    fn by_assertion(&mut self, assertion: &str) -> Result<Id, Refusal> {
        let issuer = jwt::issuer(assertion).ok_or(("invalid_grant", "invalid assertion"))?;
        let app = self
            .oauth
            .apps
            .iter()
            .find(|app| app.client_id == issuer)
            .ok_or(("invalid_client_id", "client identifier invalid"))?;
        let key = app.public_key.as_deref().ok_or(("invalid_grant", "authentication failure"))?;
        // Bad signature: the reported description [reported].
        let claims = jwt::verify(assertion, key).ok_or(("invalid_grant", "authentication failure"))?;
        let mut audiences = vec![self.hosts.login_url.as_str(), self.hosts.instance_url.as_str()];
        audiences.push(if self.hosts.sandbox { "https://test.salesforce.com" } else { "https://login.salesforce.com" });
        if !audiences.iter().any(|audience| claims.aud.trim_end_matches('/') == audience.trim_end_matches('/')) {
            return Err(("invalid_grant", "Audience validation failed"));
        }
        let now = self.world.now.as_second();
        if claims.exp <= now || claims.exp > now + self.world.behaviours.jwt_max_lifetime_s {
            // The window is known, the text is not [?].
            return Err(("invalid_grant", "authentication failure"));
        }
        let users = self.world.state.matching(Object::User, "Username", &claims.sub);
        // Whether the user is unknown or not approved: the same captured answer.
        let user = users
            .first()
            .map(|user| user.id.clone())
            .filter(|user| app.approved.contains(user))
            .ok_or(("invalid_grant", "user hasn't approved this consumer"))?;
        self.log_in(user)
    }

    fn by_secret(&mut self, id: &str, secret: &str) -> Result<Id, Refusal> {
        let app = self
            .oauth
            .apps
            .iter()
            .find(|app| app.client_id == id)
            .ok_or(("invalid_client_id", "client identifier invalid"))?;
        if app.client_secret.as_deref() != Some(secret) {
            // RFC 6749 5.2; Salesforce's text from general knowledge [?].
            return Err(("invalid_client", "invalid client credentials"));
        }
        let user = app.run_as.clone().ok_or(("invalid_grant", "no client credentials user enabled"))?;
        self.log_in(user)
    }

    fn log_in(&mut self, user: Id) -> Result<Id, Refusal> {
        if let Some(refusal) = self.may_not_log_in(&user) {
            return Err(refusal);
        }
        let now = self.world.now;
        let logins = self.oauth.logins.entry(user.clone()).or_default();
        logins.retain(|at| now.duration_since(*at) < SignedDuration::from_hours(1));
        if logins.len() >= LOGINS_PER_HOUR {
            // The number is documented, the text is general knowledge [?].
            return Err(("invalid_grant", "login rate exceeded"));
        }
        logins.push(now);
        Ok(user)
    }

    fn may_not_log_in(&self, user: &Id) -> Option<Refusal> {
        let state = &self.world.state;
        if !state.get(Object::User, user).is_some_and(|user| user.is("IsActive")) {
            // Not verified.
            return Some(("inactive_user", "user is inactive"));
        }
        let frozen =
            state.matching(Object::UserLogin, "UserId", user.as_str()).iter().any(|login| login.is("IsFrozen"));
        // That a frozen user cannot log in is documented; the text for it is taken from locked users [sec].
        frozen.then_some(("invalid_grant", "user is locked"))
    }

    fn issue(&mut self, user: &Id, grant: Grant) -> Json {
        self.oauth.issued += 1;
        let now = self.world.now;
        let digest = Sha256::digest(format!("{}{user}{now}", self.oauth.issued));
        let secret = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest).replace('-', ".");
        let token = format!("{}!{secret}", self.world.org_id.short());
        self.oauth.sessions.insert(token.clone(), Session { user: user.clone(), last_used: now });
        let login = if self.hosts.sandbox { "https://test.salesforce.com" } else { "https://login.salesforce.com" };
        let mut body = json!({
            "access_token": token,
            "scope": "api",
            "instance_url": self.hosts.instance_url,
            "id": format!("{login}/id/{}/{user}", self.world.org_id),
            "token_type": "Bearer",
        });
        // Keys as in the documented samples: no expires_in anywhere; JWT bearer has neither issued_at nor signature.
        if let (Grant::ClientCredentials, Json::Object(map)) = (grant, &mut body) {
            let signature = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(&token));
            map.insert("signature".to_owned(), signature.into());
            map.insert("issued_at".to_owned(), now.as_millisecond().to_string().into());
            map.insert("api_instance_url".to_owned(), "https://api.salesforce.com".into());
        }
        body
    }

    /// `POST /services/oauth2/revoke`: 200 with no body; unknown tokens are refused.
    pub(crate) fn revoke(&mut self, call: &Call<'_>) -> Response<Bytes> {
        let token = form(call.body).into_iter().find(|(key, _)| key == "token").map(|(_, value)| value);
        match token.and_then(|token| self.oauth.sessions.remove(&token)) {
            Some(_) => reply::empty(200),
            None => reply::json(
                400,
                &json!({ "error": "unsupported_token_type", "error_description": "this token type is not supported" }),
            ),
        }
    }

    /// `GET /services/oauth2/userinfo`: who the session belongs to [rec, a part of its keys].
    pub(crate) fn userinfo(&self, user: &Id) -> Response<Bytes> {
        let Some(record) = self.world.state.get(Object::User, user) else { return reply::invalid_session() };
        let instance = &self.hosts.instance_url;
        let org = &self.world.org_id;
        reply::json(
            200,
            &json!({
                "sub": format!("https://login.salesforce.com/id/{org}/{user}"),
                "user_id": user,
                "organization_id": org,
                "preferred_username": record.text("Username"),
                "nickname": record.text("CommunityNickname"),
                "name": record.text("Name"),
                "email": record.text("Email"),
                "email_verified": true,
                "given_name": record.get("FirstName"),
                "family_name": record.text("LastName"),
                "zoneinfo": record.text("TimeZoneSidKey"),
                "profile": format!("{instance}/{user}"),
                "urls": {
                    "rest": format!("{instance}/services/data/v{{version}}/"),
                    "query": format!("{instance}/services/data/v{{version}}/query/"),
                    "sobjects": format!("{instance}/services/data/v{{version}}/sobjects/"),
                    "custom_domain": instance,
                },
                "active": record.is("IsActive"),
                "user_type": record.text("UserType").to_uppercase(),
                "language": record.text("LanguageLocaleKey"),
                "locale": record.text("LocaleSidKey"),
                "updated_at": crate::org::value::scim_time(self.world.now),
            }),
        )
    }
}

#[derive(Clone, Copy)]
enum Grant {
    Jwt,
    ClientCredentials,
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    // `OAuth` is Salesforce's older name of the scheme [doc].
    (scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("oauth")).then(|| token.trim())
}

fn basic_credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let decoded = base64::engine::general_purpose::STANDARD.decode(value).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}
