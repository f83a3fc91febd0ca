//! JWT assertions: who issued one, and whether its RS256 signature is right. Times and audience are checked by the caller.

use base64::Engine as _;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;

/// The claims that Salesforce demands [doc].
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    #[expect(dead_code, reason = "read before verification by `issuer`, and must be there")]
    iss: String,
    pub(super) sub: String,
    pub(super) aud: String,
    /// Seconds since the epoch.
    pub(super) exp: i64,
}

/// The issuer that an assertion names, not yet verified: it chooses the key.
pub(super) fn issuer(assertion: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Unverified {
        iss: String,
    }
    let payload = assertion.split('.').nth(1)?;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).ok()?;
    Some(serde_json::from_slice::<Unverified>(&bytes).ok()?.iss)
}

/// The claims, where the signature is RS256 and fits the PEM public key.
pub(super) fn verify(assertion: &str, public_key: &str) -> Option<Claims> {
    let key = DecodingKey::from_rsa_pem(public_key.as_bytes()).ok()?;
    let mut validation = Validation::new(Algorithm::RS256);
    // The org has a clock of its own.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    Some(decode::<Claims>(assertion, &key, &validation).ok()?.claims)
}
