//! Client assertions (RFC 7523) signed with the secret's private key, and the certificate's thumbprint in their header
//! (RFC 7515: `x5t`, `x5t#S256`).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::error::What;
use super::plan::{AlgorithmForm, ThumbprintForm};
use super::secret::Fields;

/// An assertion's life in seconds; Microsoft takes up to 10 minutes.
const LIFETIME: i64 = 300;
/// Room for clocks that differ.
const SKEW: i64 = 30;

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    iss: &'a str,
    sub: &'a str,
    jti: &'a str,
    nbf: i64,
    iat: i64,
    exp: i64,
}

/// A signed assertion; `id` is a name that is used once.
pub(crate) fn sign(
    secret: &Fields,
    algorithm: AlgorithmForm,
    thumbprint: Option<ThumbprintForm>,
    audience: &str,
    id: &str,
    now: Timestamp,
) -> Result<SecretString, What> {
    let client = secret.text("clientId").map_err(What::Secret)?;
    let key = secret.text("privateKey").map_err(What::Secret)?;
    let key = EncodingKey::from_rsa_pem(key.expose_secret().as_bytes())
        .map_err(|_| What::Secret(secret.wrong("privateKey", "it is no RSA private key in PEM form")))?;
    let mut header = Header::new(match algorithm {
        AlgorithmForm::PS256 => Algorithm::PS256,
        AlgorithmForm::RS256 => Algorithm::RS256,
    });
    if let Some(thumbprint) = thumbprint {
        let certificate = secret.text("certificate").map_err(What::Secret)?;
        let der = der(certificate.expose_secret())
            .ok_or_else(|| What::Secret(secret.wrong("certificate", "it is no certificate in PEM form")))?;
        match thumbprint {
            ThumbprintForm::Sha1 => header.x5t = Some(URL_SAFE_NO_PAD.encode(Sha1::digest(&der))),
            ThumbprintForm::Sha256 => header.x5t_s256 = Some(URL_SAFE_NO_PAD.encode(Sha256::digest(&der))),
        }
    }
    let now = now.as_second();
    let client = client.expose_secret();
    let claims =
        Claims { aud: audience, iss: client, sub: client, jti: id, nbf: now - SKEW, iat: now, exp: now + LIFETIME };
    jsonwebtoken::encode(&header, &claims, &key).map(SecretString::from).map_err(|_| {
        What::Secret(secret.wrong("privateKey", "it can't sign: not a private RSA key of 2048 bits or more"))
    })
}

/// The bytes between the lines of a PEM certificate.
fn der(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    STANDARD.decode(body).ok().filter(|der| !der.is_empty())
}
