//! Sessions: a token is asked for once, used until Salesforce rejects it (its answers name no expiry), and then renewed
//! once, however many callers met the rejection.

mod request;

use std::sync::Arc;
use std::time::Duration;

use http::{Request, header};
use jiff::Timestamp;
use ports::{Clock, HttpTransport, SecretName, Secrets, TransportError};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};

use crate::credentials::{Credentials, LoginUrl};
use crate::error::{Refusal, SalesforceError};
use crate::identity::Identity;
use crate::usage::{CallKind, Meter};

/// A refused log-in is not repeated for so long: callers that wait for it get the same answer, and nobody gets locked
/// out by a batch of tries.
const REFUSAL_HOLDS: Duration = Duration::from_secs(10);

/// A token and where it may be sent.
pub(crate) struct Session {
    /// `https://host`, without a slash.
    pub(crate) instance: String,
    /// Goes into the `Authorization` header.
    pub(crate) token: SecretString,
    /// Whose it is: from the log-in's answer, or asked for later.
    pub(crate) identity: OnceCell<Identity>,
    number: u64,
}

/// Hands out the session.
pub(crate) struct Sessions {
    secret: SecretName,
    secrets: Arc<dyn Secrets>,
    transport: Arc<dyn HttpTransport>,
    clock: Arc<dyn Clock>,
    meter: Arc<Meter>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    session: Option<Arc<Session>>,
    logins: u64,
    refused: Option<(Timestamp, SalesforceError)>,
}

impl Sessions {
    pub(crate) fn new(
        secret: SecretName,
        secrets: Arc<dyn Secrets>,
        transport: Arc<dyn HttpTransport>,
        clock: Arc<dyn Clock>,
        meter: Arc<Meter>,
    ) -> Self {
        Self { secret, secrets, transport, clock, meter, state: Mutex::default() }
    }

    /// The present session; logs in when there is none.
    ///
    /// # Errors
    /// Those of the log-in.
    pub(crate) async fn session(&self) -> Result<Arc<Session>, SalesforceError> {
        // Held over the log-in: that is what makes it a single flight.
        let mut state = self.state.lock().await;
        match &state.session {
            Some(session) => Ok(session.clone()),
            None => self.log_in(&mut state).await,
        }
    }

    /// A session other than the one that Salesforce has just rejected.
    ///
    /// # Errors
    /// Those of the log-in.
    pub(crate) async fn renew(&self, rejected: &Session) -> Result<Arc<Session>, SalesforceError> {
        let mut state = self.state.lock().await;
        match &state.session {
            Some(session) if session.number != rejected.number => Ok(session.clone()),
            _ => {
                state.session = None;
                self.log_in(&mut state).await
            }
        }
    }

    async fn log_in(&self, state: &mut State) -> Result<Arc<Session>, SalesforceError> {
        let now = self.clock.now();
        if let Some((since, error)) = &state.refused
            && now.duration_since(*since).unsigned_abs() < REFUSAL_HOLDS
        {
            return Err(error.clone());
        }
        let answer = self.log_in_with_fresh_secret().await;
        state.refused = match &answer {
            Err(error @ SalesforceError::LoginRefused(_)) => Some((now, error.clone())),
            _ => None,
        };
        let session = answer?;
        state.logins += 1;
        let session = Arc::new(Session { number: state.logins, ..session });
        state.session = Some(session.clone());
        Ok(session)
    }

    /// Logs in; when the secret is refused it may have been replaced meanwhile, so it is read once more.
    async fn log_in_with_fresh_secret(&self) -> Result<Session, SalesforceError> {
        let secret = self.secrets.read(&self.secret).await?;
        let refused = match self.ask(&secret).await {
            Err(error @ SalesforceError::LoginRefused(_)) => error,
            answer => return answer,
        };
        let again = self.secrets.read_fresh(&self.secret).await?;
        if again.expose_secret() == secret.expose_secret() {
            return Err(refused);
        }
        tracing::info!(secret = %self.secret, "salesforce.secret_changed");
        self.ask(&again).await
    }

    async fn ask(&self, secret: &SecretString) -> Result<Session, SalesforceError> {
        let credentials = Credentials::parse(&self.secret, secret)?;
        let body = request::body(&credentials, self.clock.now())
            .map_err(|what| SalesforceError::LoginRefused(ours("no_assertion", what)))?;
        let request = Request::post(format!("{}/services/oauth2/token", credentials.login_url.origin()))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .body(body)
            .map_err(|_| SalesforceError::LoginRefused(ours("bad_url", "loginUrl gives no valid request")))?;
        self.meter.count(CallKind::Login);
        // Asking for a token twice does no harm.
        let answer = match self.transport.send(request.clone()).await {
            Err(TransportError::NotSent { .. } | TransportError::Unclear { .. }) => self.transport.send(request).await,
            answer => answer,
        };
        let answer = answer.map_err(|error| unavailable(error.to_string()))?;
        self.meter.read(answer.headers(), self.clock.now());
        if !answer.status().is_success() {
            return Err(refusal(SalesforceError::from_answer(answer.status(), answer.headers(), answer.body())));
        }
        session(&credentials.login_url, answer.body())
    }
}

/// Every 4xx of the token endpoint refuses the log-in, whatever its code; only limits and outages are something else.
fn refusal(error: SalesforceError) -> SalesforceError {
    match error {
        SalesforceError::Refused(refusal) | SalesforceError::Form(refusal) if refusal.status < 500 => {
            SalesforceError::LoginRefused(refusal)
        }
        SalesforceError::Refused(refusal) => unavailable(refusal.to_string()),
        error => error,
    }
}

fn session(login_url: &LoginUrl, body: &[u8]) -> Result<Session, SalesforceError> {
    let answer: Value =
        serde_json::from_slice(body).map_err(|_| unavailable("the log-in answer is no JSON".to_owned()))?;
    let text = |name: &str| answer.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (Some(token), Some(instance)) = (text("access_token"), text("instance_url")) else {
        return Err(unavailable("the log-in answer holds no access_token or no instance_url".to_owned()));
    };
    let instance = login_url.accept_instance(instance).ok_or_else(|| {
        let what = "the log-in answer's instance_url is no host of Salesforce's, so the token is not sent there";
        SalesforceError::LoginRefused(ours("strange_instance", what))
    })?;
    let identity = OnceCell::new_with(text("id").and_then(Identity::from_url));
    Ok(Session { instance, token: SecretString::from(token), identity, number: 0 })
}

fn ours(code: &str, message: &str) -> Refusal {
    Refusal { code: code.to_owned(), message: message.to_owned(), fields: Vec::new(), status: 0 }
}

fn unavailable(reason: String) -> SalesforceError {
    SalesforceError::Unavailable { reason, retry_after: None }
}

#[cfg(test)]
mod tests;
