//! The token request's body: a signed assertion (RFC 7523) or client credentials (RFC 6749, 4.4).

use bytes::Bytes;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, Header};
use secrecy::ExposeSecret;
use serde::Serialize;

use crate::credentials::{Credentials, Flow};
use crate::encode::form;

/// An assertion's life. Sources say that Salesforce takes 3 or 5 minutes at most; the rest is room for clocks that differ.
const LIFETIME_S: i64 = 120;

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: i64,
}

/// # Errors
/// The assertion can't be signed.
pub(super) fn body(credentials: &Credentials, now: Timestamp) -> Result<Bytes, &'static str> {
    let body = match &credentials.flow {
        Flow::JwtBearer { username, audience, key } => {
            let claims =
                Claims { iss: &credentials.client_id, sub: username, aud: audience, exp: now.as_second() + LIFETIME_S };
            let assertion = jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, key)
                .map_err(|_| "the assertion can't be signed")?;
            form(&[("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", &assertion)])
        }
        Flow::ClientCredentials { client_secret } => form(&[
            ("grant_type", "client_credentials"),
            ("client_id", &credentials.client_id),
            ("client_secret", client_secret.expose_secret()),
        ]),
    };
    Ok(body.into())
}
