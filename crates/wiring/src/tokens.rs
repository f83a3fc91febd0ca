//! Tokens that change with each use, kept in the Sync table. They are sealed with a key that is derived from the refresh
//! token in the source's secret: who reads the table but not the secret has nothing, and a new refresh token in the
//! secret makes what was kept worthless, as it should.

use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ports::secrets::{ExposeSecret as _, SecretString};
use ports::{Key, SecretName, Secrets, Store, Table};
use records::stored::{encode, unchanged_since, write_settled};
use serde_json::{Value, json};
use sources::TokenStore;

/// Keeps tokens sealed.
#[derive(Clone)]
pub struct SealedTokens {
    store: Arc<dyn Store>,
    secrets: Arc<dyn Secrets>,
}

/// Bound into key and seal, so that neither fits anything else.
const PURPOSE: &[u8] = b"salesforce-target-connector/refresh-token/1";
const TRIES: u32 = 5;

impl SealedTokens {
    /// On a store.
    pub fn new(store: Arc<dyn Store>, secrets: Arc<dyn Secrets>) -> Self {
        Self { store, secrets }
    }

    async fn sealing_key(&self, secret: &SecretName) -> Result<RandomizedNonceKey, String> {
        let text = self.secrets.read(secret).await.map_err(|error| error.to_string())?;
        let fields: Value =
            serde_json::from_str(text.expose_secret()).map_err(|_| "the secret is no JSON".to_owned())?;
        let token = fields.get("refreshToken").and_then(Value::as_str).unwrap_or_default();
        if token.is_empty() {
            return Err("the secret has no refreshToken".to_owned());
        }
        let derived = Salt::new(HKDF_SHA256, PURPOSE).extract(token.as_bytes());
        let mut key = [0_u8; 32];
        let info = [PURPOSE];
        let filled = derived.expand(&info, &AES_256_GCM).and_then(|okm| okm.fill(&mut key));
        let sealing = filled.and_then(|()| RandomizedNonceKey::new(&AES_256_GCM, &key));
        sealing.map_err(|_| "no key can be derived".to_owned())
    }
}

fn key(secret: &SecretName) -> Key {
    Key::new(Table::Sync, format!("token#{secret}"), "token")
}

#[async_trait]
impl TokenStore for SealedTokens {
    async fn load(&self, secret: &SecretName) -> Result<Option<SecretString>, String> {
        let item = self.store.get(&[key(secret)]).await.map_err(|error| error.to_string())?.pop().flatten();
        let Some(item) = item else { return Ok(None) };
        let sealed = item.body.get("sealed").and_then(Value::as_str).and_then(|text| STANDARD.decode(text).ok());
        let sealing = self.sealing_key(secret).await?;
        // What can't be opened was sealed under another refresh token: the secret's own is the newer one.
        let opened = sealed.filter(|sealed| sealed.len() > NONCE_LEN).and_then(|mut sealed| {
            let content = sealed.split_off(NONCE_LEN);
            let nonce = Nonce::try_assume_unique_for_key(&sealed).ok()?;
            let mut content = content;
            let opened = sealing.open_in_place(nonce, Aad::from(secret.as_str().as_bytes()), &mut content).ok()?;
            String::from_utf8(opened.to_vec()).ok()
        });
        Ok(opened.map(SecretString::from))
    }

    async fn store(&self, secret: &SecretName, token: &SecretString) -> Result<(), String> {
        let sealing = self.sealing_key(secret).await?;
        let mut content = token.expose_secret().as_bytes().to_vec();
        let nonce = sealing
            .seal_in_place_append_tag(Aad::from(secret.as_str().as_bytes()), &mut content)
            .map_err(|_| "the token can't be sealed".to_owned())?;
        let sealed = [nonce.as_ref().as_slice(), &content].concat();
        let body = encode(&json!({ "sealed": STANDARD.encode(sealed) })).map_err(|error| error.to_string())?;
        for _ in 0..TRIES {
            let item = self.store.get(&[key(secret)]).await.map_err(|error| error.to_string())?.pop().flatten();
            let when = unchanged_since(item.map_or(0, |item| item.version));
            let write = ports::Write::Put { key: key(secret), when, body: body.clone(), index: None, expires: None };
            match write_settled(&*self.store, &[write]).await {
                Err(ports::StoreError::Conflict { .. }) => {}
                result => return result.map_err(|error| error.to_string()),
            }
        }
        Err("it is written by many at once".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use jiff::Timestamp;
    use ports::SecretError;
    use ports::clock::ManualClock;
    use storage::Embedded;

    use super::*;

    struct OneSecret(Mutex<String>);

    #[async_trait]
    impl Secrets for OneSecret {
        async fn read(&self, _: &SecretName) -> Result<SecretString, SecretError> {
            Ok(SecretString::from(self.0.lock().unwrap().clone()))
        }
    }

    #[tokio::test]
    async fn a_token_is_kept_sealed_and_only_for_its_secret() {
        let store = Arc::new(Embedded::in_memory(Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH))).unwrap());
        let secrets = Arc::new(OneSecret(Mutex::new(r#"{"clientSecret":"c","refreshToken":"first"}"#.to_owned())));
        let tokens = SealedTokens::new(store.clone(), secrets.clone());
        let name = SecretName::parse("exact-online").unwrap();
        let other = SecretName::parse("other").unwrap();
        assert!(tokens.load(&name).await.unwrap().is_none());
        for token in ["hunter2", "hunter3"] {
            tokens.store(&name, &SecretString::from(token)).await.unwrap();
            assert_eq!(tokens.load(&name).await.unwrap().unwrap().expose_secret(), token);
        }
        let item = store.get(&[key(&name)]).await.unwrap().pop().flatten().unwrap();
        let sealed = STANDARD.decode(item.body["sealed"].as_str().unwrap()).unwrap();
        assert!(!sealed.windows(7).any(|part| part == b"hunter3"));
        // Another secret's name does not open it, nor does another refresh token.
        let moved = ports::Write::Put {
            key: key(&other),
            when: unchanged_since(0),
            body: item.body,
            index: None,
            expires: None,
        };
        store.write(&[moved]).await.unwrap();
        assert!(tokens.load(&other).await.unwrap().is_none());
        *secrets.0.lock().unwrap() = r#"{"clientSecret":"new","refreshToken":"first"}"#.to_owned();
        assert!(tokens.load(&name).await.unwrap().is_some());
        *secrets.0.lock().unwrap() = r#"{"clientSecret":"c","refreshToken":"second"}"#.to_owned();
        assert!(tokens.load(&name).await.unwrap().is_none());
    }
}
