//! Signing a webhook's body by Standard Webhooks 1.0, for `connector sign`, the demo and the benchmark. The crate that
//! signs is not the code that verifies.

use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use ports::Random;
use ports::secrets::{ExposeSecret as _, SecretString};
use serde_json::Value;

/// A key that nobody has used before.
pub(crate) fn new_key(random: &dyn Random) -> String {
    let bytes: Vec<u8> = std::iter::repeat_with(|| random.next_u64().to_be_bytes()).take(4).flatten().collect();
    format!("whsec_{}", STANDARD.encode(bytes))
}

/// A message id that nobody has used before.
pub(crate) fn new_id(random: &dyn Random) -> String {
    format!("msg_{:016x}", random.next_u64())
}

/// The key to sign with: the first of the secret's.
///
/// # Errors
/// When the secret holds none.
pub(crate) fn key_of(secret: &SecretString) -> anyhow::Result<String> {
    let text = secret.expose_secret();
    // The same check as the webhook's, so that what is signed here is taken there.
    webhook::signature::parse_keys(text).context("the webhook's secret can't be used")?;
    let secret: Value = serde_json::from_str(text).map_err(|_| anyhow!("the webhook's secret is not JSON"))?;
    let key = secret.get("key").or_else(|| secret.get("keys")?.get(0)).and_then(Value::as_str);
    key.map(str::to_owned).ok_or_else(|| anyhow!("the webhook's secret holds no key"))
}

/// The headers that make a body a signed webhook.
///
/// # Errors
/// When the key is no key, or the body is no UTF-8.
pub(crate) fn headers(key: &str, id: &str, at: Timestamp, body: &[u8]) -> anyhow::Result<[(&'static str, String); 4]> {
    let seconds = at.as_second();
    let signer = standardwebhooks::Webhook::new(key).context("the webhook's key can't be used")?;
    let signature = signer.sign(id, seconds, body).context("the body can't be signed")?;
    Ok([
        ("content-type", "application/json".to_owned()),
        (standardwebhooks::HEADER_WEBHOOK_ID, id.to_owned()),
        (standardwebhooks::HEADER_WEBHOOK_TIMESTAMP, seconds.to_string()),
        (standardwebhooks::HEADER_WEBHOOK_SIGNATURE, signature),
    ])
}

/// A signed request as it would come over the network.
///
/// # Errors
/// As [`headers`].
pub(crate) fn request(
    source: &str,
    key: &str,
    id: &str,
    at: Timestamp,
    body: String,
) -> anyhow::Result<Request<Bytes>> {
    let mut request = Request::post(format!("/webhook/{source}"));
    for (name, value) in headers(key, id, at, body.as_bytes())? {
        request = request.header(name, value);
    }
    Ok(request.body(body.into())?)
}

#[cfg(test)]
mod tests {
    use ports::random::SeededRandom;
    use webhook::signature::{WebhookKey, verify};

    use super::*;

    #[test]
    fn what_is_signed_here_verifies_there() {
        let random = SeededRandom::new(1);
        let (key, now) = (new_key(&random), Timestamp::from_second(1_800_000_000).unwrap());
        let request = request("hr", &key, &new_id(&random), now, "{\"a\":\"é\"}".to_owned()).unwrap();
        let keys = [WebhookKey::parse(&key).unwrap()];
        assert!(verify(&keys, request.headers(), request.body(), now).is_ok());
        let other = [WebhookKey::parse(&new_key(&random)).unwrap()];
        assert!(verify(&other, request.headers(), request.body(), now).is_err());
    }

    #[test]
    fn the_first_key_of_a_secret_signs() {
        let key = new_key(&SeededRandom::new(2));
        for secret in [format!(r#"{{"key":"{key}"}}"#), format!(r#"{{"keys":["{key}"]}}"#)] {
            assert_eq!(key_of(&secret.into()).unwrap(), key);
        }
        assert!(key_of(&r#"{"key":"short"}"#.to_owned().into()).is_err());
    }
}
