//! A refresh token that changes with each use. What is stored says which refresh token of the secret it comes from, so
//! that a new one put into the secret by hand takes over; and it holds the access token, so that the next run within
//! its life asks for none (Exact Online gives one in 570 seconds at the earliest, and 200 a day).

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::token::Grant;
use super::{EARLY, Session};
use crate::http::error::What;
use crate::http::outside::Ports;
use crate::http::plan::{Auth, TokenRequest};
use crate::http::secret::Fields;

/// Tries to store a new token: it is the only one that works.
const STORE_TRIES: u32 = 3;

/// What is stored.
struct Kept {
    refresh: SecretString,
    access: SecretString,
    until: Timestamp,
}

impl Kept {
    /// What was stored, if it comes from this refresh token of the secret.
    fn parse(stored: &SecretString, origin: &str) -> Option<Self> {
        let stored: Value = serde_json::from_str(stored.expose_secret()).ok()?;
        let text = |name: &str| stored.get(name).and_then(Value::as_str);
        if text("origin")? != origin {
            return None;
        }
        Some(Self {
            refresh: text("refresh")?.into(),
            access: text("access")?.into(),
            until: text("until")?.parse().ok()?,
        })
    }

    fn to_text(&self, origin: &str) -> SecretString {
        let text = json!({
            "origin": origin, "refresh": self.refresh.expose_secret(),
            "access": self.access.expose_secret(), "until": self.until.to_string(),
        });
        SecretString::from(text.to_string())
    }
}

impl Session {
    pub(super) async fn refreshed(
        &mut self,
        auth: &Auth,
        ports: &Ports,
        secret: &Fields,
        request: &TokenRequest,
        rejected: bool,
    ) -> Result<Grant, What> {
        let first = secret.text("refreshToken").map_err(What::Secret)?;
        let origin = domain::digest::digest(&first.expose_secret());
        let stored = ports.tokens.load(&auth.secret).await.map_err(|reason| What::Login {
            reason: format!("the stored token can't be read: {reason}"),
            person: false,
        })?;
        let kept = stored.as_ref().and_then(|stored| Kept::parse(stored, &origin));
        let now = ports.clock.now();
        if let Some(kept) = &kept
            && !rejected
        {
            let left = kept.until.as_second() - now.as_second();
            if left > EARLY {
                return Ok(Grant { access: kept.access.clone(), life: Some(left), refresh: None });
            }
        }
        let used = kept.map_or(first, |kept| kept.refresh);
        let pairs = vec![
            ("grant_type".to_owned(), SecretString::from("refresh_token")),
            ("refresh_token".to_owned(), used.clone()),
        ];
        let grant = self.grant(ports, request, Some(secret), pairs).await?;
        let life = grant.life.unwrap_or(0);
        let kept = Kept {
            refresh: grant.refresh.clone().unwrap_or(used),
            access: grant.access.clone(),
            until: now.saturating_add(jiff::SignedDuration::from_secs(life)).unwrap_or(now),
        };
        self.store(auth, ports, &kept.to_text(&origin)).await?;
        Ok(grant)
    }

    async fn store(&self, auth: &Auth, ports: &Ports, token: &SecretString) -> Result<(), What> {
        let mut last = String::new();
        for _ in 0..STORE_TRIES {
            match ports.tokens.store(&auth.secret, token).await {
                Ok(()) => return Ok(()),
                Err(reason) => last = reason,
            }
        }
        Err(What::TokenNotStored(last))
    }
}
