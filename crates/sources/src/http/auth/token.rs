//! One token request and its answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, StatusCode, header};
use ports::TransportError;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::super::call::{in_time, safe_code};
use super::super::error::What;
use super::super::outside::Ports;
use super::super::path::{Path, text_of};
use super::super::plan::{SendForm, TokenRequest};
use super::super::secret::Fields;
use super::super::template::{encode, form};

/// Seconds for a token request.
const TIMEOUT: u64 = 30;

/// A token that was given.
pub(super) struct Grant {
    pub(super) access: SecretString,
    /// Its life in seconds, where the answer says it.
    pub(super) life: Option<i64>,
    /// What replaces the refresh token that was used.
    pub(super) refresh: Option<SecretString>,
}

impl Grant {
    pub(super) fn of_oauth(answer: &Value) -> Result<Self, What> {
        let at = |place| Path::parse(place).map_err(login);
        let grant = Self::of(answer, &at("access_token")?, Some(&at("expires_in")?))?;
        let refresh = answer.get("refresh_token").and_then(Value::as_str).filter(|token| !token.is_empty());
        Ok(Self { refresh: refresh.map(SecretString::from), ..grant })
    }

    pub(super) fn of(answer: &Value, token: &Path, expires_in: Option<&Path>) -> Result<Self, What> {
        let access = token.of(answer).and_then(Value::as_str).filter(|token| !token.is_empty());
        let access = access.ok_or_else(|| login(format!("the answer holds no token at {}", token.text())))?;
        // Some give the seconds as a text.
        let life = expires_in.and_then(|place| text_of(place.of(answer)?)).and_then(|life| life.parse::<f64>().ok());
        #[expect(clippy::cast_possible_truncation, reason = "seconds, clamped")]
        let life = life.map(|life| life.clamp(1.0, 1e9) as i64);
        Ok(Self { access: SecretString::from(access), life, refresh: None })
    }
}

fn login(reason: impl Into<String>) -> What {
    What::Login { reason: reason.into(), person: false }
}

/// Asks for a token; `client` holds clientId and clientSecret, where these are sent.
pub(super) async fn ask(
    ports: &Ports,
    to: &TokenRequest,
    client: Option<&Fields>,
    mut pairs: Vec<(String, SecretString)>,
) -> Result<Value, What> {
    let mut request = Request::post(to.url.as_str())
        .header(header::ACCEPT, "application/json")
        .header(header::USER_AGENT, super::super::USER_AGENT);
    if let Some(client) = client {
        let id = client.text("clientId").map_err(What::Secret)?;
        let secret = client.text("clientSecret").map_err(What::Secret)?;
        if to.send == SendForm::Basic {
            // RFC 6749, 2.3.1: both form-encoded first.
            let pair = format!("{}:{}", encode(id.expose_secret()), encode(secret.expose_secret()));
            let mut value = http::HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)))
                .map_err(|_| login("clientId or clientSecret can't stand in a header"))?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        } else {
            pairs.push(("client_id".to_owned(), id));
            pairs.push(("client_secret".to_owned(), secret));
        }
    }
    pairs.extend(to.parameters.iter().map(|(name, value)| (name.clone(), SecretString::from(value.as_str()))));
    let plain = pairs.iter().map(|(name, value)| (name.as_str(), value.expose_secret()));
    let (content_type, body) = match to.send {
        SendForm::Json => {
            let object: Map<String, Value> = plain.map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
            ("application/json", Value::Object(object).to_string())
        }
        SendForm::Form | SendForm::Basic => ("application/x-www-form-urlencoded", form(plain)),
    };
    let request = request
        .header(header::CONTENT_TYPE, content_type)
        .body(Bytes::from(body))
        .map_err(|_| login("the token request can't be made"))?;
    // Asking twice does no harm, except that a refresh token may have been used up by the first try; the answer tells.
    let answer = match in_time(ports, TIMEOUT, request.clone()).await {
        Err(_) => in_time(ports, TIMEOUT, request).await,
        answer => answer,
    };
    let answer = answer.map_err(|error| match error {
        Some(TransportError::NotSent { reason, .. } | TransportError::Unclear { reason, .. }) => login(reason),
        _ => login(format!("there is no answer after {TIMEOUT} seconds")),
    })?;
    let document: Option<Value> = serde_json::from_slice(answer.body()).ok();
    let status = answer.status();
    if status.is_success() {
        return document.ok_or_else(|| login("the answer is no JSON"));
    }
    let code = document.as_ref().and_then(|document| document.get("error")).and_then(safe_code);
    let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
    let waits = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
    Err(What::Login { reason: format!("the answer is {}{code}", status.as_u16()), person: !waits })
}
