//! Client credentials with a secret or a signed assertion.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, Response};
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Entra, LOGIN};
use crate::request::{form_parameter, json};
use crate::{keys, lock};

const LIFE: i64 = 3599;

impl Entra {
    pub(super) fn token(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let form = |name: &str| form_parameter(request, name).unwrap_or_default();
        if request.uri().path() != format!("/{}/oauth2/v2.0/token", self.tenant) {
            return refused(400, "invalid_request", "AADSTS900023: Specified tenant identifier is not valid.");
        }
        if form("grant_type") != "client_credentials" {
            return refused(400, "unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type.");
        }
        if form("scope") != "https://graph.microsoft.com/.default" {
            return refused(400, "invalid_scope", "AADSTS70011: The provided scope is not valid.");
        }
        let known = form("client_id") == self.client_id
            && (form("client_secret") == self.client_secret || self.signed(&form("client_assertion")));
        if !known {
            return refused(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.");
        }
        let mut state = lock(&self.state);
        state.counter += 1;
        let token = format!("token-{}", state.counter);
        let end = self.clock.now() + SignedDuration::from_secs(LIFE);
        state.tokens.insert(token.clone(), end);
        json(200, &json!({ "token_type": "Bearer", "expires_in": LIFE, "ext_expires_in": LIFE, "access_token": token }))
    }

    /// Whether an assertion is the certificate's, for this endpoint, and new.
    fn signed(&self, assertion: &str) -> bool {
        let Ok(header) = decode_header(assertion) else { return false };
        let Ok(key) = DecodingKey::from_rsa_pem(keys::PUBLIC.as_bytes()) else { return false };
        let mut validation = Validation::new(Algorithm::PS256);
        // The tenant has a clock of its own.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let Ok(claims) = decode::<Value>(assertion, &key, &validation) else { return false };
        let claims = claims.claims;
        let now = self.clock.now().as_second();
        let second = |name: &str| claims[name].as_i64().unwrap_or_default();
        let in_time = second("nbf") <= now && now < second("exp") && second("exp") - second("nbf") <= 600;
        let audience = format!("https://{LOGIN}/{}/oauth2/v2.0/token", self.tenant);
        let body: String = keys::CERTIFICATE.lines().filter(|line| !line.starts_with("-----")).collect();
        let thumbprint = STANDARD.decode(body).map(|der| URL_SAFE_NO_PAD.encode(Sha256::digest(der))).ok();
        in_time
            && header.x5t_s256 == thumbprint
            && claims["aud"] == audience
            && claims["iss"] == self.client_id
            && claims["sub"] == self.client_id
            && lock(&self.state).assertions.insert(claims["jti"].as_str().unwrap_or_default().to_owned())
    }
}

fn refused(status: u16, code: &str, description: &str) -> Response<Bytes> {
    json(status, &json!({ "error": code, "error_description": description, "error_codes": [7000215] }))
}
